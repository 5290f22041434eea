# SPDX-License-Identifier: Apache-2.0
"""backup.py: backups of the real binary, as a person makes them, and a purge by mistake, undone.

Used by: ctest:  python3 tests/backup.py --broker build/release/leat
Always:  - loopback only, ports picked free, the folder removed, every process ended by its pid.
"""
import argparse
import os
import re
import shutil
import sys
import tempfile
import time
from datetime import datetime, timezone

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from checks import expect  # noqa: E402
from served import Broker, run  # noqa: E402


def serve(binary, folder, *settings):
    return Broker(binary, folder, "snapshot.retain_log_hours=24", *settings)


def info(broker, name):
    return re.search(rf"\b{name}:(\S*)", broker.call("INFO", "persistence").decode()).group(1)


def check_backup(binary, broker, folder):
    """`leat backup` while a client writes; restored, it is what was there when it was asked for."""
    broker.call("RPUSH", "jobs", *range(1000))
    broker.call("SET", "large", b"x" * 5_000_000)
    status, said = run(binary, "backup", f"{folder}/kept", "--port", broker.port)
    expect(status == 0 and "verified=yes" in said, f"backup: {status} {said}")
    broker.call("RPUSH", "jobs", "later")
    expect(info(broker, "backup_last_status") == "ok", "INFO tells of it")
    status, said = run(binary, "backup", f"{folder}/kept", "--port", broker.port)
    expect(status == 1 and "name a new folder" in said, f"a folder that is taken is refused: {said}")
    expect("no segment" in run(binary, "serve", "--set", "port=0", "--set", f"data_dir={folder}/kept")[1],
           "a backup is not served as it is")
    status, said = run(binary, "restore", f"{folder}/kept", "--to", f"{folder}/restored")
    expect(status == 0 and "restored=" in said, f"restore: {status} {said}")
    expect(run(binary, "check", f"{folder}/restored")[0] == 0, "what is restored is sound")
    second = serve(binary, f"{folder}/restored")
    try:
        expect(second.call("LLEN", "jobs") == 1000 and second.call("STRLEN", "large") == 5_000_000, "it is all there")
        second.call("RPUSH", "jobs", "on it goes")
    finally:
        expect(second.end() == 0, "a restored broker ends well")


def check_purge_undone(binary, broker, folder):
    """FLUSHALL by mistake, noticed after a snapshot: as it was a moment before, and with the record before."""
    time.sleep(0.05)
    index = before = None
    while index is None or index != info(broker, "log_proposed_index"):  # the broker says a digest by itself now and then
        index = info(broker, "log_proposed_index")
        before = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    time.sleep(0.05)
    broker.call("FLUSHALL")
    broker.call("SET", "after", "1")
    broker.call("SAVE")
    status, said = run(binary, "restore", f"{folder}/data", "--to", f"{folder}/undone", "--until", before)
    expect(status == 1 and "in use" in said, f"not while the broker works in it: {said}")
    expect(broker.end() == 0, "the broker ends well")
    for moment, name in ((before, "by_time"), (index, "by_index")):
        status, said = run(binary, "restore", f"{folder}/data", "--to", f"{folder}/{name}", "--until", moment)
        expect(status == 0 and f"index={index} " in said, f"restore --until {moment}: {status} {said}")
        undone = serve(binary, f"{folder}/{name}")
        try:
            expect(undone.call("LLEN", "jobs") == 1001 and undone.call("EXISTS", "after") == 0, f"{name} undid it")
        finally:
            undone.end()
    status, said = run(binary, "restore", f"{folder}/kept", "--log", f"{folder}/data", "--to", f"{folder}/on", "--until", index)
    told = re.search(r"index=(\d+) .* snapshot=(\d+) batches=(\d+)", said)
    expect(status == 0 and told, f"a backup and the log behind it: {said}")
    last, snapshot, batches = map(int, told.groups())  # the push, and a digest if the broker said one
    expect(last == int(index) and 1 <= batches <= last - snapshot, f"as many batches as are behind the backup: {said}")
    status, said = run(binary, "restore", f"{folder}/data", "--to", f"{folder}/x", "--until", "yesterday")
    expect(status == 1 and said.count("\n") == 1 and "2026-11-21T14:00:00Z" in said, f"a moment that is none: {said}")


def check_schedule(binary, folder):
    broker = serve(binary, f"{folder}/scheduled", f"snapshot.backup_dir={folder}/backups", "snapshot.backup_every_hours=1")
    try:
        until = time.time() + 20
        while info(broker, "backup_last_status") != "ok" and time.time() < until:
            time.sleep(0.02)
        names = os.listdir(f"{folder}/backups")
        expect(len(names) == 1 and re.fullmatch(r"backup-\d{4}-\d\d-\d\dT\d{6}Z-1", names[0]), f"the first at once: {names}")
        expect(int(info(broker, "backup_next_time")) > time.time() + 3000, "and the next in an hour")
    finally:
        broker.end()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--broker", required=True)
    binary = os.path.abspath(options.parse_args().broker)
    folder = tempfile.mkdtemp(prefix="leat-backup-")
    try:
        broker = serve(binary, f"{folder}/data")
        try:
            check_backup(binary, broker, folder)
            check_purge_undone(binary, broker, folder)
        finally:
            if broker.process.poll() is None:
                broker.end()
        check_schedule(binary, folder)
        expect("no broker answers" in run(binary, "backup", f"{folder}/none", "--port", "1")[1], "nobody there is said")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("backup: made, verified, restored; a purge undone by time, by index and from a backup")
    return 0


sys.exit(main())
