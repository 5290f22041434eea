# SPDX-License-Identifier: Apache-2.0
"""rate_limits.py: 1,000 an hour, 10 in 15 minutes, 10,000 a minute, with redis-py; rate_limits.mjs says the same in JavaScript.

Used by: people, and tests/examples.py:  python3 examples/rate_limits.py [redis://127.0.0.1:6379]
Class:   limit, durability = "never": a crash forgives a few requests. For log-ins (10 in 15 minutes) "interval": a kill forgives none.
Always:  - one script decides, by the broker's clock: programs whose clocks differ share a limit;
         - scripts are called by their hash, and sent again to a broker that has forgotten them: register_script does both;
         - a refusal says when to come again, to the millisecond; refusals count for nothing.
"""
import collections
import itertools
import os
import pathlib
import sys

import redis

LIMITS = {  # name → limit, window in ms, which way fits it
    "api": (1000, 3_600_000, "token_bucket"),
    "log_in": (10, 900_000, "sliding_window"),
    "ingest": (10_000, 60_000, "fixed_window"),
}
WAYS = ("fixed_window", "sliding_window", "token_bucket")
SCRIPTS = pathlib.Path(__file__).parent / "rate_limits"
Answer = collections.namedtuple("Answer", "admitted left retry_ms now")


class RateLimit:
    numbers = itertools.count()

    def __init__(self, client, key, limit, window_ms, way):
        self.key, self.limit, self.window_ms = key, limit, window_ms
        self.script = client.register_script((SCRIPTS / f"{way}.lua").read_text())

    def ask(self, client=None):
        """client: a pipeline, which answers later."""
        request = f"{os.getpid()}-{next(self.numbers)}"
        reply = self.script(keys=[self.key], args=[self.limit, self.window_ms, request], client=client)
        return Answer(*reply) if client is None else None

    def ask_often(self, client, times):
        pipeline = client.pipeline(transaction=False)
        for _ in range(times):
            self.ask(pipeline)
        return [Answer(*reply) for reply in pipeline.execute()]


def claim(holds, what):
    if not holds:
        sys.exit(f"rate_limits.py: this does not hold: {what}.")


def flood(client, prefix, name):
    limit, window_ms, way = LIMITS[name]
    answers = RateLimit(client, f"{prefix}:{name}", limit, window_ms, way).ask_often(client, limit + 100)
    admitted = sum(answer.admitted for answer in answers)
    elapsed = answers[-1].now - answers[0].now
    struck = way == "fixed_window" and answers[0].now // window_ms != answers[-1].now // window_ms  # another window has begun
    refilled = elapsed * limit // window_ms if way == "token_bucket" else 0
    claim(limit <= admitted and (struck or admitted <= limit + refilled), f"{name} admits {limit} of a flood, not {admitted}")
    return admitted


def border(client, prefix, way, rounds=3):
    """Asks without a pause: what is said holds to the millisecond of the broker's clock."""
    limiter = RateLimit(client, f"{prefix}:border:{way}", 5, 122, way)
    again = None
    while rounds > 0:
        answer = limiter.ask()
        claim(again is None or bool(answer.admitted) == (answer.now >= again), f"{way} keeps its word")
        if answer.admitted:
            rounds -= again is not None
            again = None
        else:
            again = answer.now + answer.retry_ms


def main():
    client = redis.Redis.from_url(sys.argv[1] if len(sys.argv) > 1 else "redis://127.0.0.1:6379", decode_responses=True)
    prefix = f"limit:{os.getpid()}"
    passed = {name: flood(client, prefix, name) for name in LIMITS}
    client.script_flush()  # as after a restart
    for way in WAYS:
        border(client, prefix, way)
    client.unlink(*client.scan_iter(f"{prefix}:*", count=1000))
    print("  let through:", ", ".join(f"{count} of {LIMITS[name][0] + 100} ({name}, {LIMITS[name][2]})" for name, count in passed.items()))


main()
