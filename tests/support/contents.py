# SPDX-License-Identifier: Apache-2.0
"""contents.py: keys of every type and layout, and what a key holds as both servers say it.

Used by: tests/dump.py, tests/import_dump.py.
Always:  - what is compared is what clients see, not the bytes of dumps: the two servers lay values out differently.
"""
import random

import rdb

LONG = b"the same again, " * 300
# What decides the layouts that redis-server writes: small collections packed, or none; elements of lists in many nodes.
SETTINGS = [
    {},
    {"hash-max-listpack-entries": 1, "zset-max-listpack-entries": 1, "set-max-intset-entries": 1, "list-max-listpack-size": 3,
     "rdbcompression": "no"},
    {"hash-max-listpack-value": 100000, "zset-max-listpack-value": 100000, "list-max-listpack-size": -5, "list-compress-depth": 1,
     "stream-node-max-entries": 3, "rdbcompression": "yes"},
]


def content(server, key):
    """What a key holds, as both servers say it."""
    kind = server.call("TYPE", key)
    if kind == "string":
        return kind, server.call("GET", key)
    if kind == "list":
        return kind, server.call("LRANGE", key, 0, -1)
    if kind == "set":
        return kind, sorted(server.call("SMEMBERS", key))
    if kind == "zset":
        flat = server.call("ZRANGE", key, 0, -1, "WITHSCORES")
        return kind, [(member, float(score)) for member, score in zip(flat[0::2], flat[1::2])]  # 7.0 writes more digits
    if kind == "hash":
        flat = server.call("HGETALL", key)
        return kind, sorted(zip(flat[0::2], flat[1::2]))
    if kind == "stream":
        return kind, server.call("XRANGE", key, "-", "+"), stream_facts(server, key)
    return kind


def pairs(flat):
    return dict(zip(flat[0::2], flat[1::2]))


def stream_facts(server, key):
    """Without the clocks, and what 7.0 says in another way than 7.4 (see differences.json)."""
    facts = pairs(server.call("XINFO", "STREAM", key))
    out = [facts[name] for name in (b"length", b"last-generated-id", b"max-deleted-entry-id", b"entries-added", b"groups")]
    for group in map(pairs, server.call("XINFO", "GROUPS", key)):
        name = group[b"name"]
        out.append([group[each] for each in (b"name", b"consumers", b"pending", b"last-delivered-id")])
        out.append([each[:2] + each[3:] for each in server.call("XPENDING", key, name, "-", "+", 1000)])
        out.append([(each[b"name"], each[b"pending"]) for each in map(pairs, server.call("XINFO", "CONSUMERS", key, name))])
    return out


