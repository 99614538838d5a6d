"""The results as Markdown tables."""

from weirbench.report.targets import targets
from weirbench.table import figure

VERDICTS = {"goal": "**goal reached**", "must": "reached", "missed": "**missed**",
            "partly measured": "partly measured", "not measured": "not measured"}
NOT_MEASURED = "Nothing of this row was measured: this run left it out, or chose none of its cells."


def _line(words):
    return "| " + " | ".join(words) + " |"


def _head(words, left):
    return [_line(words), _line(["---" if at < left else "---:" for at in range(len(words))])]


def row_table(row):
    """A row's figures, a line for each peer; below them how many rounds there were, and what has to be said of them."""
    if not row["cells"]:
        reason = row.get("left_out")
        return f"Left out: {reason}." if reason else NOT_MEASURED
    lines = _head(["", "peer"] + [metric["title"].replace("|", "/") for metric in row["metrics"]], 2)
    for cell in row["cells"]:
        name = cell["name"]
        if cell["left_out"]:
            lines.append(_line([name, f"left out: {cell['left_out']}"] + [""] * len(row["metrics"])))
        for peer, figures in cell["summary"].items():
            shown = f"**{peer}**" if peer == row["subject"] else peer
            lines.append(_line([name, shown] + [figure(metric, figures.get(metric["key"]))
                                                for metric in row["metrics"]]))
            name = ""
    return "\n\n".join(part for part in ("\n".join(lines), _rounds(row), _notes(row)) if part)


def _rounds(row):
    """Of how many rounds the figures are; a peer that did not serve has fewer than others."""
    counted = {sum(1 for sample in samples if sample) for cell in row["cells"] for samples in cell["rounds"].values()}
    if not counted:
        return ""
    least, most = min(counted), max(counted)
    if least < most:
        return f"{least} to {most} rounds."
    return f"{most} round{'s' if most != 1 else ''}."


def _notes(row):
    """What is the same of several cells is said once."""
    found = dict.fromkeys(" ".join(note.split()) for cell in row["cells"] for note in cell["notes"])
    return "\n".join(f"- {note}" for note in found)


def targets_table(results):
    """Every target with its verdict; below, each figure that is not where it must or should be, and what is missing."""
    found = targets(results)
    lines = _head(["work", "must", "goal", "verdict"], 4)
    lines += [_line([target.work, target.must, target.goal, _verdict(target)]) for target in found]
    return "\n".join(lines) + "".join(
        _short_of(found, title, verdict)
        for title, verdict in (("Missed:", "missed"), ("Reached, but short of the goal:", "must"))) + _missing(found)


def _verdict(target):
    verdict = target.verdict()
    return VERDICTS[verdict] + (", partly measured" if verdict == "missed" and target.missing else "")


def _short_of(found, title, verdict):
    lines = []
    for target in found:
        for check in target.checks:
            if check.verdict() == verdict:
                bound = check.must if verdict == "missed" else check.goal
                lines.append(f"- {target.work}; {check.what} {_number(check.value, bound)}, not {bound}")
    return f"\n\n{title}\n\n" + "\n".join(lines) if lines else ""


def _missing(found):
    lines = [f"- {target.work}: {'; '.join(target.missing)}" for target in found if target.begun and target.missing]
    return "\n\nPartly measured, for want of:\n\n" + "\n".join(lines) if lines else ""


def _number(value, bound):
    """With so many digits that what does not hold does not look as if it did."""
    digits = 2 if value < 100 else 0
    while digits < 6 and bound.holds(round(value, digits)):
        digits += 1
    return f"{value:,.{digits}f}"
