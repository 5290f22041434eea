# SPDX-License-Identifier: Apache-2.0
"""compatibility.py: docs/compatibility.md, made of what the broker says of its commands; fails when the page is stale.

Used by: ctest; people:  python3 tests/compatibility.py --broker build/release/leat --write
Always:  - what is offered is what COMMAND DOCS tells: there is no second list;
         - what Redis has beside it stands in tests/support/redis_commands.tsv (name, since, class), each with why it is not here;
         - differences are those of tests/differential/differences.json and of NOTES, for what redis-server 7.0.15 cannot show.
"""
import argparse
import json
import os
import re
import shutil
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import resp  # noqa: E402
from server import Server  # noqa: E402

PAGE = os.path.join(ROOT, "docs", "compatibility.md")
WHY_NOT = {  # by class of redis_commands.tsv, or by name
    "cluster": "leat is one broker; `CLUSTER` answers as a server with cluster support off",
    "replication": "there are no replicas yet",
    "sentinel": "of Redis Sentinel",
    "debug/internal": "of Redis' own works",
}
PAGES = ("`COUNT` is the least that a page has: whole segments come, up to some 300 more; a small collection comes in one page, "
         "as in 7.2")
NOTES = {
    "ACL": "users are kept in the log, not by `CONFIG REWRITE`; they cannot be changed while the log is read",
    "FLUSHALL": "libraries of functions stay, as in Redis",
    "HLEN": "a field that is due is not counted, also before it is purged",
    "REPLICAOF": "`NO ONE` only: there are no replicas yet",
    "SLAVEOF": "`NO ONE` only: there are no replicas yet",
    "FAILOVER": "answers why it cannot: there are no replicas yet",
    "WAIT": "no replicas: 0, after the time-out if more are asked for",
    "WAITAOF": "numlocal is 1 once the record is synced",
    "SWAPDB": "also tells clients that keep copies (CLIENT TRACKING) that all may have changed",
    "XINFO": "the lag of a group is exact and never null",
    "XADD": "`MAXLEN ~` and `MINID ~` keep at most about a hundred entries more than asked",
    "XTRIM": "`~` keeps at most about a hundred entries more than asked",
    "LTRIM": "a keyspace event only when something was trimmed",
    "APPEND": "a keyspace event only when something was appended",
    "MODULE": "there are none",
    "MIGRATE": "only who asks waits; a key that is changed here on its way stays, and the answer says so; an error in `MULTI` and in scripts",
    "PFMERGE": "a keyspace event only when something has changed",
    "BGREWRITEAOF": "takes a snapshot, which lets the log behind it go",
    "SAVE": "takes a snapshot and answers when it is on disk; nobody else waits for it",
    "DEBUG": "some sub-commands, behind `debug_commands`",
    "EVAL": "a text of at most 16 MiB and 20,000 branches; of those that `SCRIPT LOAD` did not bring the last 500 are known, "
            "as in Redis 7.4; the Lua state's memory and the size of a reply are bounded (`script.memory_bytes`); settings of "
            "cjson end with the script",
    "FUNCTION": "a library's text and memory are bounded as a script's are; what runs `return f()` shows the caller's line in an error of `f`",
    "LOLWUT": "another picture",
    "SCAN": PAGES,
    "SSCAN": PAGES,
    "HSCAN": PAGES,
    "PING": "answered also while the log is read, as `INFO` is: all else hears `LOADING`, so ask for a key to know that it serves, or `/health`",
    "ROLE": "the offset is the index of the last record, also without replicas",
    "PUNSUBSCRIBE": "without arguments: in the order of the names",
    "UNSUBSCRIBE": "without arguments: in the order of the names",
    "SCRIPT DEBUG": "`NO` only: there is no debugger",
    "SLOWLOG": "a script is one entry; what it called is not listed beside it",
    "RESTORE": "a lifetime that ends beyond what 64 bits count is refused",
    "CONFIG": "while the log is read commands of administrators hear `LOADING`: whether they may, the log will tell",
}


