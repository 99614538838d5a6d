import types
import unittest

from weirbench.method import Method
from weirbench.row import Cell, Metric, Row


class Interleaving(unittest.TestCase):
    def measured(self, before, row_takes_it):
        """The peers of one round in the order in which they were measured."""
        asked = []

        def measure(peer):
            asked.append(peer)
            return {"cpu_us": 1.0}

        setting = types.SimpleNamespace(rounds=1, missing={}, before=before)
        row = Row("requests", "a title", "what it shows", (Metric("cpu_us", "CPU"),),
                  lambda _setting: [Cell("64 × 64 B", ["weir", "haproxy"], measure)], before=row_takes_it)
        cell = Method(setting, "", lambda _text: None).run(row)["cells"][0]
        return asked, cell["summary"]

    def test_another_build_stands_right_behind_this_one(self):
        asked, summary = self.measured(before=True, row_takes_it=True)
        self.assertEqual(asked, ["weir", "before", "haproxy"])
        self.assertEqual(summary["before"]["cpu_us"]["ratio"]["median"], 1.0)

    def test_it_stands_nowhere_unless_it_is_asked_for_and_of_use(self):
        for before, row_takes_it in ((False, True), (True, False)):
            self.assertEqual(self.measured(before, row_takes_it)[0], ["weir", "haproxy"])
