# SPDX-License-Identifier: Apache-2.0
"""salvage.py: the real binary on real files: a folder is damaged as disks do it, checked, salvaged, started again.

Used by: ctest:  python3 tests/salvage.py --broker build/release/leat
Always:  - loopback only, ports picked free, the folder removed, every process ended by its pid.
"""
import argparse
import glob
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from checks import expect  # noqa: E402
from served import Broker, run  # noqa: E402

NOTHING, LOSSES, REFUSED = 0, 3, 1


def patch(path, at, change):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(change)


def segments(data):
    return sorted(glob.glob(f"{data}/[0-9]*.log"))


def make(binary, folder, name, *settings):
    """A data folder with a snapshot and a log behind it."""
    data = f"{folder}/{name}"
    broker = Broker(binary, data, "segment_bytes=4194304", *settings)
    for number in range(600):
        broker.call("SET", f"key:{number}", "v" * 20_000)
        broker.call("RPUSH", f"jobs:{number % 7}", f"job {number}")
        if number == 299:
            broker.call("SAVE")
    expect(broker.end() == 0, "a clean end")
    return data


def check_bad_arguments(binary, folder):
    expect("usage: leat salvage DIR --to DATA" in run(binary, "salvage")[1], "usage")
    expect("usage: leat salvage DIR --to DATA" in run(binary, "salvage", "data")[1], "usage")
    said = run(binary, "salvage", "data", "--nonsense", "--to", "x")[1]
    expect("is not an option" in said, f"an unknown option is named: {said}")
    status, said = run(binary, "salvage", f"{folder}/nowhere", "--to", f"{folder}/new")
    expect(status == REFUSED and "there is no folder" in said, f"no such folder: {status} {said}")
    expect(not os.path.exists(f"{folder}/new"), "nothing is made")


def check_whole(binary, folder):
    data = make(binary, folder, "whole")
    status, said = run(binary, "check", data)
    expect(status == 0 and "content=whole keys=607" in said and "sound:" in said, f"check: {status} {said}")
    status, said = run(binary, "salvage", data, "--to", f"{folder}/same")
    expect(status == NOTHING and said.endswith("\nnothing was lost\n"), f"salvage of a whole folder: {status} {said}")
    expect(run(binary, "check", f"{folder}/same")[0] == 0, "its copy is sound")
    status, said = run(binary, "salvage", data, "--to", f"{folder}/same")
    expect(status == REFUSED and "is not empty" in said, f"a folder that is taken is refused: {said}")
    broker = Broker(binary, data)
    status, said = run(binary, "salvage", data, "--to", f"{folder}/other")
    broker.end()
    expect(status == REFUSED and "is in use by process" in said, f"a folder in use is refused: {said}")


def check_log(binary, folder):
    """A few bytes of the log: the start refuses and names salvage; one record is lost, and its key alone."""
    data = make(binary, folder, "log")
    for path in segments(data):
        with open(path, "rb") as file:
            at = file.read().find(b"key:450")
        if at > 0:
            break
    patch(path, at, b"KEY")
    status, said = run(binary, "serve", "--set", "port=0", "--set", f"data_dir={data}")
    expect(status == 1 and "is damaged at offset" in said and f"leat salvage {data} --to" in said, f"refusal: {said}")
    status, said = run(binary, "salvage", data, "--to", f"{folder}/log2")
    expect(status == LOSSES and said.count("lost=") == 1 and "count=1 " in said, f"salvage: {status} {said}")
    expect(f"lost=records file={os.path.basename(path)}" in said and "\nlost: 1 record\n" in said, said)
    broker = Broker(binary, f"{folder}/log2")
    expect(broker.call("DBSIZE") == 606 and broker.call("EXISTS", "key:450") == 0, "one key is lost")
    expect(broker.call("LLEN", "jobs:0") == 86, "the others are there")
    broker.call("SET", "later", "x")
    broker.end()
    expect(run(binary, "check", f"{folder}/log2")[0] == 0, "it goes on")


def check_snapshot(binary, folder):
    """A page of the snapshot, with the log gone that would make up for it."""
    data = make(binary, folder, "snapshot", "snapshot.retain_log_hours=0")
    size = os.path.getsize(f"{data}/snapshot.db")
    patch(f"{data}/snapshot.db", size // 4096 // 2 * 4096, b"\0" * 4096)
    status, said = run(binary, "check", data)
    expect(status == 1 and "damaged:" in said, f"check: {said}")
    status, said = run(binary, "salvage", data, "--to", f"{folder}/snapshot2")
    expect(status == LOSSES and " of the snapshot" in said, f"salvage: {status} {said}")
    status, checked = run(binary, "check", f"{folder}/snapshot2")
    kept = int(re.search(r"salvaged=.* keys=(\d+)", said).group(1))
    expect(status == 0 and f"keys={kept} " in checked, f"sound: {checked}")
    expect(300 < kept < 607, f"{kept} keys are kept")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", required=True)
    binary = os.path.abspath(parser.parse_args().broker)
    folder = tempfile.mkdtemp(prefix="leat-salvage-")
    try:
        check_bad_arguments(binary, folder)
        check_whole(binary, folder)
        check_log(binary, folder)
        check_snapshot(binary, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("salvage: whole folders stay whole, of damaged ones the rest is kept and the losses are named")


main()
