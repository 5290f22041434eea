# SPDX-License-Identifier: Apache-2.0
"""lists.py: the list commands, with every option. Used by: ../program.py. Always: a wait is over within milliseconds."""
from generator import Command

SIDES = ("LEFT", "RIGHT")


def key(g):
    return g.key("list")


def timeout(g):
    return g.pick("0.001", "0.002", "0.005", "0.001", "-1", "abc", "-2.5", "")


def position(g):
    options = [g.maybe(0.5, g.word("RANK"), lambda: g.pick(1, -1, 2, -2, 0, 100, -2**63)),
               g.maybe(0.5, g.word("COUNT"), lambda: g.pick(0, 1, 2, 10, -1)),
               g.maybe(0.4, g.word("MAXLEN"), lambda: g.pick(0, 1, 5, 1000, -1))]
    g.random.shuffle(options)
    return Command("LPOS", key(g), g.member(), *sum(options, []))


def many(g):
    """Past every limit of the small encodings."""
    return Command(g.pick("LPUSH", "RPUSH"), key(g), *[g.value() for _ in range(g.pick(130, 200, 600))])


def pop_many(g, name):
    keys = g.some(lambda: key(g), 3)
    wait = [timeout(g)] if name == "BLMPOP" else []
    numkeys = len(keys) if g.chance(0.9) else g.pick(0, -1, 2, 9)
    return Command(name, *wait, numkeys, *keys, g.word(g.pick("LEFT", "RIGHT", "MIDDLE") if g.chance(0.1) else g.pick(*SIDES)),
                   *g.maybe(0.5, g.word("COUNT"), lambda: g.pick(1, 2, 10, 0, -1)))


FAMILY = [
    (10, lambda g: Command(g.pick("LPUSH", "RPUSH"), key(g), *g.some(g.value))),
    (2, lambda g: Command(g.pick("LPUSHX", "RPUSHX"), key(g), *g.some(g.value))),
    (1, many),
    (5, lambda g: Command(g.pick("LPOP", "RPOP"), key(g), *g.maybe(0.5, g.count))),
    (3, lambda g: Command("LLEN", key(g))),
    (6, lambda g: Command("LRANGE", key(g), g.index(), g.index())),
    (4, lambda g: Command("LINDEX", key(g), g.index())),
    (3, lambda g: Command("LSET", key(g), g.index(), g.value())),
    (3, lambda g: Command("LINSERT", key(g), g.word(g.pick("BEFORE", "AFTER", "BEFORE", "AFTER", "BESIDE")), g.member(), g.value())),
    (3, lambda g: Command("LREM", key(g), g.pick(0, 1, -1, 2, -2, 100), g.member())),
    (2, lambda g: Command("LTRIM", key(g), g.index(), g.index())),
    (1, lambda g: Command("LTRIM", key(g), 0, g.pick(300, 100, 20))),
    (5, position),
    (3, lambda g: Command("LMOVE", key(g), key(g), g.word(g.pick(*SIDES)), g.word(g.pick(*SIDES)))),
    (2, lambda g: Command("RPOPLPUSH", key(g), key(g))),
    (3, lambda g: pop_many(g, "LMPOP")),
    (1, lambda g: [pop_many(g, "BLMPOP")]),
    (1, lambda g: [Command(g.pick("BLPOP", "BRPOP"), *g.some(lambda: key(g), 3), timeout(g))]),
    (1, lambda g: [Command("BLMOVE", key(g), key(g), g.pick(*SIDES), g.pick(*SIDES), timeout(g))]),
    (1, lambda g: [Command("BRPOPLPUSH", key(g), key(g), timeout(g))]),
]
