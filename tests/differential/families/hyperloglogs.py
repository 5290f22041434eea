# SPDX-License-Identifier: Apache-2.0
"""hyperloglogs.py: the HyperLogLog commands; GET shows that both servers hold the same bytes.

Used by: ../program.py.
Always:  - the keys are kept for these commands: a string that APPEND spoilt is refused by leat as a whole, while Redis finds the
           damage only when it gets there;
         - what is made up here is refused by both.
"""
from generator import Command

HEADER = b"HYLL"
NONE = [b"", b"HYLL", b"12345", HEADER + bytes(12), HEADER + b"\x01" + bytes(11), HEADER + b"\x02" + bytes(14), b"hyll\x01" + bytes(13),
         HEADER + bytes(12299)]
DAMAGED = [HEADER + b"\x01" + bytes(10) + b"\x80", HEADER + b"\x01" + bytes(10) + b"\x80\x7f\xf0",
           HEADER + b"\x01" + bytes(10) + b"\x80" + b"\x84" * 100]
FULL = HEADER + bytes(11) + b"\x80" + b"\xff" * 12288  # dense, all registers as high as they go


def key(g):
    return g.key("hll")


def element(g):
    return b"%d" % g.random.randrange(g.pick(20, 3000, 100000)) if g.chance(0.9) else g.value()


def add(g):
    return Command("PFADD", key(g), *(g.some(lambda: element(g)) if g.chance(0.9) else []))


def add_many(g):
    """Enough to make a sparse one dense, sometimes at once."""
    count = g.pick(30, 200, 800, 2500)
    return Command("PFADD", key(g), *[b"%d" % g.random.randrange(20000) for _ in range(count)])


def with_less_room(g):
    return [Command("CONFIG", "SET", "hll-sparse-max-bytes", g.pick(0, 20, 100, 6000)), add_many(g) if g.chance(0.5) else merge(g),
            Command("CONFIG", "SET", "hll-sparse-max-bytes", 3000)]


def merge(g):
    return Command("PFMERGE", key(g), *(g.some(lambda: key(g), 3) if g.chance(0.9) else []))


def elsewhere(g):
    """One that is no HyperLogLog: of another type, or made up."""
    made = g.pick([Command("SET", "hll:odd", g.pick(*NONE))], [Command("DEL", "hll:odd"), Command("RPUSH", "hll:odd", "x")],
                  [Command("SET", "hll:odd", g.pick(*DAMAGED))])
    asked = [Command("PFCOUNT", "hll:odd"), Command("PFCOUNT", key(g), "hll:odd"), Command("PFMERGE", key(g), "hll:odd")]
    if made[-1].arguments[-1] not in DAMAGED:  # which PFADD looks at only as far as it needs to, in Redis
        asked.append(Command("PFADD", "hll:odd", element(g)))
    return made + [g.pick(*asked)]


FAMILY = [
    (10, add),
    (2, add_many),
    (1, with_less_room),
    (6, lambda g: Command("PFCOUNT", *([key(g)] if g.chance(0.6) else g.some(lambda: key(g), 3)))),
    (3, merge),
    (5, lambda g: Command("GET", key(g))),
    (1, lambda g: Command("STRLEN", key(g))),
    (2, lambda g: Command("PFDEBUG", g.word("ENCODING"), key(g))),
    (1, lambda g: Command("PFDEBUG", g.word("DECODE"), key(g))),
    (0.3, lambda g: Command("PFDEBUG", g.word("GETREG"), key(g))),
    (0.3, lambda g: Command("PFDEBUG", g.word("TODENSE"), key(g))),
    (0.5, lambda g: Command("PFDEBUG", g.pick("NOSUCH", "GETREG", "DECODE"), "missing")),
    (1, elsewhere),
    (0.2, lambda g: [Command("SET", key(g), FULL)]),
    (1, lambda g: Command("OBJECT", "ENCODING", key(g))),
    (0.5, lambda g: Command("DEL", key(g))),
    (0.5, lambda g: Command("COPY", key(g), key(g), "REPLACE")),
]
