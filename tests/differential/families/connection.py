# SPDX-License-Identifier: Apache-2.0
"""connection.py: the connection, the server's small answers, and names that are no commands. Used by: ../program.py.

Always: nothing here silences, pauses or ends the connection but what puts it right again.
"""
from generator import Command

# COMMAND GETKEYS reads these; a few have none, or are no commands.
WITH_KEYS = ["GET a", "MSET a 1 b 2", "ZUNIONSTORE d 2 a b", "ZUNION 2 a b WITHSCORES", "EVAL return 2 a b c", "XREAD COUNT 1 STREAMS a b 0 0",
             "XREADGROUP GROUP g c STREAMS a b > >", "BLPOP a b 0", "LMPOP 2 a b LEFT", "BZMPOP 0 2 a b MIN", "PING x", "NOSUCH a", "COPY a b",
             "SINTERCARD 2 a b", "XGROUP CREATE s g 0", "OBJECT ENCODING a", "BLMOVE a b LEFT LEFT 0", "GET a b", "ZADD k 1 m", "RENAME a b", "SMOVE a b m",
             "XINFO STREAM s", "HSET h f v", "LCS a b", "BRPOPLPUSH a b 0", "SET a b GET", "ZRANGESTORE a b 0 1", "MSETNX a 1 b 2"]


def unknown(g):
    name = g.pick("NOSUCH", "nosuch", "G E T", "nosuch\x00", "x" * 150, "", "CONFIGURE", "\r\n")
    return Command(name, *g.maybe(0.7, g.value), *g.maybe(0.3, "y" * 200), *g.maybe(0.3, g.value, g.value))


def greet(g):
    """HELLO in its valid forms stays with the protocol of the program; what it says of the server is the server's own."""
    return g.pick(Command("HELLO", compare="shape"), Command("HELLO", g.protocol, compare="shape"),
                  Command("HELLO", g.protocol, "SETNAME", "me", compare="shape"), Command("HELLO", g.protocol, "AUTH", "default", "x", compare="shape"),
                  Command("HELLO", g.pick(1, 4, "abc", -1)), Command("HELLO", g.protocol, "NOSUCH"), Command("HELLO", g.protocol, "SETNAME", "two words"),
                  Command("HELLO", g.protocol, "AUTH", "nobody", "x"), Command("HELLO", g.protocol, "AUTH", "default"))


def kill(g):
    """Nobody: the id is nobody's."""
    filters = [["ID", "1000000"], g.maybe(0.4, g.word("TYPE"), lambda: g.pick("normal", "master", "replica", "slave", "pubsub", "nosuch")),
               g.maybe(0.3, g.word("USER"), lambda: g.pick("default", "nobody")), g.maybe(0.3, g.word("LADDR"), lambda: g.pick("127.0.0.1:1", "x")),
               g.maybe(0.3, g.word("ADDR"), "1.2.3.4:5"), g.maybe(0.3, g.word("SKIPME"), lambda: g.pick("yes", "no", "x"))]
    g.random.shuffle(filters)
    return [Command("CLIENT", "KILL", *sum(filters, []))]


def client(g):
    return g.pick(
        Command("CLIENT", g.word("GETNAME")), Command("CLIENT", g.word("SETNAME"), g.pick("me", "", "worker:1", "two words", "new\nline")),
        Command("CLIENT", "ID", compare="shape"), Command("CLIENT", "INFO", compare="kind"), Command("CLIENT", "LIST", compare="kind"),
        Command("CLIENT", "LIST", "TYPE", g.pick("normal", "pubsub", "replica", "master", "slave", "nosuch"), compare="kind"),
        kill(g), [Command("CLIENT", "PAUSE", "1", g.word(g.pick("WRITE", "ALL"))), Command("CLIENT", "UNPAUSE")],
        Command("CLIENT", "LIST", "ID", g.pick("1000000", "0", "abc")), Command("CLIENT", "NO-EVICT", g.pick("ON", "OFF", "MAYBE")),
        Command("CLIENT", "KILL", g.pick("1.2.3.4:5", "nosuch")), Command("CLIENT", "KILL", "ID", g.pick("1000000", "abc", "0", "-1")),
        Command("CLIENT", "KILL", "TYPE", g.pick("pubsub", "nosuch")), Command("CLIENT", "KILL", "TYPE", g.pick("normal", "pubsub", "master", "replica", "slave"), "ADDR", "1.2.3.4:5"),
        Command("CLIENT", "KILL", "ADDR", "1.2.3.4:5", "SKIPME", g.pick("yes", "no", "x")),
        Command("CLIENT", "UNBLOCK", g.pick("1000000", "abc"), *g.maybe(0.5, lambda: g.pick("ERROR", "TIMEOUT", "X"))),
        Command("CLIENT", "UNPAUSE"), Command("CLIENT", "GETREDIR"), Command("CLIENT", "NOSUCH"), Command("CLIENT"), Command("CLIENT", "REPLY", "ON"),
        Command("CLIENT", "REPLY", "MAYBE"), Command("CLIENT", "PAUSE", g.pick("abc", "-1")), Command("CLIENT", "TRACKINGINFO"),
        Command("CLIENT", "SETINFO", g.pick("LIB-NAME", "LIB-VER", "NOSUCH"), g.pick("lib", "1.0", "two words")), Command("CLIENT", "NO-TOUCH", g.pick("ON", "OFF")))


