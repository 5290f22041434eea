# SPDX-License-Identifier: Apache-2.0
"""zsets.py: the sorted set commands, with every option. Used by: ../program.py. Always: commands by name (LEX) get keys of one score."""
from families.lists import timeout
from generator import Command


def key(g):
    return g.key("zset")


def lex(g):
    return g.key("lex")


def pairs(g, most=4):
    return sum(g.some(lambda: [g.score(), g.member()], most), [])


def add(g):
    flags = [each for each in ("NX", "XX", "GT", "LT", "CH", "INCR") if g.chance(0.12)]
    g.random.shuffle(flags)
    return Command("ZADD", key(g), *map(g.word, flags), *(pairs(g, 1) if "INCR" in flags and g.chance(0.9) else pairs(g)))


def add_many(g):
    return Command("ZADD", key(g), *sum(([g.random.randrange(300) / 4, g.member()] for _ in range(g.pick(60, 130, 300))), []))


def add_lex(g):
    return [Command("ZADD", lex(g), *sum(([0, g.member()] for _ in range(g.pick(1, 3, 140))), []))]


def limit(g):
    return g.maybe(0.4, g.word("LIMIT"), lambda: g.pick(0, 1, 3, -1, 2**62), lambda: g.pick(0, 1, 3, -1, 1000))


def scores(g):
    return g.maybe(0.5, g.word("WITHSCORES"))


def by_score(g):
    name = g.pick("ZRANGEBYSCORE", "ZREVRANGEBYSCORE")
    options = [scores(g), limit(g)]
    g.random.shuffle(options)
    return Command(name, key(g), g.score_bound(), g.score_bound(), *sum(options, []))


def zrange(g, name="ZRANGE"):
    """ZRANGE and ZRANGESTORE in all three ways of ordering."""
    way = g.pick("RANK", "BYSCORE", "BYLEX")
    source = lex(g) if way == "BYLEX" else key(g)
    bounds = {"RANK": g.index, "BYSCORE": g.score_bound, "BYLEX": g.lex_bound}[way]
    options = [[] if way == "RANK" else [g.word(way)], g.maybe(0.4, g.word("REV")),
               limit(g) if way != "RANK" or g.chance(0.1) else []]
    if name == "ZRANGE":
        options.append(scores(g) if way != "BYLEX" or g.chance(0.1) else [])
    g.random.shuffle(options)
    return Command(name, *([lex(g) if way == "BYLEX" else key(g)] if name == "ZRANGESTORE" else []), source, bounds(), bounds(),
                   *sum(options, []))


def combine(g, name):
    keys = g.some(lambda: g.key(g.pick("zset", "zset", "set")), 3)
    stores = name.endswith("STORE")
    count = len(keys) if g.chance(0.93) else g.pick(0, -1, 1, 5)
    options = []
    if "DIFF" not in name:
        options += [g.maybe(0.4, g.word("WEIGHTS")) and
                    [g.word("WEIGHTS"), *[g.pick(1, 2, 0, -1, 0.5, "inf") for _ in keys]],
                    g.maybe(0.4, g.word("AGGREGATE"), lambda: g.word(g.pick("SUM", "MIN", "MAX", "MAX", "AVG")))]
    if not stores:
        options.append(scores(g))
    g.random.shuffle(options)
    return Command(name, *([key(g)] if stores else []), count, *keys, *sum(options, []))


def pop_many(g, name):
    keys = g.some(lambda: key(g), 3)
    wait = [timeout(g)] if name == "BZMPOP" else []
    return Command(name, *wait, len(keys) if g.chance(0.9) else g.pick(0, -1, 9), *keys, g.word(g.pick("MIN", "MAX")),
                   *g.maybe(0.5, g.word("COUNT"), lambda: g.pick(1, 2, 10, 0, -1)))


def random_members(g):
    """Which members is chance; how many is not. WITHSCORES shows in the length."""
    return Command("ZRANDMEMBER", key(g), *g.maybe(0.8, lambda: g.pick(0, 1, 3, -3, 1000, -5)) or [], compare="shape")


FAMILY = [
    (10, add), (1, add_many), (3, add_lex),
    (3, lambda g: Command("ZINCRBY", key(g), g.score(), g.member())),
    (3, lambda g: Command("ZREM", key(g), *g.some(g.member))),
    (2, lambda g: Command("ZCARD", key(g))),
    (2, lambda g: Command("ZCOUNT", key(g), g.score_bound(), g.score_bound())),
    (2, lambda g: Command("ZLEXCOUNT", lex(g), g.lex_bound(), g.lex_bound())),
    (8, zrange),
    (3, lambda g: zrange(g, "ZRANGESTORE")),
    (2, lambda g: Command("ZREVRANGE", key(g), g.index(), g.index(), *scores(g))),
    (5, by_score),
    (3, lambda g: Command(g.pick("ZRANGEBYLEX", "ZREVRANGEBYLEX"), lex(g), g.lex_bound(), g.lex_bound(), *limit(g))),
    (3, lambda g: Command(g.pick("ZRANK", "ZREVRANK"), key(g), g.member())),
    (1, lambda g: Command(g.pick("ZRANK", "ZREVRANK"), key(g), g.member(), g.word("WITHSCORE"))),
    (3, lambda g: Command("ZSCORE", key(g), g.member())),
    (2, lambda g: Command("ZMSCORE", key(g), *g.some(g.member))),
    (3, lambda g: Command(g.pick("ZPOPMIN", "ZPOPMAX"), key(g), *g.maybe(0.5, g.count))),
    (1, lambda g: [Command(g.pick("BZPOPMIN", "BZPOPMAX"), *g.some(lambda: key(g), 3), timeout(g))]),
    (2, lambda g: pop_many(g, "ZMPOP")),
    (1, lambda g: [pop_many(g, "BZMPOP")]),
    (1, lambda g: Command("ZREMRANGEBYRANK", key(g), g.index(), g.index())),
    (1, lambda g: Command("ZREMRANGEBYSCORE", key(g), g.score_bound(), g.score_bound())),
    (1, lambda g: Command("ZREMRANGEBYLEX", lex(g), g.lex_bound(), g.lex_bound())),
    (4, lambda g: combine(g, g.pick("ZUNION", "ZINTER", "ZDIFF"))),
    (3, lambda g: combine(g, g.pick("ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"))),
    (2, lambda g: Command("ZINTERCARD", 2, key(g), g.key(g.pick("zset", "set")), *g.maybe(0.4, g.word("LIMIT"), lambda: g.pick(0, 1, 5, -1)))),
    (1, random_members),
    (1, lambda g: Command("ZRANDMEMBER", key(g), g.pick(2, -4, 1000), g.word("WITHSCORES"), compare="shape")),
    (2, lambda g: Command("ZSCAN", key(g), 0, *g.maybe(0.4, g.word("MATCH"), "m*"), g.word("COUNT"), 100000, compare="scan_pairs")),
]
