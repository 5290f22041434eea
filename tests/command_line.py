# SPDX-License-Identifier: Apache-2.0
"""command_line.py: the door, as a person uses it: start, refusals, signals, check and dump, exit statuses.

Used by: ctest:  python3 tests/command_line.py --broker build/release/leat
Always:  - loopback only, ports picked free, the folder removed, every process ended by its pid.
"""
import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from checks import expect  # noqa: E402
from served import Broker  # noqa: E402


def refused(binary, *words):
    """Runs what must be refused; its one line."""
    run = subprocess.run([binary, *words], capture_output=True, text=True, timeout=20)
    expect(run.returncode == 1, f"{words} ended with {run.returncode}: {run.stderr}")
    expect(run.stderr.count("\n") == 1, f"{words} said more or less than one line: {run.stderr!r}")
    return run.stderr


def check_refusals(binary, folder):
    expect("nearest known key is 'port'" in refused(binary, "serve", "--set", "prt=1"), "an unknown key names the nearest")
    expect("must be between" in refused(binary, "serve", "--set", "port=99999"), "a bad value says its bounds")
    expect("loopback" in refused(binary, "serve", "--set", "bind=0.0.0.0"), "an open address is refused")
    expect("not an option" in refused(binary, "serve", "--nonsense"), "an unknown option is named")
    expect("not a command" in refused(binary, "nonsense"), "an unknown command is named")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(binary, "serve", "--set", f"port={port}", "--set", f"data_dir={folder}/taken")
        expect("taken" in said, f"a taken port is said: {said}")
    for words, start in ((["--version"], "leat "), (["--help"], "leat:")):
        run = subprocess.run([binary, *words], capture_output=True, text=True, timeout=20)
        expect(run.returncode == 0 and run.stdout.startswith(start), f"{words}: {run}")


def check_strange_folders(binary, folder):
    of_redis = os.path.join(folder, "redis")
    os.mkdir(of_redis)
    with open(os.path.join(of_redis, "dump.rdb"), "wb") as dump:
        dump.write(b"REDIS0011")
    line = refused(binary, "serve", "--set", "port=0", "--set", f"data_dir={of_redis}")
    expect("dump.rdb, a file of Redis, which a start does not read: leat import" in line, f"it would start empty: {line}")
    expect("is a folder: name the file in it" in refused(binary, "serve", "--config", of_redis), "an empty configuration opens the door")
    dump = os.path.join(of_redis, "dump.rdb")
    expect("is a file: name the folder that holds it" in refused(binary, "serve", "--set", "port=0", "--set", f"data_dir={dump}"), "")


def check_help(binary):
    for words in (["--help"], ["-h"], ["help"], ["serve", "--help"], ["check", "--help"], ["dump", "-h"]):
        shown = subprocess.run([binary, *words], capture_output=True, text=True, timeout=20)
        expect(shown.returncode == 0 and "leat serve" in shown.stdout, f"{words}: {shown.stdout}{shown.stderr}")
    expect("usage: leat dump DIR" in refused(binary, "dump"), "what it wants")


def check_life(binary, folder):
    data = os.path.join(folder, "data")
    broker = Broker(binary, data)
    try:
        said = refused(binary, "serve", "--set", "port=0", "--set", f"data_dir={data}")
        expect(str(broker.process.pid) in said, f"the second broker on a folder names the first: {said}")
        client = broker.connect()
        client.sendall(b"*3\r\n$5\r\nRPUSH\r\n$4\r\njobs\r\n$1\r\na\r\n")
        expect(client.recv(100) == b":1\r\n", "a push is answered")
        blocked = broker.connect()
        blocked.sendall(b"*3\r\n$5\r\nBLPOP\r\n$4\r\nnone\r\n$1\r\n0\r\nPING\r\n")
        client.sendall(b"BLPOP none 0.01\r\n")
        expect(client.recv(100) == b"*-1\r\n", "a wait ends")
    finally:
        status = broker.end()
    expect(status == 0, f"SIGTERM ends with {status}")
    expect(blocked.recv(100).startswith(b"*-1\r\n"), "a blocked client is answered at the end")
    expect(blocked.recv(100) in (b"", b"+PONG\r\n"), "then its connection is closed")

    run = subprocess.run([binary, "check", data], capture_output=True, text=True, timeout=20)
    expect(run.returncode == 0 and "sound:" in run.stdout, f"check: {run}")
    run = subprocess.run([binary, "dump", data], capture_output=True, text=True, timeout=20)
    expect('ListPush key="jobs" side=right values=["a"]' in run.stdout, f"dump: {run}")

    broker = Broker(binary, data, "durability=interval")
    client = broker.connect()
    client.sendall(b"LLEN jobs\r\n")
    expect(client.recv(100) == b":1\r\n", "what was pushed is there after a restart")
    expect(broker.end(signal.SIGINT) == 0, "SIGINT ends like SIGTERM")