def fill(call):
    """Keys of every type, of few elements and of many, of numbers, short, long and binary ones."""
    texts = [b"", b"a", b"7", b"-1", b"1000000", b"-9223372036854775808", b"012", b"1.5", b"\x00\xff\r\n", b"x" * 63, b"x" * 64,
             b"ab" * 150, b"b" * 300, LONG, bytes(range(256)) * 70, bytes(random.Random(1).randbytes(5000))]
    for at, text in enumerate(texts):
        call("SET", b"string:%d" % at, text)
    for name, count in (("few", 1), ("many", 700)):
        items = texts * (1 + count // 20) + [b"%d" % (each * 37) for each in range(count)]
        members = [b"m%d" % each for each in range(count)] + [b"%d" % each for each in range(count)] + texts
        call("RPUSH", f"list:{name}", *items)
        call("SADD", f"set:{name}", *members)
        call("SADD", f"numbers:{name}", *[each * each * each * 1009 for each in range(count)])
        call("HSET", f"hash:{name}", *[part for each in members for part in (each, each[::-1] + b"!")])
        scores = [0, -0.0, 1, 0.1, -1e300, 5e-324, "inf", "-inf", 2**53]
        call("ZADD", f"zset:{name}", *[part for at, each in enumerate(members) for part in (scores[at % len(scores)], each)])
        for at in range(count + 3):
            names = [b"temperature", b"humidity"] if at % 10 else [b"other%d" % at]
            call("XADD", f"stream:{name}", f"{at // 3 + 1}-{at % 3 + 1}", *[part for each in names for part in (each, b"%d" % at)])
        call("XGROUP", "CREATE", f"stream:{name}", "untouched", 0)
        call("XGROUP", "CREATE", f"stream:{name}", "readers", 0)
        for who in ("ann", "bob", "ann"):
            call("XREADGROUP", "GROUP", "readers", who, "COUNT", 5, "STREAMS", f"stream:{name}", ">")
        call("XACK", f"stream:{name}", "readers", "1-1", "1-2")
        call("XGROUP", "CREATECONSUMER", f"stream:{name}", "readers", "idle")
        call("COPY", f"stream:{name}", f"thinned:{name}")
        call("XDEL", f"thinned:{name}", *[f"{at}-2" for at in range(1, count, 2)], "1-3")
        call("XTRIM", f"thinned:{name}", "MAXLEN", count)
    call("XADD", "stream:empty", "5-5", "a", "b")
    call("XDEL", "stream:empty", "5-5")
    call("XGROUP", "CREATE", "stream:new", "g", "$", "MKSTREAM")


def hand_made():
    """What no redis-server at hand writes, and what each holds."""
    items = [b"a", b"", b"12", b"13", b"-1", b"128", b"-4097", b"40000", b"-8388608", b"2147483648", b"-9223372036854775808", b"x" * 63,
             b"y" * 64, b"z" * 300, b"w" * 5000, b"v" * 20000]
    distinct = items + [b"more%d" % each for each in range(300)]
    fields = distinct + [b"last"] * (len(distinct) % 2)
    pairs_of = sorted(zip(fields[0::2], fields[1::2]))
    scores = [(each, at / 8) for at, each in enumerate(items)]
    flat = [part for member, score in scores for part in (member, b"%.17g" % score)]
    numbers = [-3, 0, 7, 40000]
    yield rdb.dump(0, rdb.number(-129)), ("string", b"-129")
    yield rdb.dump(0, rdb.lzf(b"l" * 100000)), ("string", b"l" * 100000)
    for how in (rdb.string, rdb.lzf):
        nonempty = [each for each in distinct if each]
        yield rdb.plain(1, nonempty, how), ("list", nonempty)
        yield rdb.plain(2, nonempty, how), ("set", sorted(nonempty))
        yield rdb.packed(10, rdb.ziplist(distinct), how), ("list", distinct)
        yield rdb.packed(12, rdb.ziplist(flat), how), ("zset", scores)
        yield rdb.packed(13, rdb.ziplist(fields), how), ("hash", pairs_of)
        yield rdb.packed(9, rdb.zipmap(fields), how), ("hash", pairs_of)
        yield rdb.packed(16, rdb.listpack(fields), how), ("hash", pairs_of)
        yield rdb.packed(17, rdb.listpack(flat), how), ("zset", scores)
        yield rdb.packed(20, rdb.listpack(distinct), how), ("set", sorted(distinct))
        yield rdb.packed(11, rdb.intset(numbers), how), ("set", sorted(b"%d" % each for each in numbers))
        yield rdb.packed(11, rdb.intset([*numbers, 1 << 40]), how), ("set", sorted(b"%d" % each for each in [*numbers, 1 << 40]))
        yield rdb.quicklist([distinct, items], how), ("list", distinct + items)
        yield rdb.quicklist2([distinct, b"alone" * 3000, items], how), ("list", [*distinct, b"alone" * 3000, *items])
    yield rdb.packed(9, rdb.zipmap([b"f", b"v", b"g", b"w"], unused=3)), ("hash", [(b"f", b"v"), (b"g", b"w")])
    yield rdb.plain(4, fields), ("hash", pairs_of)
    yield rdb.scored(scores, binary=True), ("zset", scores)
    yield rdb.scored([*scores, (b"top", float("inf")), (b"low", float("-inf"))], binary=False), \
        ("zset", [(b"low", float("-inf")), *scores, (b"top", float("inf"))])
    yield rdb.dump(24, bytes(8) + rdb.length(1) + rdb.length(0) + rdb.string(b"f") + rdb.string(b"v"), 12), ("hash", [(b"f", b"v")])
    yield rdb.packed_lifetimes([(b"f", b"v", 0)], 0), ("hash", [(b"f", b"v")])
    node = rdb.stream_node((5, 1), [((5, 1), [b"f", b"1"]), ((5, 2), [b"g", b"2", b"h", b"x"]), ((6, 0), [b"f", b"3"])], [b"f"], [(5, 2)])
    groups = [(b"g", (5, 1), 1, [((5, 1), 1700000000000, 3)], [(b"c", 1700000000000, 1700000000000, [(5, 1)]), (b"d", 1, -1, [])])]
    held = [[b"5-1", [b"f", b"1"]], [b"6-0", [b"f", b"3"]]]
    for layout in (15, 19, 21):
        yield rdb.stream(layout, [node], 2, (7, 0), groups, (5, 1), (5, 2), 3), ("stream", held)
