# SPDX-License-Identifier: Apache-2.0
"""stream.py: XADD producers, a group with XREADGROUP and XACK, a lazy consumer, and one that takes over with XAUTOCLAIM.

Used by: run.py, self_test.py.
Always:  - an acknowledged entry is there with its id and its fields, and ids strictly rise, also past a crash;
         - delivered = acknowledged + pending, entry by entry;
         - an XACK of several ids is whole or absent;
         - what a reader saw is there after the crash.
"""
import itertools
from collections import Counter

from client import Client

GROUP = "group"


def number(stream_id):
    ms, sequence = stream_id.split(b"-")
    return int(ms), int(sequence)


class Stream:
    def __init__(self, key, random, keeps_entries_read):
        """keeps_entries_read: redis-server does not log a group's counter of entries read; leat does."""
        self.key = key
        self.keeps_entries_read = keeps_entries_read
        self.random = random
        self.producers = [Client(f"stream-producer-{i}", self._producer(i)) for i in range(2)]
        self.consumers = [Client(f"stream-consumer-{i}", self._consumer(f"consumer-{i}")) for i in range(2)]
        self.lazy = Client("stream-lazy", self._lazy())
        self.claimer = Client("stream-claimer", self._claimer())
        self.reader = Client("stream-reader", self._reader())
        self.clients = [*self.producers, *self.consumers, self.lazy, self.claimer, self.reader]

    def prepare(self, call):
        call("XGROUP", "CREATE", self.key, GROUP, "0", "MKSTREAM", "ENTRIESREAD", 0)

    def observe(self, call):
        entries = [(each[0], each[1][1]) for each in call("XRANGE", self.key, "-", "+")]
        info = call("XINFO", "GROUPS", self.key)[0]
        info = dict(zip(info[0::2], info[1::2]))
        pending = call("XPENDING", self.key, GROUP, "-", "+", max(len(entries), 1))
        return {"entries": entries, "length": call("XLEN", self.key),
                "last_delivered": info[b"last-delivered-id"], "entries_read": info[b"entries-read"],
                "pending": {each[0]: each[1] for each in pending}, "pending_count": info[b"pending"]}

    def after(self, call, state):
        """The first entry after the crash is newer than every other."""
        fresh = call("XADD", self.key, "*", "payload", "after")
        if state["entries"] and number(fresh) <= number(state["entries"][-1][0]):
            yield f"{self.key}: the id {fresh} after the crash is not above {state['entries'][-1][0]}"

    def check(self, state):
        yield from self._check_entries(state)
        yield from self._check_group(state)

    def _check_entries(self, state):
        adds = [request for client in self.producers for request in client.ledger]
        sent = {add.arguments[4]: add for add in adds}
        ids = [number(entry) for entry, _ in state["entries"]]
        if any(later <= earlier for earlier, later in zip(ids, ids[1:])):
            yield f"{self.key}: ids do not strictly rise"
        if state["length"] != len(ids):
            yield f"{self.key}: XLEN says {state['length']}, XRANGE {len(ids)}"
        for payload, times in Counter(payload for _, payload in state["entries"]).items():
            if times > 1:
                yield f"{self.key}: {payload} is there {times} times"
            if payload not in sent:
                yield f"{self.key}: {payload} was never sent"
        there = {payload: entry for entry, payload in state["entries"]}
        for add in adds:
            if add.answered and there.get(add.arguments[4]) != add.reply:
                yield f"{self.key}: {add!r} was acknowledged; there is {there.get(add.arguments[4])}"
        for client in self.producers:
            own = [number(add.reply) for add in client.ledger if add.answered]
            if own != sorted(set(own)):
                yield f"{self.key}: the ids answered to {client.name} do not strictly rise"
        known = set(there.values())
        for request in self.reader.ledger:
            if request.answered and request.reply and request.reply[0][0] not in known:
                yield f"{self.key}: {request.reply[0][0]} was read before the crash and is gone"

    def _check_group(self, state):
        last = number(state["last_delivered"])
        acked, doubtful, batches = set(), set(), []
        for client in [*self.consumers, self.claimer]:
            for request in client.ledger:
                if request.arguments[0] != "XACK":
                    continue
                ids = request.arguments[3:]
                if request.answered:
                    acked.update(ids)
                else:
                    doubtful.update(ids)
                    batches.append(ids)
        pending = state["pending"]
        if last != (0, 0) and state["last_delivered"] not in dict(state["entries"]):
            yield f"{self.key}: the group stands at {state['last_delivered']}, where no entry is"
        if state["pending_count"] != len(pending):
            yield f"{self.key}: XINFO says {state['pending_count']} pending, XPENDING {len(pending)}"
        for entry, _ in state["entries"]:
            delivered = number(entry) <= last
            if delivered and entry not in pending and entry not in acked and entry not in doubtful:
                yield f"{self.key}: {entry} was delivered, and is neither acknowledged nor pending"
            if entry in pending and entry in acked:
                yield f"{self.key}: {entry} was acknowledged and is pending again"
            if entry in pending and not delivered:
                yield f"{self.key}: {entry} is pending and was never delivered"
        asked = Counter(each for ids in batches for each in ids)
        for ids in batches:
            ids = [each for each in ids if each not in acked and asked[each] == 1]  # else another, who claimed it, did
            left = sum(each in pending for each in ids)
            if left not in (0, len(ids)):
                yield f"{self.key}: an XACK of {len(ids)} ids was half done: {left} are pending"
        delivered = sum(number(entry) <= last for entry, _ in state["entries"])
        if self.keeps_entries_read and state["entries_read"] != delivered:
            yield f"{self.key}: entries-read is {state['entries_read']}, {delivered} were delivered"
        yield from self._check_deliveries(state, last)

    def _check_deliveries(self, state, last):
        there = dict(state["entries"])
        times = Counter()
        for client in [*self.consumers, self.lazy]:
            for request in client.ledger:
                if request.arguments[0] != "XREADGROUP" or not request.answered or request.reply is None:
                    continue
                for entry, fields in request.reply[0][1]:
                    times[entry] += 1
                    if number(entry) > last:
                        yield f"{self.key}: {entry} was delivered, and the group stands at {state['last_delivered']}"
                    if there.get(entry) != fields[1]:
                        yield f"{self.key}: {entry} was delivered with {fields[1]}; there is {there.get(entry)}"
        for entry, count in times.items():
            if count > 1:
                yield f"{self.key}: {entry} was delivered as new {count} times"
        hands = {b"consumer-0", b"consumer-1", b"lazy", b"claimer"}
        for entry, owner in state["pending"].items():
            if owner not in hands:
                yield f"{self.key}: {entry} is pending for {owner}, who never asked"

    def _producer(self, producer):
        numbers = itertools.count()

        def add(client):
            client.pipeline([("XADD", self.key, "*", "payload", b"%d-%d" % (producer, next(numbers)))
                             for _ in range(self.random.choice((1, 1, 4)))])
        return add

    def _read(self, client, consumer, count):
        reply = client.call("XREADGROUP", "GROUP", GROUP, consumer, "COUNT", count, "BLOCK", 0, "STREAMS", self.key, ">")
        return [entry for entry, _ in reply[0][1]]

    def _consumer(self, consumer):
        def consume(client):
            ids = self._read(client, consumer, self.random.choice((1, 5, 20)))
            client.call("XACK", self.key, GROUP, *ids)
        return consume

    def _lazy(self):
        return lambda client: self._read(client, "lazy", 3)

    def _claimer(self):
        def claim(client):
            reply = client.call("XAUTOCLAIM", self.key, GROUP, "claimer", 30, "0-0", "COUNT", 10)
            if reply[1]:
                client.call("XACK", self.key, GROUP, *[entry for entry, _ in reply[1]])
        return claim

    def _reader(self):
        return lambda client: client.call("XREVRANGE", self.key, "+", "-", "COUNT", 1)
