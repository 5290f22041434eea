# SPDX-License-Identifier: Apache-2.0
"""dumps.py: DUMP and RESTORE: values copied through a dump of the server's own, and made by dumps in every layout up to 7.0's.

Used by: ../program.py.
Always:  - what was restored is of a size that both keep packed, or neither: the layout it came in must not show;
         - the bytes of a dump are not compared: the two lay values out differently (tests/dump.py takes them across).
"""
import rdb
from generator import FAR_SECONDS, Command

COPY = ("local made = redis.call('DUMP', KEYS[1]) if not made then return 'nothing' end "
        "return redis.call('RESTORE', KEYS[2], ARGV[1], made, 'REPLACE', 'ABSTTL')")


def key(g):
    return g.any_key()


def values(g, most=12):
    return [each for each in g.some(g.value, most) if len(each) <= 64] or [b"v"]


def distinct(g, most=12):
    return sorted(set(values(g, most)))


def how(g):
    return g.pick(rdb.string, rdb.string, rdb.lzf, lambda text: rdb.string(text) if rdb.integer(text) is None or len(text) > 9 else rdb.number(int(text)))


def lzf_safe(make):
    """An empty string has no compressed form."""
    return lambda text: make(text) if text else rdb.string(text)


def string(g):
    return rdb.dump(0, lzf_safe(how(g))(g.value()))


def a_list(g):
    items, more, make = values(g), values(g, 40), lzf_safe(how(g))
    return g.pick(rdb.plain(1, items, make), rdb.packed(10, rdb.ziplist(items)), rdb.quicklist([items, more]),
                  rdb.quicklist2([items, b"long" * 3000, more]), rdb.quicklist2([items], rdb.lzf))


def a_set(g):
    numbers = sorted({g.random.randrange(-(1 << g.pick(4, 14, 30, 40)), 1 << g.pick(4, 14, 30, 40)) for _ in range(g.random.randrange(1, 9))})
    return g.pick(rdb.plain(2, distinct(g), lzf_safe(how(g))), rdb.packed(11, rdb.intset(numbers)))


def sorted_set(g):
    scored = sorted((g.random.randrange(-400, 400) / 8, each) for each in distinct(g))
    flat = [part for score, member in scored for part in (member, b"%.17g" % score)]
    pairs = [(member, score) for score, member in scored]
    return g.pick(rdb.scored(pairs, True), rdb.scored(pairs, False), rdb.packed(12, rdb.ziplist(flat)), rdb.packed(17, rdb.listpack(flat)))


def a_hash(g):
    fields = [part for name in distinct(g) for part in (name, g.pick(*values(g)))]
    return g.pick(rdb.plain(4, fields, lzf_safe(how(g))), rdb.packed(9, rdb.zipmap(fields, g.pick(0, 3))), rdb.packed(13, rdb.ziplist(fields)),
                  rdb.packed(16, rdb.listpack(fields)))


def stream(g):
    ids = sorted({(g.random.randrange(1, 9), g.random.randrange(1, 4)) for _ in range(g.random.randrange(1, 9))})
    entries = [(each, g.pick([b"f", b"1"], [b"f", b"v", b"g", b"-7"], [b"f", b"w"])) for each in ids]
    last, pending = ids[-1], [(each, 1700000000000, g.pick(1, 2, 300)) for each in ids[::2]]
    held = [each for each, _, _ in pending]
    cut = g.random.randrange(len(held) + 1)
    consumers = [(b"ann", 1700000000000, -1, held[:cut]), (b"bob", 1700000000000, -1, held[cut:])]
    groups = g.pick([], [(b"g", last, len(ids), pending, consumers), (b"h", (0, 0), 0, [], [])])
    return rdb.stream(g.pick(15, 19), [rdb.stream_node(ids[0], entries, [b"f"])], len(ids), last, groups, ids[0])


MADE = [(string, b"string:1"), (a_list, b"list:1"), (a_set, b"set:1"), (sorted_set, b"zset:1"), (a_hash, b"hash:1"), (stream, b"stream:1")]
READ = {b"string:1": ("GET", ()), b"list:1": ("LRANGE", (0, -1)), b"set:1": ("SMEMBERS", ()), b"zset:1": ("ZRANGE", (0, -1, "WITHSCORES")),
        b"hash:1": ("HGETALL", ()), b"stream:1": ("XRANGE", ("-", "+"))}
RULE = {b"set:1": "members", b"hash:1": "pairs"}


def restore(g):
    make, name = g.pick(*MADE)
    ttl = g.pick([0], [0], [0], [100_000_000, "x"], [FAR_SECONDS * 1000, "ABSTTL"], [1, g.word("ABSTTL")])
    more = [each for each in ttl[1:] if each != "x"] + g.maybe(0.1, g.word("IDLETIME"), 10)
    command, rest = READ[name]
    return [Command("RESTORE", name, ttl[0], make(g), *g.maybe(0.9, g.word("REPLACE")), *more),
            Command(command, name, *rest, compare=RULE.get(name, "exact"))]


def refused(g):
    """In Redis' order: options, the key, the time to live, the check, the content."""
    made = string(g)
    bad = g.pick(made[:-1], made[:-1] + bytes([made[-1] ^ 1]), b"", b"short", rdb.dump(0, rdb.string(b"v"), 99), rdb.dump(8, b"\x01a"), rdb.dump(200, b""),
                 rdb.dump(1, rdb.length(0)), rdb.dump(0, b"\x3fabc"), rdb.dump(2, rdb.length(2) + rdb.string(b"a") * 2), made)
    options = g.pick([], ["REPLACE"], ["REPLACE", "NOSUCH"], ["IDLETIME"], ["IDLETIME", -1], ["IDLETIME", "x"], ["FREQ", 256], ["FREQ", 1, "IDLETIME", 1])
    ttl = g.pick(0, -1, "x", "1.5", "") if bad is not made else g.pick(-1, "x")
    return Command("RESTORE", g.pick(key(g), b"missing"), ttl, bad, *options)


FAMILY = [
    (6, restore),
    (5, lambda g: Command("EVAL", COPY, 2, key(g), key(g), g.pick(0, 0, FAR_SECONDS * 1000, 1))),
    (2, lambda g: Command("DUMP", g.every_key(), compare="kind")),
    (3, refused),
    (0.3, lambda g: Command("DUMP", *g.some(lambda: g.key(), 2)[:g.pick(0, 2)], compare="kind")),
    (0.3, lambda g: Command(*["RESTORE", b"missing", 0, b"", "REPLACE"][:g.pick(1, 2, 3)])),
]
