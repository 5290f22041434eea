# SPDX-License-Identifier: Apache-2.0
"""acl.py: users with random rules on redis-server 7.0.15 and on leat: what they are told to be, and what they may do, must agree.

Used by: ctest and people:  python3 tests/differential/acl.py --broker build/release/leat [--users N] [--seed S]
Always:  - errors of ACL SETUSER are compared byte for byte; of ACL GETUSER and LIST all but what 7.2 has changed since: rules of
           commands stay as they were given (7.0 computes a shorter text), and `sanitize-payload` is set, and told;
         - what the rules of commands mean is compared by ACL DRYRUN, whose texts 7.2 worded anew;
         - the flags and categories of every command that both have agree, but for ELSEWHERE.
"""
import argparse
import os
import random
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import resp  # noqa: E402
from server import Server  # noqa: E402

ELSEWHERE = {  # commands whose flags and categories 7.0.15 does not tell as 7.4 has them, or leat means otherwise
    **dict.fromkeys(["wait", "blmove", "blpop", "brpop", "brpoplpush", "bzpopmax", "bzpopmin"], "since 7.2 scripts may call what waits"),
    "ping": "answered while loading"}
DIGEST = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # of "secret"
REQUESTS = [line.split() for line in """
GET a|GET b|GET jobs:1|SET a 1|SET b 1|SET jobs:1 1|SET a 1 GET|DEL a b|MGET a jobs:1|COPY a b|COPY b a|RENAME a b|LMOVE a b LEFT LEFT
EXISTS jobs:1|STRLEN a|TYPE b|OBJECT ENCODING a|APPEND a x|GETSET a x|GETDEL b|SETRANGE a 0 x|BITFIELD a GET u8 0|BITFIELD a SET u8 0 1
BITOP AND a b jobs:1|ZUNIONSTORE a 2 b jobs:1|ZUNION 2 a b|SORT a|SORT a STORE b|SORT a BY nosort LIMIT 0 1 STORE jobs:1|GEORADIUS a 0 0 1 km STORE b
XREAD STREAMS a b 0 0|XREADGROUP GROUP g c STREAMS a >|XADD a * f v|XGROUP CREATE a g 0|XINFO STREAM a|XACK a g 0-1|XLEN b
EVAL x 1 a|EVAL_RO x 1 a|FCALL f 2 a b|BLPOP a b 0|BLMPOP 0 2 a b LEFT|LMPOP 1 a LEFT|SMOVE a b m|SINTERCARD 2 a b|PFCOUNT a|PFMERGE a b
MSET a 1 jobs:2 2|MSETNX a 1 b 2|PUBLISH news x|PUBLISH news:1 x|SUBSCRIBE news other|PSUBSCRIBE news:*|PSUBSCRIBE n*|SSUBSCRIBE news|SPUBLISH other x
SELECT 0|SELECT 1|CLIENT LIST|CLIENT KILL ID 1|CLIENT ID|CONFIG GET x|CONFIG SET x y|ACL WHOAMI|ACL SETUSER x|FLUSHALL|KEYS *|INFO|PING|AUTH x|HELLO
MULTI|EXEC|WATCH a|SCRIPT LOAD x|FUNCTION LIST|DEBUG SLEEP 0|SHUTDOWN|SAVE|MONITOR|SLOWLOG GET|LATENCY LATEST|MEMORY USAGE a|DUMP a|RESTORE a 0 x
SCAN 0|RANDOMKEY|DBSIZE|SWAPDB 0 1|TIME|ECHO x|COMMAND COUNT|NOSUCH|GET|CLIENT NOSUCH
""".replace("\n", "|").split("|") if line]
COMMANDS = ["get", "SET", "del", "mget", "client", "client|list", "client|kill", "CLIENT|ID", "config", "config|get", "select", "publish", "subscribe",
            "eval", "fcall", "sort", "xadd", "xread", "xgroup", "xgroup|create", "flushall", "keys", "copy", "zunionstore", "acl", "acl|whoami"]
CATEGORIES = ["read", "write", "Keyspace", "string", "list", "set", "sortedset", "stream", "pubsub", "admin", "dangerous", "fast", "slow", "blocking",
              "connection", "transaction", "scripting", "hash", "bitmap", "hyperloglog", "geo", "all"]
GLOBS = ["a", "b", "*", "jobs:*", "[ab]", "j?bs:1", "", "new*", "news", "news:*", "\\*"]


class Dice(random.Random):
    def command(self):
        roll = self.random()
        sign = self.choice("+-")
        if roll < 0.35:
            return sign + "@" + self.choice(CATEGORIES)
        if roll < 0.85:
            return sign + self.choice(COMMANDS)
        return self.choice(["+select|0", "+select|1", "+SELECT|0", "-select|0", "+client|nosuch", "+client|", "+client|list|x", "+nosuch", "-nosuch",
                            "+@nosuch", "allcommands", "nocommands", "+get|x", "+", "-", "+@"])

    def pattern(self):
        return self.choice(["~", "~", "%R~", "%W~", "%RW~", "%rw~"]) + self.choice(GLOBS) if self.random() < 0.8 else \
            self.choice(["allkeys", "resetkeys", "~*", "%R", "%", "%X~a", "~a b"])

    def channel(self):
        return "&" + self.choice(GLOBS) if self.random() < 0.7 else self.choice(["allchannels", "resetchannels", "&*", "& "])

    def password(self):
        return self.choice([">secret", ">other", "<secret", "<nosuch", "#" + DIGEST, "!" + DIGEST, "#short", "!ABC", "nopass", "resetpass"])

    def selector(self):
        return "(" + " ".join(self.choice([self.command, self.pattern, self.channel])() for _ in range(self.randrange(1, 4))) + ")"

    def rule(self):
        roll = self.random()
        if roll < 0.4:
            return self.command()
        if roll < 0.62:
            return self.pattern()
        if roll < 0.75:
            return self.channel()
        if roll < 0.87:
            return self.password()
        if roll < 0.95:
            return self.selector()
        return self.choice(["on", "off", "ON", "reset", "clearselectors", "sanitize-payload", "skip-sanitize-payload", "nosuch", "", "(~a", "+get)"])


