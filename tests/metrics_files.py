# SPDX-License-Identifier: Apache-2.0
"""metrics_files.py: the alerts and the dashboard are what Prometheus and Grafana can read.

Used by: ctest:  python3 tests/metrics_files.py
Always:  - that they name figures which are told is tests/commands/metrics_files_test.cc's to see;
         - promtool, where it is installed, checks the rules and every query of the dashboard too.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

ETC = pathlib.Path(__file__).resolve().parent.parent / "etc"
RULES, DASHBOARD = ETC / "prometheus-rules.yml", ETC / "grafana-dashboard.json"
COLUMNS = 24  # of Grafana's grid


def rule_faults(rules):
    names = [rule.get("alert") for rule in rules]
    for name in {name for name in names if names.count(name) > 1}:
        yield f"{name} is there twice"
    for rule in rules:
        name = rule.get("alert")
        if set(rule) - {"for"} != {"alert", "expr", "labels", "annotations"}:
            yield f"{name} has other fields than an alert: {sorted(rule)}"
        elif rule["labels"].get("severity") not in ("warning", "critical"):
            yield f"{name} has no severity"
        elif set(rule["annotations"]) != {"summary", "description"}:
            yield f"{name} is not explained"


def overlap(a, b):
    return a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]


def panel_faults(panels):
    if len({panel["id"] for panel in panels}) != len(panels):
        yield "two panels have one id"
    for i, panel in enumerate(panels):
        place = panel["gridPos"]
        if place["x"] + place["w"] > COLUMNS:
            yield f"{panel['title']} leaves the grid"
        for other in panels[:i]:
            if overlap(place, other["gridPos"]):
                yield f"{panel['title']} lies on {other['title']}"
        if panel["type"] != "row" and not (panel["description"] and panel["targets"]):
            yield f"{panel['title']} is empty or unexplained"


def queries(panels):
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def plain(query):
    return query.replace("$__rate_interval", "5m").replace("$instance", ".*")


def promtool_faults(panels):
    if shutil.which("promtool") is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "dashboard.yml"
        rules = [{"record": f"query:{i}", "expr": plain(query)} for i, query in enumerate(queries(panels))]
        path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
        for file in (RULES, path):
            done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                yield f"promtool: {done.stdout}{done.stderr}"


def main():
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    dashboard = json.loads(DASHBOARD.read_text())
    panels = dashboard["panels"]
    faults = [*rule_faults(rules), *panel_faults(panels), *promtool_faults(panels)]
    if dashboard["schemaVersion"] < 36 or not dashboard["title"]:
        faults.append("the dashboard is of no version that Grafana 9 or newer reads")
    for query in queries(panels):
        if re.search(r"\$(?!__rate_interval|instance)", query):
            faults.append(f"{query} has a variable that the dashboard does not define")
    print("\n".join(faults) or f"metrics files: {len(rules)} alerts and {len(queries(panels))} queries can be read")
    return 1 if faults else 0


sys.exit(main())
