# SPDX-License-Identifier: Apache-2.0
"""operations.py: what people ask the server about itself, as far as two servers must say the same. Used by: ../program.py.

Always: nothing here changes what later commands answer: thresholds stay as they are, and no time-out is longer than milliseconds.
"""
from generator import Command

CLUSTER = ("INFO", "MYID", "SLOTS", "SHARDS", "NODES", "KEYSLOT k", "COUNTKEYSINSLOT 1", "GETKEYSINSLOT 1 2", "NOSUCH", "KEYSLOT", "RESET HARD",
           "MEET a", "LINKS", "REPLICAS x", "SLAVES x", "FAILOVER FORCE", "FAILOVER TAKEOVER", "ADDSLOTS 1 2", "ADDSLOTSRANGE 1 2", "DELSLOTS 1",
           "DELSLOTSRANGE 1 2", "BUMPEPOCH", "SET-CONFIG-EPOCH 1", "COUNT-FAILURE-REPORTS x", "FLUSHSLOTS", "FORGET x", "REPLICATE x", "RESET SOFT",
           "SAVECONFIG", "SETSLOT 1 IMPORTING x", "SETSLOT 1 MIGRATING x", "SETSLOT 1 NODE x", "SETSLOT 1 STABLE", "")
CONTAINERS = ("CLIENT", "CLUSTER", "COMMAND", "CONFIG", "FUNCTION", "LATENCY", "MEMORY", "OBJECT", "PUBSUB", "SCRIPT", "SLOWLOG", "XGROUP", "XINFO")
FAILOVER = ("", "ABORT", "TO", "TO a b", "TO 127.0.0.1 5 FORCE", "TO 127.0.0.1 5", "TIMEOUT 0", "TIMEOUT abc", "TIMEOUT 5", "NOSUCH", "ABORT NOW", "TIMEOUT")
SETTINGS = ("hz", "maxmemory-samples", "activedefrag", "list-compress-depth", "repl-backlog-size", "slave-read-only", "hash-max-ziplist-entries",
            "slowlog-max-len", "latency-monitor-threshold", "oom-score-adj", "loglevel", "tracking-table-max-keys")


def slowlog(g):
    return Command("SLOWLOG", *g.pick(("GET", g.pick("-2", "abc", "1.5")), ("GET", "1", "2"), ("NOSUCH",), ("LEN", "1"), ("RESET",), (), ("HELP",)))


def latency(g):
    return Command("LATENCY", *g.pick(("LATEST",), ("HISTORY", "nosuch"), ("GRAPH", "nosuch"), ("RESET",), ("RESET", "a", "b"), ("NOSUCH",), (),
                                      ("HISTORY",), ("HISTOGRAM", "nosuch"), ("HELP",)))


def doctor(g):
    return Command("LATENCY", "DOCTOR", compare="kind")


def memory(g):
    return g.pick(Command("MEMORY", *g.pick(("NOSUCH",), (), ("PURGE",), ("USAGE",), ("USAGE", "nosuch:key"), ("HELP",),
                                            ("USAGE", "nosuch:key", "SAMPLES", g.pick("-1", "abc", "0", "5")), ("USAGE", "nosuch:key", "SAMPLES"))),
                  Command("MEMORY", "USAGE", g.every_key(), compare="kind"),
                  Command("MEMORY", g.pick("STATS", "DOCTOR", "MALLOC-STATS"), compare="kind"))


def wait(g):
    return Command("WAIT", g.pick("0", "-1", "1", "abc", "2"), g.pick("1", "2", "abc", "-1", "1.5", "5"))


def setting(g):
    """Read, and what was read set again; values that both refuse for the same reason."""
    name = g.pick(*SETTINGS)
    return g.pick(Command("CONFIG", "GET", name), Command("CONFIG", "GET", g.word(name)), Command("CONFIG", "SET", "hz", g.pick("10", "abc")),
                  Command("CONFIG", "SET", "activedefrag", g.pick("no", "perhaps")), Command("CONFIG", "SET", "nosuch-name", "1"),
                  Command("CONFIG", "SET", "maxmemory-samples", g.pick("5", "abc")), Command("CONFIG", "GET", "nosuch*"),
                  Command("CONFIG", "SET", "hz", "10", "hz", "10"), Command("CONFIG", "REWRITE"), Command("CONFIG", "SET", "hz"))


