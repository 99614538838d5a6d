"""What bench/report takes from the command line."""

import argparse
import sys
from pathlib import Path

from weirbench.report.document import document
from weirbench.report.results import Results
from weirbench.setting import BENCH, SOURCE


def main(arguments):
    parser = argparse.ArgumentParser(prog="bench/report",
                                     description="Writes performance.md and performance/*.svg from a run's results.")
    parser.add_argument("results", nargs="?", type=Path, default=SOURCE / "build" / "bench" / "results.json",
                        help="what bench/run wrote (build/bench/results.json)")
    parser.add_argument("--folder", type=Path, default=SOURCE / "docs", help="where to write to (docs)")
    options = parser.parse_args(arguments)
    try:
        results = Results.load(options.results)
    except (OSError, ValueError, KeyError) as error:
        print(f"report: cannot read {options.results}: {error}; run bench/run first", file=sys.stderr)
        return 2
    try:
        from weirbench.report.charts import draw, save
    except ImportError as error:
        print(f"report: {error}; run scripts/setup bench", file=sys.stderr)
        return 2
    charts = draw(results)
    folder = options.folder / "performance"
    folder.mkdir(parents=True, exist_ok=True)
    for name, chart in charts.items():
        save(chart, folder / f"{name}.svg")
    text = document((BENCH / "report.md.in").read_text(), results, charts)
    (options.folder / "performance.md").write_text(text)
    print(f"report: {options.folder / 'performance.md'} and {len(charts)} charts")
    return 0
