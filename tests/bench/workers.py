# SPDX-License-Identifier: Apache-2.0
"""workers.py: ten thousand workers blocked in BRPOP on one queue, and a producer that wakes them, one at a time.

Used by: bench.py.
Always:  - a wake-up is from the LPUSH until a worker has the job in hand, seen by one program that is both;
         - a woken worker waits again before the next job, so that there are always as many;
         - where the system lets a program have fewer sockets, there are fewer workers, and `workers` says how many.
"""
import select
import time

import resp
import servers
from row import Row, counted

WORKERS = 10_000
SPARE = 200  # descriptors for what else a server has open
JOBS = 10_000
QUEUE = "jobs"
WAIT = resp.encode(("BRPOP", QUEUE, 0))
PUSH = resp.encode(("LPUSH", QUEUE, "x" * 100))
PATIENCE_SECONDS = 10


class Crowd:
    """The workers' sockets, all waiting."""

    def __init__(self, server, count):
        self.sockets, self.poll = {}, select.epoll()
        for _ in range(count):
            one = server.connect()
            one.sendall(WAIT)
            self.sockets[one.fileno()] = one
            self.poll.register(one, select.EPOLLIN)

    def woken(self):
        """Waits for one, reads its job and lets it wait again; returns the time when it had been read."""
        ready = self.poll.poll(PATIENCE_SECONDS)
        if len(ready) != 1:
            raise AssertionError(f"{len(ready)} workers woke up for one job")
        worker = self.sockets[ready[0][0]]
        job = worker.recv(4096)
        now = time.perf_counter()
        if not job.startswith(b"*2\r\n"):
            raise AssertionError(f"a worker was answered {job[:60]!r}")
        worker.sendall(WAIT)
        return now

    def close(self):
        for one in self.sockets.values():
            one.close()
        self.poll.close()


class Workers(Row):
    servers = ("leat", "always", "none")
    section = "latency"

    def running(self, options, name):
        self.count = min(counted(WORKERS, options, 100), servers.raise_descriptors() - SPARE)
        return super().running(options, name)

    def extra(self, name):
        most = str(self.count + SPARE // 2)
        return ("--set", f"limits.clients={most}") if name == "leat" else ("--maxclients", most)

    def measure(self, server, name, options):
        crowd, producer = Crowd(server, self.count), resp.Connection(server.connect())
        wait_until_blocked(producer, self.count)
        jobs, took = counted(JOBS, options, 100), []
        before = server.cpu_seconds()
        for _ in range(jobs):
            began = time.perf_counter()
            producer.socket.sendall(PUSH)
            took.append((crowd.woken() - began) * 1000)
            producer.read()
        spent = server.cpu_seconds() - before
        crowd.close()
        producer.close()
        took.sort()
        return {"wake-up, 10,000 workers": {"p50_ms": took[jobs // 2], "p99_ms": took[jobs * 99 // 100], "max_ms": took[-1],
                                            "cpu_us": spent / jobs * 1e6, "workers": self.count}}


def wait_until_blocked(connection, count):
    until = time.monotonic() + PATIENCE_SECONDS
    while b"blocked_clients:%d\r" % count not in connection.call("INFO", "clients"):
        if time.monotonic() > until:
            raise AssertionError(f"not all of {count} workers wait")
        time.sleep(0.01)  # the server tells nobody


ROWS = [Workers("WORKERS")]
