"""The charts: the same colour for the same peer everywhere, Weir in front."""

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot  # noqa: E402

from weirbench.curves import curve, over_base  # noqa: E402
from weirbench.report.names import name_of  # noqa: E402
from weirbench.report.results import figure  # noqa: E402

COLOURS = {"weir": "#c8102e", "haproxy": "#3d6fa5", "haproxy-splice": "#93b7d9", "nginx": "#4f9a6b", "epoll": "#8c8c8c",
           "gevent": "#c79a2b"}
WIDTH = 9.0
STATES = {"fresh": "fresh", "after_64": "after 64 B", "after_burst": "after 20 kB",
          "after_bulk": "after bulk\nover 4 of them"}

matplotlib.rcParams.update({
    "svg.hashsalt": "weir", "svg.fonttype": "none", "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Helvetica", "Arial"], "font.size": 10, "axes.spines.top": False,
    "axes.spines.right": False, "axes.titleweight": "bold", "axes.titlelocation": "left", "figure.facecolor": "white"})


def _peers(cells):
    """All peers of some cells in the order of COLOURS."""
    return [peer for peer in COLOURS if any(peer in cell["summary"] for cell in cells)]


def _grouped_bars(axes, groups, peers, value_of, label_of):
    """A group of bars for each name; value_of(group, peer) gives (value, below, above) or None."""
    width = 0.8 / len(peers)
    for at, peer in enumerate(peers):
        for place, group in enumerate(groups):
            found = value_of(group, peer)
            if found is None:
                continue
            value, below, above = found
            where = place + (at - (len(peers) - 1) / 2) * width
            axes.bar(where, value, width * 0.92, color=COLOURS[peer], label=name_of(peer),
                     yerr=[[below], [above]] if below or above else None, error_kw={"elinewidth": 1, "ecolor": "#333"},
                     zorder=3 if peer == "weir" else 2)
            axes.annotate(label_of(value), (where, value + above), ha="center", va="bottom", fontsize=7.5,
                          rotation=90 if len(peers) * len(groups) > 24 else 0, xytext=(0, 2),
                          textcoords="offset points", fontweight="bold" if peer == "weir" else "normal")
    axes.margins(x=0.02, y=0.12)  # the labels over the bars want room
    axes.legend(*_unique(axes), frameon=False, ncol=len(peers), loc="upper center", bbox_to_anchor=(0.5, -0.14))


def _unique(axes):
    handles, labels = axes.get_legend_handles_labels()
    found = dict(zip(labels, handles))
    return list(found.values()), list(found)


def _against_weir(cell, peer, metric):
    """A peer's figure as a multiple of Weir's in the same round, with the spread."""
    if peer == "weir":
        return (1.0, 0, 0) if figure(cell, peer, metric) else None
    found = figure(cell, peer, metric)
    if not found or "ratio" not in found:
        return None
    ratio = found["ratio"]
    value = 1 / ratio["median"]
    return value, value - 1 / ratio["max"], 1 / ratio["min"] - value


def relative(cells, metric, title):
    """What each peer takes when Weir takes 1."""
    peers = _peers(cells)
    chart, axes = pyplot.subplots(figsize=(max(WIDTH, 1.6 * len(cells)), 4.2))
    _grouped_bars(axes, cells, peers, lambda cell, peer: _against_weir(cell, peer, metric),
                  lambda value: f"{value:.2f}")
    axes.axhline(1, color=COLOURS["weir"], linewidth=1, linestyle=":", zorder=1)
    axes.set_xticks(range(len(cells)), [_wrapped(cell["name"]) for cell in cells])
    axes.set_ylabel("times Weir's")
    axes.set_title(title)
    return chart


def _wrapped(name):
    return name.replace(", ", ",\n").replace(" × ", "\n× ").replace(" to the", "\nto the").replace(" both", "\nboth")


def memory(cells, title):
    """Bytes of an idle connection after what it carried, a chart for proxies and one for echo servers."""
    chart, panels = pyplot.subplots(1, len(cells), figsize=(WIDTH * 1.2, 4.4), squeeze=False)
    for axes, cell in zip(panels[0], cells):
        def value_of(state, peer, cell=cell):
            found = figure(cell, peer, state)
            return (found["median"] / 1e3, 0, 0) if found else None

        _grouped_bars(axes, list(STATES), _peers([cell]), value_of, lambda value: f"{value:.1f}")
        axes.set_xticks(range(len(STATES)), STATES.values(), fontsize=8)
        axes.legend(*_unique(axes), frameon=False, fontsize=8, loc="upper left")
        axes.set_ylabel("kB for each connection")
        axes.set_title(cell["name"], fontsize=10)
    chart.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12)
    return chart


def growth(cells, title):
    """CPU of a request and memory of a connection, over the number of connections."""
    chart, panels = pyplot.subplots(1, 2, figsize=(WIDTH * 1.2, 4.2))
    counts = [cell["parameters"]["connections"] for cell in cells]
    shown = (("cpu_us", "CPU µs/request"), ("pss", "bytes/connection at work"))
    for axes, (metric, label) in zip(panels, shown):
        for peer in _peers(cells):
            points = [(count, figure(cell, peer, metric)) for count, cell in zip(counts, cells)
                      if figure(cell, peer, metric)]
            places = [count for count, _ in points]
            axes.plot(places, [found["median"] for _, found in points], marker="o", color=COLOURS[peer],
                      label=name_of(peer), linewidth=3 if peer == "weir" else 1.5, zorder=3 if peer == "weir" else 2)
            axes.fill_between(places, [found["min"] for _, found in points], [found["max"] for _, found in points],
                              color=COLOURS[peer], alpha=0.12, linewidth=0)
        axes.set_xscale("log")
        axes.set_xticks(counts, [f"{count:,}" for count in counts])
        axes.minorticks_off()
        axes.set_ylim(bottom=0)
        axes.set_xlabel("connections")
        axes.set_ylabel(label)
    panels[0].legend(frameon=False)
    chart.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12)
    return chart


