"""Programs at several sizes, each held against itself at the least size: how cost grows."""


def at_sizes(programs, sizes, missing):
    """A peer for every program and size; a program that is missing is left out."""
    return [f"{program}-{size}" for program in programs if program not in missing for size in sizes]


def split(peer):
    """Program and size."""
    program, size = peer.rsplit("-", 1)
    return program, int(size)


def against(size):
    """What a curve's peers are held against: the same program at this size."""
    return lambda peer: f"{split(peer)[0]}-{size}"


def curve(summary, metric):
    """{program: [(size, figure)]} of a cell's summary, in the order of sizes."""
    found = {}
    for peer, figures in summary.items():
        if metric in figures:
            program, size = split(peer)
            found.setdefault(program, []).append((size, figures[metric]))
    return {program: sorted(points, key=lambda point: point[0]) for program, points in found.items()}


def over_base(figure):
    """A figure over the least size's: median, least and most; of the least size itself 1."""
    return figure.get("ratio", {"median": 1.0, "min": 1.0, "max": 1.0})
