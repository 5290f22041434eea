# SPDX-License-Identifier: Apache-2.0
"""compare.py: are two raw replies the same? Byte for byte, unless the command names a milder rule.

Used by: pair.py.
Always:  - equal bytes are equal under every rule;
         - a rule forgives only what it names: order, chance, the clock; errors are compared to the byte by all of them;
         - what versions of Redis print differently stands in differences.json, with the reason, and nowhere else.
"""
import json
import os
import re

import resp

NEAR = 3000  # milliseconds, or seconds: what two clocks and a slow machine may make of one expiry


def parse_all(raw):
    values, start = [], 0
    while start < len(raw):
        value, start = resp.parse(raw, start)
        values.append(value)
    return values


def ordered(value):
    """A key to sort by, for values of any kind."""
    return repr(value)


def members(value):
    return sorted(value, key=ordered) if isinstance(value, list) else value


def pairs(value):
    """HGETALL: a flat list in RESP2, a map (a list of pairs here) in RESP3."""
    if not isinstance(value, list):
        return value
    if value and not isinstance(value[0], tuple):
        value = list(zip(value[0::2], value[1::2]))
    return sorted(value, key=ordered)


def scan(value):
    return [value[0], members(value[1])] if isinstance(value, list) and len(value) == 2 else value


def scan_pairs(value):
    return [value[0], pairs(value[1])] if isinstance(value, list) and len(value) == 2 else value


def kind(value):
    """Only what kind of reply it is; an error keeps its text."""
    return value if isinstance(value, resp.Error) else type(value).__name__


def shape(value):
    """The kind, and for collections their length and the kinds within; an error keeps its text."""
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, len(value), [kind(each) for each in value]]
    return kind(value)


def length(value):
    """The kind, and of collections how long they are."""
    return [type(value).__name__, len(value)] if isinstance(value, (list, tuple)) else kind(value)


CLOCKS = {b"idle", b"inactive", b"seen-time", b"active-time", b"radix-tree-keys", b"radix-tree-nodes"}


def xinfo(value):
    """XINFO without what the clock or the inner structure decides."""
    if not isinstance(value, list):
        return value
    if value and isinstance(value[0], tuple):
        return [(key, 0 if key in CLOCKS else xinfo_field(key, each)) for key, each in value]
    if value and isinstance(value[0], bytes) and len(value) % 2 == 0 and value[0] in (b"name", b"length"):
        return xinfo(list(zip(value[0::2], value[1::2])))
    return [xinfo(each) for each in value]


def xinfo_field(key, value):
    """The pending lists of XINFO STREAM FULL hold delivery times: [id, consumer, time, count] or [id, time, count]."""
    if key in (b"pel", b"pending") and isinstance(value, list):
        return [each[:-2] + each[-1:] for each in value]
    return xinfo(value)


def pending(value):
    """[id, consumer, idle, deliveries] without the idle time."""
    return [each[:2] + each[3:] for each in value] if isinstance(value, list) else value


def command_info(value):
    """Name, arity and the places of the keys; flags and tips grew from version to version."""
    if not isinstance(value, list):
        return value
    return [each and [each[0], each[1], each[3:6]] for each in value]


def key_flags(value):
    """The flags of a key are a set."""
    return [[each[0], members(each[1])] for each in value] if isinstance(value, list) else value


def unordered(value):
    """Lists within lists, each in any order: FUNCTION LIST."""
    return sorted(map(unordered, value), key=ordered) if isinstance(value, (list, tuple)) else value


RULES = {"exact": lambda value: value, "members": members, "pairs": pairs, "scan": scan, "scan_pairs": scan_pairs, "kind": kind, "shape": shape, "length": length,
         "xinfo": xinfo, "pending": pending, "command_info": command_info, "unordered": unordered, "key_flags": key_flags}


def near(left, right):
    return isinstance(left, int) and isinstance(right, int) and left > 0 and right > 0 and abs(left - right) <= NEAR


