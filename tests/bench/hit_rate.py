# SPDX-License-Identifier: Apache-2.0
"""hit_rate.py: how often a cache of half the memory has what is asked for; leat beside redis-server.

Used by: people:  python3 tests/bench/hit_rate.py [--policy allkeys-lru] [--keys 200000] [--requests 1000000]
Always:  - both servers see the same requests in the same order: keys by Zipf's law, a GET, and a SET after each miss;
         - each may hold the same number of keys, about: `maxmemory` is what `--share` of all keys took in it;
         - prints a table in Markdown.
"""
import argparse
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import resp  # noqa: E402
import servers  # noqa: E402
from link import Link, fill, info  # noqa: E402
from servers import running_for_snapshots  # noqa: E402

VALUE = "v" * 100
BATCH = 500


def zipf(keys, skew, count, seed):
    """`count` numbers under `keys`; the n-th most wanted comes with a chance in proportion to 1 / n^skew."""
    rng = random.Random(seed)
    names = list(range(keys))
    rng.shuffle(names)  # the most wanted are not the first that were stored
    total, sums = 0.0, []
    for n in range(1, keys + 1):
        total += n ** -skew
        sums.append(total)
    return rng.choices(names, cum_weights=sums, k=count)


def memory_of(link, keys):
    """What so many keys take, as the server counts it."""
    before = int(info(link, "used_memory"))
    fill(link.socket.getpeername()[1], (("SET", f"key:{i}", VALUE) for i in range(keys)))
    return before, int(info(link, "used_memory")) - before


def play(link, numbers):
    hits = 0
    for at in range(0, len(numbers), BATCH):
        wanted = numbers[at:at + BATCH]
        link.socket.sendall(b"".join(resp.encode(("GET", f"key:{i}")) for i in wanted))
        missed = {i for i, reply in zip(wanted, link.replies(len(wanted))) if reply is None}
        hits += sum(i not in missed for i in wanted)
        link.socket.sendall(b"".join(resp.encode(("SET", f"key:{i}", VALUE)) for i in missed))
        link.replies(len(missed))
    return hits


def measure(options, binary, numbers):
    with running_for_snapshots(binary) as server:
        link = Link(server.port)
        base, grown = memory_of(link, options.keys)
        link.call("FLUSHALL")
        link.call("CONFIG", "SET", "maxmemory-policy", options.policy)
        link.call("CONFIG", "SET", "maxmemory", base + int(grown * options.share))
        warm = len(numbers) // 4
        play(link, numbers[:warm])
        hits = play(link, numbers[warm:])
        held = link.call("DBSIZE")
    print(f"| {os.path.basename(binary)} | {options.policy} | {held} of {options.keys} | "
          f"{hits / (len(numbers) - warm) * 100:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", default="allkeys-lru")
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=600_000)
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--skew", type=float, default=0.9)
    servers.add_arguments(parser)
    options = parser.parse_args()
    numbers = zipf(options.keys, options.skew, options.requests, 1)
    print("| server | policy | keys held | hits, % |\n|---|---|---|---|")
    for binary in [options.broker] + ([options.peer] if options.peer else []):
        measure(options, binary, numbers)


if __name__ == "__main__":
    main()
