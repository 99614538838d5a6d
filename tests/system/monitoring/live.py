"""Every query of the dashboards and of the rules, asked of a real Prometheus that scrapes real daemons."""

import argparse
import contextlib
import re
import signal
import socket
import tempfile
import time
from pathlib import Path

import bed
import shape
import yaml

# Alerts that the bed does not bring about. The series of alerts.yaml show that each can fire, and the selectors that
# there is what it looks at.
NOT_PROVOKED = {
    "WeirAbsent": "the job is there",
    "WeirListenerClosed": "a socket closes by itself only if the kernel takes it away",
    "WeirInternalErrors": "Weir has no known fault",
    "WeirSlowConnects": "loopback is fast",
    "WeirBusy": "it would need a CPU for itself",
    "WeirRestarts": "three restarts would take longer than all the rest",
    "WeirLogLost": "65,536 records have to wait before one is lost",
}
SELECTOR = re.compile(r"\b((?:weir|process|job)_[\w:]+|up|ALERTS)\b(?!\s*\()\s*(\{[^{}]*\})?")
GROUPING = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^()]*\)")
WAIT = 90


def selectors_of(expression):
    """The series that an expression looks at."""
    return {metric + (matchers or "") for metric, matchers in SELECTOR.findall(GROUPING.sub("", expression))}


def words_of(selector):
    """One selector for each word that a matcher lists, so that each is known to exist."""
    metric = selector.split("{")[0]
    for label, words in re.findall(r'(\w+)(?:=|=~|!~|!=)"([\w|]+)"', selector):
        for word in words.split("|"):
            yield f'{metric}{{{label}="{word}"}}'


def finite(results):
    values = [sample[1] for each in results for sample in each.get("values", [each.get("value")])]
    return any(value not in ("NaN", "+Inf", "-Inf") for value in values)


class Board:
    """A dashboard as Grafana asks for it: with its variables filled in."""

    def __init__(self, file, prometheus):
        self.name = file.name
        self.board = shape.load(file)
        self.prometheus = prometheus
        self.values = {}

    def filled(self, expression, every=False):
        for name, value in self.values.items():
            expression = expression.replace(f'"${name}"', '".+"' if every else f'"{value}"')
        return expression.replace("$__rate_interval", "10s").replace("$__range", "60s")

    def fill_variables(self, checks):
        """All values at once, each escaped, as Grafana writes a choice of several."""
        for variable in self.board["templating"]["list"][1:]:
            series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
            found = self.prometheus.ask(f"label/{label}/values", **{"match[]": self.filled(series)})
            checks.that(found, f"{self.name}: the variable {variable['name']} has values")
            escaped = "|".join(re.sub(r"([.+*?()|\[\]{}^$\\])", r"\\\\\1", value) for value in found)
            self.values[variable["name"]] = f"({escaped})"

    def queries(self):
        for panel in shape.panels_of(self.board):
            for target in panel["targets"]:
                yield panel, target
        for annotation in self.board["annotations"]["list"]:
            yield {"title": annotation["name"], "type": "annotation"}, {
                "expr": annotation["expr"], "legendFormat": annotation["textFormat"], "range": True, "refId": ""}

    def data(self, target):
        ask = self.prometheus.over_time if target["range"] else self.prometheus.instant
        return ask(self.filled(target["expr"]))

    def without_data(self):
        return [f"{panel['title']} {target['refId']}: {self.filled(target['expr'])}"
                for panel, target in self.queries() if not finite(self.data(target))]

    def check(self, checks):
        columns = {}
        tables = {}
        for panel, target in self.queries():
            title = f"{self.name}: {panel['title']} {target['refId']}"
            results = self.data(target)
            checks.that(finite(results), f"{title}: it has data: {self.filled(target['expr'])}")
            wanted = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            for each in results:
                checks.that(wanted <= set(each["metric"]), f"{title}: {wanted} are among the labels {each['metric']}")
            legends = {re.sub(r"{{(\w+)}}", lambda label: each["metric"].get(label[1], ""), target["legendFormat"])
                       for each in results}
            if panel["type"] not in ("table", "annotation"):
                checks.that(len(legends) == len(results), f"{title}: each series has a legend of its own: {legends}")
            columns.setdefault(panel["title"], set()).update(*(each["metric"] for each in results))
            if panel["type"] == "table":
                tables.setdefault(panel["title"], []).append([each["metric"] for each in results])
        for title, answers in tables.items():
            # Grafana makes one row of what has the same labels, as far as the queries have them in common.
            common = set.intersection(*(set(labels) for answer in answers for labels in answer))
            for answer in answers:
                rows = {tuple(labels[name] for name in sorted(common)) for labels in answer}
                checks.that(len(rows) == len(answer), f"{self.name}: {title}: {common} tell the rows apart")
        for panel in shape.panels_of(self.board):
            if panel["type"] == "table":
                renamed = panel["transformations"][-1]["options"]["renameByName"]
                shown = {name for name in renamed if "Value" not in name}
                checks.that(shown == columns[panel["title"]], f"{self.name}: {panel['title']}: columns are {shown}")


