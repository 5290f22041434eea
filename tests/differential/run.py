# SPDX-License-Identifier: Apache-2.0
"""run.py: the differential test: the same seeded commands to redis-server 7.0.15 and to leat; the replies must be the same bytes.

Used by: ctest and people:  python3 tests/differential/run.py --broker build/release/leat [--commands N] [--seed S]
         python3 tests/differential/run.py --events      the keyspace events of the same commands, too
         python3 tests/differential/run.py --nightly     a million commands, of four seeds of the day (or from --seed N on)
         python3 tests/differential/run.py --self-test   redis-server against itself, and against altered replies
Always:  - half of the programs speak RESP2, half RESP3;
         - a difference is made short before it is shown, and one of each command is shown;
         - known differences stand in differences.json with their reason; one that was not met is named at the end, which after
           a night's commands is a failure: it is stale.
"""
import argparse
import os
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import compare  # noqa: E402
import protocol  # noqa: E402
from events import EventsPair  # noqa: E402
from generator import Command  # noqa: E402
from pair import Pair  # noqa: E402
from program import Program  # noqa: E402
from server import Server, is_redis  # noqa: E402
from shrink import shrink  # noqa: E402

PROGRAM = 2000  # commands of one program
NIGHT, SEEDS = 1_000_000, 4  # commands of --nightly, and how many seeds share them
SHOWN = 400     # bytes of a reply that are printed
LINES = 30      # and commands of a program
ARGUMENTS = 24  # and words of a command


def quoted(data, most=SHOWN):
    text = data.decode("latin-1").encode("unicode_escape").decode()
    return f"{text[:most]}… ({len(data)} bytes)" if len(text) > most else text


def shown(command):
    """As redis-cli would take it."""
    words = []
    for argument in command.arguments[:ARGUMENTS]:
        text = argument.decode("latin-1")
        plain = text.isascii() and text.isprintable() and text and not set(text) & set(" \"'\\")
        words.append(text if plain and len(text) < 70 else '"' + quoted(argument, 70).replace('"', '\\"') + '"')
    if len(command.arguments) > ARGUMENTS:
        words.append(f"… ({len(command.arguments)} words)")
    return " ".join(words)


def report(number, seed, version, commands, difference):
    print(f"\ndifference in program {number} of seed {seed} (RESP{version}); the shortest way found:")
    for command in commands[-LINES:]:
        print(f"    {shown(command)}")
    print(f"  redis-server: {quoted(difference.left)}")
    print(f"  leat:         {quoted(difference.right)}", flush=True)


def skip(commands, index):
    """Leaves out one command; a transaction still ends."""
    if commands[index].name() == "EXEC":
        commands[index] = Command("DISCARD")
    else:
        del commands[index]


def play(pair, arguments):
    programs = -(-arguments.commands // PROGRAM)
    found, began = {}, time.monotonic()
    for number in range(arguments.program or 0, programs if arguments.program is None else arguments.program + 1):
        version = 2 + number % 2
        program = Program(f"{arguments.seed}/{number}", version, arguments.families)
        commands = program.commands(min(PROGRAM, arguments.commands))
        while commands and len(found) < arguments.differences:
            difference = pair.play(commands, version)
            if difference is None:
                break
            name = difference.command.name()
            found[name] = found.get(name, 0) + 1
            if found[name] == 1:
                report(number, arguments.seed, version, *shrink(pair, commands, difference, version))
            skip(commands, difference.index)  # and on without it, as far as the two still agree
            if found[name] > 3:
                break
        if sys.stdout.isatty() and number % 5 == 4:
            print(f"differential: {(number + 1) * PROGRAM} commands", flush=True)
    if arguments.program is None and not arguments.events:
        for name in protocol.play(pair):
            found[name] = 1
    seconds = time.monotonic() - began
    print(f"differential: {arguments.commands} commands of seed {arguments.seed} in {seconds:.0f} s, "
          f"{sum(found.values())} differences" + (f" in {', '.join(sorted(found))}" if found else ""))
    return found


def self_test(arguments):
    """redis-server agrees with itself; one altered byte is noticed, wherever it is."""
    arguments.commands = min(arguments.commands, 20_000)
    with servers(arguments.peer, arguments.peer) as (peer, target):
        if play(Pair(peer, target), arguments):
            return 1
        rng = random.Random(arguments.seed)

        def alter(raw):
            place = raw.rindex(b"\r\n:") + 3  # an integer reply
            return raw[:place] + (b"8" if raw[place:place + 1] != b"8" else b"9") + raw[place + 1:]
        for attempt in range(5):
            program = Program(f"altered/{rng.random()}", 2 + attempt % 2, ["list", "set", "string"]).commands(300)
            if Pair(peer, target, alter).play(program, 2 + attempt % 2) is None:
                print("differential: an altered reply went unnoticed")
                return 1
    print("differential: redis-server agrees with itself, and altered replies were noticed")
    return 0


def unlogged(binary):
    """SLOWLOG must not tell which of the two the machine was slow for; and Redis knows no bound for wrong passwords."""
    return ("--slowlog-log-slower-than", "-1") if is_redis(binary) else ("--set", "slow.log_us=-1", "--set", "limits.auth_failures=0")


class servers:
    """Both servers, each in a folder of its own; without a sync, as only the replies matter here."""

    def __init__(self, *binaries):
        self.folder = tempfile.mkdtemp(prefix="leat-differential-")
        self.servers = [Server(binary, os.path.join(self.folder, str(i)), persistence="none", extra=unlogged(binary))
                        for i, binary in enumerate(binaries)]

    def __enter__(self):
        for server in self.servers:
            os.mkdir(server.folder)
            server.start()
        return self.servers

    def __exit__(self, *_):
        for server in self.servers:
            server.kill()
        shutil.rmtree(self.folder)


def play_seeds(pair, arguments):
    """How many differences were found, in all of a night's seeds."""
    if not arguments.nightly:
        return len(play(pair, arguments))
    arguments.commands = max(arguments.commands, NIGHT) // SEEDS
    found, first = 0, arguments.seed
    for seed in range(first, first + SEEDS):
        arguments.seed = seed
        found += len(play(pair, arguments))
    arguments.commands *= SEEDS
    return found


def main():
    parser = argparse.ArgumentParser(description="Compares a broker's replies with redis-server's.")
    parser.add_argument("--broker", default="build/release/leat")
    parser.add_argument("--peer", default="redis-server")
    parser.add_argument("--commands", type=int, default=200_000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--program", type=int, help="only this one, as a difference named it")
    parser.add_argument("--differences", type=int, default=20, help="stop after so many kinds")
    parser.add_argument("--families", nargs="+", help="only these: list zset stream hash set string generic scripting connection bitmap hyperloglog geo sort tracking dump function operations transactions pubsub")
    parser.add_argument("--events", action="store_true", help="compare the keyspace events as well")
    parser.add_argument("--nightly", action="store_true", help=f"{NIGHT:,} commands; a known difference that is not met is a failure")
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if arguments.seed is None:
        arguments.seed = SEEDS * (int(time.time()) // 86400) if arguments.nightly else 1
    if arguments.self_test:
        return self_test(arguments)
    with servers(arguments.peer, arguments.broker) as (peer, target):
        found = play_seeds(EventsPair(peer, target) if arguments.events else Pair(peer, target), arguments)
    unmet = [entry["name"] for entry in compare.DIFFERENCES if entry["name"] not in compare.USED]
    if unmet and arguments.commands >= 100_000 and not found and not arguments.families:
        print(f"differential: these known differences were not met: {', '.join(unmet)}")
        return 1 if arguments.nightly else 0
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
