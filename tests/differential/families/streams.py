# SPDX-License-Identifier: Apache-2.0
"""streams.py: streams and consumer groups, with every option.

Used by: ../program.py.
Always:  - ids are given, so that both sides hold the same ones; a generated id is looked at and its key deleted;
         - a minimum idle time is 0 or endless: nothing depends on how long an entry was held;
         - '~' trims nothing here, as its threshold is never reached: what it trims is each server's own affair.
"""
from generator import Command

GROUPS = ("g1", "g2", "nogroup")
CONSUMERS = ("alice", "bob", "carol")
ENDLESS_MS = 10**15


def key(g):
    return g.key(g.pick("stream", "stream", "stream", "log"))


def lossy(g):
    """A stream that may lose entries."""
    return g.key("stream")


def group(g):
    return g.pick("g1", "g1", "g2", "nogroup") if g.chance(0.3) else "g1"


def consumer(g):
    return g.pick(*CONSUMERS)


def fields(g):
    return sum(g.some(lambda: [g.pick("f", "temp", "x", g.member()), g.value()], 3), [])


def next_id(g):
    g.stream_clock += g.random.randrange(3)
    return g.pick(f"{g.stream_clock}-{g.random.randrange(1, 5)}", f"{g.stream_clock + 1}-*", f"{g.stream_clock + 1}",
                  f"{g.stream_clock + 1}-0", "0-0", "1-1")


def some_id(g):
    """One that may be there."""
    return f"{g.random.randrange(max(1, g.stream_clock - 30), g.stream_clock + 2)}-{g.random.randrange(0, 4)}"


def bound(g):
    return g.pick("-", "+", some_id(g), some_id(g), "(" + some_id(g), str(g.stream_clock), "(-", "0", "18446744073709551615-18446744073709551615")


def trim(g):
    strategy = g.pick(["MAXLEN", g.pick(0, 1, 3, 10, 50)], ["MAXLEN", "=", g.pick(1, 5, 20)], ["MINID", some_id(g)],
                      ["MINID", "=", some_id(g)], ["MAXLEN", "~", 1000000], ["MINID", "~", "0"],
                      ["MAXLEN", "~", 1000000, "LIMIT", g.pick(0, 100, -1)], ["MAXLEN", 5, "LIMIT", 10], ["MAXLEN", "=", 5, "LIMIT", 10],
                      ["MAXLEN", -1], ["MAXLEN", 5, "MINID", 3])
    return [g.word(each) if isinstance(each, str) and each.isupper() else each for each in strategy]


def add(g):
    options = [g.maybe(0.1, g.word("NOMKSTREAM"))]
    chosen = key(g)
    if chosen.startswith(b"stream") and g.chance(0.15):
        options.append(trim(g))
    g.random.shuffle(options)
    return Command("XADD", chosen, *sum(options, []), next_id(g), *fields(g))


def add_many(g):
    """A run of short entries of the same fields: the packed form."""
    chosen, commands = key(g), []
    for _ in range(g.pick(20, 120)):
        g.stream_clock += 1
        commands.append(Command("XADD", chosen, f"{g.stream_clock}-1", "temp", g.random.randrange(40), "hum", "%d" % g.random.randrange(9)))
    return commands


def generated(g):
    return [Command("DEL", "stream:own"), Command("XADD", "stream:own", "*", *fields(g), compare="shape"), Command("XLEN", "stream:own")]


def read(g):
    streams = g.some(lambda: key(g), 2)
    ids = [g.pick("0", "0-0", "$", some_id(g), str(g.stream_clock)) for _ in streams]
    if g.chance(0.05):
        ids.pop()
    return Command("XREAD", *g.maybe(0.5, g.word("COUNT"), lambda: g.pick(0, 1, 5, 100, -1)), g.word("STREAMS"), *streams, *ids)


def read_waiting(g):
    return [Command("XREAD", g.word("BLOCK"), g.pick(1, 2, 5, -1, "abc"), "STREAMS", key(g), g.pick("$", "0", some_id(g)))]


def read_group(g):
    streams = g.some(lambda: key(g), 2)
    ids = [g.pick(">", ">", ">", "0", some_id(g), "$") for _ in streams]
    options = [g.maybe(0.5, g.word("COUNT"), lambda: g.pick(0, 1, 3, 100)), g.maybe(0.15, g.word("NOACK"))]
    g.random.shuffle(options)
    return Command("XREADGROUP", g.word("GROUP"), group(g), consumer(g), *sum(options, []), g.word("STREAMS"), *streams, *ids)


def read_group_waiting(g):
    return [Command("XREADGROUP", "GROUP", group(g), consumer(g), "BLOCK", g.pick(1, 3, -1), "STREAMS", key(g), ">")]


