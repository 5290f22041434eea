# SPDX-License-Identifier: Apache-2.0
"""report.py: measurements and targets as tables, and as docs/performance.md.

Used by: bench.py.
Always:  - each target has its figure, its bound and a verdict; what is not met stays in the table as it is;
         - figures never stand without date, machine and versions.
"""
import targets
from machine import MUCH

FIGURES = {"cpu_us": "server µs/op", "per_second": "throughput", "p50_ms": "p50", "p99_ms": "p99", "bytes": "bytes/item",
           "growth": "CPU at 10^7 ÷ 10^4", "longest_cpu_ms": "longest call, ms", "max_ms": "longest wait, ms"}
DIGITS = {"cpu_us": 2, "per_second": 0, "p50_ms": 2, "p99_ms": 2, "bytes": 1, "growth": 2, "longest_cpu_ms": 2, "max_ms": 2}


PLAIN = {"leat": "leat", "none": "redis"}  # where there is one redis


def number(value, digits=0):
    return "–" if value is None else f"{value:,.{digits}f}"


def cells(row, names, figure):
    return [number(row.get(name, {}).get(figure), DIGITS[figure]) for name in names]


def latencies(row, name):
    return " ".join(number(row.get(name, {}).get(figure), 2) for figure in ("p50_ms", "p99_ms"))


def ratio(row, peer, figure):
    leat, other = row.get("leat", {}).get(figure), row.get(peer, {}).get(figure)
    return number(leat / other, 2) if leat is not None and other else "–"


def markdown(head, lines):
    lines = [head, *lines]
    widths = [max(len(each[i]) for each in lines) for i in range(len(head))]
    lines.insert(1, ["-" * (width - 1) + ":" if i else "-" * width for i, width in enumerate(widths)])
    return "\n".join("| " + " | ".join(cell.rjust(width) if i else cell.ljust(width)
                                       for i, (cell, width) in enumerate(zip(each, widths))) + " |" for each in lines)


def operations(rows):
    servers = ["leat", "always", "everysec", "none"]
    head = ["load", *(f"{name}/s" for name in servers), "floor/s", *(f"{name} µs" for name in servers), "floor µs",
            "÷ always", "÷ none", *(f"{name} p50 p99" for name in servers)]
    return markdown(head, [
        [load, *cells(row, [*servers, "floor"], "per_second"), *cells(row, [*servers, "floor"], "cpu_us"),
         ratio(row, "always", "cpu_us"), ratio(row, "none", "cpu_us"), *(latencies(row, name) for name in servers)]
        for load, row in rows.items()])


def latency(rows):
    head = ["load", "server", "p50 ms", "p99 ms", "longest ms", "server µs/op", "workers"]
    figures = {"p50_ms": 2, "p99_ms": 2, "max_ms": 2, "cpu_us": 2, "workers": 0}
    return markdown(head, [[load, name, *(number(found.get(figure), digits) for figure, digits in figures.items())]
                           for load, row in rows.items() for name, found in row.items()])


def memory(rows):
    return markdown(["item", "leat bytes", "redis bytes", "ratio"], [
        [load.removeprefix("memory: "), *cells(row, ["leat", "none"], "bytes"), ratio(row, "none", "bytes")]
        for load, row in rows.items()])


def growth(rows):
    sizes = sorted({figure.split()[-1] for row in rows.values() for figure in row["leat"] if " at " in figure}, key=int)
    head = ["operation", "server", *(f"µs at {int(size):,}" for size in sizes),
            "last ÷ first", "longest call, CPU ms", "client's wait, ms"]
    figures = [*(f"cpu_us at {size}" for size in sizes), "growth", "longest_cpu_ms", "longest_ms"]
    return markdown(head, [
        [load.removesuffix(" as it grows"), PLAIN[name], *(number(found.get(figure), 2) for figure in figures)]
        for load, row in rows.items() for name, found in row.items()])


def pauses(rows):
    figures = ("max_ms", "running_max_ms", "noise_ms")
    head = ["while", *(f"{name} {word}" for name in ("leat", "redis") for word in ("longest ms", "with a core", "noise"))]
    columns = [(name, figure) for name in PLAIN for figure in figures]
    return markdown(head, [
        [load.removeprefix("pause: "), *(number(row.get(name, {}).get(figure), 2) for name, figure in columns)]
        for load, row in rows.items()])


