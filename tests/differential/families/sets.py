# SPDX-License-Identifier: Apache-2.0
"""sets.py: the set commands. Used by: ../program.py. Always: after a random pop the key is deleted, so that both sides go on alike."""
from generator import Command


def key(g):
    return g.key("set")


def many(g):
    if g.chance(0.5):
        return Command("SADD", key(g), *[g.random.randrange(2000) for _ in range(g.pick(130, 520, 600))])
    return Command("SADD", key(g), *[g.member() for _ in range(g.pick(130, 300))])


def pop_some(g):
    chosen = key(g)
    return [Command("SPOP", chosen, *g.maybe(0.7, lambda: g.pick(0, 1, 2, 5, -1)), compare="shape"), Command("DEL", chosen)]


FAMILY = [
    (10, lambda g: Command("SADD", key(g), *g.some(g.member))),
    (3, lambda g: Command("SADD", key(g), *g.some(lambda: g.random.randrange(30), 8))),
    (1, many),
    (5, lambda g: Command("SREM", key(g), *g.some(g.member))),
    (3, lambda g: Command("SISMEMBER", key(g), g.member())),
    (2, lambda g: Command("SMISMEMBER", key(g), *g.some(g.member))),
    (2, lambda g: Command("SCARD", key(g))),
    (3, lambda g: Command("SMEMBERS", key(g), compare="members")),
    (3, lambda g: Command("SMOVE", key(g), key(g), g.member())),
    (5, lambda g: Command(g.pick("SINTER", "SUNION", "SDIFF"), *g.some(lambda: key(g), 3), compare="members")),
    (4, lambda g: Command(g.pick("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), key(g), *g.some(lambda: key(g), 3))),
    (3, lambda g: Command("SINTERCARD", 2, key(g), key(g), *g.maybe(0.5, g.word("LIMIT"), lambda: g.pick(0, 1, 3, -1)))),
    (1, pop_some),
    (1, lambda g: Command("SPOP", key(g), 100000, compare="members")),
    (2, lambda g: Command("SRANDMEMBER", key(g), *g.maybe(0.8, lambda: g.pick(0, 1, 3, -3, 1000)), compare="shape")),
    (2, lambda g: Command("SSCAN", key(g), 0, *g.maybe(0.4, g.word("MATCH"), "m*"), g.word("COUNT"), 100000, compare="scan")),
]
