# SPDX-License-Identifier: Apache-2.0
"""bench.py: runs the rows on each server, round after round, and puts leat beside its peers and its targets.

Used by: run.sh.
Always:  - --quick without rows fails when a target would have no figure;
         - the servers take turns on an idle machine, each round with an empty folder; the median of the rounds counts;
         - CPU is the server's own, user and system of all its threads: what a noisy machine disturbs least; a round in which
           others had much of the machine is tried once more, and if that does not help the report says so;
         - rows that were measured whole, with all their servers, go into docs/performance.json in place of what is there of
           them, and docs/performance.md is written anew from all that is there; what --quick, --scale or --servers have
           measured is only printed.
"""
import argparse
import os
import random
import sys
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import bullmq  # noqa: E402
import commands  # noqa: E402
import groups  # noqa: E402
import growth  # noqa: E402
import memory  # noqa: E402
import pauses  # noqa: E402
import report  # noqa: E402
import rest  # noqa: E402
import servers  # noqa: E402
import slow_disk  # noqa: E402
import targets  # noqa: E402
import tls  # noqa: E402
import workers  # noqa: E402
from machine import MUCH, Elsewhere  # noqa: E402
from results import Results, describe  # noqa: E402

ROWS = [row for noun in (commands, tls, rest, groups, bullmq, slow_disk, workers, memory, growth, pauses) for row in noun.ROWS]
QUICK_SCALE = 0.005


def chosen_rows(parser, names):
    """A name means the row, or all whose names begin with it: MEMORY, GROWTH."""
    if not names:
        return ROWS
    for name in names:
        if not any(is_meant(row, name) for row in ROWS):
            parser.error(f"no row is named {name}; there are {' '.join(row.name for row in ROWS)}")
    return [row for row in ROWS if any(is_meant(row, name) for name in names)]


def is_meant(row, name):
    return row.name == name.upper() or row.name.startswith(name.upper() + "_")


def measure(row, options):
    """{server: [{load: {figure: value}}]}"""
    names = [name for name in row.servers if name in options.servers]
    found = {name: [] for name in names}
    for number in range(options.rounds):
        for name in names:
            print(f"bench: {row.name}: round {number + 1} of {options.rounds}: {name}", file=sys.stderr, flush=True)
            random.seed(number)
            tries = [measure_once(row, name, options)]
            while tries[-1][0] > MUCH and len(tries) < options.tries:
                print(f"bench: others had {tries[-1][0]:.0%} of the machine: again", file=sys.stderr, flush=True)
                tries.append(measure_once(row, name, options))
            share, measured = min(tries, key=lambda each: each[0])
            found[name].append({load: {**figures, "elsewhere": share} for load, figures in measured.items()})
    return found


def measure_once(row, name, options):
    """(share of the machine that others had, {load: {figure: value}})"""
    with row.running(options, name) as server:
        if not options.quick:
            servers.wait_until_idle(server)
        elsewhere = Elsewhere(server)
        measured = row.measure(server, name, options)
        return elsewhere.share(), measured


def parse(parser):
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"only these: {' '.join(row.name for row in ROWS)}")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that it works")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tries", type=int, default=2, help="at most, of a round in which others had much of the machine")
    parser.add_argument("--scale", type=float, default=1, help="of all counts")
    parser.add_argument("--servers", help=f"only these, with commas between: {' '.join(servers.ALL)}")
    parser.add_argument("--page", action="store_true", help="measure nothing; write performance.md anew from performance.json")
    parser.add_argument("--floor", default=os.path.join(servers.RELEASE, "floor_server"), help="an empty server")
    parser.add_argument("--slow-syncs", default=os.path.join(servers.RELEASE, "tests", "slow_syncs.so"))
    parser.add_argument("--docs", default=os.path.join(servers.ROOT, "docs"), help="where performance.md and .json are")
    servers.add_arguments(parser)
    options = parser.parse_args()
    options.recorded = not options.quick and options.scale == 1 and options.servers is None
    options.servers = options.servers.split(",") if options.servers else servers.ALL
    if "leat" not in options.servers:
        parser.error("leat must be among the servers: the report is about it")
    if options.quick:
        options.rounds, options.scale, options.tries = 1, QUICK_SCALE, 1
    return options


def measure_all(rows, kept, options):
    """(what was measured, the names of the rows that failed)"""
    now, failed = Results(), []
    for row in rows:
        try:
            rounds = measure(row, options)
        except Exception:  # the other rows are still worth having
            traceback.print_exc()
            failed.append(row.name)
            continue
        now.add(row, rounds)
        if options.recorded:
            record(kept, row, rounds, options)
    return now, failed


def main():
    parser = argparse.ArgumentParser(description="Measures leat beside redis-server.")
    options = parse(parser)
    kept = Results(os.path.join(options.docs, "performance.json") if options.recorded else None)
    if options.page:
        write_page(kept, options)
        return 0
    now, failed = measure_all(chosen_rows(parser, options.rows), kept, options)
    print(report.console(now, with_targets=not options.quick))
    if options.quick:
        print("bench: --quick shows that the harness works; its figures mean nothing")
        failed += [] if options.rows else targets.unmeasured(now.medians())
    if failed:
        print(f"bench: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def record(kept, row, rounds, options):
    """After each row: a run that is stopped keeps what it has."""
    kept.add(row, rounds)
    kept.order([each.name for each in ROWS])
    kept.about = describe(servers.ROOT, options)
    kept.save()
    write_page(kept, options)


def write_page(kept, options):
    with open(os.path.join(options.docs, "performance.md"), "w") as file:
        file.write(report.page(kept))


if __name__ == "__main__":
    sys.exit(main())
