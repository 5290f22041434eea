# SPDX-License-Identifier: Apache-2.0
"""results.py: what was measured, load by load: docs/performance.json.

Used by: bench.py, report.py.
Always:  - a load is replaced as a whole, so that leat and its peers are always of one run;
         - loads that were measured another day stay, with their date.
"""
import datetime
import json
import os
import platform
import statistics
import subprocess


class Results:
    def __init__(self, path=None):
        """path: what is there already is read, and written again by save(). None: kept here only."""
        self.path, self.about, self.loads = path, {}, {}
        if path and os.path.exists(path):
            with open(path) as file:
                kept = json.load(file)
            if "loads" in kept:
                self.about, self.loads = kept["about"], kept["loads"]

    def add(self, row, rounds):
        """rounds: {server: [{load: {figure: value}}]}"""
        now = datetime.datetime.now().strftime("%Y-%m-%d %H:%M")
        for load in rounds["leat"][0]:
            measured = {name: [each[load] for each in found] for name, found in rounds.items() if load in found[0]}
            self.loads[load] = {"row": row.name, "section": row.section, "date": now, "rounds": measured}

    def order(self, names):
        """Loads in the order of these rows; those of a row that is no more are dropped."""
        here = [(load, kept) for load, kept in self.loads.items() if kept["row"] in names]
        self.loads = dict(sorted(here, key=lambda pair: names.index(pair[1]["row"])))

    def save(self):
        if self.path:
            with open(self.path, "w") as file:
                json.dump({"about": self.about, "loads": self.loads}, file, indent=1)
                file.write("\n")

    def medians(self):
        """{load: {server: {figure: value}}}"""
        return {load: {name: median(rounds) for name, rounds in kept["rounds"].items()} for load, kept in self.loads.items()}


def median(rounds):
    return {figure: None if value is None else statistics.median(each[figure] for each in rounds)
            for figure, value in rounds[0].items()}


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()
    except (OSError, IndexError, subprocess.CalledProcessError):
        return "unknown"


def describe(root, options):
    """The machine and the programs."""
    with open("/proc/cpuinfo") as cpuinfo:
        model = next((each.split(":")[1].strip() for each in cpuinfo if each.startswith("model name")), platform.machine())
    with open("/proc/meminfo") as meminfo:
        memory = int(meminfo.readline().split()[1]) / 1e6
    with open(os.path.join(root, "examples", "node_modules", "bullmq", "package.json")) as package:
        bullmq = json.load(package)["version"]
    return {"machine": f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, Linux {platform.release()}",
            "leat": first_line(options.broker, "--version"),
            "redis-server": first_line(options.peer, "--version").split(" sha=")[0],
            "clients": f"{first_line('redis-benchmark', '--version')}, "
                       f"bullmq {bullmq} on node {first_line('node', '--version')}"}
