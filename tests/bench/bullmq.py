# SPDX-License-Identifier: Apache-2.0
"""bullmq.py: BullMQ's own clients as the load: one process with one thing to do, or four that add and process together.

Used by: bench.py, memory.py.
Always:  - a job carries 100 bytes of text;
         - the time of four processes together is from the word to begin until the last job was processed, to 20 ms.
"""
import json
import os
import selectors
import subprocess
import time

import resp
from row import Row, counted

LOAD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bullmq_load.mjs")
COUNTS = [("addBulk", 20_000), ("drain", 20_000), ("add", 8_000)]  # in this order on one queue
PROCESSES = 4
JOBS_EACH = 6_000
PATIENCE_SECONDS = 120


def command(server, load, count):
    return ["node", LOAD, str(server.port), load, str(count)]


def run(server, load, count):
    done = subprocess.run(command(server, load, count), check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


class BullMQ(Row):
    def measure(self, server, name, options):
        found = {}
        for load, count in COUNTS:
            count = counted(count, options, 100)
            before = server.cpu_seconds()
            said = run(server, load, count)
            spent = server.cpu_seconds() - before
            found[f"BullMQ {load}"] = {
                "per_second": count / said["seconds"], "p50_ms": said.get("p50"), "p99_ms": said.get("p99"),
                "cpu_us": spent / count * 1e6, "resident_mb": server.resident_bytes() / 1e6}
        return found


class Together(Row):
    """Several processes, each of which adds jobs and processes those of all."""

    def measure(self, server, name, options):
        each = counted(JOBS_EACH, options, 50)
        children = [subprocess.Popen(command(server, "both", each), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                    for _ in range(PROCESSES)]
        try:
            return {"BullMQ, 4 processes": self._watch(server, children, each * PROCESSES)}
        finally:
            for child in children:
                child.kill()
                child.wait()

    def _watch(self, server, children, jobs):
        for child in children:
            json.loads(child.stdout.readline())  # ready
        before, began = server.cpu_seconds(), time.perf_counter()
        for child in children:
            child.stdin.write("begin\n")
            child.stdin.flush()
        self._wait_until_done(children, jobs)
        seconds, spent = time.perf_counter() - began, server.cpu_seconds() - before
        for child in children:
            child.stdin.close()
            child.wait()
        link = resp.Connection(server.connect())
        if link.call("ZCARD", "bull:bench:completed") != jobs:
            raise AssertionError(f"{jobs} jobs were added, {link.call('ZCARD', 'bull:bench:completed')} are completed")
        return {"per_second": jobs / seconds, "cpu_us": spent / jobs * 1e6, "resident_mb": server.resident_bytes() / 1e6}

    def _wait_until_done(self, children, jobs):
        done, until = [0] * len(children), time.monotonic() + PATIENCE_SECONDS
        waiting = selectors.DefaultSelector()
        for number, child in enumerate(children):
            waiting.register(child.stdout, selectors.EVENT_READ, number)
        while sum(done) < jobs:
            if time.monotonic() > until:
                raise AssertionError(f"{sum(done)} of {jobs} jobs were done in {PATIENCE_SECONDS} s")
            for key, _ in waiting.select(1):
                done[key.data] = json.loads(key.fileobj.readline())["done"]


ROWS = [BullMQ("BULLMQ"), Together("BULLMQ_4")]