SECTIONS = {
    "operations": (operations, """## Operations

Operations a second, the server's CPU time for each in µs (all its threads), CPU time as a multiple of Redis', and
latencies in ms as the clients saw them. *always*, *everysec*, *none*: redis-server with `appendonly yes` and that
`appendfsync`, or without persistence. *floor*: an empty server that answers `+OK` to whatever it reads, after the same
write and sync where leat needs one (`tests/bench/floor_server.cc`). `P16`: 16 requests in flight on each of 50
connections. An operation of `XREADGROUP+XACK` is the pair, asked by a program in Python that is as busy as the server
(what it costs the server says more than the throughput); one of BullMQ is a job, of the four processes a job added and
processed."""),
    "latency": (latency, """## Latency

The disk with slow syncs is `tests/faults/slow_syncs.c` under both servers. A wake-up is from the producer's `LPUSH` until
a worker has the job; the server's µs are for the `LPUSH` and the next `BRPOP` of the one who was woken."""),
    "memory": (memory, """## Memory

Growth of the resident memory for each item, at a million of them, from and to a settled second. Redis without
persistence."""),
    "growth": (growth, """## Growth

The server's CPU time for an operation on structures of so many items, by one client in pipelines of 100 requests: what a
socket costs is not in it, what the processor's caches do not hold is. The longest call is of 6,000 awaited one by one at
each size: the CPU time of the server's loop, and the wait of the client, which has the disk's syncs in it. What the host
of a virtual machine takes for itself counts as CPU time: a read of some ms in one round and not in the others is that.
Redis, without persistence, is no peer here; it shows what the same machine does to another."""),
    "pauses": (pauses, """## Pauses

The longest answer to another client's `PING` or `GET`, about a thousand a second. *with a core*: without the time in
which the server's loop or that client was ready to run while others had both cores. *noise*: the longest answer of an
empty server of the same kind, asked in turn with this one. Redis without persistence."""),
}


def sections(results, with_text):
    medians = results.medians()
    for name, (table, text) in SECTIONS.items():
        rows = {load: medians[load] for load, kept in results.loads.items() if kept["section"] == name}
        if rows:
            yield f"{text}\n\n{table(rows)}\n" if with_text else table(rows) + "\n"


def target_table(medians, all_of_them):
    lines = []
    for target in targets.TARGETS:
        verdict = target.verdict(medians)
        if verdict == "not measured" and not all_of_them:
            continue
        row = medians.get(target.load, {})
        peer = cells(row, [target.peer], target.figure)[0] if target.peer else ""
        share = number(target.value(medians), 2) if target.peer else ""
        lines.append([target.load, FIGURES[target.figure], *cells(row, ["leat"], target.figure), target.peer or "itself", peer,
                      share, target.bound(), verdict])
    return markdown(["load", "figure", "leat", "peer", "peer's", "ratio", "target", ""], lines) if lines else ""


def summary(medians):
    verdicts = [target.verdict(medians) for target in targets.TARGETS]
    return f"{verdicts.count('met')} of {len(verdicts)} targets are met, {verdicts.count('not measured')} were not measured."


def disturbed(medians):
    """Loads that were measured while somebody else had much of the machine."""
    found = [load for load, row in medians.items() if any(each.get("elsewhere", 0) > MUCH for each in row.values())]
    return f"While these were measured, others had more than {MUCH:.0%} of the machine: {', '.join(found)}.\n" if found else ""


def console(results, with_targets):
    """The tables alone."""
    tables = list(sections(results, with_text=False))
    medians = results.medians()
    if with_targets:
        tables += [target_table(medians, all_of_them=False), disturbed(medians)]
    return "\n".join(tables)


def page(results):
    about, medians, loads = results.about, results.medians(), results.loads.values()
    dates, rounds = sorted(kept["date"] for kept in loads), sorted(len(kept["rounds"]["leat"]) for kept in loads)
    span = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    turns = f"{rounds[0]}" if rounds[0] == rounds[-1] else f"{rounds[0]} to {rounds[-1]}"
    return f"""# Performance

Measured by `sh tests/bench/run.sh`, {span}; each round's figures, and each load's date, are in
[performance.json](performance.json).

- Machine: {about['machine']}
- leat: {about['leat']}, `durability = always`
- redis: {about['redis-server']}
- Clients on the same machine: {about['clients']}; 50 connections and values of 100 bytes, if nothing else is said

Each figure is the median of {turns} rounds, in which the servers took turns. A ratio is leat's figure divided by the peer's.

## Targets

{summary(medians)}

{disturbed(medians)}
{target_table(medians, True)}

""" + "\n".join(sections(results, with_text=True))
