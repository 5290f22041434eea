# SPDX-License-Identifier: Apache-2.0
"""rdb.py: dumps made byte by byte, in every layout that Redis 2.6 to 7.4 writes (broker/rdb/format.h draws them).

Used by: tests/differential, tests/dump.py.
Always:  - what is made is well-formed, unless the caller hands in what is not.
"""
import struct

POLYNOMIAL = 0x95AC9329AC4BC9B5
CRC = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
    CRC.append(byte)


def crc64(data):
    crc = 0
    for each in data:
        crc = crc >> 8 ^ CRC[(crc ^ each) & 0xFF]
    return crc


def dump(layout, body, version=6):
    data = bytes([layout]) + body + struct.pack("<H", version)
    return data + struct.pack("<Q", crc64(data))


def signed(data):
    """The same dump with a check that fits, whatever was done to it."""
    return data[:-8] + struct.pack("<Q", crc64(data[:-8]))


# Lengths and strings.

def length(value):
    if value < 64:
        return bytes([value])
    if value < 1 << 14:
        return struct.pack(">H", 0x4000 | value)
    if value < 1 << 32:
        return b"\x80" + struct.pack(">I", value)
    return b"\x81" + struct.pack(">Q", value)


def string(data):
    return length(len(data)) + data


def number(value):
    """As a string that says a number."""
    for code, form, bits in ((0xC0, "<b", 8), (0xC1, "<h", 16), (0xC2, "<i", 32)):
        if -(1 << bits - 1) <= value < 1 << bits - 1:
            return bytes([code]) + struct.pack(form, value)
    return string(b"%d" % value)


def lzf(data):
    """Compressed, in form: literal runs, and one copy where the data is one byte again and again."""
    if len(data) > 12 and data == data[:1] * len(data):
        out, left = b"\x00" + data[:1], len(data) - 1
        while left > 0:
            take = min(left, 264)
            if 0 < left - take < 3:
                take -= 3
            out += bytes([(take - 2) << 5, 0]) if take < 9 else bytes([0xE0, take - 9, 0])
            left -= take
    else:
        out = b"".join(bytes([len(data[at:at + 32]) - 1]) + data[at:at + 32] for at in range(0, len(data), 32))
    return b"\xC3" + length(len(out)) + length(len(data)) + out


def integer(text):
    """The number that the text is, in Redis' one way to write it; else None."""
    try:
        value = int(text)
    except ValueError:
        return None
    return value if b"%d" % value == text and -1 << 63 <= value < 1 << 63 else None


# Packs. Each takes a list of bytes.

def listpack_size(size):
    count = 1 if size <= 127 else 2 if size < 16383 else 3 if size < 2097151 else 4 if size < 268435455 else 5
    return bytes((size >> 7 * (count - 1 - at) & 127) | (128 if at else 0) for at in range(count))


def listpack_entry(text):
    value = integer(text)
    if value is None:
        size = len(text)
        head = bytes([0x80 | size]) if size < 64 else bytes([0xE0 | size >> 8, size & 255]) if size < 4096 else b"\xF0" + struct.pack("<I", size)
        return head + text
    if 0 <= value < 128:
        return bytes([value])
    if -4096 <= value < 4096:
        return bytes([0xC0 | value >> 8 & 31, value & 255])
    for code, size in ((0xF1, 2), (0xF2, 3), (0xF3, 4), (0xF4, 8)):
        if -(1 << 8 * size - 1) <= value < 1 << 8 * size - 1:
            return bytes([code]) + (value & (1 << 8 * size) - 1).to_bytes(size, "little")
    raise AssertionError(text)


def listpack(items):
    entries = [listpack_entry(each) for each in items]
    body = b"".join(each + listpack_size(len(each)) for each in entries)
    return struct.pack("<IH", len(body) + 7, min(len(items), 65535)) + body + b"\xff"


def ziplist_entry(text):
    value = integer(text) if len(text) < 32 else None
    if value is None:
        size = len(text)
        head = bytes([size]) if size < 64 else struct.pack(">H", 0x4000 | size) if size < 1 << 14 else b"\x80" + struct.pack(">I", size)
        return head + text
    if 0 <= value <= 12:
        return bytes([0xF1 + value])
    for code, size in ((0xFE, 1), (0xC0, 2), (0xF0, 3), (0xD0, 4), (0xE0, 8)):
        if -(1 << 8 * size - 1) <= value < 1 << 8 * size - 1:
            return bytes([code]) + (value & (1 << 8 * size) - 1).to_bytes(size, "little")
    raise AssertionError(text)


def ziplist(items):
    body, last, before = b"", 10, 0
    for text in items:
        entry = (bytes([before]) if before < 254 else b"\xfe" + struct.pack("<I", before)) + ziplist_entry(text)
        last = 10 + len(body)
        body += entry
        before = len(entry)
    return struct.pack("<IIH", len(body) + 11, last, min(len(items), 65535)) + body + b"\xff"


