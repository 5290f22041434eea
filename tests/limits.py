# SPDX-License-Identifier: Apache-2.0
"""limits.py: each limit of the RESP door: a real client is driven past it, the others are served, and the log says so.

Used by: ctest:  python3 tests/limits.py --broker build/release/leat [NAME…]
Always:  - loopback only, ports picked free, the folder removed, every process ended by its pid;
         - every test ends with somebody else who is answered.
"""
import contextlib
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import resp  # noqa: E402
from checks import SECONDS, expect, wait_for  # noqa: E402
from server import Server  # noqa: E402
from test_program import run_tests  # noqa: E402


class Door:
    """A server with limits, somebody who works there, and whom else a test sends in."""

    def __init__(self, server):
        self.server = server
        self.other = self.connect()

    def connect(self, source=None):
        connected = socket.create_connection(("127.0.0.1", self.server.port), SECONDS, source and (source, 0))
        return resp.Connection(connected)

    def log(self):
        with open(self.server.log_path, errors="replace") as log:
            return log.read()

    def unharmed(self, said):
        expect(self.other.call("SET", "k", "v") == "OK" and self.other.call("GET", "k") == b"v", "the others are served")
        wait_for(lambda: said in self.log(), f"the log says {said!r}")

    def info(self, name):
        return dict(line.split(":", 1) for line in self.other.call("INFO").decode().splitlines() if ":" in line)[name]


