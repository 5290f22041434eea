# SPDX-License-Identifier: Apache-2.0
"""run.py: makes calls to the disk fail under the built broker, one a life, and takes its folder away; then asks the ledger.

Used by: ctest and people:  python3 tests/faults/run.py --broker build/release/leat --library failing_calls.so [--calls N] [--seed S]
Always:  - the ledger of acknowledgements is kept here, outside the broker;
         - after a failed call nothing that was sent later is answered, the exit status is 2 and the log says which call it was;
         - the next start, on a disk that works, has everything that was acknowledged.
"""
import argparse
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "crash"), os.path.join(HERE, "..", "support")]
from client import Client  # noqa: E402
from run import caller, check_round, open_all, workloads  # noqa: E402
from server import Server, ServerError  # noqa: E402

SMALL = ("--set", "snapshot.log_bytes=200000", "--set", "segment_bytes=4194304")  # so that a second of load has seen all of it
LOAD_SECONDS = 0.5
NOTICED_SECONDS = 0.1  # a failure on another thread is known to the loop by then
STARTING = 40  # calls that a first start makes
LOG_FAILED = 2
OUT_OF_MEMORY = 3
SPARE_BYTES = 16 << 20  # that it may take before there is no more


class Life:
    """One broker on a folder of its own, and all clients at work on it."""

    def __init__(self, broker, number, environment=None, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="leat-faults-")
        self.data = os.path.join(self.folder, "data")
        self.server = Server(broker, self.folder, extra=SMALL, environment=environment)
        self.loads = workloads(f"life-{number}", random.Random(number), broker)

    @property
    def clients(self):
        return [one for each in self.loads for one in each.clients]

    def work(self, seconds):
        """Returns the exit status of a broker that ended meanwhile; None of one that did not."""
        open_all(self.server, self.loads)
        return self.wait(seconds)

    def wait(self, seconds):
        try:
            return self.server.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None

    def end(self):
        self.server.kill()
        for one in self.clients:
            if one.ident is not None:
                one.join()

    def log(self):
        with open(self.server.log_path, errors="replace") as log:
            return log.read()

    def again(self):
        """Findings of the next start, with nothing in its way."""
        self.server.environment = {}
        self.server.start()
        findings, _ = check_round(self.server, [each for each in self.loads if all(one.ident for one in each.clients)], [])
        self.end()
        return findings

    def answered(self):
        return sum(request.answered for one in self.clients for request in one.ledger)


def failing(arguments, at, why):
    return {"LD_PRELOAD": os.path.abspath(arguments.library), "LEAT_FAIL_UNDER": "/data/", "LEAT_FAIL_AT": str(at), "LEAT_FAIL_WITH": why}


def calls_of_a_life(arguments):
    life = Life(arguments.broker, 0, failing(arguments, 0, "EIO"))
    life.server.start()
    life.work(LOAD_SECONDS)
    life.server.stop()
    life.end()
    counted = int(re.search(r"failing_calls: (\d+) calls", life.log()).group(1))
    shutil.rmtree(life.folder)
    return counted


def check_failing_call(arguments, at, why):
    """Findings, and what the failing call was; None when the life had fewer calls."""
    life = Life(arguments.broker, at, failing(arguments, at, why))
    findings, status = [], None
    try:
        life.server.start()
        status = life.work(LOAD_SECONDS)
    except (ServerError, OSError):  # it failed at its start, which is refused
        status = life.server.process.wait(timeout=10)
    failed = re.search(r"failing_calls: at (\d+) (.+)", life.log())
    # Zeros for a segment to come are written past the cache first; where that fails, once more through it, and that decides.
    tolerated = failed and failed.group(2).startswith("pwritev of")
    if failed and not tolerated and status is None:  # it came at the last moment
        status = life.wait(5)
    life.end()
    if failed and not tolerated:
        findings += judge(life, status, int(failed.group(1)) / 1e9)
    findings += life.again()
    if findings:
        print(f"faults: the data as it is now: {life.folder}")
    else:
        shutil.rmtree(life.folder)
    return findings, failed and failed.group(2), life.answered()


def judge(life, status, failed_at):
    served = "event=serving" in life.log()
    wanted, word = (LOG_FAILED, "event=log_failed") if served else (1, "leat: |event=start_refused")
    if status != wanted:
        yield f"the broker ended with {status}, and not with {wanted}: {life.server.log_tail()}"
    if not re.search(f"({word}).*(input/output error|i/o error|no space)", life.log(), re.IGNORECASE):
        yield f"its log does not say what failed: {life.server.log_tail()}"
    late = [request for one in life.clients for request in one.ledger
            if request.answered and request.sent > failed_at + NOTICED_SECONDS]
    if late:
        yield f"{len(late)} requests were answered that were sent after the failure: {late[:3]}"