def offered(broker):
    """Name → since, group; the sub-commands too."""
    folder = tempfile.mkdtemp(prefix="leat-compatibility-")
    server = Server(broker, folder, persistence="none")
    server.start()
    try:
        connection = resp.Connection(server.connect(timeout=10))
        connection.call("HELLO", "3")
        commands = {}
        for name, about in connection.call("COMMAND", "DOCS"):
            take(commands, name, about)
        connection.close()
        return commands
    finally:
        server.kill()
        shutil.rmtree(folder)


def take(commands, name, about):
    about = {key.decode(): value for key, value in about}
    commands[name.decode().upper().replace("|", " ")] = (about["since"].decode(), about["group"].decode())
    for sub, of_sub in about.get("subcommands", []):
        take(commands, sub, of_sub)


def known():
    with open(os.path.join(ROOT, "tests", "support", "redis_commands.tsv")) as file:
        return {name: (since, kind) for name, since, kind in (line.rstrip("\n").split("\t") for line in file)}


def differences():
    with open(os.path.join(ROOT, "tests", "differential", "differences.json")) as file:
        return [entry for entry in json.load(file) if not entry["commands"].startswith("protocol:")]


def is_about(entry, name):
    """Whether a difference is about a command: its expression takes the name with some words, or has the name in it."""
    pattern = re.compile(entry["commands"], re.DOTALL | re.IGNORECASE)
    if pattern.fullmatch("zzz") or pattern.fullmatch("zzz x y") or pattern.fullmatch("zzz help") or pattern.fullmatch("z\0"):
        return False  # about all commands
    if any(pattern.fullmatch(name.lower() + rest) for rest in ("", " x", " x y")):
        return True
    return re.search(r"(?<![a-z_-])" + re.escape(name.lower()) + r"(?![a-z_-])", entry["commands"]) is not None


def page(commands):
    entries, redis = differences(), known()
    general = [entry for entry in entries if not any(is_about(entry, name) for name in commands)]
    lines = ["# Commands, one by one", "",
             "Made by `python3 tests/compatibility.py --write`; a test fails when it is stale. Behaviour and error texts are those of",
             "Redis 7.4, with the commands of Redis 8 that have a later version here. All that `redis-server` 7.0.15 has is compared with it",
             "in every test run; a difference that has no other reason is that 7.2 or 7.4 changed it.", "",
             f"{len(commands)} commands and sub-commands are offered.", "", "## In general", ""]
    lines += [f"- {entry['name'].capitalize()}: {entry['reason']}" for entry in general]
    for group in sorted({group for _, group in commands.values()}):
        lines += ["", f"## {group.replace('-', ' ').capitalize()}", "", "| command | since | differences |", "| --- | --- | --- |"]
        for name in sorted(name for name, about in commands.items() if about[1] == group):
            told = [NOTES[name]] if name in NOTES else []
            told += [entry["reason"] for entry in entries if " " not in name and is_about(entry, name)]
            lines.append(f"| `{name}` | {commands[name][0]} | {cell('; '.join(told))} |")
    lines += ["", "## Not offered", "", "| command | since | why |", "| --- | --- | --- |"]
    for name in sorted(set(redis) - set(commands)):
        since, kind = redis[name]
        why = WHY_NOT.get(name) or WHY_NOT.get(name.split()[0]) or WHY_NOT.get(kind)
        if why is None:
            sys.exit(f"compatibility: {name} is not offered, and WHY_NOT does not say why")
        lines.append(f"| `{name}` | {since} | {cell(why)} |")
    return "\n".join(lines) + "\n"


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def main():
    parser = argparse.ArgumentParser(description="Makes docs/compatibility.md, or checks it.")
    parser.add_argument("--broker", default="build/release/leat")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    made = page(offered(arguments.broker))
    if arguments.write:
        with open(PAGE, "w") as file:
            file.write(made)
        return 0
    with open(PAGE) as file:
        if file.read() == made:
            return 0
    print("compatibility: docs/compatibility.md is stale: python3 tests/compatibility.py --write")
    return 1


if __name__ == "__main__":
    sys.exit(main())
