# SPDX-License-Identifier: Apache-2.0
"""memory.py: how many bytes of memory an item takes when there are a million of it.

Used by: bench.py.
Always:  - it is the growth of the server's resident memory, from an empty server to a full one, each after a settled second;
         - the contents are such that redis-server 7.0.15 takes what the targets were set by: 703 B for a job, then 133, 117,
           83, 178, 65, 456, 32 and 106.5 in the order of the rows; with others the comparison is another.
"""
import time

import bullmq
from link import NUMBER, Link, Template, info, pour, scattered
from row import Row, counted

ITEMS = 1_000_000
SETTLE_SECONDS = 1
SNAPSHOT_SECONDS = 60  # one that runs must be over: what it holds is not the items'


class Memory(Row):
    """fill(server, count): so many items."""
    servers = ("leat", "none")
    section = "memory"

    def __init__(self, name, load, fill):
        super().__init__(name)
        self.load, self.fill = load, fill

    def measure(self, server, name, options):
        items = counted(ITEMS, options, 100)
        settle(server, options)
        before = server.resident_bytes()
        self.fill(server, items)
        settle(server, options)
        return {f"memory: {self.load}": {"bytes": (server.resident_bytes() - before) / items, "items": items}}


def settle(server, options):
    """A second without a snapshot, for what the last one had is given back in that time."""
    wait_for_snapshot(server)
    time.sleep(SETTLE_SECONDS * min(1, options.scale * 5))
    wait_for_snapshot(server)


def wait_for_snapshot(server):
    link, until = Link(server.port), time.monotonic() + SNAPSHOT_SECONDS
    while info(link, "rdb_bgsave_in_progress") != "0" and time.monotonic() < until:
        time.sleep(0.05)
    link.close()


def each(*words, lines=1):
    """One request for each item; its numbers are all its own number."""
    template = Template(*words, lines=lines)
    return lambda server, count: pour(server.port, template, [i for i in range(count) for _ in range(template.numbers)])


def hundreds(head, *words, first=scattered):
    """A hundred items a request; the first number of an item is in no order, or as first makes it."""
    template = Template(*head, *words * 100)
    per = template.numbers // 100

    def fill(server, count):
        pour(server.port, template, [n for i in range(count) for n in (first(i), i)[:per]])
    return fill


def jobs(server, count):
    bullmq.run(server, "addBulk", count)


def text(size):
    return "v" * (size - 8) + NUMBER


USER = ("name", f"user{NUMBER}", "age", 42, "city", "somewhere", "mail", f"user{NUMBER}@example.org", "visits", 7)
SESSION = (text(300), "EX", 36_000)
ROWS = [
    Memory("MEMORY_JOB", "waiting BullMQ job", jobs),
    Memory("MEMORY_STRING", "cache string of 30 bytes", each("SET", f"cache:{NUMBER}", text(30))),
    Memory("MEMORY_ZSET", "sorted-set member", hundreds(["ZADD", "zset"], NUMBER, f"job:{NUMBER}")),
    Memory("MEMORY_HASH", "field of a large hash", hundreds(["HSET", "hash"], f"field:{NUMBER}", text(12))),
    Memory("MEMORY_SMALL_HASH", "small hash of 5 fields", each("HSET", f"user:{NUMBER}", *USER)),
    Memory("MEMORY_SET", "member of an integer set", hundreds(["SADD", "set"], NUMBER)),
    Memory("MEMORY_SESSION", "session string of 300 bytes with a TTL", each("SET", f"session:{NUMBER}", *SESSION)),
    Memory("MEMORY_STREAM", "stream entry of 3 short fields",
           each("XADD", "stream", f"1{NUMBER}-0", "device", "pump-17", "state", "on", "celsius", "21.50", lines=2)),
    Memory("MEMORY_LIST", "list element of 100 bytes", hundreds(["LPUSH", "list"], text(100), first=lambda i: i)),
]