def until(what, holds, seconds=WAIT, meanwhile=lambda: None):
    """Waits until it returns nothing that is missing any more."""
    end = time.monotonic() + seconds
    while missing := holds():
        if time.monotonic() > end:
            print(f"after {seconds} s there is still missing, {what}: {missing}", flush=True)
            return
        meanwhile()
        time.sleep(0.5)


def alerts_at(prometheus):
    return {alert["labels"]["alertname"] for alert in prometheus.ask("alerts")["alerts"]}


def unseen(prometheus, jobs):
    """The targets that Prometheus has not scraped yet."""
    seen = {each["metric"]["instance"] for each in prometheus.instant("up == 1")}
    return {target for targets in jobs.values() for target in targets} - seen


def check_healthy(checks, prometheus, jobs):
    """A daemon under load that lacks nothing worries nobody."""
    evaluated = "count_over_time(job_instance_listener:weir_connections_ended:rate5m[1m]) > 5"
    until("of a healthy daemon", lambda: unseen(prometheus, jobs) or not prometheus.instant(evaluated))
    checks.that(prometheus.instant(evaluated), "Prometheus has evaluated the rules several times")
    checks.that(not alerts_at(prometheus), f"no alert is pending or firing: {alerts_at(prometheus)}")


def check_ends(checks, prometheus):
    """A panel that colours ends by what they mean knows all of them."""
    ends = prometheus.ask("label/end/values")
    for panel in shape.panels_of(shape.load(shape.ROOT / "deploy/grafana/weir.json")):
        patterns = [each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]
                    if each["matcher"]["id"] == "byRegexp"]
        for end in ends if patterns else []:
            colours = [pattern for pattern in patterns if re.search(pattern.strip("/"), end)]
            checks.that(len(colours) == 1, f"{panel['title']}: {end} has one colour: {colours}")


def check_selectors(checks, prometheus, expressions, names):
    """Whatever a query looks at is there, word by word, so that no misspelt one is silent for ever."""
    asked = set()
    for expression in expressions:
        for selector in selectors_of(expression):
            asked.add(selector)
            asked.update(words_of(selector))
    for selector in sorted(asked):
        metric = selector.split("{")[0]
        known = metric in names or metric in ("up", "ALERTS") or metric.startswith("job_")
        checks.that(known, f"{metric} is a metric of a real /metrics")
        checks.that(prometheus.instant(f"last_over_time({selector}[5m])"), f"there are series of {selector}")


def documented():
    """The example queries of docs/metrics.md: the last cell of each row."""
    text = (shape.ROOT / "docs/metrics.md").read_text()
    rows = re.findall(r"^\| `(?:weir|process)_.*\| `(.+)` \|$", text, re.MULTILINE)
    return [row.replace(r"\|", "|") for row in rows]


