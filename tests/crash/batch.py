# SPDX-License-Identifier: Apache-2.0
"""batch.py: Lua scripts and MULTI/EXEC batches that touch six keys of four types at once.

Used by: run.py, self_test.py.
Always:  - a batch is in all of its keys or in none;
         - the batches of one client are there up to some point, at least to the last acknowledged one, and never beyond
           what was sent;
         - the shared total is the sum of all, and never below what a reader saw.
"""
from client import Client

SCRIPT = """
local n = redis.call('INCR', KEYS[1])
redis.call('RPUSH', KEYS[2], n)
redis.call('HSET', KEYS[3], 'field-' .. n, ARGV[1])
redis.call('ZADD', KEYS[4], n, 'member-' .. n)
redis.call('XADD', KEYS[5], n .. '-1', 'n', n)
redis.call('INCR', KEYS[6])
return n
"""


class Batch:
    def __init__(self, key, random):
        self.key = key
        self.random = random
        self.writers = [Client(f"batch-script-{i}", self._script(i)) for i in range(2)]
        self.writers += [Client(f"batch-multi-{i}", self._multi(i)) for i in range(2, 4)]
        self.reader = Client("batch-reader", lambda client: client.call("GET", self._total()))
        self.clients = [*self.writers, self.reader]

    def observe(self, call):
        state = {"total": int(call("GET", self._total()) or 0), "writers": []}
        for writer in range(len(self.writers)):
            count, items, fields, members, entries = self._keys(writer)
            flat = call("HGETALL", fields)
            state["writers"].append({
                "count": int(call("GET", count) or 0),
                "list": [int(each) for each in call("LRANGE", items, 0, -1)],
                "hash": sorted(int(each.split(b"-")[1]) for each in flat[0::2]),
                "zset": [int(each.split(b"-")[1]) for each in call("ZRANGE", members, 0, -1)],
                "stream": [int(each[1][1]) for each in call("XRANGE", entries, "-", "+")]})
        return state

    def check(self, state):
        for writer, there in zip(self.writers, state["writers"]):
            count = there["count"]
            for kind in ("list", "hash", "zset", "stream"):
                if there[kind] != list(range(1, count + 1)):
                    yield f"{self.key}: {writer.name} counts {count}, and its {kind} holds {len(there[kind])}, up to {there[kind][-3:]}"
            batches = [request for request in writer.ledger if request.arguments[0] in ("EVAL", "EXEC")]
            answered = sum(request.answered for request in batches)
            if not answered <= count <= len(batches):
                yield (f"{self.key}: {writer.name} was acknowledged {answered} batches of {len(batches)} sent; "
                       f"{count} are there")
        total = sum(there["count"] for there in state["writers"])
        if state["total"] != total:
            yield f"{self.key}: the shared total is {state['total']}, the batches are {total}"
        seen = max((int(request.reply or 0) for request in self.reader.ledger if request.answered), default=0)
        if seen > state["total"]:
            yield f"{self.key}: a total of {seen} was read before the crash; it is {state['total']} now"

    def _keys(self, writer):
        return [f"{self.key}:{writer}:{kind}" for kind in ("count", "list", "hash", "zset", "stream")]

    def _total(self):
        return f"{self.key}:total"

    def _script(self, writer):
        def run(client):
            command = ("EVAL", SCRIPT, 6, *self._keys(writer), self._total(), "value")
            client.pipeline([command] * self.random.choice((1, 1, 3)))
        return run

    def _multi(self, writer):
        count, items, fields, members, entries = self._keys(writer)
        sent = iter(range(1, 1 << 60))

        def run(client):
            commands = []
            for _ in range(self.random.choice((1, 1, 3))):
                n = next(sent)
                commands += [("MULTI",), ("INCR", count), ("RPUSH", items, n), ("HSET", fields, f"field-{n}", "value"),
                             ("ZADD", members, n, f"member-{n}"), ("XADD", entries, f"{n}-1", "n", n),
                             ("INCR", self._total()), ("EXEC",)]
            client.pipeline(commands)
        return run
