"""docs/performance.md: the prose of bench/report.md.in with the figures filled in."""

import re

from weirbench.report.names import name_of
from weirbench.report.tables import row_table, targets_table
from weirbench.setting import BENCH


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
    return ", ".join(f"{name_of(name)} {version}" for name, version in data["versions"].items() if version)


def _cores(numbers):
    return f"core{'s' if len(numbers) > 1 else ''} " + ", ".join(str(number) for number in numbers)


def _pinning(data):
    """Where things run, and the rows that are exceptions: `workers`, `balance` and `client`."""
    proxy, load = data["proxy_cores"], data["load_cores"]
    return (f"what is measured on {_cores(proxy)}, clients and backends on {_cores(load)}, but for three rows: in "
            f"*Workers* and *Balance* a proxy may use {_cores(sorted({*proxy, *load}))}, the load's too; in "
            f"*The load generator* the clients, which are what is measured, run on {_cores(load)} and the echo on "
            f"{_cores(proxy)}")


def _rounds(data):
    quick = " **A quick run**, which shows that the benchmark works: its figures mean little." if data["quick"] else ""
    failures = data["failures"]
    failed = f" **Incomplete: {len(failures)} measurements failed.**" if failures else ""
    most = data["rounds"]
    return (f"At most {most} round{'s' if most > 1 else ''}, as many as stand below each table; {data['warmup_s']:g} s "
            f"of warmup and {data['window_s']:g} s measured each, where a row works for a time.{quick}{failed}")


def _date(data):
    return data["started"][:10]


def _scaling(_data):
    return (BENCH / "scaling.md").read_text().strip()
