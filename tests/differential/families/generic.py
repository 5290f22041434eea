# SPDX-License-Identifier: Apache-2.0
"""generic.py: what all keys have: expiry, names, types, databases. Used by: ../program.py. Always: returns to database 0."""
from generator import FAR_SECONDS, Command


def key(g):
    return g.any_key()


def look(g):
    return g.every_key()


def expire(g):
    name = g.pick("EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT")
    unit = 1000 if name.startswith("P") else 1
    ahead = (FAR_SECONDS if name.endswith("AT") else 100000) * unit
    if not name.endswith("AT"):  # of two durations that are alike it is a matter of ms which ends first
        g.durations += 1
        ahead += g.durations * 60 * unit
    when = ahead + g.pick(0, 5000, 90000) * unit if g.chance(0.85) else g.pick(0, -1, -1000, 2**63 - 1, -2**63, 2**62, "abc", "1.5")
    return Command(name, key(g), when, *g.maybe(0.4, lambda: g.word(g.pick("NX", "XX", "GT", "LT"))), *g.maybe(0.05, "NX"))


def elsewhere(g):
    """A visit to another database, and back."""
    other = g.pick(1, 2, 15)
    visit = [Command("SELECT", other), Command(*g.pick(("DBSIZE",), ("GET", "a"), ("TYPE", key(g)), ("DEL", key(g)), ("SET", "b", g.value()))),
             Command("SELECT", 0)]
    return g.pick(visit, [Command("SWAPDB", 0, other), *g.pick([Command("SWAPDB", other, 0)], [])])


FAMILY = [
    (6, lambda g: Command("DEL", *g.some(lambda: look(g), 3))),
    (3, lambda g: Command("UNLINK", *g.some(lambda: look(g), 3))),
    (3, lambda g: Command("EXISTS", *g.some(lambda: look(g)))),
    (5, lambda g: Command("TYPE", look(g))),
    (3, lambda g: Command("TOUCH", *g.some(lambda: look(g)))),
    (4, lambda g: Command(g.pick("RENAME", "RENAMENX"), key(g), key(g))),
    (4, lambda g: Command("COPY", key(g), key(g), *g.maybe(0.4, g.word("REPLACE")), *g.maybe(0.2, g.word("DB"), lambda: g.pick(0, 1, 16, -1, "abc")))),
    (2, lambda g: Command("MOVE", key(g), g.pick(1, 2, 0, 16, -1, "abc"))),
    (8, expire),
    (3, lambda g: Command(g.pick("TTL"), look(g), compare="near")),
    (3, lambda g: Command("PTTL", look(g), compare="near")),
    (3, lambda g: Command(g.pick("EXPIRETIME", "PEXPIRETIME"), look(g), compare="near")),
    (3, lambda g: Command("PERSIST", look(g))),
    (6, lambda g: Command("OBJECT", g.word("ENCODING"), look(g))),
    (1, lambda g: Command("OBJECT", "REFCOUNT", look(g), compare="shape")),
    (1, lambda g: Command("OBJECT", g.pick("FREQ", "NOSUCH"), look(g))),
    (1, lambda g: Command("OBJECT", "IDLETIME", look(g), compare="shape")),
    (1, lambda g: Command("OBJECT", "HELP")),
    (2, lambda g: Command("KEYS", g.pick("*", "list:*", "?", "[ab]", "[^a]", "z*:[1-2]", "nosuch", "\\a", "*e*", "[a-", "string:?"), compare="members")),
    (2, lambda g: Command("SCAN", 0, *g.maybe(0.4, g.word("MATCH"), lambda: g.pick("*", "s*", "?")), g.word("COUNT"), 100000,
                          *g.maybe(0.4, g.word("TYPE"), lambda: g.pick("string", "list", "ZSET", "stream")), compare="scan")),
    (1, lambda g: Command("SCAN", g.pick("abc", "1.5", "x1"), *g.maybe(0.5, "COUNT", lambda: g.pick(0, -1, "abc")), compare="kind")),
    (1, lambda g: Command("RANDOMKEY", compare="shape")),
    (2, lambda g: Command("DBSIZE")),
    (2, elsewhere),
    (1, lambda g: Command("SELECT", g.pick(16, -1, "abc", 2**40))),
    (1, lambda g: Command("SWAPDB", g.pick(0, 99, "x"), g.pick("y", 99, 0))),
]
RARE = [
    (1, lambda g: Command("FLUSHDB", *g.maybe(0.5, g.word(g.pick("SYNC", "ASYNC", "NOW"))))),
    (1, lambda g: Command("FLUSHALL", *g.maybe(0.5, g.word(g.pick("SYNC", "ASYNC", "NOW"))))),
]
