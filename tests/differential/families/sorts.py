# SPDX-License-Identifier: Apache-2.0
"""sorts.py: SORT and SORT_RO, with every option, over keys, weights and objects of its own.

Used by: ../program.py.
Always:  - the keys are kept: Redis lays a sorted set that was sorted out anew, which OBJECT ENCODING and ZSCAN would show;
         - where Redis leaves the order open (a set's own, equal texts) only what comes is compared, and behind a LIMIT how many.
"""
from generator import Command

LISTS, SETS, ZSETS = (b"sort:list:1", b"sort:list:2"), (b"sort:set:1",), (b"sort:zset:1", b"sort:zset:2")


def element(g):
    return b"%d" % g.random.randrange(12) if g.chance(0.85) else g.pick(b"-3", b"2.5", b"1e1", b"abc", b"b", b"", b" 7", b"0x10", b"7 ", b"inf", b"nan", b"01")


def number(g):
    return b"%d" % g.random.randrange(12)


def fill(g):
    draw = number if g.chance(0.8) else element
    dice = g.random.random()
    if dice < 0.4:
        return Command("RPUSH", g.pick(*LISTS), *g.some(lambda: draw(g), 6))
    if dice < 0.7:
        return Command("SADD", g.pick(*SETS), *g.some(lambda: draw(g), 6))
    return Command("ZADD", g.pick(*ZSETS), *sum(g.some(lambda: [g.random.randrange(-5, 20), draw(g)], 6), []))


def weigh(g):
    which = g.random.randrange(12)
    return g.pick(Command("SET", b"weight_%d" % which, g.pick(1, 2, 5, -3, "2.5", "x", "9") if g.chance(0.3) else g.random.randrange(1000)),
                  Command("SET", b"object_%d" % which, g.pick("some", "thing", b"o%d" % which)),
                  Command("HSET", b"hash_%d" % which, "weight", g.random.randrange(1000), "name", b"n%d" % g.random.randrange(5)),
                  Command("DEL", b"weight_%d" % which),
                  Command("DEL", b"hash_%d" % which))


BY = ["weight_*", "weight_*", "hash_*->weight", "hash_*->name", "nosort", "nosort", "hash_*->", "object_*", "*", "weight_*->x", "#", "nosuch_*", "sort:*"]
GET = ["#", "object_*", "hash_*->name", "hash_*->weight", "hash_*->nosuch", "weight_*", "object", "object_*->x", "*", "sort:list:*"]


def sort(g):
    name = g.pick("SORT", "SORT", "SORT_RO")
    key = g.pick(*LISTS, *SETS, *ZSETS) if g.chance(0.95) else g.pick(b"weight_1", b"hash_1", b"missing")
    plain_list = key in LISTS
    by = g.maybe(0.6, g.word("BY"), lambda: g.pick(*BY))
    limit = g.maybe(0.35, g.word("LIMIT"), lambda: g.pick(0, 1, 3, -1, 100, 2**62), lambda: g.pick(0, 1, 3, 100, -1, -2))
    gets = sum(g.some(lambda: [g.word("GET"), g.pick(*GET)], 3), []) if g.chance(0.5) else []
    store = g.maybe(0.2, g.word("STORE"), lambda: g.pick(*LISTS, g.key("list"))) if name == "SORT" or g.chance(0.1) else []
    alpha = g.maybe(0.4, g.word("ALPHA"))
    options = [by, limit, gets, store, alpha, g.maybe(0.4, g.word(g.pick("ASC", "DESC")))]
    g.random.shuffle(options)
    # The orders that Redis leaves open: a set's own; of equal texts, where it does not sort stably. A list that was stored in
    # one would be different from then on.
    sorts = bool(by) and "*" in by[1]
    opens = (sorts and (not plain_list or bool(limit))) or (bool(by) and not sorts and key not in LISTS + ZSETS)
    if opens and store and sorts:
        options = [each for each in options if each is not store]
    compare = "exact" if not opens else "length" if limit else "members"
    command = Command(name, key, *sum(options, []), compare=compare)
    # Redis takes an old range error for its own: a number that is read well forgets it.
    return [Command("INCRBYFLOAT", "sort:number", 1), command] if store else command


FAMILY = [
    (8, fill), (6, weigh), (14, sort),
    (1, lambda g: Command("DEL", g.pick(*LISTS, *SETS, *ZSETS))),
    (2, lambda g: Command("LRANGE", g.pick(*LISTS), 0, -1)),
    (1, lambda g: Command("ZRANGE", g.pick(*ZSETS), 0, -1)),
]
