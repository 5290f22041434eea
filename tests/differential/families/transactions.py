# SPDX-License-Identifier: Apache-2.0
"""transactions.py: MULTI, EXEC, DISCARD, WATCH. Used by: ../program.py. Always: a program leaves no transaction open."""
from generator import Command

WITHIN = 6  # commands of a transaction, at most
# Known differences would hide in the reply of EXEC; and some change more than a transaction should.
APART = ("SCRIPT", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DEBUG", "LATENCY", "MEMORY", "MONITOR", "SLOWLOG", "AUTH", "BITCOUNT", "BITPOS", "HELLO", "LPOS",
         "MIGRATE", "OBJECT", "SORT", "SORT_RO", "XGROUP", "XREAD", "XREADGROUP", "ZRANK", "ZREVRANK")


def apart(command):
    """What is known to differ, or is no one's business but its own."""
    words = [word.upper() for word in command.arguments]
    return command.name() in APART or words[-1] == b"HELP" or words[:2] == [b"FUNCTION", b"RESTORE"]


def transaction(g, draw):
    """What is queued is drawn from all families, but only what is compared exactly: EXEC answers all in one reply."""
    queued = []
    while len(queued) < g.random.randint(0, WITHIN):
        command = draw()
        if isinstance(command, Command) and command.compare == "exact" and not apart(command):
            queued.append(g.spoil(command) if g.chance(0.02) else command)
    watched = [Command("WATCH", *g.some(g.any_key, 3))] if g.chance(0.4) else []
    touched = [draw_write(g)] if watched and g.chance(0.4) else []
    unwatched = [Command("UNWATCH")] if watched and g.chance(0.2) else []
    odd = [g.pick(Command("MULTI"), Command("WATCH", "a"), Command("UNWATCH"), Command("EXEC", "now"), Command("GET"), Command("NOSUCH"))] if g.chance(0.15) else []
    g.random.shuffle(queued)
    end = [Command(g.pick("EXEC", "EXEC", "EXEC", "DISCARD"))]
    return [*watched, *touched, *unwatched, Command("MULTI"), *queued, *odd, *end]


def draw_write(g):
    """A change of the watching client's own breaks its watch too."""
    return g.pick(Command("SET", g.any_key(), g.value()), Command("DEL", g.any_key()), Command("EXPIRE", g.any_key(), 100000),
                  Command("GET", g.any_key()), Command("LPUSH", g.key("list"), "x"))


def stray(g):
    return g.pick(Command("EXEC"), Command("DISCARD"), Command("UNWATCH"), Command("WATCH"))
