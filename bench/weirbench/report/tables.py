"""The results as Markdown tables."""

from weirbench.report.targets import targets

VERDICTS = {"goal": "**goal reached**", "must": "reached", "missed": "**missed**", "not measured": "not measured"}


def _line(words):
    return "| " + " | ".join(words) + " |"


def _head(words, left):
    return [_line(words), _line(["---" if at < left else "---:" for at in range(len(words))])]


def row_table(row):
    """A row's figures: a line for each peer, with the ratio and its spread beside each figure."""
    lines = _head(["", "peer"] + [metric["title"].replace("|", "/") for metric in row["metrics"]], 2)
    for cell in row["cells"]:
        name = cell["name"]
        if cell["left_out"]:
            lines.append(_line([name, f"left out: {cell['left_out']}"] + [""] * len(row["metrics"])))
        for peer, figures in cell["summary"].items():
            shown = f"**{peer}**" if peer == row["subject"] else peer
            lines.append(_line([name, shown] + [_figure(metric, figures.get(metric["key"]))
                                                for metric in row["metrics"]]))
            name = ""
    return "\n".join(lines)


def _figure(metric, entry):
    if entry is None:
        return ""
    text = f"{entry['median']:,.{metric['digits']}f}"
    if "ratio" not in entry:
        return text
    ratio = entry["ratio"]
    return f"{text} · {ratio['median']:.2f} ({ratio['min']:.2f}–{ratio['max']:.2f})"


def targets_table(results):
    """Every target with its verdict, and below it each figure that is not where it must or should be."""
    found = targets(results)
    lines = _head(["work", "must", "goal", "verdict"], 4)
    lines += [_line([target.work, target.must, target.goal, VERDICTS[target.verdict()]]) for target in found]
    return "\n".join(lines) + "".join(
        _short_of(found, title, verdict)
        for title, verdict in (("Missed:", "missed"), ("Reached, but short of the goal:", "must")))


def _short_of(found, title, verdict):
    lines = []
    for target in found:
        for check in target.checks:
            if check.verdict() == verdict:
                bound = check.must if verdict == "missed" else check.goal
                lines.append(f"- {target.work}; {check.what} {_number(check.value)}, not {bound}")
    return f"\n\n{title}\n\n" + "\n".join(lines) if lines else ""


def _number(value):
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"