def claim(g):
    options = [g.maybe(0.2, g.word("IDLE"), lambda: g.pick(0, 1000, "abc")), g.maybe(0.2, g.word("TIME"), lambda: g.pick(0, 1000)),
               g.maybe(0.3, g.word("RETRYCOUNT"), lambda: g.pick(0, 5, -1)), g.maybe(0.2, g.word("FORCE")),
               g.maybe(0.3, g.word("JUSTID")), g.maybe(0.05, g.word("LASTID"), lambda: some_id(g))]
    g.random.shuffle(options)
    return Command("XCLAIM", key(g), group(g), consumer(g), g.pick(0, 0, ENDLESS_MS, "abc"), *g.some(lambda: some_id(g)), *sum(options, []))


def auto_claim(g):
    options = [g.maybe(0.5, g.word("COUNT"), lambda: g.pick(1, 2, 10, 0, -1)), g.maybe(0.3, g.word("JUSTID"))]
    g.random.shuffle(options)
    return Command("XAUTOCLAIM", key(g), group(g), consumer(g), g.pick(0, 0, ENDLESS_MS), g.pick("0", "0-0", some_id(g), "(" + some_id(g)),
                   *sum(options, []))


def pending(g):
    if g.chance(0.3):
        return Command("XPENDING", key(g), group(g))
    return Command("XPENDING", key(g), group(g), *g.maybe(0.2, g.word("IDLE"), lambda: g.pick(0, ENDLESS_MS)),
                   g.pick("-", "-", bound(g)), g.pick("+", "+", bound(g)), g.pick(0, 1, 10, 1000, -1), *g.maybe(0.3, lambda: consumer(g)),
                   compare="pending")


def manage(g):
    start = g.pick("0", "$", some_id(g), "0")
    return g.pick(
        Command("XGROUP", "CREATE", key(g), group(g), start, *g.maybe(0.5, g.word("MKSTREAM")),
                *g.maybe(0.2, g.word("ENTRIESREAD"), lambda: g.pick(0, 3, -1, -2))),
        Command("XGROUP", g.word("CREATE"), key(g), "g1", "0", "MKSTREAM"),
        Command("XGROUP", "SETID", lossy(g), group(g), start, *g.maybe(0.2, "ENTRIESREAD", lambda: g.pick(0, 3))),
        Command("XGROUP", "CREATECONSUMER", key(g), group(g), consumer(g)),
        Command("XGROUP", "DELCONSUMER", key(g), group(g), consumer(g)),
        Command("XGROUP", "DESTROY", key(g), g.pick("g2", "nogroup")),
        Command("XGROUP", "NOSUCH", key(g)))


def set_id(g):
    """Forwards only: back to before what was deleted, Redis 7.2 refuses and 7.0.15 goes."""
    return [Command("XSETID", lossy(g), f"{g.stream_clock + 5}-0", *g.maybe(0.3, "ENTRIESADDED", lambda: g.pick(10, 1000, -1)),
                    *g.maybe(0.3, "MAXDELETEDID", lambda: some_id(g)))]


FAMILY = [
    (12, add), (1, add_many), (1, generated),
    (6, manage),
    (2, lambda g: Command("XLEN", key(g))),
    (4, lambda g: Command(g.pick("XRANGE", "XREVRANGE"), key(g), bound(g), bound(g),
                          *g.maybe(0.4, g.word("COUNT"), lambda: g.pick(0, 1, 5, -1)))),
    (2, lambda g: Command("XRANGE", key(g), "-", "+")),
    (2, lambda g: Command("XREVRANGE", key(g), "+", "-", "COUNT", 5)),
    (2, lambda g: Command("XDEL", lossy(g), *g.some(lambda: some_id(g)))),
    (1, lambda g: Command("XTRIM", lossy(g), *trim(g))),
    (1, set_id),
    (4, read), (1, read_waiting),
    (8, read_group), (1, read_group_waiting),
    (5, lambda g: Command("XACK", key(g), group(g), *g.some(lambda: some_id(g)))),
    (3, claim), (3, auto_claim), (5, pending),
    (2, lambda g: Command("XINFO", g.word("STREAM"), key(g), compare="xinfo")),
    (1, lambda g: Command("XINFO", "STREAM", key(g), g.word("FULL"), *g.maybe(0.5, "COUNT", lambda: g.pick(0, 1, 5, -1)), compare="xinfo")),
    (2, lambda g: Command("XINFO", g.word("GROUPS"), key(g), compare="xinfo")),
    (2, lambda g: Command("XINFO", g.word("CONSUMERS"), key(g), group(g), compare="xinfo")),
]
