# SPDX-License-Identifier: Apache-2.0
"""tidy.py: the picture of STYLE's rooms, kept true: includes point one way, every source says its licence,
no line is wider than the page.

Used by: ctest:  python3 tests/tidy.py
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What each room may include, itself aside.
MAY = {
    "schemas": set(),
    "wal": {"schemas"},
    "chunks": {"schemas"},
    "consumers": {"schemas", "chunks"},
    "broker/protocol": {"schemas"},
    "broker/access": {"schemas", "broker/protocol"},
    "broker/keyspace": {"schemas", "chunks", "consumers"},
    "broker/rdb": {"schemas", "chunks", "consumers", "broker/protocol", "broker/keyspace"},
    "broker/script": {"schemas", "broker/protocol"},
    "broker/storage": {"schemas", "chunks", "wal", "broker/keyspace"},
    "broker/config": {"schemas", "broker/protocol", "broker/access", "broker/keyspace"},
    "broker/tools": {"schemas", "wal", "broker/protocol", "broker/access", "broker/keyspace", "broker/rdb", "broker/script", "broker/storage", "broker/config"},
    "broker": {"schemas", "chunks", "wal", "consumers", "broker/protocol", "broker/keyspace", "broker/script", "broker/access", "broker/storage", "broker/config", "broker/commands", "broker/net", "broker/http"},
    "broker/commands": {"schemas", "chunks", "wal", "consumers", "broker/protocol", "broker/keyspace", "broker/rdb", "broker/script", "broker/access", "broker/storage", "broker/config", "broker"},
    "broker/http": {"schemas", "broker", "broker/protocol", "broker/access", "broker/config"},
    "broker/net": {"schemas", "broker", "broker/protocol", "broker/http", "broker/config"},
}
MAY["broker/main.cc"] = MAY["broker"] | {"broker/tools"}  # serves, or runs a tool
WORDS = {"broker/version.h"}  # constants that any room of the broker may name
COLUMNS = 120  # as .clang-format has it
IS_TEXT = re.compile(r'\s*"|.*https?://')  # a text that is one line elsewhere is one here
SOURCES = {".cc", ".h", ".py", ".sh", ".mjs"}


def sources(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in SOURCES and "node_modules" not in path.parts:
                yield path


def includes(path):
    return re.findall(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE)


def main():
    faults = []
    for path in sources("schemas", "wal", "chunks", "consumers", "broker", "tests", "examples"):
        if "SPDX-License-Identifier: Apache-2.0" not in "".join(path.open().readlines()[:2]):
            faults.append(f"{path.relative_to(ROOT)}: the SPDX line is missing")
    for path in sources("schemas", "wal", "chunks", "consumers", "broker"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if len(line) > COLUMNS and not IS_TEXT.match(line):
                faults.append(f"{path.relative_to(ROOT)}:{number}: over {COLUMNS} columns")
        folder, name = str(path.parent.relative_to(ROOT)), str(path.relative_to(ROOT))
        room = name if name in MAY else folder
        for included in includes(path):
            target = str(pathlib.PurePosixPath(included).parent)
            if target != folder and target not in MAY[room] and included not in WORDS:
                faults.append(f"{path.relative_to(ROOT)} includes {included}: {room} may include only {sorted(MAY[room])}")
    print("\n".join(faults) or "tidy: the rooms are as drawn")
    return 1 if faults else 0


sys.exit(main())
