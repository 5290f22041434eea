# SPDX-License-Identifier: Apache-2.0
"""growth.py: what an operation costs on a structure of 10^4, 10^5, 10^6 and 10^7 items.

Used by: bench.py.
Always:  - leat is judged by itself; redis-server without persistence stands beside it, to know what a machine's caches do;
         - the structure grows in one server; each size is measured when nothing else goes on (no snapshot is being taken);
         - cpu_us is measured in pipelines of a hundred requests, so that it is the structure's and not the socket's;
         - redis-server's longest reads tell how much of leat's is the machine's: a host that takes the core is CPU time too;
         - the longest call is found among requests awaited one by one: by the CPU time of the server's loop (longest_cpu_ms),
           and as the client saw it (longest_ms), which has the disk's syncs and the machine's noise in it.
"""
import random
import time

import resp
from link import NUMBER, Link, Template, info, pour, scattered
from loop_time import LoopTime
from memory import settle, wait_for_snapshot
from row import Row, counted

SIZES = [10 ** power for power in (4, 5, 6, 7)]
OPERATIONS = 50_000
ADDED = 10_000  # of an operation that makes the structure larger
FEW = 5_000
SINGLE = 3_000
PIPELINE = 100
PASSES = 2
ATTEMPTS = 4
STEP = 100_000  # items whose numbers are held at once while a structure is filled
TIMEOUT_SECONDS = 60
WORD = f"value:{NUMBER}"  # of a string, field or element


class Operation:
    """request(number, items): the words of one; lines: of its reply; adds: the structure grows with each.

    count: fewer where there is less to take, or where Redis takes long; prepare(link, size): what must be there first."""

    def __init__(self, name, request, lines=1, count=OPERATIONS, adds=False, prepare=None):
        self.name, self.request, self.lines, self.count, self.adds, self.prepare = name, request, lines, count, adds, prepare


class Growth(Row):
    """head and words make an item out of two numbers: one in no order, and its own."""
    servers = ("leat", "none")
    section = "growth"

    def __init__(self, name, head, words, operations, per_request=100, lines=1):
        super().__init__(name)
        self.template = Template(*head, *words * per_request, lines=lines)
        self.per_request, self.operations = per_request, operations

    def measure(self, server, name, options):
        found = {f"{one.name} as it grows": {"longest_ms": 0, "longest_cpu_ms": 0} for one in self.operations}
        items = 0
        sizes = [max(100, int(size * min(1, options.scale))) for size in SIZES] if options.scale >= 0.1 else [100, 1000]
        for size in sizes:
            items = self._grow(server, items, size)
            settle(server, options)
            for operation in self.operations:
                measured, items = self._measure_quietly(server, operation, size, items, options)
                row = found[f"{operation.name} as it grows"]
                row[f"cpu_us at {size}"] = measured["cpu_us"]
                for figure in ("longest_ms", "longest_cpu_ms"):
                    row[figure] = max(row[figure], measured[figure])
        for row in found.values():
            row["growth"] = row[f"cpu_us at {sizes[-1]}"] / row[f"cpu_us at {sizes[0]}"]
        return found

    def _grow(self, server, items, size):
        each = self.template.numbers // self.per_request
        while items < size:
            until = min(size, items + STEP)
            pour(server.port, self.template, [n for i in range(items, until) for n in (scattered(i), i)[-each:]])
            items = until
        return items

    def _measure_quietly(self, server, operation, size, items, options):
        """Twice, and the first pass warms up; again when a snapshot came in between: that is not what this operation costs."""
        link = Link(server.port)
        link.socket.settimeout(TIMEOUT_SECONDS)
        if operation.prepare:
            operation.prepare(link, size)
        passes, attempts = [], 0
        while len(passes) < PASSES and attempts < ATTEMPTS:
            wait_for_snapshot(server)
            before = snapshots(link)
            measured = self._measure_at(server, link, operation, size, items, options)
            items += measured["added"]
            attempts += 1
            if snapshots(link) == before or attempts == ATTEMPTS:
                passes.append(measured)
        link.close()
        return {"cpu_us": min(each["cpu_us"] for each in passes), "longest_ms": max(each["longest_ms"] for each in passes),
                "longest_cpu_ms": max(each["longest_cpu_ms"] for each in passes)}, items

    def _measure_at(self, server, link, operation, size, items, options):
        count, single = counted(operation.count, options), counted(SINGLE, options)
        requests = [resp.encode(operation.request(items + i if operation.adds else i, size)) for i in range(count + single)]
        before = server.cpu_seconds()
        for at in range(0, count, PIPELINE):
            part = requests[at:min(count, at + PIPELINE)]
            link.socket.sendall(b"".join(part))
            link.skip_lines(len(part) * operation.lines)
        spent = server.cpu_seconds() - before
        wall, cpu = longest(server, link, requests[count:], operation.lines)
        return {"cpu_us": spent / count * 1e6, "longest_ms": wall, "longest_cpu_ms": cpu,
                "added": count + single if operation.adds else 0}


