# SPDX-License-Identifier: Apache-2.0
"""bitmaps.py: the bitmap commands, with every option. Used by: ../program.py. Always: no offset beyond a megabyte that is not refused."""
from generator import Command


def key(g):
    return g.key("bit") if g.chance(0.8) else g.key("string")


def offset(g):
    return g.random.randrange(200) if g.chance(0.85) else g.pick(0, 7, 8, 1000, 100000, -1, 2**32, 2**62, 2**63 - 1, "abc", "1.5")


def written(g):
    """Where a bit is set: none of them makes a string of half a gigabyte."""
    return g.random.randrange(200) if g.chance(0.9) else g.pick(0, 7, 8, 1000, 100000, -1, 2**33, 2**62, "abc")


def bound(g):
    return g.random.randrange(-30, 31) if g.chance(0.85) else g.pick(0, -1, 1000, -1000, 2**62, -2**62, "abc")


def unit(g):
    return g.maybe(0.6, lambda: g.word(g.pick("BYTE", "BIT", "BIT", "BITS")))


def positions(g):
    ends = g.pick([], [bound(g)], [bound(g), bound(g)], [bound(g), bound(g), *unit(g)])
    return Command("BITPOS", key(g), g.pick(0, 1, 0, 1, 2, "x"), *ends)


def operation(g):
    name = g.pick("AND", "OR", "XOR", "NOT", "AND", "OR", "XOR", "NAND")
    sources = [key(g)] if name == "NOT" and g.chance(0.9) else g.some(lambda: key(g), 3)
    return Command("BITOP", g.word(name), g.key("bit"), *sources)


def field_type(g):
    return g.pick("u1", "u4", "i5", "u8", "i8", "u16", "i16", "i32", "u63", "i64", "u31", "i1", "u7") if g.chance(0.95) else \
        g.pick("u64", "i65", "u0", "i", "8", "U8", "u-1", "")


def field_offset(g):
    """Redis multiplies without a look at overflow: a huge number behind # is left out."""
    return f"#{g.random.randrange(60)}" if g.chance(0.3) else written(g)


def operand(g):
    """Not -2^63, which SAT makes the largest number of the field in Redis: its difference to that overflows."""
    return g.pick(0, 1, -1, 2, 15, 127, -128, 255, 1000, -1000, 2**31, 2**62, -2**62, 2**63 - 1) if g.chance(0.95) else g.pick("abc", 2**63, "1.5")


def field_operation(g):
    dice = g.random.random()
    if dice < 0.3:
        return [g.word("GET"), field_type(g), field_offset(g)]
    if dice < 0.5:
        return [g.word("SET"), field_type(g), field_offset(g), operand(g)]
    if dice < 0.8:
        return [g.word("INCRBY"), field_type(g), field_offset(g), operand(g)]
    return [g.word("OVERFLOW"), g.word(g.pick("WRAP", "SAT", "FAIL", "SAT", "FAIL", "NONE"))]


def fields(g):
    return Command("BITFIELD", key(g), *sum(g.some(lambda: field_operation(g), 5), []))


def fields_read(g):
    operations = g.some(lambda: [g.word("GET"), field_type(g), field_offset(g)], 4)
    return Command("BITFIELD_RO", key(g), *sum(operations, []), *(field_operation(g) if g.chance(0.1) else []))


FAMILY = [
    (8, lambda g: Command("SETBIT", key(g), written(g), g.pick(0, 1, 1, 1, 2) if g.chance(0.97) else g.pick("x", -1, 2**32))),
    (5, lambda g: Command("GETBIT", key(g), offset(g))),
    (6, lambda g: Command("BITCOUNT", key(g), *g.pick([], [bound(g), bound(g)], [bound(g), bound(g), *unit(g)], [bound(g), bound(g), *unit(g)]))),
    (6, positions),
    (6, operation),
    (10, fields),
    (4, fields_read),
    (2, lambda g: Command("SET", g.key("bit"), g.pick("foobar", "", "\xff\xff\xff", "\x00\x00\x00\x00", "12345", "x" * 700) if g.chance(0.8) else g.value())),
    (3, lambda g: Command("GET", key(g))),
    (1, lambda g: Command("OBJECT", "ENCODING", key(g))),
    (1, lambda g: Command("DEL", key(g))),
]
