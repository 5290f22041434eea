# SPDX-License-Identifier: Apache-2.0
"""reliable_list.py: LPUSH, BLMOVE into the worker's own list, LREM when the job is done.

Used by: run.py, self_test.py.
Always:  - an acknowledged job is in the queue, in one worker's list, or was removed by its worker;
         - what a worker was answered is in its list until it removes it;
         - an unanswered BLMOVE moved one job or none.
"""
import itertools
from collections import Counter

from client import Client

WORKERS = 3


class ReliableList:
    def __init__(self, key, random):
        self.key = key
        self.random = random
        self.producers = [Client(f"jobs-producer-{i}", self._producer(i)) for i in range(2)]
        self.workers = [Client(f"jobs-worker-{i}", self._worker(i)) for i in range(WORKERS)]
        self.clients = self.producers + self.workers

    def observe(self, call):
        return {"queue": call("LRANGE", self.key, 0, -1),
                "hands": [call("LRANGE", self._hand(i), 0, -1) for i in range(WORKERS)]}

    def check(self, state):
        pushes = [request for client in self.producers for request in client.ledger]
        sent = {job for push in pushes for job in push.arguments[2:]}
        places = Counter(state["queue"])
        for hand in state["hands"]:
            places.update(hand)
        done = set()   # removed for certain
        maybe = set()  # the LREM stayed unanswered
        for worker, hand in zip(self.workers, state["hands"]):
            yield from self._check_worker(worker, hand, places, done, maybe)

        for job, times in places.items():
            if times > 1:
                yield f"{self.key}: {job} is in {times} places"
            if job not in sent:
                yield f"{self.key}: {job} was never sent"
        for job in done:
            if places[job]:
                yield f"{self.key}: {job} was removed and is there again"
        for push in pushes:
            jobs = push.arguments[2:]
            gone = [job for job in jobs if not places[job] and job not in done and job not in maybe]
            if gone and (push.answered or len(gone) < len(jobs)):
                yield f"{self.key}: {gone} of {push!r} are lost"

    def _check_worker(self, worker, hand, places, done, maybe):
        moved = [request for request in worker.ledger if request.arguments[0] == "BLMOVE"]
        removed = {request.arguments[3]: request for request in worker.ledger if request.arguments[0] == "LREM"}
        known = set()
        for move in moved:
            if not move.answered:
                continue
            known.add(move.reply)
            remove = removed.get(move.reply)
            if remove is None:
                if move.reply not in hand:
                    yield f"{self.key}: {move.reply} was handed to {worker.name} and is not in its list"
            elif not remove.answered:
                maybe.add(move.reply)
                if places[move.reply] and move.reply not in hand:
                    yield f"{self.key}: {move.reply} went back to another list"
            else:
                done.add(move.reply)
                if remove.reply != 1:
                    yield f"{self.key}: {remove!r} of a job in hand"
        strangers = [job for job in hand if job not in known]
        if len(strangers) > sum(not move.answered for move in moved):
            yield f"{self.key}: {worker.name} holds {strangers[:5]} without having asked"

    def _hand(self, worker):
        return f"{self.key}:hand-{worker}"

    def _producer(self, producer):
        numbers = itertools.count()

        def push(client):
            commands = []
            for _ in range(self.random.choice((1, 1, 4))):
                jobs = [b"%d-%d" % (producer, next(numbers)) for _ in range(self.random.choice((1, 1, 3)))]
                commands.append(("LPUSH", self.key, *jobs))
            client.pipeline(commands)
        return push

    def _worker(self, worker):
        def work(client):
            job = client.call("BLMOVE", self.key, self._hand(worker), "RIGHT", "LEFT", 0)
            client.call("LREM", self._hand(worker), 1, job)
        return work
