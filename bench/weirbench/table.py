"""The results as a table for a terminal."""


def figure(metric, entry):
    """A median with the ratio to the subject, and that ratio's spread."""
    if entry is None:
        return "-"
    text = f"{entry['median']:,.{metric['digits']}f}"
    ratio = entry.get("ratio")
    if ratio is None:
        return text
    return f"{text} · {ratio['median']:.2f} ({ratio['min']:.2f}–{ratio['max']:.2f})"


def row_table(row):
    """Lines of text: a line for each peer of each cell, a column for each metric."""
    subject = row["subject"]
    heading = ["", ""] + [metric["title"] for metric in row["metrics"]]
    lines = [heading]
    for cell in row["cells"]:
        name = cell["name"]
        if cell["left_out"]:
            lines.append([name, f"left out: {cell['left_out']}"])
        for peer, figures in cell["summary"].items():
            lines.append([name, peer] + [figure(metric, figures.get(metric["key"])) for metric in row["metrics"]])
            name = ""
    beside = row.get("beside") or f"{subject} / peer"
    legend = f"  beside a figure: {beside} in the same round, median (least–most)"
    return [f"{row['name']}: {row['title']}", legend, *_aligned(lines)]


def _aligned(lines):
    """Columns as wide as their words; a line that says why something is left out is as long as it is."""
    whole = [line for line in lines if len(line) == len(lines[0])]
    widths = [max(len(word) for word in column) for column in zip(*whole)]
    return ["  " + "  ".join(word.ljust(width) for word, width in zip(line, widths)).rstrip() for line in lines]


def whole_table(results):
    """The table of all rows."""
    blocks = ["\n".join(row_table(row)) for row in results["rows"] if row["cells"]]
    notes = [f"  ! {note}" for row in results["rows"] for cell in row["cells"] for note in cell["notes"]]
    return "\n\n".join(blocks) + ("\n\n" + "\n".join(notes) if notes else "")
