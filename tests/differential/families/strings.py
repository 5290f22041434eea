# SPDX-License-Identifier: Apache-2.0
"""strings.py: the string commands, bit operations aside. Used by: ../program.py. Always: no expiry falls due during the test."""
from generator import FAR_SECONDS, Command


def key(g):
    return g.key("string")


def expiry(g):
    """At a time that never comes, or for so long."""
    return g.pick(["EX", 100000], ["PX", 100000000], ["EXAT", FAR_SECONDS], ["PXAT", FAR_SECONDS * 1000], ["EX", 0], ["PX", -1],
                  ["EXAT", 0], ["EX", "abc"], ["EX", 2**62], ["PX", 2**63 - 1], ["EXAT"])


def set_(g):
    options = [g.maybe(0.3, g.word(g.pick("NX", "XX"))), g.maybe(0.3, g.word("GET")),
               g.maybe(0.1, g.word("KEEPTTL")), expiry(g) if g.chance(0.25) else []]
    g.random.shuffle(options)
    return Command("SET", key(g), g.value(), *sum(options, []))


def common(g):
    """LCS costs the product of the lengths: its strings are made short first."""
    chosen = [b"string:1", b"string:2"]
    options = [g.maybe(0.4, g.word("LEN")), g.maybe(0.4, g.word("IDX")), g.maybe(0.3, g.word("MINMATCHLEN"), lambda: g.pick(0, 1, 2, -1)),
               g.maybe(0.3, g.word("WITHMATCHLEN"))]
    g.random.shuffle(options)
    return [Command("MSET", chosen[0], g.pick("ohmytext", "abcabcabc", "", "m1m2m3"), chosen[1], g.pick("mynewtext", "cbacba", "m3m1")),
            Command("LCS", *chosen, *sum(options, []))]


FAMILY = [
    (10, set_),
    (4, lambda g: Command("SET", key(g), g.number_text())),
    (6, lambda g: Command("GET", key(g))),
    (2, lambda g: Command("GETSET", key(g), g.value())),
    (2, lambda g: Command("GETDEL", key(g))),
    (3, lambda g: Command("GETEX", key(g), *g.pick([], ["PERSIST"], expiry(g), expiry(g)))),
    (1, lambda g: Command("SETEX", key(g), g.pick(100000, 0, -1, "abc", 2**62), g.value())),
    (1, lambda g: Command("PSETEX", key(g), g.pick(100000000, 0, -1, 2**63 - 1), g.value())),
    (2, lambda g: Command("SETNX", key(g), g.value())),
    (2, lambda g: Command(g.pick("MSET", "MSETNX"), *sum(g.some(lambda: [key(g), g.value()], 3), []))),
    (3, lambda g: Command("MGET", *g.some(lambda: key(g)))),
    (3, lambda g: Command("APPEND", key(g), g.value())),
    (2, lambda g: Command("STRLEN", key(g))),
    (4, lambda g: Command(g.pick("GETRANGE", "GETRANGE", "SUBSTR"), key(g), g.index(), g.index())),
    (2, lambda g: [Command("SETRANGE", key(g), g.pick(0, 1, 5, 100, 6000, -1, 2**29, 2**62, "abc"), g.value())]),
    (3, lambda g: Command(g.pick("INCR", "DECR"), key(g))),
    (3, lambda g: Command(g.pick("INCRBY", "DECRBY"), key(g), g.number_text())),
    (1, lambda g: Command("DECRBY", key(g), -2**63)),
    (4, lambda g: Command("INCRBYFLOAT", key(g), g.pick("0.5", "-1.25", "3", "1e3", "0.1", "nan", "inf", "1e-10", "3.0e20"))),
    (2, common),
]
