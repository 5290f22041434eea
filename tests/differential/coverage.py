# SPDX-License-Identifier: Apache-2.0
"""coverage.py: does the differential test say all that redis-server understands? Each command, sub-command and option word of its
COMMAND DOCS must be drawn, as documented, or stand in uncovered.json with the reason.

Used by: ctest:  python3 tests/differential/coverage.py [--commands N] [--show]
Always:  - spoiled commands do not count: a word that chance put somewhere is not an option that was used;
         - an entry of uncovered.json that is drawn after all, or that redis-server does not know, is a failure too.
"""
import argparse
import collections
import fnmatch
import json
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import program  # noqa: E402
import resp  # noqa: E402
from server import Server  # noqa: E402

PROGRAM = 2000


def documented(peer):
    """Every "COMMAND", "CONTAINER SUB-COMMAND" and "COMMAND: WORD"."""
    folder = tempfile.mkdtemp(prefix="leat-coverage-")
    server = Server(peer, folder, persistence="none")
    server.start()
    try:
        connection = resp.Connection(server.connect(timeout=10))
        connection.call("HELLO", "3")
        names = set()
        for name, about in connection.call("COMMAND", "DOCS"):
            take(names, name, dict(about))
        connection.close()
        return names
    finally:
        server.kill()
        shutil.rmtree(folder)


def take(names, name, about):
    said = name.decode().upper().replace("|", " ")
    names.add(said)
    for word in tokens(about.get(b"arguments", [])):
        names.add(f"{said}: {word}")
    for sub, of_sub in about.get(b"subcommands", []):
        take(names, sub, dict(of_sub))


def tokens(arguments):
    for one in map(dict, arguments):
        if one.get(b"token"):
            yield one[b"token"].decode().upper()
        yield from tokens(one.get(b"arguments", []))


def said_by(command, names):
    """What of that a command shows."""
    words = [each.decode("latin-1").upper() for each in command.arguments]
    name = words[0]
    if len(words) > 1 and f"{name} {words[1]}" in names:
        name = f"{name} {words[1]}"
    yield name
    for word in set(words[1:]):
        yield f"{name}: {word}"


def drawn(commands, seed, names):
    """How often each of that is said."""
    program.SPOILED = 0
    counts = collections.Counter()
    for number in range(-(-commands // PROGRAM)):
        for command in program.Program(f"{seed}/{number}", 2 + number % 2).commands(PROGRAM):
            for each in said_by(command, names):
                if each in names:
                    counts[each] += 1
    return counts


def main():
    parser = argparse.ArgumentParser(description="Looks for what the differential test does not draw.")
    parser.add_argument("--peer", default="redis-server")
    parser.add_argument("--commands", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="how often each is drawn")
    arguments = parser.parse_args()
    names = documented(arguments.peer)
    counts = drawn(arguments.commands, arguments.seed, names)
    with open(os.path.join(HERE, "uncovered.json")) as file:
        reasons = json.load(file)
    faults = []
    for name in sorted(names):
        listed = [pattern for pattern in reasons if fnmatch.fnmatchcase(name, pattern)]
        if not counts[name] and not listed:
            faults.append(f"not drawn, and no reason given in uncovered.json: {name}")
        if arguments.show:
            print(f"{counts[name]:8} {name}{'   (' + reasons[listed[0]] + ')' if listed else ''}")
    for pattern in reasons:
        met = fnmatch.filter(names, pattern)
        if not met:
            faults.append(f"uncovered.json: redis-server has no {pattern}")
        elif all(counts[name] for name in met):
            faults.append(f"uncovered.json: {pattern} is drawn, so take it out")
    covered = sum(1 for name in names if counts[name])
    print("\n".join(faults))
    print(f"coverage: {covered} of the {len(names)} commands, sub-commands and words of redis-server drawn in {arguments.commands} commands, "
          f"{len(names) - covered} left out with a reason, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
