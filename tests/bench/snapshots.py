# SPDX-License-Identifier: Apache-2.0
"""snapshots.py: what a snapshot does to the clients, what it costs, and how long a start takes; leat beside redis-server.

Used by: people:  python3 tests/bench/snapshots.py stall|cost|start [--scale 0.1] [--broker build/release/leat]
Always:  - every server has the same content, made from the same numbers; leat syncs before it answers, Redis syncs each
           second (its snapshot is what is looked at, not its log);
         - `start` counts from the start of the process to the first GET that is answered;
         - prints a table in Markdown, which docs/snapshots.md keeps with date and machine.
"""
import argparse
import multiprocessing
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import resp  # noqa: E402
import servers  # noqa: E402
from link import Link, fill, info  # noqa: E402
from servers import running_for_snapshots  # noqa: E402

MILLION = 1_000_000


def mixed_keys(count):
    for i in range(count):
        kind = i % 10
        if kind < 5:
            yield ("SET", f"string:{i}", f"value-of-some-thirty-bytes-{i}")
        elif kind < 7:
            yield ("HSET", f"hash:{i}", "name", f"user{i}", "age", i % 90, "city", "somewhere")
        elif kind < 8:
            yield ("RPUSH", f"list:{i}", f"one{i}", f"two{i}")
        elif kind < 9:
            yield ("SADD", f"set:{i}", f"a{i}", f"b{i}", f"c{i}")
        else:
            yield ("ZADD", f"zset:{i}", i % 1000, f"member{i}")


def large_values(count, per=50):
    for i in range(0, count, per):
        yield ("RPUSH", "large:list", *(f"element-number-{j}" for j in range(i, i + per)))
        yield ("HSET", "large:hash", *(part for j in range(i, i + per) for part in (f"field:{j}", j)))
        yield ("ZADD", "large:zset", *(part for j in range(i, i + per) for part in (j * 7919 % count, f"member:{j}")))
    for i in range(count):
        yield ("XADD", "large:stream", f"{i + 1}-1", "sensor", i % 100, "value", i)


def bullmq_jobs(count):
    for i in range(count):
        yield ("HSET", f"bull:queue:{i}", "name", "job", "data", f'{{"number":{i},"to":"somebody@example.org"}}', "opts",
               '{"attempts":3,"backoff":{"type":"exponential","delay":1000}}', "timestamp", 1700000000000 + i, "delay", 0, "priority", 0)
        yield ("LPUSH", "bull:queue:wait", i)


def groups(count, per=500):
    for i in range(count):
        yield ("XADD", "events", f"{i + 1}-1", "sensor", i % 100, "value", i)
    yield ("XGROUP", "CREATE", "events", "one", "0")
    yield ("XGROUP", "CREATE", "events", "two", f"{count // 2}-1")


def deliver(port, count, per=1000):
    link = Link(port)
    for i in range(0, count, per):
        link.call("XREADGROUP", "GROUP", "one", f"worker{i // per % 20}", "COUNT", per, "STREAMS", "events", ">")


def probe(port, stop, results, arguments):
    """Latencies in milliseconds of one request at a time, ten milliseconds apart at most."""
    link, seen = Link(port), []
    request = resp.encode(arguments)
    while not stop.is_set():
        began = time.perf_counter()
        link.socket.sendall(request)
        link.replies(1)
        seen.append((time.perf_counter() - began) * 1000)
        time.sleep(0.001)
    results.put(seen)


def write_steadily(port, stop, rate, keys):
    """`rate` writes a second in a pipeline of what is due each two milliseconds."""
    link, sent, began, number = Link(port), 0, time.perf_counter(), 0
    while not stop.is_set():
        due = int((time.perf_counter() - began) * rate) - sent
        if due < rate // 500:
            time.sleep(0.001)
            continue
        due = min(due, 2000)
        pile = []
        for _ in range(due):
            number += 7919
            pile.append(resp.encode(("SET", f"string:{number % keys // 10 * 10}", f"another-value-{number}")) if number % 2 else
                        resp.encode(("RPUSH", "large:list", f"element-{number}")))
        link.socket.sendall(b"".join(pile))
        link.skip_lines(due)
        sent += due


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


class Load:
    """Writers at a rate, a reader and a producer that are measured, each in a process of its own."""

    def __init__(self, port, rate, keys):
        self.stop, self.queue = multiprocessing.Event(), {name: multiprocessing.Queue() for name in ("get", "push")}
        self.all = [multiprocessing.Process(target=write_steadily, args=(port, self.stop, rate, keys)),
                    multiprocessing.Process(target=probe, args=(port, self.stop, self.queue["get"], ("GET", "settled"))),
                    multiprocessing.Process(target=probe, args=(port, self.stop, self.queue["push"], ("LPUSH", "probe", "x")))]
        for one in self.all:
            one.start()

    def finish(self):
        self.stop.set()
        found = {name: queue.get() for name, queue in self.queue.items()}
        for one in self.all:
            one.join()
        return found


def peak_watch(server, stop, peak):
    while not stop.is_set():
        total = server.resident_bytes()
        try:  # a child that BGSAVE forked
            for name in os.listdir("/proc"):
                if name.isdigit() and open(f"/proc/{name}/stat").read().rsplit(")", 1)[1].split()[1] == str(server.process.pid):
                    total += private_bytes(int(name))
        except OSError:
            pass
        peak[0] = max(peak[0], total)
        time.sleep(0.05)


