"""docs/performance.md: the prose of bench/report.md.in with the figures filled in."""

import re

from weirbench.report.tables import row_table, targets_table
from weirbench.setting import BENCH

NAMES = {"g++": "g++", "haproxy": "HAProxy", "weir": "Weir", "redis": "Redis"}


def document(template, results, charts):
    """The template's text with every @what@ or @what:row@ replaced; `charts` are the names of those that were drawn."""
    data = results.data

    def one(match):
        what, name = match[1], match[2]
        if what == "table":
            row = results.row(name)
            return f"{row['shows']}\n\n{row_table(row)}" if row else "Not measured in this run."
        if what == "chart":
            return f"![{_alternative(results, name)}](performance/{name}.svg)" if name in charts else ""
        return {"machine": _machine, "versions": _versions, "pinning": _pinning, "rounds": _rounds, "date": _date,
                "targets": lambda _: targets_table(results), "scaling": _scaling}[what](data)

    text = re.sub(r"@([a-z]+)(?::([a-z-]+))?@", one, template)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def _alternative(results, name):
    return f"Chart: {results.row(name)['title']}"


def _machine(data):
    machine = data["machine"]
    return (f"{machine['cores']} cores of {machine['cpu']}, {machine['memory_gb']} GB of memory, {machine['kernel']}, "
            f"{machine['descriptors']:,} descriptors a process")


def _versions(data):
    return ", ".join(f"{NAMES.get(name, name)} {version}" for name, version in data["versions"].items() if version)


def _cores(numbers):
    return f"core{'s' if len(numbers) > 1 else ''} " + ", ".join(str(number) for number in numbers)


def _pinning(data):
    return (f"what is measured on {_cores(data['proxy_cores'])}, clients and backends on "
            f"{_cores(data['load_cores'])}")


def _rounds(data):
    quick = " **A quick run**, which shows that the benchmark works: its figures mean little." if data["quick"] else ""
    failures = data["failures"]
    failed = f" **Incomplete: {len(failures)} measurements failed.**" if failures else ""
    return (f"{data['rounds']} rounds, {data['warmup_s']:g} s of warmup and {data['window_s']:g} s measured each."
            f"{quick}{failed}")


def _date(data):
    return data["started"][:10]


def _scaling(_data):
    return (BENCH / "scaling.md").read_text().strip()