def longest(server, link, requests, lines):
    """(as the client sees it, CPU time of the loop) of the call that took longest, in ms."""
    loop, walls, cpus = LoopTime(server.process.pid), [], []
    ran, _ = loop.read()
    for request in requests:
        began = time.perf_counter()
        link.socket.sendall(request)
        link.skip_lines(lines)
        walls.append(time.perf_counter() - began)
        before, (ran, _) = ran, loop.read()
        cpus.append(ran - before)
    loop.close()
    return max(walls) * 1000, max(cpus) / 1e6


def snapshots(link):
    return info(link, "rdb_saves"), info(link, "rdb_bgsave_in_progress")


def any_item(size):
    return random.randrange(size)


def prepare_group(link, size):
    """A group whose next entry is in the middle."""
    link.call("XGROUP", "CREATE", "stream", f"group{size}", f"1{size // 2:08}-1")


def reading(size):
    return ("XREADGROUP", "GROUP", f"group{size}", "worker", "COUNT", 1, "STREAMS", "stream", ">")


def element(most):
    return ("LINDEX", "list", random.randrange(-most, most))


def entry(number):
    return ("XADD", "stream", f"1{number:08}-1", "sensor", 12, "celsius", "21.5")


ROWS = [
    Growth("GROWTH_ZSET", ["ZADD", "zset"], [NUMBER, f"member:{NUMBER}"], [
        Operation("ZADD", lambda i, size: ("ZADD", "zset", random.randrange(10 ** 8), f"member:{any_item(size):08}")),
        Operation("ZRANK", lambda i, size: ("ZRANK", "zset", f"member:{any_item(size):08}"))]),
    Growth("GROWTH_STREAM", ["XADD", "stream"], [f"1{NUMBER}-1", "sensor", 12, "celsius", "21.5"], [
        Operation("XADD", lambda i, size: entry(i), lines=2, count=ADDED, adds=True),
        Operation("XREADGROUP", lambda i, size: reading(size), lines=17, count=ADDED, prepare=prepare_group)],
        per_request=1, lines=2),
    Growth("GROWTH_LIST", ["LPUSH", "list"], [WORD], [
        Operation("LPUSH", lambda i, size: ("LPUSH", "list", f"value:{i:08}"), count=ADDED, adds=True),
        Operation("LINDEX near both ends", lambda i, size: element(100), lines=2),
        Operation("LINDEX anywhere from both ends", lambda i, size: element(size), lines=2, count=FEW)]),
    Growth("GROWTH_HASH", ["HSET", "hash"], [f"field:{NUMBER}", "some value"], [
        Operation("HSET", lambda i, size: ("HSET", "hash", f"field:{any_item(size):08}", f"{i:010}"))]),
    Growth("GROWTH_KEYS", ["MSET"], [f"key:{NUMBER}", "some value"], [
        Operation("GET", lambda i, size: ("GET", f"key:{any_item(size):08}"), lines=2)]),
]
