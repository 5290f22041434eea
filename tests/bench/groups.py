# SPDX-License-Identifier: Apache-2.0
"""groups.py: fifty workers of one consumer group, each of which reads an entry and acknowledges it, in turn.

Used by: bench.py.
Always:  - an operation is the pair, XREADGROUP and XACK with the id that came; all entries are as long as one another, so
           that the load program finds the ids without parsing and has time for the servers;
         - it counts what was acknowledged, and ends with an error when that is not what was read.
"""
import selectors
import time

import resp
from commands import CLIENTS, FIELDS
from link import NUMBER, Link, Template, pour
from row import Row, counted

PAIRS = {1: 50_000, 16: 200_000}  # by the depth of the pipeline
KEY, GROUP = "stream", "group"
ACKNOWLEDGED = b":1\r\n"


class Reply:
    """To XREADGROUP … COUNT 1: where the id stands, and how long it is."""

    def __init__(self, sample):
        entry_id = resp.parse(sample)[0][0][1][0][0]
        self.size, self.at, self.end = len(sample), sample.index(entry_id), sample.index(entry_id) + len(entry_id)
        head = b"*4\r\n$4\r\nXACK\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$%d\r\n"
        self.head = head % (len(KEY), KEY.encode(), len(GROUP), GROUP.encode(), len(entry_id))

    def acknowledgement(self, replies):
        starts = range(0, len(replies), self.size)
        return b"".join(self.head + replies[start + self.at:start + self.end] + b"\r\n" for start in starts)


class Worker:
    def __init__(self, server, number, depth, reply):
        self.socket, self.depth, self.reply = server.connect(), depth, reply
        self.read = reading(f"worker{number:02}") * depth
        self.got = b""
        self.acknowledges = False

    def ask(self):
        self.acknowledges = False
        self.got = b""
        self.socket.sendall(self.read)

    def receive(self):
        """How many pairs are done now; the next request is on its way."""
        self.got += self.socket.recv(1 << 16)
        if len(self.got) < self.depth * (len(ACKNOWLEDGED) if self.acknowledges else self.reply.size):
            return 0
        if self.acknowledges:
            if self.got != ACKNOWLEDGED * self.depth:
                raise ValueError(f"XACK was answered {self.got[:60]!r}")
            return self.depth
        self.socket.sendall(self.reply.acknowledgement(self.got))
        self.got, self.acknowledges = b"", True
        return 0


def reading(consumer):
    return resp.encode(("XREADGROUP", "GROUP", GROUP, consumer, "COUNT", 1, "STREAMS", KEY, ">"))


def prepare(server, entries):
    """A stream and its group; returns what a reply looks like."""
    link = Link(server.port)
    link.call("DEL", KEY)
    pour(server.port, Template("XADD", KEY, f"1{NUMBER}-1", *FIELDS, lines=2), range(entries))
    link.call("XGROUP", "CREATE", KEY, GROUP, 0)
    link.close()
    connection = resp.Connection(server.connect())
    connection.socket.sendall(reading("first"))
    reply = Reply(connection.read_raw())
    connection.close()
    return reply


def work(workers, pairs):
    """Seconds that so many pairs took."""
    waiting = selectors.DefaultSelector()
    for worker in workers:
        waiting.register(worker.socket, selectors.EVENT_READ, worker)
    asked = done = 0
    began = time.perf_counter()
    for worker in workers:
        worker.ask()
        asked += worker.depth
    while done < asked:
        for key, _ in waiting.select():
            finished = key.data.receive()
            done += finished
            if finished and asked < pairs:
                key.data.ask()
                asked += key.data.depth
    seconds = time.perf_counter() - began
    for worker in workers:
        worker.socket.close()
    return seconds, done


class Groups(Row):
    def measure(self, server, name, options):
        found = {}
        for depth, pairs in PAIRS.items():
            pairs = counted(pairs, options, CLIENTS * depth)
            reply = prepare(server, pairs + CLIENTS * depth + 1)
            workers = [Worker(server, number, depth, reply) for number in range(CLIENTS)]
            before = server.cpu_seconds()
            seconds, done = work(workers, pairs)
            spent = server.cpu_seconds() - before
            found[f"XREADGROUP+XACK P{depth}"] = {"per_second": done / seconds, "cpu_us": spent / done * 1e6,
                                                  "resident_mb": server.resident_bytes() / 1e6}
        return found


ROWS = [Groups("XREADGROUP")]
