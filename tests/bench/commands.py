# SPDX-License-Identifier: Apache-2.0
"""commands.py: rows of one command each, sent by redis-benchmark from 50 clients, with one and with 16 requests in flight.

Used by: bench.py.
Always:  - every value has 100 bytes;
         - a load that takes things away finds as many as it takes.
"""
import csv
import subprocess

import resp
from link import NUMBER, Template, pour, scattered
from row import Row, counted

VALUE = "x" * 100
FIELDS = ("sensor", "12", "celsius", "21.5", "note", VALUE)  # of a stream entry
KEYS = 100_000  # distinct keys, members or fields of a load with random ones
MILLION = 1_000_000
CLIENTS = 50
COUNTS = {1: 100_000, 16: 1_000_000}  # requests, by the depth of the pipeline
RANDOM = "__rand_int__"  # redis-benchmark's word for a number of twelve digits
SCRIPT = "redis.call('INCR', KEYS[1]) return redis.call('LPUSH', KEYS[2], ARGV[1])"


def benchmark(port, command, count, depth=1, clients=CLIENTS, keys=KEYS, tls=None):
    """What redis-benchmark says, in our words. tls: the file of the authority to trust."""
    numbers = {"-p": port, "-c": clients, "-n": count, "-P": depth, "-r": keys, "--precision": 3}
    options = [str(word) for pair in numbers.items() for word in pair]
    options += ["--tls", "--cacert", tls] if tls else []
    done = subprocess.run(["redis-benchmark", *options, "--csv", *command], check=True, capture_output=True, text=True)
    line = list(csv.DictReader(done.stdout.splitlines()))[-1]
    figures = {"per_second": "rps", "p50_ms": "p50_latency_ms", "p99_ms": "p99_latency_ms"}
    return {ours: float(line[theirs]) for ours, theirs in figures.items()}


def flush(server):
    connection = resp.Connection(server.connect())
    connection.call("FLUSHALL")
    connection.close()


class Command(Row):
    """One command, at each depth. fill(port, count): what must be there for so many requests; it is not measured.

    floor: the persistence of the empty server beside it, or None where +OK is no answer to compare with.
    share: of the usual count, less for what is slow everywhere."""

    def __init__(self, name, command, fill=None, floor="always", share=1.0, keys=KEYS):
        super().__init__(name)
        self.command, self.fill, self.floor, self.share, self.keys = command, fill, floor, share, keys
        self.servers = Row.servers + (("floor",) if floor else ())

    def persistence(self, name):
        return self.floor if name == "floor" else super().persistence(name)

    def measure(self, server, name, options):
        found = {}
        for depth in COUNTS if name != "floor" else [1]:  # the floor cannot pipeline
            if found:
                flush(server)
            count = counted(COUNTS[depth] * self.share, options, 1000)
            found[f"{self.name} P{depth}"] = self.measure_at(server, name, count, depth)
        return found

    def measure_at(self, server, name, count, depth):
        if self.fill and name != "floor":
            self.fill(server.port, count)
        before = server.cpu_seconds()
        found = benchmark(server.port, self.command, count, depth, keys=self.keys)
        found["cpu_us"] = (server.cpu_seconds() - before) / count * 1e6
        found["resident_mb"] = server.resident_bytes() / 1e6
        return found


class OneClient(Row):
    """Each request is awaited before the next."""
    servers = ("leat", "always", "everysec", "none", "floor")
    count = 20_000

    def measure(self, server, name, options):
        count = counted(self.count, options, 200)
        before = server.cpu_seconds()
        found = benchmark(server.port, ["LPUSH", "list", VALUE], count, clients=1)
        return {"LPUSH, one client": {**found, "cpu_us": (server.cpu_seconds() - before) / count * 1e6}}


class Hundred(Command):
    """A command that answers with a hundred elements, or fifty fields."""

    def __init__(self, name, command, fill, share=0.2):
        super().__init__(name, command, fill, floor=None, share=share)


def randomly(*command):
    """A fill by redis-benchmark with as many requests as will be measured."""
    return lambda port, count: benchmark(port, command, count, depth=64)


def once(*words, of=None):
    """A fill by as many requests as will be measured, or `of`, with numbers from 0 on."""
    template = Template(*words)
    return lambda port, count: pour(port, template, range((of or count) * template.numbers))


def entries(port, _):
    pour(port, Template("XADD", "stream", f"1{NUMBER}-1", *FIELDS, lines=2), range(2000))


def sorted_set(port, members):
    """Each member with some score; ten in a request."""
    words = [word for _ in range(10) for word in (NUMBER, f"member:0000{NUMBER}")]
    pour(port, Template("ZADD", "zset", *words), [number for i in range(members) for number in (scattered(i), i)])


ZADD = ["ZADD", "zset", RANDOM, f"member:{RANDOM}"]
ROWS = [
    Command("PING", ["PING"], floor="none"),
    Command("SET", ["SET", f"key:{RANDOM}", VALUE]),
    Command("GET", ["GET", f"key:{RANDOM}"], randomly("SET", f"key:{RANDOM}", VALUE), floor="none"),
    Command("LPUSH", ["LPUSH", "list", VALUE]),
    Command("RPOP", ["RPOP", "list"], once("LPUSH", "list", VALUE[:92] + NUMBER)),
    Command("ZADD", ZADD, lambda port, count: sorted_set(port, min(MILLION, count * 10)), keys=MILLION),
    Command("ZPOPMIN", ["ZPOPMIN", "zset"], sorted_set),
    Command("XADD", ["XADD", "stream", "*", *FIELDS]),
    Command("HSET", ["HSET", "hash", f"field:{RANDOM}", VALUE]),
    Command("INCR", ["INCR", f"counter:{RANDOM}"]),
    Command("EXPIRE", ["EXPIRE", f"key:{RANDOM}", "3600"], once("SET", f"key:0000{NUMBER}", VALUE, of=KEYS)),
    Command("SADD", ["SADD", "set", f"member:{RANDOM}"]),
    Command("EVAL", ["EVAL", SCRIPT, "2", f"counter:{RANDOM}", "list", VALUE], share=0.5),
    Hundred("LRANGE_100", ["LRANGE", "list", "0", "99"], once("RPUSH", "list", VALUE[:92] + NUMBER, of=20_000)),
    Hundred("ZRANGE_100", ["ZRANGE", "zset", "0", "99"], once("ZADD", "zset", NUMBER, f"member:{NUMBER}", of=20_000)),
    Hundred("XRANGE_100", ["XRANGE", "stream", "-", "+", "COUNT", "100"], entries, share=0.1),
    Hundred("HGETALL_50", ["HGETALL", "hash"], once("HSET", "hash", f"field:{NUMBER}", VALUE, of=50)),
    Hundred("SMEMBERS_100", ["SMEMBERS", "set"], once("SADD", "set", f"member:{NUMBER}", of=100)),
    OneClient("ONE_CLIENT"),
]
