# SPDX-License-Identifier: Apache-2.0
"""program.py: a whole program of commands from one seed: how often each family speaks, and how often something is spoiled.

Used by: run.py.
Always:  - a program ends outside of any transaction or subscription, on database 0.
"""
from families import (bitmaps, connection, dumps, functions, generic, geos, hashes, hyperloglogs, lists, operations, pubsub, scripting, sets,
                      sorts, streams, strings, tracking, transactions, zsets)
from generator import Command, Generator

SPOILED = 0.06  # of the commands
FAMILIES = {  # weight and table
    "list": (15, lists.FAMILY), "zset": (18, zsets.FAMILY), "stream": (20, streams.FAMILY), "hash": (10, hashes.FAMILY),
    "set": (10, sets.FAMILY), "string": (11, strings.FAMILY), "generic": (11, generic.FAMILY), "rare": (0.1, generic.RARE),
    "scripting": (5, scripting.FAMILY), "connection": (3, connection.FAMILY), "operations": (2, operations.FAMILY),
    "bitmap": (8, bitmaps.FAMILY), "hyperloglog": (6, hyperloglogs.FAMILY), "geo": (8, geos.FAMILY), "sort": (7, sorts.FAMILY),
    "tracking": (0.7, tracking.FAMILY), "dump": (4, dumps.FAMILY), "function": (3, functions.FAMILY),
}
WHOLE = ("CLIENT", "COMMAND", "CONFIG", "DEBUG", "FAILOVER", "HELLO", "LATENCY", "MIGRATE", "MONITOR", "REPLICAOF", "RESTORE", "SLAVEOF",
         "WAIT", "SETRANGE", "SPOP")  # spoiled they could silence, allocate, or choose by chance
TRANSACTIONS = 0.012
PUBSUB = 0.004


class Program:
    def __init__(self, seed, protocol, families=None):
        self.g = Generator(seed, protocol)
        chosen = {name: FAMILIES[name] for name in families or FAMILIES if name in FAMILIES}
        self.talks = families is None or "pubsub" in families
        self.transacts = families is None or "transactions" in families
        self.tables = [table for _, table in chosen.values()] or [connection.FAMILY]
        self.weights = [weight for weight, _ in chosen.values()] or [1]

    def draw(self):
        """One command, or a list of them that belong together."""
        table = self.g.random.choices(self.tables, self.weights)[0]
        return self.g.random.choices([draw for _, draw in table], [weight for weight, _ in table])[0](self.g)

    def commands(self, count):
        drawn = []
        while len(drawn) < count:
            dice = self.g.random.random()
            if self.transacts and dice < TRANSACTIONS:
                drawn += transactions.transaction(self.g, self.draw)
            elif self.talks and dice > 1 - PUBSUB:
                drawn += pubsub.talk(self.g)
            elif self.transacts and dice < TRANSACTIONS * 1.2:
                drawn.append(transactions.stray(self.g))
            else:
                one = self.draw()
                if isinstance(one, Command):
                    drawn.append(self.g.spoil(one) if self.g.chance(SPOILED) and one.name() not in WHOLE else one)
                else:
                    drawn += one
        return drawn
