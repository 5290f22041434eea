# SPDX-License-Identifier: Apache-2.0
"""bullmq.py: BullMQ's queues under the kill: jobs added one by one, in bulk and as flows, and a worker that finishes them.

Used by: run.py, self_test.py.
Always:  - an acknowledged job is in exactly one state, with its data, and no state names a job that is not there;
         - what the worker was handed is active or finished, what it finished is completed, with its result;
         - a flow is whole or absent, and its parent waits for just those children that are not completed;
         - a new worker then brings every job to its end, those too that were in the dead worker's hands.
"""
import atexit
import os
import queue
import subprocess
import threading
from collections import Counter

from client import Request

HERE = os.path.dirname(os.path.abspath(__file__))
LISTS = ("wait", "active", "paused")
JOBS = ("one-", "bulk-", "flow-", "child-")
SORTED = ("delayed", "prioritized", "completed", "failed", "waiting-children")
PATIENCE_SECONDS = 60  # for a line of the node process
# All hashes in one answer: one by one they are most of a round.
HASHES = "local all = {} for i, key in ipairs(KEYS) do all[i] = redis.call('HGETALL', key) end return all"


class Node:
    """The node process: one for all rounds, because starting it costs more than a round does."""

    def __init__(self):
        self.lines = queue.SimpleQueue()
        self.process = subprocess.Popen(["node", os.path.join(HERE, "bullmq.mjs")], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        threading.Thread(target=self._listen, daemon=True).start()
        atexit.register(self.end)

    def _listen(self):
        for line in self.process.stdout:
            self.lines.put(line.split())
        self.lines.put(["failed", "the node process ended"])

    def tell(self, *words):
        self.process.stdin.write(" ".join(str(each) for each in words) + "\n")
        self.process.stdin.flush()

    def until(self, word):
        """Each line up to the one that begins with that word, which is the last."""
        while True:
            line = self.lines.get(timeout=PATIENCE_SECONDS)
            if line[0] == "failed":
                raise RuntimeError(f"BullMQ: {' '.join(line[1:])}")
            yield line
            if line[0] == word:
                return

    def end(self):
        self.process.kill()
        self.process.wait()


class BullClient:
    """What the node process did in this round, as a client among the others. A ledger entry is (what, job): reply."""

    node = None

    def __init__(self, key):
        self.name = "bullmq"
        self.key = key
        self.ledger = []
        self.failure = None
        self.ident = None  # until it was opened, as with a thread

    def open(self, server):
        BullClient.node = BullClient.node or Node()
        self.node.tell("open", server.port, self.key)
        self.ident = self.node.process.pid
        self._note(self.node.until("ready"))

    def join(self):
        """The broker is dead, or nothing that it says counts any more."""
        self.node.tell("cut")
        self._note(self.node.until("cut"))

    def drain(self, port):
        self.node.tell("drain", port, self.key)
        return [*self.node.until("drained")][-1][1]

    def _note(self, lines):
        try:
            for line in lines:
                self._note_one(*line)
        except (RuntimeError, queue.Empty) as error:
            self.failure = f"{self.name}: {error!r}"

    def _note_one(self, what, *jobs):
        if what == "sent":
            self.ledger += [Request("add", *jobs)]
        elif what == "added":
            next(each for each in reversed(self.ledger) if each.arguments == ("add", *jobs)).reply = "added"
        elif what in ("started", "completed"):
            job, *value = jobs
            self.ledger.append(Request(what, job))
            self.ledger[-1].reply = int(value[0]) if value else "started"


class BullMQ:
    def __init__(self, key):
        self.key = key.replace(":", "-")  # BullMQ has that for itself
        self.client = BullClient(self.key)
        self.clients = [self.client]

    def observe(self, call):
        text = lambda items: [each.decode() for each in items]  # noqa: E731
        states = {name: text(call("LRANGE", self._at(name), 0, -1)) for name in LISTS}
        for name in SORTED:
            states[name] = text(call("ZRANGE", self._at(name), 0, -1))
        names = self._names(call)
        jobs = [name for name in names if name.startswith(JOBS) and ":" not in name]
        flows = [name for name in jobs if name.startswith("flow-")]
        return {"states": states, "jobs": self._hashes(call, jobs),
                "locks": [name[:-len(":lock")] for name in names if name.endswith(":lock")],
                "waiting": {name: sorted(text(call("SMEMBERS", self._at(f"{name}:dependencies")))) for name in flows},
                "processed": self._hashes(call, flows, ":processed")}

    def check(self, state):
        lost = sorted(set(state.get("before", ())) - set(state["states"]["completed"]))
        if lost:
            yield f"{self.key}: {len(lost)} jobs were never completed, {lost[:5]}; a new worker left {state['left']}"
        places = Counter(job for jobs in state["states"].values() for job in jobs)
        yield from self._check_places(state, places)
        yield from self._check_ledger(state)
        for job, fields in state["jobs"].items():
            yield from self._check_job(job, fields, state)
        for parent in {job for job in [*state["jobs"], *places] if job.startswith("flow-")}:
            yield from self._check_family(parent, state)

    def after(self, call, server):
        """A new worker finishes them all. What it finds it must leave completed, whoever had it in hand."""
        before = list(self.observe(call)["jobs"])
        left = self.client.drain(server.port)
        yield from self.check({**self.observe(call), "before": before, "left": left})

    def _check_places(self, state, places):
        sent = {job for request in self.client.ledger if request.arguments[0] == "add" for job in request.arguments[1:]}
        for job, times in places.items():
            if times > 1:
                yield f"{self.key}: {job} is in {where(job, state)}"
            if job not in state["jobs"]:
                yield f"{self.key}: {job} is in {where(job, state)} and is not there"
        for job in state["jobs"]:
            if job not in places:
                yield f"{self.key}: {job} is there and in no state"
            if job not in sent:
                yield f"{self.key}: {job} was never sent"
        for job in state["locks"]:
            if job not in state["states"]["active"]:
                yield f"{self.key}: {job} is locked and not active"

    def _check_ledger(self, state):
        completed, active = set(state["states"]["completed"]), set(state["states"]["active"])
        for request in self.client.ledger:
            what, *jobs = request.arguments
            for job in jobs:
                if what == "add" and request.answered and job not in state["jobs"]:
                    yield f"{self.key}: {job} was acknowledged and is lost"
                if what == "started" and job not in completed | active:
                    yield f"{self.key}: {job} was handed to the worker, and is neither active nor completed"
                if what == "completed" and job not in completed:
                    yield f"{self.key}: {job} was finished, and is not completed"
                if what == "completed" and request.reply != 2 * number_of(job):
                    yield f"{self.key}: {job} was finished with {request.reply}"

    def _check_job(self, job, fields, state):
        number = number_of(job)
        if fields.get("data") != '{"number":%d,"text":"%s"}' % (number, "x" * (number % 300)):
            yield f"{self.key}: {job} has the data {fields.get('data', '')[:60]!r}"
        finished = job in state["states"]["completed"]
        if finished != ("finishedOn" in fields) or (finished and fields.get("returnvalue") != str(2 * number)):
            yield f"{self.key}: {job} is half finished: in {where(job, state)}, with the result {fields.get('returnvalue')}"
        kind = kind_of(job)
        if job in state["states"]["delayed"] and kind != "delayed":
            yield f"{self.key}: {job} is delayed, which nobody asked for"
        if job in state["states"]["prioritized"] and kind != "prioritized":
            yield f"{self.key}: {job} is prioritized, which nobody asked for"
        if kind == "prioritized" and fields.get("priority") != str(1 + number % 3):
            yield f"{self.key}: {job} has priority {fields.get('priority')}"
        if job in state["states"]["waiting-children"] and not job.startswith("flow-"):
            yield f"{self.key}: {job} waits for children that it never had"

    def _check_family(self, parent, state):
        children = [f"child-{number_of(parent) + i}" for i in (1, 2)]
        there = [job for job in (parent, *children) if job in state["jobs"]]
        if len(there) < 3:
            yield f"{self.key}: of the flow {parent} there is only {there}"
            return
        prefix = self._at("")
        waiting = {name.removeprefix(prefix) for name in state["waiting"][parent]}
        processed = {name.removeprefix(prefix) for name in state["processed"][parent]}
        completed = set(children) & set(state["states"]["completed"])
        if waiting != set(children) - completed or processed != completed:
            yield f"{self.key}: {parent} waits for {waiting} and has {processed}; completed are {completed}"
        if (parent in state["states"]["waiting-children"]) != bool(waiting):
            yield f"{self.key}: {parent} waits for {sorted(waiting)}, and is elsewhere"

    def _at(self, name):
        return f"bull:{self.key}:{name}"

    def _names(self, call):
        """What there is behind the queue's prefix."""
        cursor, names, prefix = b"0", set(), len(self._at(""))
        while True:
            cursor, keys = call("SCAN", cursor, "MATCH", self._at("*"), "COUNT", 1000)
            names.update(key.decode()[prefix:] for key in keys)
            if cursor == b"0":
                return sorted(names)

    def _hashes(self, call, names, part=""):
        hashes = call("EVAL", HASHES, len(names), *[self._at(name + part) for name in names])
        texts = [[each.decode() for each in flat] for flat in hashes]
        return {name: dict(zip(flat[0::2], flat[1::2])) for name, flat in zip(names, texts)}


def where(job, state):
    return [name for name, jobs in state["states"].items() if job in jobs]


def number_of(job):
    return int(job.rsplit("-", 1)[1])


def kind_of(job):
    """As bullmq.mjs decides it."""
    if job.startswith(("flow-", "child-")):
        return "plain"
    return ("plain", "delayed", "prioritized", "plain", "plain")[number_of(job) % 5]
