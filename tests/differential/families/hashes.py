# SPDX-License-Identifier: Apache-2.0
"""hashes.py: the hash commands of Redis 7.0. Used by: ../program.py. Always: the order of fields is nobody's promise."""
from generator import Command


def key(g):
    return g.key("hash")


def pairs(g, most=4):
    return sum(g.some(lambda: [g.member(), g.value()], most), [])


def many(g):
    return Command("HSET", key(g), *sum(([g.member(), g.value()] for _ in range(g.pick(60, 130, 520))), []))


FAMILY = [
    (10, lambda g: Command(g.pick("HSET", "HSET", "HMSET"), key(g), *pairs(g))),
    (1, lambda g: Command(g.pick("HSET", "HMSET"), key(g), *pairs(g), g.member())),
    (1, many),
    (2, lambda g: Command("HSETNX", key(g), g.member(), g.value())),
    (4, lambda g: Command("HGET", key(g), g.member())),
    (3, lambda g: Command("HMGET", key(g), *g.some(g.member))),
    (4, lambda g: Command("HDEL", key(g), *g.some(g.member))),
    (1, lambda g: Command("HDEL", key(g), *[b"m%d" % i for i in range(15)])),
    (2, lambda g: Command("HLEN", key(g))),
    (2, lambda g: Command("HEXISTS", key(g), g.member())),
    (2, lambda g: Command("HSTRLEN", key(g), g.member())),
    (2, lambda g: Command(g.pick("HKEYS", "HVALS"), key(g), compare="members")),
    (3, lambda g: Command("HGETALL", key(g), compare="pairs")),
    (5, lambda g: Command("HINCRBY", key(g), g.member(), g.number_text())),
    (4, lambda g: Command("HINCRBYFLOAT", key(g), g.member(), g.pick("0.5", "-1.25", "3", "1e3", "0.1", "nan", "inf", "1e-10"))),
    (1, lambda g: Command("HRANDFIELD", key(g), *g.maybe(0.8, lambda: g.pick(0, 1, 3, -3, 1000)), compare="shape")),
    (1, lambda g: Command("HRANDFIELD", key(g), g.pick(2, -4, 1000), g.word("WITHVALUES"), compare="shape")),
    (2, lambda g: Command("HSCAN", key(g), 0, *g.maybe(0.4, g.word("MATCH"), "m*"), g.word("COUNT"), 100000, compare="scan_pairs")),
]
