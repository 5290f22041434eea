# SPDX-License-Identifier: Apache-2.0
"""power_cut.py: the built broker on a disk that drops what was not synced, and the power goes at any moment.

Used by: ctest and people:  python3 tests/faults/power_cut.py --broker build/release/leat --disk power_cut_disk [--rounds N] [--seed S]
Always:  - the ledger of acknowledgements is kept here, outside the broker;
         - where no FUSE file system can be mounted it says so in one line, and skips (exit status 77).
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "crash"), os.path.join(HERE, "..", "support")]
from run import SNAPSHOTS, all_workloads, check_round, open_all  # noqa: E402
from server import Server, ServerError  # noqa: E402

ROUNDS_PER_DISK = 10
SKIPPED = 77


class Disk:
    def __init__(self, program, folder):
        self.folder = folder
        os.mkdir(folder)
        self.process = subprocess.Popen([program, folder], stderr=subprocess.PIPE)
        while not os.path.ismount(folder) and self.process.poll() is None:
            time.sleep(0.01)  # no event tells that it is mounted

    def mounted(self):
        return self.process.poll() is None

    def power(self, command):
        with open(os.path.join(self.folder, "power"), "w") as power:
            power.write(command)

    def remove(self):
        if self.mounted():
            self.process.terminate()  # which unmounts
        self.process.wait()
        if os.path.ismount(self.folder):  # it died by itself
            subprocess.run(["umount", self.folder], check=False)


def play_round(server, disk, loads, rng):
    clients = open_all(server, loads)
    time.sleep(rng.uniform(0.02, 0.4))
    disk.power("off")
    server.kill()
    for one in clients:
        one.join()
    disk.power(f"on {rng.getrandbits(60)}")
    server.extra = list(rng.choice(((), SNAPSHOTS)))
    server.start()


def play(arguments, folder):
    """Findings, and acknowledgements; None when there is no FUSE here."""
    answered, disk = 0, None
    try:
        for number in range(arguments.rounds):
            if number % ROUNDS_PER_DISK == 0:
                if disk is not None:
                    server.kill()
                    disk.remove()
                disk = Disk(arguments.disk, os.path.join(folder, f"disk-{number}"))
                if not disk.mounted():
                    return None
                server, earlier = Server(arguments.broker, disk.folder, extra=SNAPSHOTS), []
                server.log_path = os.path.join(folder, "server.log")
                server.start()
            rng = random.Random(f"{arguments.seed}/{number}")
            loads = all_workloads(f"round-{number}", rng, arguments.broker)
            try:
                play_round(server, disk, loads, rng)
                findings, settled = check_round(server, loads, earlier)
            except (ServerError, RuntimeError) as error:
                findings = [f"after the cut: {error}"]
            answered += sum(request.answered for each in loads for one in each.clients for request in one.ledger)
            if findings:
                return [f"round {number} of seed {arguments.seed}: {finding}" for finding in findings], answered
            earlier += settled
            if (number + 1) % 10 == 0:
                print(f"power cut: {number + 1} of {arguments.rounds} cuts, {answered} requests answered", flush=True)
        return [], answered
    finally:
        if disk is not None and disk.mounted():
            server.kill()
            disk.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--broker", default="build/release/leat")
    parser.add_argument("--disk", required=True, help="power_cut_disk, as built")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="leat-power-")
    try:
        possible = os.path.exists("/dev/fuse") and os.access(arguments.disk, os.X_OK)
        played = play(arguments, folder) if possible else None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if played is None:
        print("power cut: skipped: no /dev/fuse, no right to mount, or power_cut_disk was not built (libfuse3-dev)")
        return SKIPPED
    findings, answered = played
    print("\n".join(findings[:12]) or f"power cut: {arguments.rounds} cuts, {answered} acknowledgements, all kept")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
