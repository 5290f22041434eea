# SPDX-License-Identifier: Apache-2.0
"""report.py: measurements as a table, and as docs/performance.md with the raw figures beside it.

Used by: bench.py.
Always:  - a ratio over 1 means that leat is better; a row in which leat is slower than redis with appendfsync always is marked;
         - figures never stand without date, machine and versions.
"""
import datetime
import json
import os
import platform
import subprocess

HEAD = ["row", "leat/s", "redis/s", "ratio", "memory/s", "leat p50 p99 ms", "redis p50 p99 ms", "leat µs", "redis µs", "ratio", "memory µs", "floor µs", "leat MB", "redis MB"]


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}"


def latencies(row):
    return f"{number(row['p50_ms'], 2)} {number(row['p99_ms'], 2)}"


def line(name, leat, always, memory, floor):
    speed = leat["per_second"] / always["per_second"]
    cpu = always["cpu_us"] / leat["cpu_us"] if leat["cpu_us"] else 0
    mark = " (slower)" if speed < 1 else ""
    return [name, number(leat["per_second"]), number(always["per_second"]), f"{speed:.2f}{mark}", number(memory["per_second"]),
            latencies(leat), latencies(always), number(leat["cpu_us"], 1), number(always["cpu_us"], 1), f"{cpu:.2f}",
            number(memory["cpu_us"], 1), number(floor.get("cpu_us"), 1), number(leat["resident_mb"]), number(always["resident_mb"])]


def table(medians):
    lines = [HEAD] + [line(name, row, medians["redis always"][name], medians["redis memory"][name], medians["floor"].get(name, {}))
                      for name, row in medians["leat"].items()]
    widths = [max(len(each[i]) for each in lines) for i in range(len(HEAD))]
    rows = ["| " + " | ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(each, widths))) + " |"
            for each in lines]
    rows.insert(1, "| " + " | ".join(("-" * (width - 1) + ":") if i else "-" * width for i, width in enumerate(widths)) + " |")
    return "\n".join(rows)


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()
    except (OSError, IndexError, subprocess.CalledProcessError):
        return "unknown"


def machine(root, broker):
    with open("/proc/cpuinfo") as cpuinfo:
        model = next((each.split(":")[1].strip() for each in cpuinfo if each.startswith("model name")), platform.machine())
    with open("/proc/meminfo") as meminfo:
        memory = int(meminfo.readline().split()[1]) / 1e6
    with open(os.path.join(root, "examples", "node_modules", "bullmq", "package.json")) as package:
        bullmq = json.load(package)["version"]
    return {"date": datetime.date.today().isoformat(),
            "machine": f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, Linux {platform.release()}",
            "leat": first_line(broker, "--version"), "redis-server": first_line("redis-server", "--version").split(" sha=")[0],
            "clients": f"{first_line('redis-benchmark', '--version')}, bullmq {bullmq} on node {first_line('node', '--version')}"}


def write(root, broker, medians, rounds):
    about = machine(root, broker)
    text = f"""# Performance

Measured by `sh tests/bench/run.sh` on {about['date']}; raw figures of every round in [performance.json](performance.json).

- Machine: {about['machine']}
- leat: {about['leat']}, `durability = always`
- redis: {about['redis-server']}, `appendonly yes`, `appendfsync always`; *memory* is the same without persistence
- Clients on the same machine: {about['clients']}; 50 connections, values of 100 bytes; `P16` means 16 requests in flight per connection

Each figure is the median of {len(rounds['leat'])} rounds, in which the servers took turns. *µs* is the server's CPU time per operation, user and
system of all its threads. A ratio over 1 means that leat is better than redis with `appendfsync always`.
*Floor* is an empty server that answers `+OK` to whatever it reads, after the same write and sync where leat needs one (`tests/bench/floor_server.cc`).

{table(medians)}
"""
    folder = os.path.join(root, "docs")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "performance.md"), "w") as file:
        file.write(text)
    with open(os.path.join(folder, "performance.json"), "w") as file:
        json.dump({"about": about, "median": medians, "rounds": rounds}, file, indent=1)
        file.write("\n")