def private_bytes(pid):
    return sum(int(line.split()[1]) * 1024 for line in open(f"/proc/{pid}/smaps_rollup") if line.startswith("Private_Dirty"))


def wait_for_save(link, leat):
    while info(link, "rdb_bgsave_in_progress") != "0":
        time.sleep(0.02)


def stall(options):
    keys, elements = int(5 * MILLION * options.scale), int(5 * MILLION * options.scale)
    print(f"| server | GET p99.9 ms, quiet | with | LPUSH p99 ms, quiet | with | longest pause ms (wall, core) | seconds | memory grown by |\n|---|---|---|---|---|---|---|---|")
    for binary in options.servers:
        with running_for_snapshots(binary) as server:
            leat = binary.endswith("leat")
            fill(server.port, mixed_keys(keys))
            fill(server.port, large_values(elements))
            link = Link(server.port)
            link.call("SET", "settled", "x")
            load = Load(server.port, options.rate, keys)
            time.sleep(options.seconds)
            quiet = load.finish()
            load = Load(server.port, options.rate, keys)
            time.sleep(1)
            before, stop, peak = server.resident_bytes(), threading.Event(), [0]
            watch = threading.Thread(target=peak_watch, args=(server, stop, peak))
            watch.start()
            began = time.perf_counter()
            link.call("BGSAVE")
            time.sleep(0.1)
            wait_for_save(link, leat)
            took = time.perf_counter() - began
            stop.set()
            watch.join()
            busy = load.finish()
            pauses = [int(info(link, f"snapshot_longest_pause_{unit}")) / 1000 for unit in ("us", "cpu_us")] if leat else [max(busy["get"])]
            print(f"| {os.path.basename(binary)} | {percentile(quiet['get'], .999):.2f} | {percentile(busy['get'], .999):.2f} | "
                  f"{percentile(quiet['push'], .99):.2f} | {percentile(busy['push'], .99):.2f} | {', '.join(f'{one:.2f}' for one in pauses)} | {took:.1f} | "
                  f"{(peak[0] - before) / before * 100:.1f} % of {before / 1e6:.0f} MB |", flush=True)


def cost(options):
    print("| entries | rows of a whole snapshot | its file, MB | changes | rows written | KiB written for each row |\n|---|---|---|---|---|---|")
    for entries in [int(10 ** power * options.scale) for power in (4, 5, 6, 7)]:
        with running_for_snapshots(options.servers[0]) as server:
            link = Link(server.port)
            fill(server.port, mixed_keys(entries // 2))
            fill(server.port, large_values(entries // 8))
            link.call("SAVE")
            rows, size = int(info(link, "snapshot_last_rows")), os.path.getsize(os.path.join(server.folder, "data", "snapshot.db"))
            step = max(1, entries // 2 // 10 // 1000)
            fill(server.port, (("SET", f"string:{i * step * 10}", "changed") for i in range(1000)))
            link.call("SAVE")
            changed, written = int(info(link, "snapshot_last_rows")), int(info(link, "snapshot_last_bytes_written"))
            print(f"| {entries} | {rows} | {size / 1e6:.1f} | 1000 | {changed} | {written / 1024 / changed:.1f} |", flush=True)


def first_answer(server):
    began = time.perf_counter()
    server.start_unready()
    while True:
        try:
            link = Link(server.port)
            while isinstance(link.call("GET", "settled"), resp.Error):
                time.sleep(0.002)
            return time.perf_counter() - began
        except OSError:
            time.sleep(0.002)


def start(options):
    contents = {"1 million waiting BullMQ jobs": lambda server: fill(server.port, bullmq_jobs(int(MILLION * options.scale))),
                "10 million small keys": lambda server: fill(server.port, (("SET", f"key:{i}", f"value{i}") for i in range(int(10 * MILLION * options.scale)))),
                "5 million stream entries, 2 groups, half of them pending": lambda server: (
                    fill(server.port, groups(int(5 * MILLION * options.scale))), deliver(server.port, int(2.5 * MILLION * options.scale)))}
    print("| content | " + " | ".join(os.path.basename(one) + " s" for one in options.servers) + " | ratio |\n|---|" + "---|" * (len(options.servers) + 1))
    for name, make in contents.items():
        took = []
        for binary in options.servers:
            with running_for_snapshots(binary) as server:
                make(server)
                link = Link(server.port)
                if binary.endswith("leat"):
                    link.call("SAVE")
                else:
                    link.call("BGREWRITEAOF")
                    time.sleep(0.5)
                    while info(link, "aof_rewrite_in_progress") != "0" or info(link, "aof_rewrite_scheduled") != "0":
                        time.sleep(0.05)
                server.kill()
                took.append(min(first_answer(server), *(again(server) for _ in range(2))))
        print(f"| {name} | " + " | ".join(f"{one:.2f}" for one in took) + f" | {took[0] / took[-1]:.2f} |", flush=True)


def again(server):
    server.kill()
    return first_answer(server)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["stall", "cost", "start"])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rate", type=int, default=20000)
    parser.add_argument("--seconds", type=float, default=10)
    servers.add_arguments(parser)
    options = parser.parse_args()
    options.servers = [options.broker] + ([options.peer] if options.peer else [])
    {"stall": stall, "cost": cost, "start": start}[options.what](options)


if __name__ == "__main__":
    main()