def zipmap(items, unused=0):
    def size(text):
        return bytes([len(text)]) if len(text) < 254 else b"\xfe" + struct.pack("<I", len(text))
    body = b""
    for name, value in zip(items[0::2], items[1::2]):
        body += size(name) + name + size(value) + bytes([unused]) + value + bytes(unused)
    return bytes([min(len(items) // 2, 254)]) + body + b"\xff"


def intset(numbers):
    numbers = sorted(numbers)
    width = next(size for size in (2, 4, 8) if all(-(1 << 8 * size - 1) <= each < 1 << 8 * size - 1 for each in numbers))
    return struct.pack("<II", width, len(numbers)) + b"".join((each & (1 << 8 * width) - 1).to_bytes(width, "little") for each in numbers)


# Objects. `how` makes a string of bytes: string, lzf.

def plain(layout, items, how=string, version=6):
    """Lists, sets; with name, value, name … also hashes (then `items` are twice as many as counted)."""
    count = len(items) // 2 if layout == 4 else len(items)
    return dump(layout, length(count) + b"".join(map(how, items)), version)


def text_score(score):
    if score == float("inf"):
        return b"\xfe"
    if score == float("-inf"):
        return b"\xff"
    text = b"%.17g" % score
    return bytes([len(text)]) + text


def scored(pairs, binary):
    body = b"".join(string(member) + (struct.pack("<d", score) if binary else text_score(score)) for member, score in pairs)
    return dump(5 if binary else 3, length(len(pairs)) + body, 8 if binary else 6)


def packed(layout, pack, how=string):
    return dump(layout, how(pack), {16: 10, 17: 10, 20: 11}.get(layout, 6))


def quicklist(nodes, how=string):
    return dump(14, length(len(nodes)) + b"".join(how(ziplist(each)) for each in nodes), 7)


def quicklist2(nodes, how=string):
    """A node is a list of items, or one long item as it is."""
    body = b"".join(b"\x01" + how(each) if isinstance(each, bytes) else b"\x02" + how(listpack(each)) for each in nodes)
    return dump(18, length(len(nodes)) + body, 10)


def stream_node(first, entries, names, deleted=()):
    """entries: (id, [name, value …]); those in `deleted` are marked so."""
    items = [b"%d" % (len(entries) - len(deleted)), b"%d" % len(deleted), b"%d" % len(names), *names, b"0"]
    for at, parts in entries:
        same = parts[0::2] == names
        flags = (2 if same else 0) | (1 if at in deleted else 0)
        difference = [b"%d" % flags, b"%d" % (at[0] - first[0]), b"%d" % (at[1] - first[1])]
        if same:
            items += [*difference, *parts[1::2], b"%d" % (len(names) + 3)]
        else:
            items += [*difference, b"%d" % (len(parts) // 2), *parts, b"%d" % (len(parts) + 4)]
    return string(struct.pack(">QQ", *first)) + string(listpack(items))


def stream_id(at):
    return length(at[0]) + length(at[1])


def stream(layout, nodes, count, last, groups=(), first=(0, 0), deleted=(0, 0), added=None):
    """groups: (name, last delivered, read, [(id, at_ms, deliveries)], [(name, seen_ms, active_ms, [id])])."""
    body = length(len(nodes)) + b"".join(nodes) + length(count) + stream_id(last)
    if layout > 15:
        body += stream_id(first) + stream_id(deleted) + length(count if added is None else added)
    body += length(len(groups))
    for name, delivered, read, pending, consumers in groups:
        body += string(name) + stream_id(delivered) + (length(read & (1 << 64) - 1) if layout > 15 else b"")
        body += length(len(pending)) + b"".join(struct.pack(">QQ", *at) + struct.pack("<q", ms) + length(times) for at, ms, times in pending)
        body += length(len(consumers))
        for who, seen, active, held in consumers:
            body += string(who) + struct.pack("<q", seen) + (struct.pack("<q", active) if layout == 21 else b"")
            body += length(len(held)) + b"".join(struct.pack(">QQ", *at) for at in held)
    return dump(layout, body, {15: 9, 19: 10, 21: 11}[layout])


def lifetimes(fields, earliest):
    """A hash of Redis 7.4. fields: (name, value, at_ms or 0)."""
    body = b"".join(length(at and at - earliest + 1) + string(name) + string(value) for name, value, at in fields)
    return dump(24, struct.pack("<q", earliest) + length(len(fields)) + body, 12)


def packed_lifetimes(fields, earliest):
    items = [part for name, value, at in fields for part in (name, value, b"%d" % at)]
    return dump(25, struct.pack("<q", earliest) + string(listpack(items)), 12)