def curves(cells, title, size_name, over):
    """How a cost grows with a size, as a multiple of the least size's in the same round; a chart for each cell."""
    chart, panels = pyplot.subplots(1, len(cells), figsize=(max(WIDTH, 3.6 * len(cells)), 4.0), squeeze=False,
                                    sharey=True)
    for axes, cell in zip(panels[0], cells):
        sizes = set()
        for program, points in curve(cell["summary"], "cpu_us").items():
            places = [size for size, _ in points]
            ratios = [over_base(figure) for _, figure in points]
            sizes |= set(places)
            axes.plot(places, [ratio["median"] for ratio in ratios], marker="o", color=COLOURS[program],
                      label=name_of(program), linewidth=3 if program == "weir" else 1.5,
                      zorder=3 if program == "weir" else 2)
            axes.fill_between(places, [ratio["min"] for ratio in ratios], [ratio["max"] for ratio in ratios],
                              color=COLOURS[program], alpha=0.12, linewidth=0)
        axes.axhline(1, color="#333", linewidth=1, linestyle=":", zorder=1)
        axes.set_xscale("symlog" if 0 in sizes else "log", **({"linthresh": 100} if 0 in sizes else {}))
        axes.set_xticks(sorted(sizes), [f"{size:,}" for size in sorted(sizes)])
        axes.minorticks_off()
        axes.set_xlabel(size_name)
        axes.set_title(cell["name"], fontsize=10)
    panels[0][0].set_ylim(bottom=0)
    panels[0][0].set_ylabel(f"CPU, times that {over}")
    panels[0][0].legend(frameon=False)
    chart.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12)
    chart.tight_layout()
    return chart


def downfall(cells, title):
    """p99 of another service before backends went down and meanwhile, in milliseconds."""
    chart, axes = pyplot.subplots(figsize=(max(WIDTH, 2.6 * len(cells)), 4.2))
    groups = [(cell, metric) for cell in cells for metric in ("calm_p99_us", "p99_us")]

    def value_of(group, peer):
        found = figure(group[0], peer, group[1])
        return (found["median"] / 1e3, (found["median"] - found["min"]) / 1e3,
                (found["max"] - found["median"]) / 1e3) if found else None

    _grouped_bars(axes, groups, _peers(cells), value_of, lambda value: f"{value:.1f}")
    axes.set_xticks(range(len(groups)), [_wrapped(cell["name"]) + ("\nbefore" if metric == "calm_p99_us" else
                                                                   "\nmeanwhile") for cell, metric in groups],
                    fontsize=8)
    axes.legend(*_unique(axes), frameon=False, loc="upper left")
    axes.set_ylabel("p99, ms")
    axes.set_title(title)
    return chart


def draw(results):
    """{name: chart} of every chart that the results have the rows for."""
    wanted = {
        "requests": lambda cells: relative(cells, "cpu_us", "CPU per request through a proxy: less is better"),
        "bulk": lambda cells: relative(cells, "cpu_s", "CPU per gigabyte through a proxy: less is better"),
        "churn": lambda cells: relative(cells, "cpu_us", "CPU per connection, opened and closed: less is better"),
        "idle-memory": lambda cells: memory(cells, "Resident memory of an idle connection: less is better"),
        "newcomers": lambda cells: latency(cells, "A newcomer's first reply beside 1000 others: less is better"),
        "growth": lambda cells: growth(cells, "Cost over the number of connections: lower and flatter is better"),
        "upstreams": lambda cells: curves(cells, "A connection to one backend of many: flatter is better", "backends",
                                          "with one backend"),
        "waiters": lambda cells: curves(cells, "A connection while others wait: flatter is better", "waiters",
                                        "with none"),
        "refused": lambda cells: curves(cells, "An attempt at a backend that refuses: flatter is better",
                                        "dead backends", "with the fewest"),
        "downfall": lambda cells: downfall(cells, "Another service while backends go down: less is better"),
    }
    return {name: chart(cells) for name, chart in wanted.items() if (cells := results.cells(name))}


def latency(cells, title):
    """Percentiles of a latency, in milliseconds."""
    cell = cells[0]
    shown = {"p50_us": "p50", "p99_us": "p99", "p999_us": "p99.9"}
    chart, axes = pyplot.subplots(figsize=(WIDTH, 4.2))

    def value_of(metric, peer):
        found = figure(cell, peer, metric)
        return (found["median"] / 1e3, 0, 0) if found else None

    _grouped_bars(axes, list(shown), _peers(cells), value_of, lambda value: f"{value:.1f}")
    axes.set_xticks(range(len(shown)), shown.values())
    axes.set_ylabel("ms")
    axes.set_title(title)
    return chart


def save(chart, path):
    """As SVG, the same bytes for the same figures."""
    chart.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None})
    pyplot.close(chart)