def text(connection):
    """What a connection that is closed was told before."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.socket.recv(1000):
            said += data
    return said


def small_memory(door):
    """maxmemory of a small cache: what was evicted may lie in holes, and does not count"""
    door.other.call("CONFIG", "SET", "maxmemory", "8mb")
    door.other.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    for first in range(0, 30_000, 500):
        for i in range(500):
            door.other.send("SET", f"key:{first + i}", "v" * 1000)
        expect(all(door.other.read() == "OK" for _ in range(500)), "nobody is refused")
    expect(door.other.call("DBSIZE") > 2000, f"{door.other.call('DBSIZE')} keys are left of what 8 MB hold")
    door.other.call("CONFIG", "SET", "maxmemory", "0")


def strangers(door):
    """what is told to who has not authenticated, and does not read"""
    door.other.call("CONFIG", "SET", "requirepass", "secret")
    deaf = door.connect()
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        for _ in range(2000):
            deaf.socket.sendall(b"PING\r\n" * 2000)
    expect(int(door.info("used_memory")) < 64 << 20, "no memory is filled with what it was told")
    door.other.call("CONFIG", "SET", "requirepass", "")
    door.unharmed("client_closed")


def clients(door):
    """maxclients"""
    door.other.call("CONFIG", "SET", "maxclients", "5")
    inside = [door.connect() for _ in range(4)]
    expect(all(one.call("PING") == "PONG" for one in inside), "as many as may")
    for _ in range(50):
        expect(text(door.connect()) == b"-ERR max number of clients reached\r\n", "the next one is told in Redis' words")
    door.unharmed("there are limits.clients already")
    expect(door.log().count("event=client_refused") <= 20, "with a bounded number of lines")
    expect(int(door.info("rejected_connections")) == 50, "and counted")
    inside.pop().close()
    wait_for(lambda: door.info("connected_clients") == "4", "one leaves")
    expect(door.connect().call("PING") == "PONG", "another may come")


def clients_per_address(door):
    door.other.call("CONFIG", "SET", "limits.clients_per_address", "3")
    inside = [door.connect("127.0.0.2") for _ in range(3)]
    expect(all(one.call("PING") == "PONG" for one in inside), "as many as may")
    expect(b"max number of clients of this address" in text(door.connect("127.0.0.2")), "the next one is told")
    expect(door.connect("127.0.0.3").call("PING") == "PONG", "another address may")
    inside.pop().close()
    wait_for(lambda: door.info("connected_clients") <= "4", "one leaves")
    wait_for(lambda: door.connect("127.0.0.2").call("PING") == "PONG", "another may come")
    door.unharmed("limits.clients_per_address clients already")


def allow(door):
    answer = door.other.call("CONFIG", "SET", "allow", "10.0.0.1/8")
    expect(isinstance(answer, resp.Error) and "is no network" in answer, f"what is no network is refused: {answer}")
    expect(door.other.call("CONFIG", "SET", "allow", "127.0.0.1, 127.0.1.0/24, ::1") == "OK", "an allow-list")
    expect(door.connect("127.0.1.77").call("PING") == "PONG", "who is on it comes in")
    expect(text(door.connect("127.0.0.2")).startswith(b"-DENIED "), "who is not is told so")
    door.unharmed("its address is not in 'allow'")


def query_buffer(door):
    door.other.call("CONFIG", "SET", "client-query-buffer-limit", "1mb")
    hoarder = door.connect()
    with contextlib.suppress(OSError):
        hoarder.socket.sendall(b"*2\r\n$3\r\nGET\r\n$100000000\r\n" + b"x" * 5_000_000)
    expect(text(hoarder) == b"", "who sends more is closed")
    door.unharmed("it sent more than limits.query_buffer_bytes")


def deaf(door):
    """Clients that ask for more than they read, and subscribers that are told more"""
    door.other.call("SET", "large", "v" * 1_000_000)
    door.other.call("CONFIG", "SET", "limits.output_bytes", "20mb", "limits.pubsub_output_bytes", "4mb")
    asking, listening = door.connect(), door.connect()
    listening.call("SUBSCRIBE", "channel")
    for _ in range(60):
        asking.send("GET", "large")
    for _ in range(30):
        door.other.call("PUBLISH", "channel", "m" * 1_000_000)
    wait_for(lambda: door.info("connected_clients") == "1", "both are closed")
    expect(len(text(asking)) < 60_000_000 and len(text(listening)) < 30_000_000, "neither got all of it")
    door.unharmed("limit=limits.output_bytes")
    door.unharmed("limit=limits.pubsub_output_bytes")


def clients_bytes(door):
    for setting in (("maxmemory-clients", "101%"), ("maxmemory-clients", "-1"), ("maxmemory-clients", "much")):
        expect(isinstance(door.other.call("CONFIG", "SET", *setting), resp.Error), f"{setting} is no share of the memory")
    door.other.call("CONFIG", "SET", "maxmemory", "4gb", "maxmemory-clients", "1%")
    door.other.call("CLIENT", "NO-EVICT", "on")
    expect(door.other.call("CONFIG", "GET", "maxmemory-clients") == [b"maxmemory-clients", b"1%"], "of maxmemory")
    kept, large, small = door.connect(), door.connect(), door.connect()
    kept.call("CLIENT", "NO-EVICT", "on")
    for one, size in ((kept, 5_000_000), (large, 8_000_000), (small, 2_000_000)):
        one.socket.sendall(b"*2\r\n$4\r\nECHO\r\n$30000000\r\n" + b"x" * size)
    expect(door.info("evicted_clients") == "0", "some 19 of 43 MB")
    door.other.call("CONFIG", "SET", "maxmemory-clients", "14mb")
    expect(text(large) == b"", "who holds the most is closed")
    expect(door.info("evicted_clients") == "1", "and nobody else")
    with contextlib.suppress(OSError):
        small.socket.sendall(b"x" * 28_000_000 + b"\r\n")
    expect(text(small) == b"", "whoever comes to hold too much is, too")
    kept.socket.sendall(b"x" * 25_000_000 + b"\r\n")
    expect(len(kept.read()) == 30_000_000, "but who asked not to be")
    door.unharmed("all clients together hold more than limits.clients_bytes")


def bulk(door):
    door.other.call("CONFIG", "SET", "proto-max-bulk-len", "1mb")
    long = door.connect()
    long.socket.sendall(b"*2\r\n$3\r\nGET\r\n$1048577\r\n")
    expect(text(long) == b"-ERR Protocol error: invalid bulk length\r\n", "Redis' words")
    door.unharmed("Protocol error: invalid bulk length")


def arguments(door):
    one = door.connect()
    one.socket.sendall(b"*2147483648\r\n")
    expect(text(one) == b"-ERR Protocol error: invalid multibulk length\r\n", "Redis' words, beyond Redis' bound")
    door.other.call("CONFIG", "SET", "limits.arguments", "1048576")
    expect(door.connect().call("DEL", *(["k"] * 1_048_575)) >= 0, "as many as may")
    door.other.call("CONFIG", "SET", "limits.arguments", "100")
    other = door.connect()
    other.socket.sendall(b"*101\r\n")
    expect(text(other) == b"-ERR Protocol error: invalid multibulk length\r\n", "it can be set")
    door.unharmed("Protocol error: invalid multibulk length")


def idle(door):
    listener, waiter, lazy = door.connect(), door.connect(), door.connect()
    listener.call("SUBSCRIBE", "c")
    waiter.send("BLPOP", "none", "0")
    lazy.call("PING")
    door.other.call("CONFIG", "SET", "timeout", "1")
    until = time.monotonic() + 4
    while time.monotonic() < until:
        expect(door.other.call("PING") == "PONG", "who works is not idle")
        time.sleep(0.1)
    expect(text(lazy) == b"", "who asks for nothing is closed")
    expect(door.other.call("PUBLISH", "c", "x") == 1 and listener.read()[2] == b"x", "who listens is not")
    expect(door.other.call("RPUSH", "none", "x") == 1 and waiter.read() == [b"none", b"x"], "who waits is not")
    door.unharmed("it was idle for limits.idle_timeout_s")


def blocked(door):
    door.other.call("CONFIG", "SET", "limits.blocked_clients", "2")
    waiters = [door.connect() for _ in range(2)]
    for number, one in enumerate(waiters):
        one.send("BLPOP", f"jobs:{number}", "0")
    wait_for(lambda: door.info("blocked_clients") == "2", "as many as may")
    late = door.connect()
    answer = late.call("BLPOP", "jobs", "0")
    expect(isinstance(answer, resp.Error) and "limits.blocked_clients" in answer, f"the next one is told: {answer}")
    expect(late.call("RPUSH", "jobs", "a") == 1 and late.call("BLPOP", "jobs", "0") == [b"jobs", b"a"], "what is there is served")
    expect(door.other.call("RPUSH", "jobs:0", "a") == 1 and waiters[0].read() == [b"jobs:0", b"a"], "and who waits")
    late.send("BLPOP", "jobs", "0")
    wait_for(lambda: door.info("blocked_clients") == "2", "there is room again")
    door.unharmed("limits.blocked_clients wait already")


def script_memory(door):
    """script.memory_bytes, 256 MiB"""
    greedy = door.connect()
    said = greedy.call("EVAL", "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1e6) .. i end", "0")
    expect(isinstance(said, resp.Error) and "not enough memory" in said, f"it is ended: {said}")
    expect(greedy.call("EVAL", "return 7", "0") == 7, "the next one runs")
    door.unharmed("event=script_failed")


def pipeline(door):
    """A pipeline of any length is answered; a part of it waits while replies do."""
    door.other.call("CONFIG", "SET", "limits.pipeline_requests", "16", "durability", "always")
    one = door.connect()
    count = 5000
    one.socket.sendall(b"".join(resp.encode(["INCR", "n"]) for _ in range(count)))
    expect([one.read() for _ in range(count)] == list(range(1, count + 1)), "each request is answered, in order")
    door.unharmed("limits.pipeline_requests")
    expect(door.log().count("event=client_waits") <= 40, "with a bounded number of lines")
    silent = door.connect()
    silent.send("CLIENT", "REPLY", "OFF")
    silent.socket.sendall(b"".join(resp.encode(["INCR", "m"]) for _ in range(count)) + resp.encode(["CLIENT", "REPLY", "ON"]))
    expect(silent.read() == "OK" and silent.call("GET", "m") == str(count).encode(), "also without replies")


def keep_alive(door):
    """The kernel's timer of a connection that was told to probe: kind 2 in /proc/net/tcp."""
    one = door.connect()
    one.call("PING")
    ours = one.socket.getsockname()[1]
    expect(timer_of(door.server.port, ours) == 2, "probes are on by default")
    door.other.call("CONFIG", "SET", "tcp-keepalive", "0")
    two = door.connect()
    two.call("PING")
    expect(timer_of(door.server.port, two.socket.getsockname()[1]) == 0, "and can be turned off")
    door.unharmed("")


def timer_of(port, peer):
    with open("/proc/net/tcp") as table:
        for line in list(table)[1:]:
            words = line.split()
            local, remote = (int(words[at].split(":")[1], 16) for at in (1, 2))
            if (local, remote) == (port, peer):
                return int(words[5].split(":")[0], 16)
    raise AssertionError("the connection is not there")


TESTS = [small_memory, strangers, clients, clients_per_address, allow, query_buffer, deaf, clients_bytes, bulk, arguments, idle, blocked,
         script_memory, pipeline, keep_alive]


def prepare(binary, folder):
    def run(test):
        place = os.path.join(folder, test.__name__)
        os.mkdir(place)
        server = Server(binary, place, "none")
        server.start()
        try:
            test(Door(server))
        except BaseException:
            print(server.log_tail())
            raise
        finally:
            server.kill()
    return run


if __name__ == "__main__":
    sys.exit(run_tests("limits", __doc__, TESTS, prepare))
