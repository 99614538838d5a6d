"""The results as a table for a terminal."""


def figure(metric, entry, with_spread=True):
    """A median with the ratio to the subject, and that ratio's spread."""
    if entry is None:
        return "-"
    text = f"{entry['median']:,.{metric['digits']}f}"
    ratio = entry.get("ratio")
    if ratio is None:
        return text
    text += f"  {ratio['median']:.2f}"
    return text + (f" ({ratio['min']:.2f}..{ratio['max']:.2f})" if with_spread else "")


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
    return [f"{row['name']}: {row['title']}", f"  beside a figure: {subject} / peer in the same round, median (least..most)",
            *_aligned(lines)]


def _aligned(lines):
    columns = max(len(line) for line in lines)
    widths = [max((len(line[column]) for line in lines if len(line) == len(lines[0])), default=0)
              for column in range(columns) if column < len(lines[0])]
    return ["  " + "  ".join(word.ljust(width) for word, width in zip(line, widths)).rstrip() if len(line) == len(widths)
            else "  " + "  ".join(line) for line in lines]


def whole_table(results):
    """The table of all rows."""
    blocks = ["\n".join(row_table(row)) for row in results["rows"] if row["cells"]]
    notes = [f"  ! {note}" for row in results["rows"] for cell in row["cells"] for note in cell["notes"]]
    return "\n\n".join(blocks) + ("\n\n" + "\n".join(notes) if notes else "")
