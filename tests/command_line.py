# SPDX-License-Identifier: Apache-2.0
"""command_line.py: the door, as a person uses it: start, refusals, signals, check and dump, exit statuses.

Used by: ctest:  python3 tests/command_line.py --broker build/release/leat
Always:  - loopback only, ports picked free, the folder removed, every process ended by its pid.
"""
import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile


class Broker:
    """One `leat serve`, waited for until it says that it serves."""

    def __init__(self, binary, folder, *settings):
        words = [binary, "serve", "--set", "port=0", "--set", f"data_dir={folder}"]
        for setting in settings:
            words += ["--set", setting]
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if served := re.search(r"event=serving .*port=(\d+)", line):
                self.port = int(served.group(1))
                return
        raise AssertionError(f"{words} did not start")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.stderr.read()
        return self.process.wait(10)


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


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


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--broker", required=True)
    binary = os.path.abspath(options.parse_args().broker)
    folder = tempfile.mkdtemp(prefix="leat-command-line-")
    try:
        check_refusals(binary, folder)
        check_life(binary, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("command line: refusals, signals, check and dump are as said")
    return 0


sys.exit(main())