def check_two(binary, folder):
    """Two brokers on one folder, by whatever path, or on one port: the second is refused, and the first never knows."""
    data, other = os.path.join(folder, "two"), os.path.join(folder, "elsewhere")
    link = os.path.join(folder, "link")
    first = Broker(binary, data)
    try:
        client = first.connect()
        client.sendall(b"SET kept value\r\n")
        expect(client.recv(100) == b"+OK\r\n", "the first broker serves")
        os.symlink(data, link)
        for path in (data, link, os.path.relpath(data)):
            said = refused(binary, "serve", "--set", "port=0", "--set", f"data_dir={path}")
            expect(path in said and str(first.process.pid) in said, f"the folder and who has it are said: {said}")
        said = refused(binary, "serve", "--set", f"port={first.port}", "--set", f"data_dir={other}")
        expect(str(first.port) in said and "taken" in said, f"the port is said: {said}")
        said = refused(binary, "serve", "--set", f"port={first.port}", "--set", f"data_dir={data}")
        expect(str(first.process.pid) in said, f"both taken, the folder is said: {said}")
        client.sendall(b"GET kept\r\nSET more value\r\n")
        expect(read_until(client, b"+OK\r\n") == b"$5\r\nvalue\r\n+OK\r\n", "the first broker is unharmed")
    finally:
        first.end(signal.SIGKILL)
    after = Broker(binary, data)  # at once: the lock of who was killed is gone with it
    client = after.connect()
    client.sendall(b"MGET kept more\r\n")
    expect(read_until(client, b"$5\r\nvalue\r\n$5\r\nvalue\r\n").count(b"value") == 2, "and has lost nothing")
    expect(after.end() == 0, "the broker after it stops")
    expect(Broker(binary, other).end() == 0, "a start that was refused for its port leaves a folder that can be used")


def read_until(client, end):
    got = b""
    while not got.endswith(end):
        more = client.recv(100)
        expect(more, f"the broker closed after {got!r}")
        got += more
    return got


def check_hang_up(binary, folder):
    """Who leaves while his slow script runs is still asked for his address, for SLOWLOG and MONITOR."""
    script = b"local t = os.clock() while os.clock() - t < 0.05 do end return 1"
    broker = Broker(binary, f"{folder}/hang-up", "debug_commands=local")
    try:
        other = broker.connect()
        other.sendall(b"CONFIG SET busy-reply-threshold 1 slowlog-log-slower-than 0\r\n")
        expect(other.recv(100) == b"+OK\r\n", "scripts are slow after a millisecond")
        watcher = broker.connect()
        watcher.sendall(b"MONITOR\r\n")
        expect(watcher.recv(100) == b"+OK\r\n", "somebody watches")
        for _ in range(10):
            client = broker.connect()
            client.sendall(b"*3\r\n$4\r\nEVAL\r\n$%d\r\n%b\r\n$1\r\n0\r\n" % (len(script), script))
            client.close()
        other.sendall(b"SLOWLOG LEN\r\n")
        while (said := other.recv(200)).startswith(b"-BUSY"):  # between two of them, too, the next may have begun
            other.sendall(b"SLOWLOG LEN\r\n")
        expect(said.startswith(b":"), f"the slow ones are known: {said}")
    finally:
        status = broker.end()
    expect(status == 0, f"after they have left SIGTERM ends with {status}")


def check_race(binary, folder):
    """Several start at once on a folder that is not there yet: one serves, each other is refused."""
    for number in range(5):
        words = [binary, "serve", "--set", "port=0", "--set", f"data_dir={folder}/race-{number}"]
        racers = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(4)]
        try:
            first_lines = [one.stderr.readline() for one in racers]
            serving = [line for line in first_lines if "event=serving" in line]
            lost = [line for line in first_lines if line.startswith("leat: ")]
            expect(len(serving) == 1 and len(lost) == 3, f"of four that start at once one serves: {first_lines}")
        finally:
            for one in racers:
                one.kill()
                one.wait()
                one.stderr.close()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--broker", required=True)
    binary = os.path.abspath(options.parse_args().broker)
    folder = tempfile.mkdtemp(prefix="leat-command-line-")
    try:
        check_refusals(binary, folder)
        check_strange_folders(binary, folder)
        check_help(binary)
        check_life(binary, folder)
        check_two(binary, folder)
        check_hang_up(binary, folder)
        check_race(binary, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("command line: refusals, two on one folder, signals, check and dump are as said")
    return 0


sys.exit(main())
