# SPDX-License-Identifier: Apache-2.0
"""bench.py: runs the rows on each server, round after round, and prints medians side by side.

Used by: run.sh.
Always:  - the servers take turns on an idle machine, each round with an empty folder; the median of the rounds counts;
         - CPU is the server's own, user and system of all its threads: what a noisy machine disturbs least;
         - docs/performance.md is written only after a whole run (all rows, all rounds).
"""
import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import report  # noqa: E402
import resp  # noqa: E402
from rows import BULLMQ, KEYS, ROWS  # noqa: E402
from server import Server  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
CLIENTS = 50
COUNTS = {1: 100_000, 16: 1_000_000}  # requests, by the depth of the pipeline
BULLMQ_LOAD = os.path.join(ROOT, "tests", "bench", "bullmq_load.mjs")


def fill_all(server, command, count):
    subprocess.run(["redis-benchmark", "-p", str(server.port), "-c", "50", "-n", str(count), "-P", "64", "-r", str(KEYS), "-q", *command],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def benchmark(server, row, depth, scale, fill=True):
    count = max(1000, int(COUNTS[depth] * row.share * scale))
    if row.fill and fill:
        fill_all(server, row.fill, count)
    before = server.cpu_seconds()
    done = subprocess.run(
        ["redis-benchmark", "-p", str(server.port), "-c", str(CLIENTS), "-n", str(count), "-P", str(depth), "-r", str(KEYS), "--csv", *row.command],
        check=True, capture_output=True, text=True)
    spent = server.cpu_seconds() - before
    line = list(csv.DictReader(done.stdout.splitlines()))[-1]
    return {"per_second": float(line["rps"]), "p50_ms": float(line["p50_latency_ms"]), "p99_ms": float(line["p99_latency_ms"]),
            "cpu_us": spent / count * 1e6, "resident_mb": server.resident_bytes() / 1e6}


def bullmq(server, load, count):
    before = server.cpu_seconds()
    done = subprocess.run(["node", BULLMQ_LOAD, str(server.port), load, str(count)], check=True, capture_output=True, text=True)
    spent = server.cpu_seconds() - before
    said = json.loads(done.stdout)
    return {"per_second": count / said["seconds"], "p50_ms": said.get("p50"), "p99_ms": said.get("p99"),
            "cpu_us": spent / count * 1e6, "resident_mb": server.resident_bytes() / 1e6}


def flush(server):
    connection = resp.Connection(server.connect())
    connection.call("FLUSHALL")
    connection.close()


def measure_floor(binary, chosen, scale):
    """The same for the empty server, which cannot pipeline: {row: measurement}."""
    found = {}
    for persistence in ("always", "never"):
        folder = tempfile.mkdtemp(prefix="leat-bench-")
        server = Server(binary, folder, persistence)
        try:
            server.start()
            for row in ROWS:
                if row.name in chosen and row.floor == persistence:
                    found[f"{row.name} P1"] = benchmark(server, row, 1, scale, fill=False)
        finally:
            server.kill()
            shutil.rmtree(folder)
    return found


def measure(binary, persistence, chosen, scale):
    """One round of one server: {row: measurement}."""
    folder = tempfile.mkdtemp(prefix="leat-bench-")
    server = Server(binary, folder, persistence)
    found = {}
    try:
        server.start()
        for row in ROWS:
            if row.name in chosen:
                for depth in COUNTS:
                    found[f"{row.name} P{depth}"] = benchmark(server, row, depth, scale)
                    flush(server)
        if "BULLMQ" in chosen:
            for load, count in BULLMQ:
                found[f"BullMQ {load}"] = bullmq(server, load, max(100, int(count * scale)))
    finally:
        server.kill()
        shutil.rmtree(folder)
    return found


def median(rounds):
    """The median of each figure of each row."""
    rows = {}
    for name in rounds[0]:
        rows[name] = {figure: None if rounds[0][name][figure] is None else statistics.median(each[name][figure] for each in rounds)
                      for figure in rounds[0][name]}
    return rows


def main():
    names = [row.name for row in ROWS] + ["BULLMQ"]
    parser = argparse.ArgumentParser(description="Measures leat beside redis-server.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"only these: {' '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that it works; the figures mean little")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--broker", default=os.path.join(ROOT, "build/release/leat"))
    parser.add_argument("--floor", default=os.path.join(ROOT, "build/release/floor_server"), help="an empty server with leat's system calls")
    arguments = parser.parse_args()
    chosen = [each.upper() for each in arguments.rows] or names
    unknown = [each for each in chosen if each not in names]
    if unknown:
        parser.error(f"no row is named {' or '.join(unknown)}; there are {' '.join(names)}")
    rounds, scale = (1, 0.02) if arguments.quick else (arguments.rounds, 1)
    targets = [("leat", arguments.broker, "always"), ("redis always", "redis-server", "always"), ("redis memory", "redis-server", "never")]
    measured = {name: [] for name, _, _ in targets} | {"floor": []}
    for number in range(rounds):
        for name, binary, persistence in targets:
            print(f"bench: round {number + 1} of {rounds}: {name}", file=sys.stderr, flush=True)
            measured[name].append(measure(binary, persistence, chosen, scale))
        print(f"bench: round {number + 1} of {rounds}: floor", file=sys.stderr, flush=True)
        measured["floor"].append(measure_floor(arguments.floor, chosen, scale))
    medians = {name: median(each) for name, each in measured.items()}
    print(report.table(medians))
    if not arguments.quick and not arguments.rows:
        report.write(ROOT, arguments.broker, medians, measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
