# SPDX-License-Identifier: Apache-2.0
"""run.py: stops and kills the broker at random moments and asks: is all there that was acknowledged, and nothing half?

Used by: ctest and people:  python3 tests/crash/run.py --broker build/release/leat [--rounds N] [--seed S]
         python3 tests/crash/run.py --broker PATH --self-test   proves that the checks can fail
Always:  - the ledger of acknowledgements is kept here, outside the broker;
         - a failure prints its seed and its evidence and keeps the data folder, a success removes it;
         - what earlier rounds left in the same folder must still be there, to the byte.
"""
import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import client  # noqa: E402
import resp  # noqa: E402
from batch import Batch  # noqa: E402
from bullmq import BullMQ  # noqa: E402
from pool import Pool  # noqa: E402
from reliable_list import ReliableList  # noqa: E402
from server import Server, ServerError, is_redis  # noqa: E402
from stream import Stream  # noqa: E402
from woken import Woken  # noqa: E402

ROUNDS_PER_FOLDER = 10      # then the log has become long, and a new one is begun
LOAD_SECONDS = (0.02, 0.4)  # from the first request to the kill
STOP_SECONDS = (0.02, 0.3)  # as a machine that swaps, or a debugger, may stop it
# With so small a log that snapshots are taken and segments retired all the time, and kills fall into that.
SNAPSHOTS = ("--set", "snapshot.log_bytes=200000", "--set", "segment_bytes=4194304")
BULLMQ_EVERY = 2            # rounds: what it adds and finishes costs as much as all the others together
SHOWN = 12                  # findings of one round that are printed


def workloads(name, rng, broker):
    """Each client draws from its own generator: threads share none."""
    draw = lambda: random.Random(rng.getrandbits(64))  # noqa: E731
    return [Pool("list", f"{name}:list", draw()), Pool("zset", f"{name}:zset", draw()), Pool("set", f"{name}:set", draw()),
            ReliableList(f"{name}:jobs", draw()), Stream(f"{name}:stream", draw(), not is_redis(broker)),
            Batch(f"{name}:batch", draw()), Woken(f"{name}:woken")]


def caller(server):
    connection = resp.Connection(server.connect())

    def call(*arguments):
        reply = connection.call(*arguments)
        if isinstance(reply, resp.Error):
            raise RuntimeError(f"{arguments} was refused: {reply}")
        return reply
    return call


def open_all(server, loads):
    """All clients at work."""
    call = caller(server)
    for each in loads:
        if isinstance(each, Stream):
            each.prepare(call)
    clients = [one for each in loads for one in each.clients]
    for one in clients:
        one.open(server)
    return clients


def load(server, loads, rng, seconds=LOAD_SECONDS):
    """All clients at work until the broker is killed, as the kernel does it that is out of memory; now and then it is stopped
    before, and may go on or not. Returns what went wrong before that."""
    clients = open_all(server, loads)
    time.sleep(rng.uniform(*seconds))  # the random moment itself
    for _ in range(rng.choice((0, 0, 1, 2))):
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(rng.uniform(*STOP_SECONDS))
        if rng.random() < 0.3:
            break  # killed as it stands
        server.process.send_signal(signal.SIGCONT)
        time.sleep(rng.uniform(*seconds) / 2)
    died = not server.alive()
    server.kill()
    for one in clients:
        one.join()
    return [f"the broker died by itself: {server.log_tail()}"] if died else []


def restart(server, rng):
    """Now and then the kill comes again while the log is being read."""
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        began = time.monotonic()
        patience = rng.uniform(0, 0.03)
        server.start_unready()
        time.sleep(max(0, patience - (time.monotonic() - began)))
        server.kill()
    if not is_redis(server.binary):
        server.extra = list(rng.choice(((), SNAPSHOTS)))
    return server.start()


def all_workloads(name, rng, broker):
    """BullMQ too, whose own process is a load for the machine."""
    return [*workloads(name, rng, broker), BullMQ(f"{name}:bullmq")]


def check_round(server, loads, earlier):
    """Findings, and what the next rounds must find unchanged."""
    call = caller(server)
    findings, settled = [], []
    for each in loads:
        state = each.observe(call)
        findings += client.errors(each.clients)
        findings += each.check(state)
        if isinstance(each, Stream):
            findings += each.after(call, state)
        if isinstance(each, BullMQ):
            findings += each.after(call, server)
        settled.append((each, each.observe(call)))
    for each, state in earlier:
        if each.observe(call) != state:
            findings.append(f"{each.key}: an earlier round's data changed by itself")
    return findings, settled


def play(arguments):
    folder, server, earlier, answered, away = None, None, [], 0, 0.0
    for number in range(arguments.rounds):
        if number % ROUNDS_PER_FOLDER == 0:
            clear(server, folder)
            folder = tempfile.mkdtemp(prefix="leat-crash-")
            server, earlier = Server(arguments.broker, folder), []
            server.start()
        rng = random.Random(f"{arguments.seed}/{number}")
        loads = (workloads if number % BULLMQ_EVERY else all_workloads)(f"round-{number}", rng, arguments.broker)
        try:
            findings = load(server, loads, rng)
            away = max(away, restart(server, rng))
            more, settled = check_round(server, loads, earlier)
            findings += more
        except (ServerError, OSError, RuntimeError) as error:
            findings = [f"after the crash: {error}"]
        if findings:
            return fail(arguments, number, findings, server)
        earlier += settled
        answered += sum(request.answered for each in loads for one in each.clients for request in one.ledger)
        if sys.stdout.isatty() or (number + 1) % 10 == 0:
            print(f"crash: {number + 1} of {arguments.rounds} kills, {answered} requests answered", flush=True)
    clear(server, folder)
    print(f"crash: {arguments.rounds} kills, {answered} acknowledgements, all kept; the longest start took {away:.2f} s")
    return 0


def clear(server, folder):
    if server is not None:
        server.kill()
        shutil.rmtree(folder)


def fail(arguments, number, findings, server):
    server.kill()
    print(f"crash: round {number} of seed {arguments.seed} found:")
    for finding in findings[:SHOWN]:
        print(f"  {finding}")
    if len(findings) > SHOWN:
        print(f"  and {len(findings) - SHOWN} more")
    print(f"crash: the data as it is now: {server.folder}")
    print(f"crash: again: python3 tests/crash/run.py --broker {arguments.broker} --seed {arguments.seed} --rounds {arguments.rounds}")
    return 1


def main():
    parser = argparse.ArgumentParser(description="Kills the broker at random moments and checks what is left.")
    parser.add_argument("--broker", default="build/release/leat", help="leat, or redis-server")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--self-test", action="store_true", help="doctor states and ledgers; every check must notice")
    arguments = parser.parse_args()
    if arguments.self_test:
        import self_test
        return self_test.play(arguments)
    return play(arguments)


if __name__ == "__main__":
    sys.exit(main())