def migrate(g):
    """To where nobody listens: what can be said before anything is sent, and that it cannot."""
    head = ("MIGRATE", "127.0.0.1", "1")
    key = g.pick(b"missing", g.every_key())
    timeout, db = g.pick("10", "0", "-1", "abc"), g.pick("0", "0", "99", "-1", "abc", "1.5")
    return g.pick(Command(*head, key, db, timeout, *g.pick((), ("COPY",), ("replace", "copy"), ("AUTH", "x"), ("AUTH2", "x", "y"), ("AUTH",), ("AUTH2", "x"), ("NOSUCH",))),
                  Command(*head, g.pick("", "", "x"), db, timeout, *g.maybe(0.3, "COPY"), g.word("KEYS"), *g.some(lambda: g.pick("missing", "nosuch:key"))),
                  Command(*head, "", db, timeout, "KEYS"), Command(*head, "", db, timeout), Command(*head, key, db),
                  Command("COMMAND", "GETKEYS", *head, "k", "0", "10", *g.pick((), ("COPY",), ("AUTH", "KEYS"), ("KEYS", "a"))),
                  Command("COMMAND", "GETKEYS", *head, "", "0", "10", *g.pick(("AUTH", "keys"), ("AUTH2", "KEYS", "KEYS"), ()), "KEYS", "a", "b"))


def flags(g):
    name = g.pick("GET a", "SET a b", "SET a b GET", "MSET a 1 b 2", "LMOVE a b LEFT LEFT", "DEL a b", "LPUSH a x", "BLPOP a b 0", "ZADD k 1 m", "INCR a", "RENAME a b", "COPY a b",
                  "ZUNIONSTORE d 2 a b", "SINTERSTORE d a b", "GETDEL a", "HSET h f v", "SADD s m", "SMOVE a b m", "ZPOPMIN z", "GETSET a b", "EXPIRE a 1",
                  "TYPE a", "STRLEN a", "XADD s * f v", "XLEN s", "PING x", "NOSUCH a", "SETNX a b", "HDEL h f", "LRANGE l 0 1", "SDIFF a b", "APPEND a b",
                  "LINSERT a BEFORE b c", "XREAD STREAMS a b 0 0", "EVAL x 2 a b", "PERSIST a", "ZSCORE z m", "LINDEX l 1", "MEMORY USAGE a")
    return Command("COMMAND", "GETKEYSANDFLAGS", *name.split(), compare="key_flags")


def shutdown(g):
    """Only what is refused."""
    return [Command("SHUTDOWN", *g.pick(("ABORT",), ("NOSAVE", "SAVE"), ("NOW", "FORCE", "ABORT"), ("NOSUCH",), ("ABORT", "SAVE")))]


FAMILY = [
    (1, lambda g: Command(g.pick(*CONTAINERS), "HELP")),
    (0.5, lambda g: Command(g.pick(*[each for each in CONTAINERS if each != "COMMAND"]))),
    (0.5, shutdown),
    (0.1, lambda g: [Command("SAVE")]),
    (3, slowlog), (3, latency), (0.3, doctor), (3, memory), (2, wait), (2, migrate), (4, setting), (4, flags),
    (3, lambda g: Command("CLUSTER", *g.pick(*CLUSTER).split())),
    (2, lambda g: Command("FAILOVER", *g.pick(*FAILOVER).split())),
    (1, lambda g: Command(g.pick("REPLICAOF", "SLAVEOF"), *g.pick(("NO", "ONE"), ("no", "one"), ("a", "b"), ("a",), ("a", "-1"), ("a", "70000")))),
    (1, lambda g: Command(g.pick("READONLY", "READWRITE", "ASKING"), *g.maybe(0.2, "x"))),
    (1, lambda g: Command("ROLE", compare="shape")),
    (1, lambda g: Command("LASTSAVE", compare="shape")),
    (1, lambda g: Command("LOLWUT", *g.maybe(0.3, "VERSION", lambda: g.pick("5", "6")), compare="kind")),
    (1, lambda g: Command("DEBUG", *g.pick(("SLEEP", "0"), ("OBJECT", "a"), ("NOSUCH",), ()))),
    (1, lambda g: Command("COMMAND", "DOCS", g.pick("nosuch", "x|y"))),
    (1, lambda g: Command("COMMAND", "LIST", "FILTERBY", *g.pick(("MODULE", "x"), ("ACLCAT", "nosuch"), ("NOSUCH", "x"), ("PATTERN", "lpushx"), ()))),
    (1, lambda g: Command("MONITOR", "x")),
]