def check_failing_calls(arguments):
    calls = calls_of_a_life(arguments)
    rng = random.Random(arguments.seed)
    # A third of them while it starts, each once; the others anywhere.
    first = rng.sample(range(1, STARTING), min(arguments.calls // 3, STARTING - 1))
    wanted = sorted(first + rng.choices(range(STARTING, calls), k=arguments.calls - len(first)))
    findings, kinds, answered = [], set(), 0
    for at in wanted:
        more, what, answers = check_failing_call(arguments, at, rng.choice(("EIO", "ENOSPC")))
        findings += [f"call {at}, {what}: {finding}" for finding in more]
        kinds.add(re.sub(r" of .*/", " of ", what or "none"))
        answered += answers
        if findings:
            break
        if at in wanted[9::10]:
            print(f"faults: up to call {at} of {calls}, {answered} acknowledgements kept", flush=True)
    print(f"faults: {len(wanted)} of {calls} calls failed in turn, {answered} acknowledgements kept; among them {', '.join(sorted(kinds))}")
    return findings


def check_folder_goes(arguments):
    """Renamed away under the broker, it works on in the files it has, or ends; nothing acknowledged is lost either way."""
    life = Life(arguments.broker, 1)
    life.server.start()
    open_all(life.server, life.loads)
    time.sleep(0.2)
    elsewhere = life.data + ".elsewhere"
    os.rename(life.data, elsewhere)
    status = life.wait(1)
    life.end()
    os.rename(elsewhere, life.data)
    findings = [] if status in (None, LOG_FAILED) else [f"it ended with {status}: {life.server.log_tail()}"]
    findings += life.again()
    shutil.rmtree(life.folder)
    return findings


def check_folder_is_removed(arguments):
    """Its files unlinked: it must not go on for ever without a word, and may not start over an empty folder by itself."""
    life = Life(arguments.broker, 2)
    life.server.start()
    open_all(life.server, life.loads)
    time.sleep(0.2)
    shutil.rmtree(life.data)
    status = life.wait(3)
    life.end()
    shutil.rmtree(life.folder)
    return [] if status == LOG_FAILED else [f"its folder removed, it ended with {status}, not with {LOG_FAILED}: {life.answered()} answered"]


def mounted(folder, *options):
    """A small tmpfs, where that is allowed."""
    mount = ["mount", "-t", "tmpfs", "-o", ",".join(("size=24m", *options)), "none", folder]
    return subprocess.run(mount, capture_output=True).returncode == 0


def unmount(folder):
    subprocess.run(["umount", folder], check=True)
    os.rmdir(folder)


def fill(path):
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass  # full


def check_full_disk(arguments):
    """A disk of 24 MiB that fills up; then it is given room, and everything acknowledged is there."""
    folder = tempfile.mkdtemp(prefix="leat-faults-")
    if not mounted(folder):
        os.rmdir(folder)
        print("faults: skipped: no right to mount a tmpfs here")
        return []
    try:
        life = Life(arguments.broker, 3, folder=folder)
        life.server.start()
        open_all(life.server, life.loads)
        time.sleep(0.2)
        filler = os.path.join(folder, "filler")
        fill(filler)
        status = life.wait(20)
        life.end()
        os.remove(filler)
        findings = [] if status == LOG_FAILED else [f"on a full disk it ended with {status}: {life.server.log_tail()}"]
        return findings + life.again()
    finally:
        unmount(folder)


def check_out_of_memory(arguments):
    """The system has no more memory to give: it says so and ends, and everything acknowledged is there."""
    life = Life(arguments.broker, 4)
    life.server.start()
    open_all(life.server, life.loads)
    time.sleep(0.2)
    with open(f"/proc/{life.server.process.pid}/status") as status:
        used = 1024 * int(re.search(r"VmData:\s+(\d+)", status.read()).group(1))
    resource.prlimit(life.server.process.pid, resource.RLIMIT_DATA, (used + SPARE_BYTES, used + SPARE_BYTES))
    filler = Client("filler", lambda client: client.call("RPUSH", "filler", bytes(1 << 16)))
    filler.open(life.server)
    filler.join(timeout=30)
    status = life.wait(5)
    life.end()
    findings = [] if status == OUT_OF_MEMORY and "event=out_of_memory" in life.log() else [
        f"out of memory it ended with {status}: {life.server.log_tail()}"]
    acknowledged = sum(request.answered for request in filler.ledger)
    life.server.start()
    there = caller(life.server)("LLEN", "filler")
    life.end()
    if not acknowledged <= there <= len(filler.ledger):
        findings.append(f"{acknowledged} of {len(filler.ledger)} pushes were acknowledged before memory ended, {there} are there")
    findings += life.again()
    shutil.rmtree(life.folder)
    return findings


def check_read_only(arguments):
    """A folder that cannot be written is refused, with its name."""
    folder = tempfile.mkdtemp(prefix="leat-faults-")
    is_mounted = mounted(folder, "ro")
    if not is_mounted and os.geteuid() == 0:
        os.rmdir(folder)
        print("faults: skipped: root writes anywhere, and may not mount a tmpfs here")
        return []
    os.chmod(folder, 0o500) if not is_mounted else None
    run = subprocess.run([arguments.broker, "serve", "--set", "port=0", "--set", f"data_dir={folder}/data"],
                         capture_output=True, text=True, timeout=20)
    unmount(folder) if is_mounted else os.rmdir(folder)
    return [] if run.returncode == 1 and folder in run.stderr else [f"a read-only folder: {run}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--broker", default="build/release/leat")
    parser.add_argument("--library", required=True, help="failing_calls.so, as built")
    parser.add_argument("--calls", type=int, default=18, help="how many calls fail, one a life")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    findings = []
    for check in (check_failing_calls, check_folder_goes, check_folder_is_removed, check_full_disk, check_read_only, check_out_of_memory):
        found = check(arguments)
        findings += [f"{check.__name__}: {finding}" for finding in found]
        print(f"faults: {check.__name__.replace('_', ' ')}: {'FAILED' if found else 'as it should'}", flush=True)
    print("\n".join(findings[:12]), end="\n" if findings else "")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
