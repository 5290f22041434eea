#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""leat_as_redis.py: what Redis' test suite starts as its redis-server: leat, with what of the configuration it knows.

Used by: run.py, which puts a link to this where the suite looks for its server, and sets LEAT_BROKER and LEAT_NOT_KNOWN.
Always:  - the process that the suite started becomes leat: its pid is the one to signal;
         - settings that leat refuses are left out, and remembered in the file LEAT_NOT_KNOWN, so that each costs one attempt.
"""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

BROKER = os.environ["LEAT_BROKER"]
NOT_KNOWN = os.environ["LEAT_NOT_KNOWN"]
ATTEMPTS, SECONDS_TO_FAIL = 30, 0.25
LEFT_OUT = {"pidfile", "logfile", "dbfilename"}  # files of its own that leat does not write


def words_of(line):
    try:
        return shlex.split(line)
    except ValueError:  # a quote that is none
        return line.split()


def read_file(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        lines = [line.strip() for line in file]
    for line in lines:
        if line and not line.startswith("#"):
            name, *values = words_of(line)
            yield name.lower(), " ".join(values)


def read_arguments(arguments):
    name, values = None, []
    for argument in [*arguments, "--"]:
        if argument.startswith("--"):
            if name:
                yield name, " ".join(values)
            name, values = argument[2:], []
        else:
            values.append(argument)


def settings():
    arguments, taken = sys.argv[1:], {}
    pairs = list(read_file(arguments.pop(0))) if arguments and not arguments[0].startswith("-") else []
    for name, value in [*pairs, *read_arguments(arguments)]:
        joined = name == "save" and taken.get(name) and value
        taken[name] = f"{taken[name]} {value}" if joined else value
    home = os.path.abspath(taken.get("dir", "."))
    for name in ("aclfile", "unixsocket"):
        if taken.get(name):
            taken[name] = os.path.join(home, taken[name])
    taken["dir"] = os.path.join(home, "leat")
    return {name: value for name, value in taken.items() if name not in LEFT_OUT}


def flags(taken):
    return [part for name, value in taken.items() for part in ("--set", f"{name}={value}")]


def refused(taken):
    """The setting that leat does not start with, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        command = [BROKER, "serve", *flags({**taken, "dir": folder, "port": "0"})]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_TO_FAIL, check=False)
        except subprocess.TimeoutExpired:
            return None
    found = re.search(r"(?:bad value '.*' for|unknown key) '([^']*)'", ended.stdout + ended.stderr, re.DOTALL)
    return found.group(1) if found and found.group(1) in taken else None


def main():
    taken = settings()
    known_bad = []
    if os.path.exists(NOT_KNOWN):
        with open(NOT_KNOWN, encoding="utf-8") as file:
            known_bad = json.load(file)
    taken = {name: value for name, value in taken.items() if [name, value] not in known_bad}
    for _ in range(ATTEMPTS):
        name = refused(taken)
        if name is None:
            break
        known_bad.append([name, taken.pop(name)])
    with open(NOT_KNOWN, "w", encoding="utf-8") as file:
        json.dump(known_bad, file)
    os.makedirs(taken["dir"], exist_ok=True)
    # What the suite waits for in the log; then it asks until it hears PONG.
    print(f" PID: {os.getpid()} Server initialized\nReady to accept connections", flush=True)
    os.execv(BROKER, [BROKER, "serve", *flags(taken)])


main()
