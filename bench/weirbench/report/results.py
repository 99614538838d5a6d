"""A run's results, looked up by name."""

import json


class Results:
    """What bench/run wrote."""

    def __init__(self, data):
        self.data = data
        self._rows = {row["name"]: row for row in data["rows"]}

    @classmethod
    def load(cls, path):
        return cls(json.loads(path.read_text()))

    def row(self, name):
        """A row, or None if the run didn't have it."""
        return self._rows.get(name)

    def cells(self, name, **parameters):
        """The measured cells of a row that have these parameters."""
        row = self.row(name)
        return [cell for cell in (row["cells"] if row else [])
                if cell["summary"] and all(cell["parameters"].get(key) == value for key, value in parameters.items())]


def figure(cell, peer, metric):
    """{median, min, max, ratio} of a peer in a cell, or None."""
    return cell["summary"].get(peer, {}).get(metric)


def median_of(cell, peer, metric):
    found = figure(cell, peer, metric)
    return found["median"] if found else None


def ratio_of(cell, peer, metric):
    """The median ratio of the row's subject to a peer, or None."""
    found = figure(cell, peer, metric)
    return found["ratio"]["median"] if found and "ratio" in found else None
