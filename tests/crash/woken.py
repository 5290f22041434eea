# SPDX-License-Identifier: Apache-2.0
"""woken.py: BRPOP and BZPOPMIN that wait, and are woken by a transaction or a script that feeds both at once.

Used by: run.py, self_test.py.
Always:  - a batch is in the list, in the sorted set and in its producer's count, or in none of them;
         - what a pop answered is gone, and at most one member is missing for each pop that stayed unanswered;
         - the batches of one producer are there up to some point, at least to the last acknowledged one.
"""
from collections import Counter

from client import Client

SCRIPT = """
redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
return redis.call('INCR', KEYS[3])
"""


class Woken:
    def __init__(self, key):
        self.key = key
        self.producers = [Client("woken-by-multi", self._multi()), Client("woken-by-script", self._script())]
        self.takers = {"list": Client("woken-brpop", lambda client: client.call("BRPOP", f"{key}:empty", self._at("list"), 0)),
                       "zset": Client("woken-bzpopmin", lambda client: client.call("BZPOPMIN", self._at("zset"), 0))}
        self.clients = [*self.producers, *self.takers.values()]

    def observe(self, call):
        return {"counts": [int(call("GET", self._at(f"count:{i}")) or 0) for i in range(len(self.producers))],
                "list": call("LRANGE", self._at("list"), 0, -1), "zset": call("ZRANGE", self._at("zset"), 0, -1)}

    def check(self, state):
        for producer, (client, count) in enumerate(zip(self.producers, state["counts"])):
            batches = [request for request in client.ledger if request.arguments[0] in ("EXEC", "EVAL")]
            answered = sum(request.answered for request in batches)
            if not answered <= count <= len(batches):
                yield f"{self.key}: {client.name} was acknowledged {answered} batches of {len(batches)} sent; {count} are there"
        fed = {b"%d-%d" % (i, n) for i, count in enumerate(state["counts"]) for n in range(1, count + 1)}
        for kind, taker in self.takers.items():
            yield from self._check_kind(kind, taker, state[kind], fed)

    def _check_kind(self, kind, taker, present, fed):
        taken = [request.reply[1] for request in taker.ledger if request.answered]
        for member, times in Counter(present + taken).items():
            if times > 1:
                yield f"{self.key}: {member} is in the {kind} or was taken {times} times"
            if member not in fed:
                yield f"{self.key}: {member} is in the {kind} or was taken, and its batch is not there"
        missing = fed - set(present) - set(taken)
        unanswered = sum(not request.answered for request in taker.ledger)
        if len(missing) > unanswered:
            yield f"{self.key}: {len(missing)} members of the {kind} are missing, with {unanswered} pops unanswered"

    def _at(self, name):
        return f"{self.key}:{name}"

    def _multi(self):
        sent = iter(range(1, 1 << 60))

        def feed(client):
            n = next(sent)
            client.pipeline([("MULTI",), ("LPUSH", self._at("list"), b"0-%d" % n), ("ZADD", self._at("zset"), n, b"0-%d" % n),
                             ("INCR", self._at("count:0")), ("EXEC",)])
        return feed

    def _script(self):
        sent = iter(range(1, 1 << 60))

        def feed(client):
            n = next(sent)
            client.call("EVAL", SCRIPT, 3, self._at("list"), self._at("zset"), self._at("count:1"), b"1-%d" % n, n)
        return feed
