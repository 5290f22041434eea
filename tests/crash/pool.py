# SPDX-License-Identifier: Apache-2.0
"""pool.py: members that are put in and taken out for good: LPUSH/BRPOP, ZADD/BZPOPMIN, SADD/SPOP.

Used by: run.py, self_test.py.
Always:  - what a put acknowledged is there or was taken, and what a take answered is gone;
         - a put of several members is whole or absent;
         - at most one member is missing for each take that stayed unanswered.
"""
import itertools
from collections import Counter

from client import Client

PUTS = ("LPUSH", "ZADD", "SADD")


class Pool:
    def __init__(self, kind, key, random):
        """kind: list, zset or set."""
        self.kind = kind
        self.key = key
        self.random = random
        self.clients = [Client(f"{kind}-put-{i}", self._putter(i)) for i in range(2)]
        self.clients += [Client(f"{kind}-take-{i}", self._taker()) for i in range(2)]

    def observe(self, call):
        if self.kind == "list":
            return [(each, None) for each in call("LRANGE", self.key, 0, -1)]
        if self.kind == "set":
            return sorted((each, None) for each in call("SMEMBERS", self.key))
        flat = call("ZRANGE", self.key, 0, -1, "WITHSCORES")
        return [(flat[i], float(flat[i + 1])) for i in range(0, len(flat), 2)]

    def check(self, present):
        ledger = [request for client in self.clients for request in client.ledger]
        puts = [request for request in ledger if request.arguments[0] in PUTS]
        takes = [request for request in ledger if request.arguments[0] not in PUTS]
        sent = dict(itertools.chain.from_iterable(self._members(put) for put in puts))
        taken = [self._taken(take) for take in takes if take.answered]
        taken = [member for member in taken if member is not None]
        members = [member for member, _ in present]

        for member, times in Counter(members + taken).items():
            if times > 1:
                yield f"{self.key}: {member} is there or was taken {times} times"
            if member not in sent:
                yield f"{self.key}: {member} was never sent"
        for member, score in present:
            if member in sent and sent[member] != score:
                yield f"{self.key}: {member} has score {score}, sent with {sent[member]}"

        known = set(members) | set(taken)
        missing = []
        for put in puts:
            absent = [member for member, _ in self._members(put) if member not in known]
            if put.answered or len(absent) < len(self._members(put)):
                missing += absent
        unanswered = sum(not take.answered for take in takes)
        if len(missing) > unanswered:
            yield (f"{self.key}: {len(missing)} members are missing, with {unanswered} takes unanswered: "
                   f"{missing[:5]}")
        if self.kind == "list":
            yield from self._check_order(members, taken)

    def _check_order(self, members, taken):
        """One producer's members leave in the order in which they came."""
        numbers = {}
        for member in reversed(members):  # oldest first
            producer, number = member.rsplit(b"-", 1)
            numbers.setdefault(producer, []).append(int(number))
        for producer, waiting in numbers.items():
            if waiting != sorted(waiting):
                yield f"{self.key}: {producer} is out of order"
            last = max((int(each.rsplit(b"-", 1)[1]) for each in taken if each.startswith(producer + b"-")), default=-1)
            if last > min(waiting):
                yield f"{self.key}: {producer}-{last} was taken before {producer}-{min(waiting)}"

    def _putter(self, producer):
        numbers = itertools.count()

        def put(client):
            client.pipeline([self._put(producer, numbers) for _ in range(self.random.choice((1, 1, 4)))])
        return put

    def _put(self, producer, numbers):
        members = [b"%d-%d" % (producer, next(numbers)) for _ in range(self.random.choice((1, 1, 3)))]
        if self.kind == "zset":
            pairs = [(self.random.randrange(1000) / 4, member) for member in members]
            return ("ZADD", self.key, *itertools.chain.from_iterable(pairs))
        return ("LPUSH" if self.kind == "list" else "SADD", self.key, *members)

    def _taker(self):
        command = {"list": ("BRPOP", self.key, 0), "zset": ("BZPOPMIN", self.key, 0), "set": ("SPOP", self.key)}[self.kind]
        return lambda client: client.call(*command)

    def _members(self, put):
        """(member, score) for each member that a put sent."""
        rest = put.arguments[2:]
        if self.kind == "zset":
            return list(zip(rest[1::2], rest[0::2]))
        return [(member, None) for member in rest]

    def _taken(self, take):
        if take.reply is None:
            return None
        return take.reply if self.kind == "set" else take.reply[1]