def start_again(g):
    """RESET forgets the name, the database and the protocol."""
    return [Command("CLIENT", "SETNAME", "before"), Command("SELECT", 3), Command("RESET"), Command("CLIENT", "GETNAME"),
            Command("HELLO", g.protocol, compare="shape")]


def commands(g):
    return g.pick(
        Command("COMMAND", "GETKEYS", *g.pick(*WITH_KEYS).split()), Command("COMMAND", "GETKEYS", *g.pick(*WITH_KEYS).split()),
        Command("COMMAND", "GETKEYS"), Command("COMMAND", "COUNT", compare="kind"),
        Command("COMMAND", "LIST", compare="kind"), Command("COMMAND", "LIST", "FILTERBY", "PATTERN", g.pick("lp*", "nosuch*", "xack"), compare="members"),
        Command("COMMAND", "INFO", g.pick("get", "lpush", "nosuch", "zadd", "eval", "blpop", "xadd"), compare="command_info"),
        Command("COMMAND", "NOSUCH"))


def acl(g):
    """What changes no user; acl.py compares the rules."""
    return Command("ACL", *g.pick(
        ("WHOAMI",), ("CAT",), ("CAT", "nosuch"), ("CAT", "nosuch", "x"), ("GENPASS", "0"), ("GENPASS", "4097"), ("GENPASS", "abc"), ("GETUSER", "nosuch"),
        ("DELUSER", "nosuch"), ("DELUSER", "nosuch", "default"), ("LOG", "abc"), ("LOG", "RESET"), ("LOAD",), ("SAVE",), ("NOSUCH",), ("USERS",),
        ("DRYRUN", "nosuch", "get", "x"), ("DRYRUN", "default", "get", "x"), ("DRYRUN", "default", "nosuch"), ("DRYRUN", "default", "get"),
        ("SETUSER", "two words"), ("SETUSER", "u", "nosuch"), ("SETUSER",)))


FAMILY = [
    (3, lambda g: Command("PING", *g.maybe(0.5, g.value))),
    (2, lambda g: Command("ECHO", g.value())),
    (3, unknown), (2, greet), (5, client), (1, start_again), (4, commands), (1, acl),
    (1, lambda g: Command("AUTH", *g.some(lambda: g.pick("x", "default", "nobody"), 3))),
    (1, lambda g: Command("TIME", compare="shape")),
    (1, lambda g: Command("INFO", *g.maybe(0.7, lambda: g.pick("server", "keyspace", "nosuch", "all", "everything")), compare="kind")),
    (1, lambda g: Command("CONFIG", "GET", g.pick("nosuch", "maxmemory-policy"))),
    (1, lambda g: Command("CONFIG", *g.pick(("SET", "nosuch", "1"), ("SET", "maxmemory-policy"), ("NOSUCH",), ("SET", "port", "abc"), ("RESETSTAT",)))),
    (1, lambda g: Command("PUBLISH", "nobody", g.value())),
    (1, lambda g: Command("PUBSUB", *g.pick(("CHANNELS",), ("CHANNELS", "no*"), ("NUMPAT",), ("NUMSUB", "a", "b"), ("NUMSUB",), ("NOSUCH",),
                                            ("SHARDCHANNELS",), ("SHARDNUMSUB", "a")))),
]