def fields(value):
    return {name.decode(): each for name, each in (value if value and isinstance(value[0], tuple) else zip(value[0::2], value[1::2]))}


def canonical(value):
    """What GETUSER tells, less what versions tell in another way."""
    if value is None:
        return None
    told = fields(value)
    told.pop("commands")
    if "flags" in told:
        told["flags"] = sorted(flag for flag in told["flags"] if flag != b"sanitize-payload")
        told["selectors"] = [canonical(each) for each in told["selectors"]]
    return told


def without_commands(line):
    """A line of LIST without its rules of commands."""
    return re.sub(rb" ([+-][^ )]*)(?= |\)|$)", b"", line.replace(b" sanitize-payload", b""))


def verdict(reply, user):
    text = reply.decode("latin-1") if isinstance(reply, bytes) else reply
    return text.replace("This user has", f"User {user} has")


class Comparison:
    def __init__(self, servers):
        self.sides = [resp.Connection(server.connect(timeout=10)) for server in servers]
        self.differences = 0

    def both(self, *words):
        for side in self.sides:
            side.send(*words)
        return [side.read() for side in self.sides]

    def expect(self, what, left, right):
        if left == right and type(left) is type(right):
            return True
        self.differences += 1
        print(f"\ndifference in {what}\n  redis-server: {left!r}\n  leat:         {right!r}", flush=True)
        return False

    def user(self, name, dice):
        said = []
        for _ in range(dice.randrange(1, 4)):
            rules = [dice.rule() for _ in range(dice.randrange(1, 7))]
            said.append(rules)
            if not self.expect(f"ACL SETUSER {name} {rules}", *self.both("ACL", "SETUSER", name, *rules)):
                return
        left, right = self.both("ACL", "GETUSER", name)
        self.expect(f"ACL GETUSER after {said}", canonical(left), canonical(right))
        left, right = self.both("ACL", "LIST")
        self.expect(f"ACL LIST after {said}", *[[without_commands(line) for line in lines] for lines in (left, right)])
        for request in dice.sample(REQUESTS, 40):
            left, right = [verdict(reply, name) for reply in self.both("ACL", "DRYRUN", name, *request)]
            if not self.expect(f"ACL DRYRUN {' '.join(request)} after {said}", left, right):
                return

    def categories(self):
        told = [{}, {}]
        for side, each in zip(self.sides, told):
            for about in side.call("COMMAND"):
                take(each, about)
        shared = told[0].keys() & told[1].keys()
        for name in sorted(shared - ELSEWHERE.keys()):
            self.expect(f"the flags, categories and tips of {name}", told[0][name], told[1][name])
        self.expect("ACL CAT", *self.both("ACL", "CAT"))
        for category in self.sides[0].call("ACL", "CAT"):
            for words in (["ACL", "CAT", category], ["COMMAND", "LIST", "FILTERBY", "ACLCAT", category]):
                left, right = [{each.decode() for each in names} & shared - ELSEWHERE.keys() for names in self.both(*words)]
                self.expect(" ".join(map(str, words)), left, right)
        return len(shared)


def take(told, about):
    flags = sorted(set(map(str, about[2])) - {"no_async_loading"})  # nothing loads beside what is served here
    told[about[0].decode()] = flags, sorted(str(each) for each in about[6]), about[7]
    for sub in about[9]:
        take(told, sub)


def main():
    parser = argparse.ArgumentParser(description="Compares users and their rules with redis-server's.")
    parser.add_argument("--broker", default="build/release/leat")
    parser.add_argument("--peer", default="redis-server")
    parser.add_argument("--users", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--differences", type=int, default=10, help="stop after so many")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="leat-acl-")
    servers = [Server(binary, os.path.join(folder, str(i)), persistence="none") for i, binary in enumerate((arguments.peer, arguments.broker))]
    for server in servers:
        os.mkdir(server.folder)
        server.start()
    try:
        comparison = Comparison(servers)
        shared = comparison.categories()
        for number in range(arguments.users):
            if comparison.differences >= arguments.differences:
                break
            name = f"u{number % 3}"  # users that are there already, too
            comparison.user(name, Dice(f"{arguments.seed}/{number}"))
            if number % 7 == 0:
                comparison.both("ACL", "DELUSER", f"u{number // 7 % 3}")
        print(f"differential: {arguments.users} users of seed {arguments.seed}, categories of {shared} commands, {comparison.differences} differences")
        return 1 if comparison.differences else 0
    finally:
        for server in servers:
            server.kill()
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
