# SPDX-License-Identifier: Apache-2.0
"""events.py: two servers that get the same commands, and the first place where the keyspace events that they publish part.

Used by: run.py --events.
Always:  - a listener on each side hears all classes of events, and the keys that are new;
         - replies are compared as well, so a difference in the state is never taken for one in the events;
         - once a block's events differ the program is played again a command a block, to find whose they are;
         - events of ELSEWHERE are left out.
"""
import pair
import resp

CHANNELS = "__key*@*__:*"
EVENTS = "KEAn"
ELSEWHERE = {
    b"expired",                # when that is seen is chance
    b"ltrim", b"pfadd", b"append",  # redis-server tells of LTRIM, PFMERGE and APPEND also when they have changed nothing; not the manual
    b"setbit",                      # and not of a BITFIELD that has made a string longer and then failed
    b"xgroup-createconsumer", b"xgroup-delconsumer",  # since 7.2 XCLAIM and XAUTOCLAIM make the consumer also when they claim nothing
}


class Listening(pair.Side):
    listener = admin = None

    def _greet(self, protocol, silence):
        super()._greet(protocol, silence)
        self._listen(silence)

    def _listen(self, silence):
        for each in (self.listener, self.admin):
            if each:
                each.close()
        self.admin = resp.Connection(self.server.connect(timeout=silence))
        self.admin.call("CONFIG", "SET", "notify-keyspace-events", EVENTS)
        self.listener = resp.Connection(self.server.connect(timeout=silence))
        self.listener.call("PSUBSCRIBE", CHANNELS)
        self.marks = 0

    def heard(self):
        """What was published since the last time."""
        try:
            return self._heard()
        except OSError:  # the program has killed its clients, on both sides
            self._listen(pair.SILENCE_SECONDS)
            return []

    def _heard(self):
        self.marks += 1
        mark = b"__keymark@0__:%d" % self.marks
        self.admin.call("PUBLISH", mark, "")
        told = []
        while True:
            _, _, channel, message = self.listener.read()
            if channel == mark:
                return told
            told.append((channel, message))


class EventsPair(pair.Pair):
    def __init__(self, peer, target):
        super().__init__(peer, target)
        self.sides = [Listening(peer), Listening(target)]

    def play(self, commands, protocol):
        difference = self._play_in_blocks(commands, protocol, pair.BLOCK)
        if difference and difference.left.startswith(b"events"):
            return self._play_in_blocks(commands[:difference.index + 1], protocol, 1) or difference
        return difference

    def _play_in_blocks(self, commands, protocol, length):
        before, pair.BLOCK = pair.BLOCK, length
        try:
            return super().play(commands, protocol)
        finally:
            pair.BLOCK = before

    def _play_block(self, block, start):
        difference = super()._play_block(block, start)
        if difference:
            return difference
        left, right = [[each for each in side.heard() if counts(*each)] for side in self.sides]
        if left == right:
            return None
        at = next((i for i, (a, b) in enumerate(zip(left, right)) if a != b), min(len(left), len(right)))
        shown = [b"events: " + b", ".join(b" ".join(each) for each in told[at:at + 8]) for told in (left, right)]
        return pair.Difference(start + len(block) - 1, block[-1], *shown)


def counts(channel, message):
    return message not in ELSEWHERE and channel.partition(b":")[2] not in ELSEWHERE
