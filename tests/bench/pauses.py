# SPDX-License-Identifier: Apache-2.0
"""pauses.py: how long another client waits while ten million keys come, expire together, and go at a stroke.

Used by: bench.py.
Always:  - that client asks PING and GET in turn, about a thousand times a second, and an empty server of the same kind as
           well: what the empty one is late is the machine's noise (noise_ms);
         - max_ms is what it saw; running_max_ms is that without the time in which the server's loop, or the client, was ready
           to run and had no core, because others had both;
         - who fills has a lower priority than who serves, and who asks the highest that it may have.
"""
import multiprocessing
import os
import time

import servers
from link import NUMBER, Link, Template, info, pour
from loop_time import LoopTime
from row import Row, counted

KEYS = 10_000_000
STEP = 200_000  # keys whose numbers are held at once
HORIZON_SECONDS = 100  # from the first key that has a TTL until they expire: by then all must be there
AFTER_SECONDS = 3  # while what was deleted is freed
EXPIRE_SECONDS = 60
PROBE_EACH_SECONDS = 0.0005
VALUE = f"value:{NUMBER}"
PHASES = ("quiet", "10 M keys are inserted", "FLUSHALL of 10 M keys", "10 M keys expire together", "UNLINK of 10 M fields",
          "")  # between two
QUIET, INSERT, FLUSH, EXPIRE, UNLINK, UNSEEN = range(len(PHASES))


class Probe:
    """A process that asks; what it saw is kept by phase."""

    def __init__(self, server, idle):
        self.phase, self.stopping = multiprocessing.Value("i", UNSEEN), multiprocessing.Event()
        self.seen = multiprocessing.Queue()
        self.process = multiprocessing.Process(target=self._run, args=(server, idle), daemon=True)
        self.process.start()

    def enter(self, phase):
        self.phase.value = phase
        time.sleep(0.01)  # a question of the phase before is over, or belongs to both

    def finish(self):
        self.stopping.set()
        seen = self.seen.get(timeout=30)
        self.process.join()
        return seen

    def _run(self, server, idle):
        take_priority()
        seen = [{"calls": 0, "max_ms": 0, "running_max_ms": 0, "noise_ms": 0} for _ in PHASES]
        asked, other = Asker(server), Asker(idle)
        while not self.stopping.is_set():
            row = seen[self.phase.value]
            for command in (("PING",), ("GET", "settled")):
                wall, running = asked.ask(command)
                row["calls"] += 1
                row["max_ms"], row["running_max_ms"] = max(row["max_ms"], wall), max(row["running_max_ms"], running)
                row["noise_ms"] = max(row["noise_ms"], other.ask(command)[0])
                time.sleep(PROBE_EACH_SECONDS)
        self.seen.put(seen)


class Asker:
    def __init__(self, server):
        self.link, self.loop, self.own = Link(server.port), LoopTime(server.process.pid), LoopTime(os.getpid())

    def ask(self, command):
        """(ms that the answer took, the same without waiting for a core)"""
        waited = self.loop.read()[1] + self.own.read()[1]
        began = time.perf_counter()
        self.link.call(*command)
        wall = (time.perf_counter() - began) * 1000
        return wall, wall - (self.loop.read()[1] + self.own.read()[1] - waited) / 1e6


def take_priority():
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        pass  # not root: the machine's noise is larger, and is seen to be


class Pauses(Row):
    """phases: what is done while the probe asks, in this order."""
    servers = ("leat", "none")
    section = "pauses"

    def __init__(self, name, phases):
        super().__init__(name)
        self.phases = phases

    def measure(self, server, name, options):
        binary = options.broker if name == "leat" else options.peer
        with servers.running(binary, self.persistence(name)) as idle:
            for one in (server, idle):
                settle_key(one)
            probe = Probe(server, idle)
            for phase in self.phases:
                phase(server, probe, options)
            return {f"pause: {phase}": row for phase, row in zip(PHASES, probe.finish()) if phase and row["calls"]}


def settle_key(server):
    link = Link(server.port)
    link.call("SET", "settled", "x")
    link.close()


def wait(seconds, options):
    time.sleep(seconds * min(1, options.scale))


def be_quiet(server, probe, options):
    probe.enter(QUIET)
    wait(AFTER_SECONDS, options)
    probe.enter(UNSEEN)


def insert(server, probe, options):
    probe.enter(INSERT)
    fill(server, Template("SET", f"key:{NUMBER}", VALUE), counted(KEYS, options))
    probe.enter(UNSEEN)


def flush(server, probe, options):
    probe.enter(FLUSH)
    Link(server.port).call("FLUSHALL")
    wait(AFTER_SECONDS, options)
    probe.enter(UNSEEN)
    settle_key(server)


def unlink(server, probe, options):
    fill(server, Template("HSET", "large", *[f"field:{NUMBER}", "x"] * 100), counted(KEYS, options))
    probe.enter(UNLINK)
    Link(server.port).call("UNLINK", "large")
    wait(AFTER_SECONDS, options)
    probe.enter(UNSEEN)


def expire(server, probe, options):
    """Until all are gone, or Redis has taken so long that what there is to see was seen."""
    keys, due = counted(KEYS, options), time.time() + HORIZON_SECONDS * options.scale + 2
    fill(server, Template("SET", f"key:{NUMBER}", VALUE, "PXAT", int(due * 1000)), keys)
    if time.time() > due:
        raise AssertionError("the first keys were due before the last were there")
    time.sleep(due - time.time())
    probe.enter(EXPIRE)
    link, until = Link(server.port), time.monotonic() + EXPIRE_SECONDS
    while int(info(link, "expired_keys")) < keys and time.monotonic() < until:
        time.sleep(0.1)
    probe.enter(UNSEEN)


def fill(server, template, items):
    """By a process of its own, so that it can have a lower priority. An item's numbers are all its own number."""
    child = multiprocessing.Process(target=pour_politely, args=(server.port, template, items))
    child.start()
    child.join()
    if child.exitcode != 0:
        raise AssertionError("the filling process failed, see above")


def pour_politely(port, template, items):
    os.nice(10)
    per = 1 if template.numbers < 100 else 100
    times = template.numbers // per
    for first in range(0, items, STEP):
        part = range(first, min(items, first + STEP))
        pour(port, template, part if times == 1 else [i for i in part for _ in range(times)])


ROWS = [Pauses("PAUSES_DELETE", [be_quiet, insert, flush, unlink]), Pauses("PAUSES_EXPIRE", [expire])]
