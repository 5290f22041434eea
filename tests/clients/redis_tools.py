# SPDX-License-Identifier: Apache-2.0
"""redis_tools.py: redis-cli and redis-benchmark, as people use them: each does its thing, start to end.

Used by: ctest.
Always:  - a tool is given an end: a count, or a time after which it is stopped by its pid.
"""
import argparse
import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from server import Server  # noqa: E402

KEYS = 1000
SECONDS = 60  # after which a tool is taken to hang
FAMILIES = {"list": ("LPUSH list a b c", "3 items"), "hash": ("HSET hash f v g w", "2 fields"), "set": ("SADD set 1 2 3 4", "4 members"),
            "zset": ("ZADD zset 1 a", "1 members"), "stream": ("XADD stream * f v", "1 entries")}
HINTS = {"LPUSH ": "LPUSH key element [element ...]", "set k ": "set k value [NX|XX]", "XADD s ": "XADD s [NOMKSTREAM]",
         "LEAT BACKUP ": "LEAT BACKUP folder", "HSETEX ": "HSETEX key"}


class Tools:
    def __init__(self, server):
        self.server = server

    def cli(self, *words, given=""):
        done = subprocess.run(["redis-cli", "-p", str(self.server.port), *words], input=given, capture_output=True, text=True, timeout=SECONDS)
        return done.stdout + done.stderr

    def pipe(self):
        lines = [f"SET key:{i} value" for i in range(KEYS)] + [command for command, _ in FAMILIES.values()]
        expect(f"errors: 0, replies: {len(lines)}", self.cli("--pipe", given="\n".join(lines) + "\n"))

    def scan(self):
        found = self.cli("--scan", "--pattern", "key:99*").split()
        expect(sorted(f"key:{i}" for i in range(KEYS) if str(i).startswith("99")), sorted(found))

    def bigkeys(self):
        told = self.cli("--bigkeys")
        expect(f"{KEYS} strings with {KEYS * 5} bytes", told)
        for key, (_, size) in FAMILIES.items():
            expect(f"found '\"{key}\"' has {size}", told)

    def memkeys(self):
        told = self.cli("--memkeys")
        for key in FAMILIES:
            expect(f"found '\"{key}\"' has ", told)

    def stat(self):
        told = self.until_stopped("--stat", "-i", "0.1", enough=lambda text: text.count("\n") > 5)
        expect(f"{KEYS + len(FAMILIES)} ", told)

    def latency(self):
        expect(r"re:^\d+ \d+ [\d.]+ \d+", self.until_stopped("--latency", "--raw", "-i", "1", enough=lambda text: "\n" in text))

    def eval(self):
        with open(os.path.join(self.server.folder, "script.lua"), "w") as file:
            file.write("return {KEYS[1], ARGV[1], redis.call('TIME')[1] + 0 > 0}")
        expect(["k", "a", "1"], self.cli("--eval", file.name, "k", ",", "a").split())

    def resp3(self):
        expect('1# "f" => "v"', self.cli("-3", "--no-raw", "HGETALL", "hash"))

    def interactive(self):
        """On a terminal, with its prompt: a transaction, an error, a subscription to nothing."""
        told = self.typed("MULTI\nSET typed 1\nEXEC\nINCR list\nGET typed\nquit\n")
        for part in ("OK", "QUEUED", "(TX)>", "1) OK", "(error) WRONGTYPE", '"1"'):
            expect(part, told)

    def hints(self):
        """What redis-cli shows behind the words while they are typed, and what TAB makes of them: it asks COMMAND DOCS."""
        with self.terminal() as terminal:
            read_until(terminal, has_prompt)
            for words, hint in HINTS.items():
                type_and_expect(terminal, words, hint)
                os.write(terminal, b"\x15")  # the line is gone
            type_and_expect(terminal, "LEAT BA\t", "LEAT BACKUP")
            os.write(terminal, b"\x15quit\r")
            read_until(terminal, lambda text: False)

    def benchmark(self):
        done = subprocess.run(["redis-benchmark", "-p", str(self.server.port), "-n", "500", "-q"], capture_output=True, text=True, timeout=SECONDS)
        told = done.stdout + done.stderr
        expect(0, done.returncode)
        for test in ("PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "LPUSH", "RPUSH", "LPOP", "RPOP", "SADD", "HSET", "SPOP", "ZADD", "ZPOPMIN",
                     "LRANGE_100", "LRANGE_600", "MSET"):
            expect(f"re:{test}[^\r\n]*: [\\d.]+ requests per second", told)
        if re.search(r"error|ERR", told, re.IGNORECASE):
            sys.exit(f"redis-benchmark: {told}")

    def until_stopped(self, *words, enough):
        """What a tool that never ends says until it has said enough."""
        tool = subprocess.Popen(["redis-cli", "-p", str(self.server.port), *words], stdout=subprocess.PIPE)
        try:
            return read_until(tool.stdout.fileno(), enough)
        finally:
            tool.kill()
            tool.wait()

    def typed(self, lines):
        with self.terminal() as terminal:
            told = ""
            for line in lines.splitlines(keepends=True):
                told += read_until(terminal, has_prompt)
                os.write(terminal, line.replace("\n", "\r").encode())
            return told + read_until(terminal, lambda text: False)

    @contextlib.contextmanager
    def terminal(self):
        """One with redis-cli on it."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ["TERM"] = "xterm"
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))  # or it asks the terminal, which is us
            os.execvp("redis-cli", ["redis-cli", "-p", str(self.server.port)])
        try:
            yield terminal
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)


def plain(text):
    return re.sub("\x1b\\[[0-9;]*[A-Za-z]|\r", "", text)


def type_and_expect(terminal, words, shown):
    os.write(terminal, words.encode())
    read_until(terminal, lambda text: shown in plain(text))


def has_prompt(text):
    return plain(text).endswith("> ")


def read_until(descriptor, enough):
    """Until that, or the end."""
    text, until = "", time.monotonic() + SECONDS
    while not enough(text):
        ready, _, _ = select.select([descriptor], [], [], max(0, until - time.monotonic()))
        if not ready:
            sys.exit(f"it fell silent after: {text}")
        try:
            data = os.read(descriptor, 1 << 16)
        except OSError:  # a terminal whose program has ended
            data = b""
        if not data:
            break
        text += data.decode(errors="replace")
    return text


def expect(wanted, told):
    if isinstance(wanted, str) and wanted.startswith("re:"):
        good = re.search(wanted[3:], told, re.MULTILINE) is not None
    else:
        good = wanted in told if isinstance(wanted, str) else wanted == told
    if not good:
        sys.exit(f"expected {wanted!r} in:\n{told}")


def main():
    parser = argparse.ArgumentParser(description="redis-cli and redis-benchmark against leat.")
    parser.add_argument("--broker", default="build/release/leat")
    folder = tempfile.mkdtemp(prefix="leat-tools-")
    server = Server(parser.parse_args().broker, folder, persistence="none")
    server.start()
    try:
        tools = Tools(server)
        done = ("pipe", "scan", "bigkeys", "memkeys", "stat", "latency", "eval", "resp3", "interactive", "hints", "benchmark")
        for name in done:
            getattr(tools, name)()
        print(f"redis-cli and redis-benchmark: {', '.join(done)}")
    finally:
        server.kill()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
