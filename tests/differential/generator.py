# SPDX-License-Identifier: Apache-2.0
"""generator.py: the dice of the differential test: keys, values, numbers, options, and ways to spoil an argument.

Used by: the families, which draw commands from it; run.py, which asks for whole programs.
Always:  - one seed, one program, on every machine;
         - keys of the pools `lex`, `log` and `hll` are touched only by the commands they are kept for (see key());
         - nothing it draws depends on the clock: expiry times are far ahead, or over.
"""
import random

FAR_SECONDS = 4_000_000_000  # the year 2096: no test sees it come

# Each pool is small, so that commands meet each other; `any` is where the types collide.
POOLS = {
    "any": [b"a", b"b", b"c", b"key with blanks", b"\x00\xff\r\n"],
    "list": [b"list:1", b"list:2"],
    "zset": [b"zset:1", b"zset:2"],
    "lex": [b"lex:1", b"lex:2"],        # one score only: Redis leaves the order undefined otherwise
    "hash": [b"hash:1", b"hash:2"],
    "set": [b"set:1", b"set:2", b"set:3"],
    "string": [b"string:1", b"string:2", b"string:3"],
    "stream": [b"stream:1", b"stream:2"],
    "log": [b"log:1", b"log:2"],        # streams that lose no entry: their lag is exact in every version
    "bit": [b"bit:1", b"bit:2", b"bit:3"],
    "geo": [b"geo:1", b"geo:2"],
    "hll": [b"hll:1", b"hll:2", b"hll:3"],
}
KEPT = ("lex", "log", "hll")

JUNK = [b"", b"abc", b"-1", b"0", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808",
        b"-9223372036854775809", b"18446744073709551615", b"18446744073709551616", b"1e400", b"nan", b"inf", b"-inf",
        b"1.5", b" 1", b"1 ", b"01", b"+1", b"0x10", b"\x00\xff", b"(", b"[", b"*", b"-", b"$", b">", b"1-", b"1-1-1",
        b"j" * 70]
UNSTABLE_IDS = (b"*", b" 1", b"+1")  # the clock's; and Redis reads ids with strtoull, which skips blanks and a plus sign


class Command:
    """One request. `compare` names the rule of compare.py; a `token` makes a PING follow it, whose answer ends its replies."""
    __slots__ = ("arguments", "compare", "token")

    def __init__(self, *arguments, compare="exact", token=None):
        self.arguments = [each if isinstance(each, bytes) else str(each).encode() for each in arguments]
        self.compare = compare
        self.token = token

    def name(self):
        return self.arguments[0].upper().decode("latin-1")


class Generator:
    def __init__(self, seed, protocol):
        self.random = random.Random(seed)
        self.protocol = protocol
        self.stream_clock = 1
        self.tokens = 0
        self.durations = 0

    # Chance.

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, *choices):
        return self.random.choice(choices)

    def maybe(self, probability, *arguments):
        """The arguments, or none of them; an argument may be a function."""
        if not self.chance(probability):
            return []
        return [each() if callable(each) else each for each in arguments]

    def some(self, draw, most=4):
        return [draw() for _ in range(self.random.randint(1, most))]

    def word(self, text):
        """A keyword, in any case: options are not case-sensitive."""
        return text if self.chance(0.9) else text.lower()

    # Keys.

    def key(self, pool="any"):
        """Mostly one of the pool's; sometimes another's, where it will be of the wrong type."""
        if pool in KEPT:
            return self.random.choice(POOLS[pool])
        dice = self.random.random()
        if dice < 0.85:
            return self.random.choice(POOLS[pool])
        if dice < 0.97:
            return self.any_key()
        return b"missing"

    def any_key(self):
        return self.random.choice(POOLS[self.random.choice([each for each in POOLS if each not in KEPT])])

    def every_key(self):
        """Also the kept ones: for commands that only look, or take a key away."""
        return self.random.choice(POOLS[self.random.choice(list(POOLS))])

    # Values.

    def value(self):
        dice = self.random.random()
        if dice < 0.35:
            return b"m%d" % self.random.randrange(12)
        if dice < 0.5:
            return b"%d" % self.random.randrange(-20, 20)
        if dice < 0.75:
            return b"member-%d" % self.random.randrange(1200)
        return self.random.choice([
            b"", b" ", b"3.0", b"1e3", b"-0", b"9223372036854775807", b"hello world", b"\x00\x01\xff", "пила".encode(),
            b"line\r\nbreak", b"x" * 44, b"x" * 45, b"y" * 64, b"y" * 65, b"z" * 100, b"w" * 5000])

    def number_text(self):
        return b"%d" % self.random.choice([0, 1, -1, 2, 5, 10, 100, -7, 32767, 32768, 2**31, -2**31 - 1, 2**53, 2**62])

    def member(self):
        """From few enough that commands meet, from enough that a collection outgrows its small encoding."""
        if self.chance(0.6):
            return b"m%d" % self.random.randrange(15)
        if self.chance(0.3):
            return b"%d" % self.random.randrange(600)
        return self.value()

    def index(self):
        if self.chance(0.1):
            return self.random.choice([2**31, -2**31, 2**63 - 1, -2**63, 1000, -1000])
        return self.random.randrange(-8, 9)

    def count(self):
        return self.random.choice([0, 1, 1, 2, 3, 5, 10, 100, 1000])

    def score(self):
        """Mostly a dyadic fraction, which every version of Redis prints alike; see differences.json for the others."""
        dice = self.random.random()
        if dice < 0.6:
            return self.random.randrange(-5, 20)
        if dice < 0.85:
            return self.random.randrange(-400, 400) / 8
        return self.random.choice(["inf", "-inf", "+inf", 1e15, -1e15, 0.5, "1e3", "-0", 9007199254740992, "0.1", "3.3",
                                   "1e-9", "1e100", "1.7976931348623157e308", "4294967296.25"])

    def score_bound(self):
        if self.chance(0.25):
            return self.pick("-inf", "+inf", "inf", "(inf", "(-inf")
        return self.maybe(0.3, "(").__len__() * "(" + str(self.score())

    def lex_bound(self):
        return self.random.choice(["-", "+", "[m3", "(m3", "[m", "(member-5", "[member-700", "[", "(", "[z", "(m9"])

    def token(self):
        self.tokens += 1
        return b"token-%d" % self.tokens

    # Spoiling.

    def spoil(self, command):
        """The same command with an argument missing, added, or replaced by junk."""
        arguments = list(command.arguments)
        junk = JUNK if command.name()[:1] != "X" else [each for each in JUNK if each not in UNSTABLE_IDS]
        dice = self.random.random()
        if dice < 0.2 and len(arguments) > 1:
            del arguments[self.random.randrange(1, len(arguments)):]
        elif dice < 0.4:
            arguments.insert(self.random.randint(1, len(arguments)), self.random.choice(junk + [b"COUNT", b"LIMIT", b"m1"]))
        elif len(arguments) > 1:
            arguments[self.random.randrange(1, len(arguments))] = self.random.choice(junk)
        if dice > 0.97:
            arguments[0] = self.random.choice([arguments[0] + b"x", b"", b"nosuch", b"get\r\n", b"n" * 200])
        paged = command.compare.startswith("scan")  # it may have lost the COUNT that makes one page of all
        return Command(*arguments, compare="kind" if paged else command.compare)