def same(command, left, right):
    """left: redis-server's raw reply. The rule decides, then the list of known differences."""
    if left == right:
        return True
    try:
        values = parse_all(left), parse_all(right)
    except (ValueError, IndexError, AttributeError):
        return False
    if command.compare == "near":
        forgiven = len(values[0]) == len(values[1]) == 1 and near(values[0][0], values[1][0])
    elif command.compare == "messages":  # by which of its patterns a subscriber gets a message first is chance
        forgiven = sorted(map(ordered, values[0])) == sorted(map(ordered, values[1]))
    elif command.compare == "pushes":
        forgiven = sorted(map(ordered, unnamed(values[0]))) == sorted(map(ordered, unnamed(values[1])))
    elif command.compare != "exact":
        rule = RULES[command.compare]
        try:
            forgiven = [rule(each) for each in values[0]] == [rule(each) for each in values[1]]
        except (TypeError, IndexError):
            forgiven = False
    else:
        forgiven = False
    return forgiven or known(command, left, right, values)


def unnamed(values):
    """UNSUBSCRIBE from everything: which channel it names with which count is chance, so both are counted apart."""
    flat = []
    for value in values:
        flat += [value[1], ("count", value[2])] if isinstance(value, list) and len(value) == 3 else [value]
    return flat


def numbers_alike(left, right):
    """Equal but for the text of numbers: 0.10000000000000001 is 0.1."""
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(numbers_alike, left, right))
    if isinstance(left, bytes) and isinstance(right, bytes) and left != right:
        try:
            return float(left) == float(right)
        except ValueError:
            return False
    return left == right


def load_differences():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "differences.json")
    with open(path) as file:
        entries = json.load(file)
    for entry in entries:
        entry["commands"] = re.compile(entry["commands"], re.DOTALL | re.IGNORECASE)
        for side in ("redis", "leat"):
            entry[side] = re.compile(entry[side].encode("latin-1"), re.DOTALL)
    return entries


DIFFERENCES = load_differences()
USED = set()  # the names of those that were met


def known(command, left, right, values):
    text = " ".join(each.decode("latin-1") for each in command.arguments)
    for entry in DIFFERENCES:
        if not entry["commands"].fullmatch(text) or not entry["redis"].fullmatch(left) or not entry["leat"].fullmatch(right):
            continue
        if entry.get("numbers") and not numbers_alike(*[list(map(RULES.get(command.compare, RULES["exact"]), side)) for side in values]):
            continue
        if entry.get("without") and [without(each, entry["without"]) for each in values[0]] != [without(each, entry["without"]) for each in values[1]]:
            continue
        if entry.get("unordered") and unordered(values[0]) != unordered(values[1]):
            continue
        USED.add(entry["name"])
        return True
    return False


def without(value, names):
    """XINFO with the named fields taken out, and without the consumers that hold nothing (nor their number)."""
    value = xinfo(value)
    if not isinstance(value, list):
        return value
    if value and all(isinstance(each, tuple) for each in value):
        return [(key, without(each, names)) for key, each in value
                if key.decode("latin-1") not in names and not (key == b"consumers" and isinstance(each, int))]
    return [without(each, names) for each in value if not idle_consumer(xinfo(each))]


def idle_consumer(value):
    fields = dict(value) if isinstance(value, list) and all(isinstance(each, tuple) for each in value) else {}
    return b"name" in fields and b"last-delivered-id" not in fields and not fields.get(b"pel-count", fields.get(b"pending"))


def known_input(name, left, right):
    """The same for the inputs of protocol.py, which are no commands."""
    for entry in DIFFERENCES:
        if entry["commands"].fullmatch(f"protocol: {name}") and not entry.get("numbers") and entry["redis"].fullmatch(left) and entry["leat"].fullmatch(right):
            USED.add(entry["name"])
            return True
    return False
