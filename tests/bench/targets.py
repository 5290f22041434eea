# SPDX-License-Identifier: Apache-2.0
"""targets.py: what was set out to be reached: a load, a figure of leat's, whom it is divided by, and how far it may go.

Used by: report.py.
Always:  - a target is judged from the medians of what was measured in one run, leat and its peer in turn;
         - without a peer it is leat's own figure that is judged;
         - what was not measured is not met and not missed: verdict() says so.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Target:
    load: str
    figure: str
    peer: str | None
    at_most: float | None = None
    at_least: float | None = None

    def value(self, medians):
        """leat's figure, or how many times the peer's it is; None when one of them is not there."""
        leat = medians.get(self.load, {}).get("leat", {}).get(self.figure)
        if leat is None or self.peer is None:
            return leat
        peer = medians[self.load].get(self.peer, {}).get(self.figure)
        return leat / peer if peer else None

    def verdict(self, medians):
        value = self.value(medians)
        if value is None:
            return "not measured"
        met = value <= self.at_most if self.at_least is None else value >= self.at_least
        return "met" if met else "**not met**"

    def bound(self):
        return f"≤ {self.at_most:g}" if self.at_least is None else f"≥ {self.at_least:g}"


def unmeasured(medians):
    return [f"{each.load}: {each.figure}" for each in TARGETS if each.value(medians) is None]


WRITES = ["SET", "LPUSH", "RPOP", "ZADD", "ZPOPMIN", "XADD", "XREADGROUP+XACK", "HSET", "INCR", "EXPIRE"]
READS = ["GET"]
LIGHT = ["LPUSH", "RPOP", "INCR"]  # so little work in Redis that less can be saved
HUNDREDS = ["LRANGE_100", "ZRANGE_100", "XRANGE_100", "HGETALL_50", "SMEMBERS_100"]
MEMORY = {"waiting BullMQ job": 0.7, "cache string of 30 bytes": 0.7, "sorted-set member": 0.7, "field of a large hash": 0.7,
          "small hash of 5 fields": 0.7, "member of an integer set": 0.7, "session string of 300 bytes with a TTL": 0.8,
          "stream entry of 3 short fields": 0.85, "list element of 100 bytes": 1.0}
GROWING = ["ZADD", "ZRANK", "XADD", "XREADGROUP", "LPUSH", "LINDEX near both ends", "LINDEX anywhere from both ends", "HSET",
           "GET"]
PAUSES = ["10 M keys are inserted", "10 M keys expire together", "UNLINK of 10 M fields", "FLUSHALL of 10 M keys"]

REST_GETS = ["REST GET, 1 connection", "REST GET, 50 connections"]

TARGETS = [
    *(Target(name, "cpu_us", "floor", at_most=1.6) for name in REST_GETS),
    *(Target(f"{name} P1", "cpu_us", "always", at_most=0.85) for name in WRITES + READS),
    *(Target(f"{name} P1", "per_second", "none", at_least=0.97) for name in WRITES + READS),
    *(Target(f"{name} P16", "cpu_us", "always", at_most=0.6 if name in LIGHT else 0.5) for name in WRITES + READS),
    *(Target(f"{name} P16", "cpu_us", "none", at_most=0.85) for name in WRITES),
    *(Target(f"{name} P16", "cpu_us", "none", at_most=0.95) for name in READS),
    *(Target(f"{name} P{depth}", "cpu_us", "none", at_most=0.7) for name in HUNDREDS for depth in (1, 16)),
    *(Target(f"TLS {name} P{depth}", "cpu_us", "none", at_most=1.0) for name in ("PING", "GET") for depth in (1, 16)),
    Target("TLS SET P1", "cpu_us", "always", at_most=1.0),  # one sync a tick is most of it
    Target("TLS SET P16", "cpu_us", "none", at_most=1.0),
    Target("BullMQ addBulk", "cpu_us", "always", at_most=0.6),
    Target("BullMQ drain", "cpu_us", "always", at_most=0.6),
    Target("BullMQ add", "cpu_us", "always", at_most=0.65),
    Target("BullMQ, 4 processes", "per_second", "none", at_least=1.05),
    Target("GET beside LPUSH, syncs of 5 ms", "p99_ms", "always", at_most=0.1),
    Target("LPUSH, one client", "p50_ms", "always", at_most=1.0),
    Target("wake-up, 10,000 workers", "p99_ms", "always", at_most=0.9),
    Target("wake-up, 10,000 workers", "cpu_us", "always", at_most=0.9),
    Target("PING P1", "per_second", "floor", at_least=0.9),
    *(Target(f"memory: {item}", "bytes", "none", at_most=most) for item, most in MEMORY.items()),
    *(Target(f"{name} as it grows", "growth", None, at_most=3) for name in GROWING),
    *(Target(f"{name} as it grows", "longest_cpu_ms", None, at_most=2) for name in GROWING),
    *(Target(f"pause: {phase}", "max_ms", None, at_most=2) for phase in PAUSES),
]
