# SPDX-License-Identifier: Apache-2.0
"""pubsub.py: one connection subscribes, publishes (in RESP3) and leaves again. Used by: ../program.py.

Always: every command is followed by a PING with a token of its own, as the number of its replies is not known beforehand.
"""
from generator import Command

CHANNELS = ("news", "jobs", "weather")
PATTERNS = ("n*", "*", "j?bs")


def subscription(g):
    kind = g.pick("", "", "P", "S")
    names = [g.pick(*(PATTERNS if kind == "P" else CHANNELS)) for _ in range(g.random.randint(1, 3))]
    if g.chance(0.65):
        return Command(f"{kind}SUBSCRIBE", *names, token=g.token())
    return Command(f"{kind}UNSUBSCRIBE", *names[:g.random.randint(0, 3)], token=g.token(), compare="pushes")


def talk(g):
    said = [subscription(g) for _ in range(g.random.randint(1, 5))]
    for _ in range(g.random.randint(0, 3)):
        if g.protocol == 3:  # in RESP2 a subscribed connection may not; in RESP3 the messages come between the replies
            said.append(Command(g.pick("PUBLISH", "PUBLISH", "SPUBLISH"), g.pick(*CHANNELS), g.value(), token=g.token(), compare="messages"))
        said.append(g.pick(Command("GET", "string:1", token=g.token()), Command("PUBSUB", "NUMSUB", *CHANNELS, token=g.token()),
                           Command("PUBSUB", "CHANNELS", token=g.token(), compare="members" if g.protocol == 3 else "exact"),
                           Command("PUBSUB", "NUMPAT", token=g.token()), Command("PING", token=g.token())))
    return said + [Command(f"{kind}UNSUBSCRIBE", token=g.token(), compare="pushes") for kind in ("", "P", "S")]