def rules_of():
    groups = yaml.safe_load(shape.RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def run(checks, folder, programs, binary):
    with contextlib.ExitStack() as stack:
        def start(kind, *arguments, **options):
            program = kind(folder, *arguments, **options)
            stack.callback(program.end)
            return program

        clients = bed.Clients()
        stack.callback(clients.leave)
        # Bound and not listening: every connect is refused, and nobody else gets the port.
        refusing = stack.enter_context(socket.socket())
        refusing.bind(("127.0.0.1", 0))
        gone = "127.0.0.1:%d" % refusing.getsockname()[1]

        echo = start(bed.Weir, "echo", programs, bed.ECHO)
        places = {"one": echo.listener("one"), "two": echo.listener("two"), "gone": gone}
        healthy = start(bed.Weir, "healthy", programs, bed.HEALTHY.format(**places))
        prometheus = start(bed.Prometheus, binary)
        loads = [
            start(bed.Load, "load-echo", programs, "echo", healthy.listener("db"), "-c", "10", "-R", "500", "-d", "10m",
                  "--reconnect-every", "50", "--newcomers", "5/s"),
            start(bed.Load, "load-connect", programs, "connect", healthy.listener("db"), "-c", "2", "-R", "20", "-d",
                  "10m", "--close", "fin"),
        ]
        jobs = {"weir": [echo.admin, healthy.admin], "weir-load": [load.admin for load in loads]}
        prometheus.scrape(jobs)
        check_healthy(checks, prometheus, jobs)

        sick = start(bed.Weir, "sick", programs, bed.SICK.format(**places))
        tight = start(bed.Weir, "tight", programs, bed.TIGHT, limit=("prlimit", "--nofile=200:200"))
        small = start(bed.Weir, "small", programs, bed.SMALL)
        certificate, key = bed.make_certificate(folder)
        secure = start(bed.Weir, "secure", programs, bed.SECURE.format(certificate=certificate, key=key))
        onward = start(bed.Weir, "onward", programs,
                       bed.ONWARD.format(certificate=certificate, secure=secure.listener("secure")))
        sick.act("listeners/forgotten/drain")
        loads.append(start(bed.Load, "load-refused", programs, "connect", sick.listener("refused"), "-c", "1", "-R",
                           "10", "-d", "10m", "--max-errors", "1000000"))
        jobs["weir"] += [sick.admin, tight.admin, small.admin, secure.admin, onward.admin]
        jobs["weir-load"].append(loads[-1].admin)
        prometheus.scrape(jobs)
        until("of the other daemons", lambda: unseen(prometheus, jobs))
        # The daemon goes on with the one that it has read.
        key.write_text("no key\n")
        names = set()
        for target in (*jobs["weir"], *jobs["weir-load"]):
            names |= set(re.findall(r"^([a-z_]+)[ {]", bed.fetch(f"http://{target}/metrics"), re.MULTILINE))
        # Only now: a daemon without descriptors answers Prometheus only if that has connected before.
        clients.hold(small.listener("echo"), 5)
        clients.hold(tight.listener("echo"), 210)
        clients.hold(sick.listener("spare"), 2)

        waiting = bed.Clients()
        stack.callback(waiting.leave)

        def stir():
            """What goes on while Prometheus looks. Who waits at `narrow` is served when the others leave."""
            for name in ("ejected", "down", "strict", "strict", "strict", "refused"):
                clients.knock(sick.listener(name))
            for trusted in (certificate, certificate, None):
                clients.knock_in_tls(secure.listener("secure"), trusted)
            clients.knock(onward.listener("trusting"))
            clients.knock(onward.listener("wary"))
            clients.knock(small.listener("echo"))
            clients.knock(tight.listener("echo"))
            if len(waiting.held) >= 25:
                waiting.leave()
            waiting.hold(sick.listener("narrow"), 5)

        boards = [Board(file, prometheus) for file in shape.DASHBOARDS]
        wanted = {rule["alert"] for rule in shape.alerts_of()} - set(NOT_PROVOKED) - {"WeirAway"}
        until("among the alerts", lambda: wanted - alerts_at(prometheus), meanwhile=stir)
        checks.that(wanted <= alerts_at(prometheus), f"not pending or firing: {wanted - alerts_at(prometheus)}")
        for board in boards:
            board.fill_variables(checks)
        until("from the dashboards", lambda: sum((board.without_data() for board in boards), []), meanwhile=stir)

        checks.that(len(documented()) > 40, f"docs/metrics.md has example queries: {len(documented())}")
        for query in documented():
            prometheus.instant(query)  # fails if it is none
        expressions = [rule["expr"] for rule in rules_of()] + documented()
        for board in boards:
            board.check(checks)
            expressions += [board.filled(target["expr"], every=True) for _, target in board.queries()]
        check_selectors(checks, prometheus, expressions, names)
        check_ends(checks, prometheus)
        for rule in rules_of():
            if "record" in rule:
                checks.that(finite(prometheus.instant(rule["record"])), f"{rule['record']} has data")
        groups = prometheus.ask("rules")["groups"]
        for rule in (rule for group in groups for rule in group["rules"]):
            checks.that(rule["health"] == "ok", f"{rule['name']}: {rule.get('lastError')}")
        small.end()
        until("after a daemon has died", lambda: {"WeirAway"} - alerts_at(prometheus))
        checks.that("WeirAway" in alerts_at(prometheus), "WeirAway is pending once a daemon has died")
        complaints = re.findall(r"level=(?:warn|error).*", prometheus.log.read_text())
        checks.that(not complaints, f"Prometheus complains of nothing: {complaints[:3]}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--programs", type=Path, required=True, help="the folder of weir and weir-load")
    arguments.add_argument("--prometheus", default="prometheus")
    given = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: bed.fail("ended by SIGTERM"))  # so that what was started ends too
    checks = shape.Checks()
    shape.check_shape(checks)
    with tempfile.TemporaryDirectory() as folder:
        run(checks, Path(folder), given.programs.resolve(), given.prometheus)
    print(f"{checks.passed} passed, {checks.failed} failed")
    raise SystemExit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
