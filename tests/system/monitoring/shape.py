"""What dashboards and rules must hold whatever they show: Grafana and Prometheus take much that nobody can use."""

import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
DASHBOARDS = sorted((ROOT / "deploy/grafana").glob("*.json"))
RULES = ROOT / "deploy/prometheus/rules.yml"
# Of those that Grafana knows (packages/grafana-data/src/valueFormats/categories.ts).
UNITS = {"short", "percentunit", "s", "bytes", "Bps", "cps", "reqps"}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


class Checks:
    """Counts what was checked, and says what does not hold."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def that(self, holds, what):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}", flush=True)


def load(dashboard):
    return json.loads(dashboard.read_text())


def panels_of(board):
    """All but the rows, which must not hide any."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def alerts_of():
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def cells(grid):
    return {(x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])}


def check_layout(checks, name, board):
    ids = [panel["id"] for panel in board["panels"]]
    checks.that(len(set(ids)) == len(ids), f"{name}: every panel has an id of its own")
    taken = {}
    for panel in board["panels"]:
        checks.that(not panel.get("panels"), f"{name}: {panel['title']}: no row is collapsed")
        grid = panel["gridPos"]
        checks.that(grid["x"] + grid["w"] <= 24, f"{name}: {panel['title']} is within 24 columns")
        others = {taken[cell] for cell in cells(grid) if cell in taken}
        checks.that(not others, f"{name}: {panel['title']} covers {others}")
        taken.update(dict.fromkeys(cells(grid), panel["title"]))
    rows = max(y for _, y in taken) + 1
    bare = [y for y in range(rows) if not any((x, y) in taken for x in range(24))]
    checks.that(not bare, f"{name}: no line of the grid is empty, but {bare} are")


def check_panel(checks, name, panel):
    title = f"{name}: {panel['title']}"
    checks.that(panel["description"].endswith("."), f"{title}: it is described")
    checks.that(panel["datasource"] == DATASOURCE, f"{title}: its data source is the variable")
    references = [target["refId"] for target in panel["targets"]]
    checks.that(references and len(set(references)) == len(references), f"{title}: every query has a refId of its own")
    for target in panel["targets"]:
        checks.that(target["datasource"] == DATASOURCE, f"{title}: each query's data source is the variable")
        checks.that(bool(target["legendFormat"]) != (panel["type"] == "table"), f"{title}: each series has a legend")
    columns = {}
    for override in panel["fieldConfig"]["overrides"]:
        columns[override["matcher"]["options"]] = {each["id"] for each in override["properties"]}
    if panel["type"] == "table":
        # Each column has its unit or its words, whether by itself or for the whole table.
        shown = panel["transformations"][-1]["options"]
        renamed = shown["renameByName"]
        for reference, column in renamed.items():
            if reference.startswith("Value") and "unit" not in panel["fieldConfig"]["defaults"]:
                known = columns.get(column, set()) & {"unit", "mappings"}
                checks.that(known or column == "Cut by a drain", f"{title}: {column} has a unit")
        for column in columns:
            checks.that(column in renamed.values(), f"{title}: there is the column {column}")
        for reference in references:
            value = f"Value #{reference}" if len(references) > 1 else "Value"
            checks.that(value in renamed or value in shown["excludeByName"], f"{title}: {value} is shown or left out")
    elif panel["type"] == "heatmap":
        checks.that(panel["options"]["yAxis"].get("unit") in UNITS, f"{title}: it has a unit")
    elif panel["type"] != "state-timeline":
        checks.that(panel["fieldConfig"]["defaults"].get("unit") in UNITS, f"{title}: it has a unit")


def check_dashboard(checks, file):
    board = load(file)
    checks.that(board["uid"] == file.stem, f"{file.name}: the uid is that of its name")
    check_layout(checks, file.name, board)
    variables = [variable["name"] for variable in board["templating"]["list"]]
    checks.that(variables[:3] == ["datasource", "job", "instance"], f"{file.name}: the variables are {variables}")
    queries = "".join(target["expr"] for panel in panels_of(board) for target in panel["targets"])
    for variable in variables[1:]:
        checks.that(f'=~"${variable}"' in queries, f"{file.name}: ${variable} narrows something")
    used = set(re.findall(r"\$([a-z]\w*)", queries))
    checks.that(used < set(variables), f"{file.name}: there are the variables {used}")
    for panel in panels_of(board):
        check_panel(checks, file.name, panel)
    for link in board["links"]:
        target = ROOT / "deploy/grafana" / (link["url"].removeprefix("/d/") + ".json")
        checks.that(target in DASHBOARDS, f"{file.name}: there is {link['url']}")


def check_alerts(checks):
    cases = yaml.safe_load((ROOT / "tests/system/monitoring/alerts.yaml").read_text())["tests"]
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs/alerts.md").read_text(), re.MULTILINE)
    alerts = [rule["alert"] for rule in alerts_of()]
    checks.that(headings == alerts, f"docs/alerts.md has the alerts in their order: {headings}")
    for rule in alerts_of():
        name = rule["alert"]
        asked = [each for case in cases for each in case["alert_rule_test"] if each["alertname"] == name]
        checks.that(any(each["exp_alerts"] for each in asked), f"{name}: a series makes it fire")
        checks.that(any(not each["exp_alerts"] for each in asked), f"{name}: a series leaves it silent")
        checks.that(rule["labels"]["severity"] in ("critical", "warning", "info"), f"{name}: it has a severity")
        checks.that(set(rule["annotations"]) == {"summary", "description", "runbook"}, f"{name}: its annotations")
        checks.that(rule["annotations"]["runbook"] == f"docs/alerts.md#{name.lower()}", f"{name}: its runbook")
    mentioned = set(re.findall(r"Weir[A-Z]\w+", "".join(file.read_text() for file in DASHBOARDS)))
    checks.that(mentioned <= set(alerts), f"the dashboards speak of alerts that there are: {mentioned}")


def check_provisioning(checks):
    folder = ROOT / "deploy/grafana/provisioning"
    source = yaml.safe_load((folder / "datasources/prometheus.yaml").read_text())["datasources"][0]
    checks.that(source["type"] == "prometheus" and source["isDefault"], "the data source is the default")
    prometheus = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    # Grafana makes $__rate_interval of it; too short a one leaves rate() with a single sample.
    checks.that(source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"], "the intervals are one")
    provider = yaml.safe_load((folder / "dashboards/weir.yaml").read_text())["providers"][0]
    checks.that(provider["options"]["path"] == "/var/lib/grafana/dashboards", "the dashboards' folder is the usual one")


def check_shape(checks):
    for file in DASHBOARDS:
        check_dashboard(checks, file)
    check_alerts(checks)
    check_provisioning(checks)
