# SPDX-License-Identifier: Apache-2.0
"""tracking.py: a connection that keeps copies: it reads, changes what it has read, and stops tracking again. Used by: ../program.py.

Always: - every command is followed by a PING with a token of its own: invalidations (RESP3) come behind the replies;
        - it ends with nothing remembered: redis-server would keep it for when the connection tracks again;
        - with BCAST nothing changes that it would tell of: redis-server tells at the end of all that it has read at once.
"""
from generator import Command

KEYS = ("copy:1", "copy:2", "copy:3")
MODES = ("", "", "NOLOOP", "OPTIN", "OPTOUT", "OPTIN NOLOOP", "BCAST PREFIX nosuch:", "BCAST PREFIX nosuch: PREFIX nosuch", "BCAST PREFIX nosuch:a PREFIX nosuch:b NOLOOP",
         "BCAST OPTIN PREFIX nosuch:", "OPTIN OPTOUT", "PREFIX a", "REDIRECT 999999999", "REDIRECT abc", "SOMEHOW", "REDIRECT", "PREFIX", "REDIRECT 999999999 BCAST")


def tracking(g):
    return Command("CLIENT", "TRACKING", g.pick("ON", "ON", "ON", "on", "MAYBE"), *g.pick(*MODES).split(), token=g.token())


def read(g):
    key, other = g.pick(*KEYS), g.pick(*KEYS)
    return Command(*g.pick(("GET", key), ("MGET", key, other), ("EXISTS", key), ("STRLEN", key), ("TTL", key), ("TYPE", key),
                           ("EVAL", "return redis.call('GET', KEYS[1])", "1", key)), token=g.token())


def change(g):
    key, other = g.pick(*KEYS), g.pick(*KEYS)
    return Command(*g.pick(("SET", key, g.value()), ("APPEND", key, "x"), ("DEL", key, other), ("MSET", key, "1", other, "2"), ("EXPIRE", key, "1000"),
                           ("EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", "1", key, "v"), ("GETDEL", key), ("RENAME", key, other)),
                   token=g.token(), compare="messages")


def telling(g):
    return Command("CLIENT", *g.pick(("TRACKINGINFO",), ("GETREDIR",), ("CACHING", "YES"), ("CACHING", "NO"), ("CACHING", "perhaps"), ("CACHING",)), token=g.token())


def talk(g):
    said = [tracking(g)]
    for _ in range(g.random.randint(2, 8)):
        said.append(g.pick(read, read, change, change, telling, tracking if g.chance(0.3) else read)(g))
    forgotten = Command("MSET", *[word for key in KEYS for word in (key, "1")], token=g.token(), compare="messages")
    return said + [forgotten, Command("CLIENT", "TRACKING", "OFF", token=g.token())]


FAMILY = [(1, talk)]
