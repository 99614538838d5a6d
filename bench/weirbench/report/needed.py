"""What the targets rest on: the cells of a full run that must be measured before a target can be called reached."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Needed:
    """A cell by its row and parameters; `name` is what to call it where the results do not have it."""

    row: str
    name: str
    parameters: tuple

    def cell(self, results):
        """The measured cell, or None."""
        return next(iter(results.cells(self.row, **dict(self.parameters))), None)

    def parameters_hold(self, parameters):
        return dict(self.parameters).items() <= parameters.items()


def _needed(row, name, **parameters):
    return Needed(row, name, tuple(parameters.items()))


def _by_connections(row, counts):
    return tuple(_needed(row, f"{count} × 64 B", connections=count) for count in counts)


REQUESTS = tuple(_needed("requests", f"{count} × 64 B", connections=count, length="64")
                 for count in (1, 64, 1000, 8000))
BULK = tuple(_needed("bulk", f"{streams} stream{'s' if streams > 1 else ''} {direction}", streams=streams,
                     direction=direction)
             for streams in (1, 8) for direction in ("to the server", "to the client", "both ways"))
CHURN = tuple(_needed("churn", f"closed by {close.upper()}, {'a record each' if logging else 'no records'}",
                      close=close, logging=logging)
              for logging in (False, True) for close in ("fin", "rst"))
IDLE_PROXIED = (_needed("idle-memory", "4000 through a proxy", kind="proxy", carried_bytes=1_000_000_000),)
IDLE_ECHO = (_needed("idle-memory", "4000 to an echo", kind="echo", carried_bytes=1_000_000_000),)
NEWCOMERS = (_needed("newcomers", "beside 1000 others", others=1000),)
ECHO = _by_connections("echo", (64,))
WORKERS = _by_connections("workers", (64, 1000))
CLIENT = _by_connections("client", (64, 1000))
UPSTREAMS = tuple(_needed("upstreams", policy, policy=policy)
                  for policy in ("round_robin", "least_connections", "random_two", "source_hash"))
FEW, MANY = _by_connections("growth", (64, 8000))

ALL = (*REQUESTS, *BULK, *CHURN, *IDLE_PROXIED, *IDLE_ECHO, *NEWCOMERS, *ECHO, *WORKERS, *CLIENT, *UPSTREAMS, FEW, MANY)
