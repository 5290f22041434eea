# SPDX-License-Identifier: Apache-2.0
"""migrate.py: keys move by MIGRATE between two leats, and between leat and redis-server, to and fro; and what happens when one does not answer.

Used by: ctest:  python3 tests/migrate.py --broker build/release/leat
Always:  - what arrives is compared with what left, and what has arrived is gone where it came from.
"""
import argparse
import os
import socket
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import resp  # noqa: E402
from dump import content, expect, fill  # noqa: E402
from server import Server, free_port, is_redis  # noqa: E402

NOBODY = "IOERR error or timeout connecting to the client"
REFUSED = "IOERR error or timeout writing to target instance"
SILENT = "IOERR error or timeout reading from target instance"
HUNG_UP = (SILENT, REFUSED)
LARGE = 20 << 20


class Side:
    def __init__(self, binary, folder):
        os.mkdir(folder)
        self.is_redis = is_redis(binary)
        self.server = Server(binary if self.is_redis else os.path.abspath(binary), folder, "always")
        self.server.start()
        self.connection = self.connect()
        self.port = self.server.port

    def connect(self):
        return resp.Connection(self.server.connect(60))

    def call(self, *words):
        return self.connection.call(*words)

    def migrate(self, target, key, *more, db=0, timeout=5000, host="127.0.0.1"):
        return self.call("MIGRATE", host, target if isinstance(target, int) else target.port, key, db, timeout, *more)


def everything(source, target):
    """Values of every type, all at once."""
    source.call("FLUSHALL")
    target.call("FLUSHALL")
    fill(source.call)
    keys = sorted(source.call("KEYS", "*"))
    before = {key: content(source, key) for key in keys}
    answer = source.migrate(target, "", "KEYS", *keys)
    expect(answer == "OK", f"MIGRATE of all: {answer}")
    expect(source.call("DBSIZE") == 0, "some have stayed")
    for key in keys:
        expect(content(target, key) == before[key], f"{key}: {str(before[key])[:300]} became {str(content(target, key))[:300]}")
    return len(keys)


def options(source, target):
    source.call("FLUSHALL")
    target.call("FLUSHALL")
    source.call("SET", "k", "v", "PX", 100000)
    expect(source.migrate(target, "k", "COPY", db=3) == "OK", "COPY")
    expect(source.call("GET", "k") == b"v", "COPY keeps it")
    target.call("SELECT", 3)
    expect(90000 < target.call("PTTL", "k") <= 100000, "the time it has left goes along")
    answer = source.migrate(target, "k", db=3)
    expect(answer == "ERR Target instance replied with error: BUSYKEY Target key name already exists.", f"there already: {answer}")
    expect(source.migrate(target, "k", "REPLACE", db=3) == "OK" and source.call("EXISTS", "k") == 0, "REPLACE")
    target.call("SELECT", 0)
    expect(source.migrate(target, "k") == "NOKEY", "it has gone")
    source.call("SET", "k", "v")
    answer = source.migrate(target, "k", db=77)
    expect(answer == "ERR Target instance replied with error: ERR DB index is out of range", f"no such database: {answer}")
    expect(source.migrate(target, "", "KEYS", "no", "k", "nor") == "OK", "those that are there")
    source.call("SET", "large", "x" * LARGE)
    expect(source.migrate(target, "large", host="localhost") == "OK" and target.call("STRLEN", "large") == LARGE, "a large one, to a name")


def passwords(source, target):
    """Of redis-server: leat has none."""
    source.call("FLUSHALL")
    source.call("SET", "k", "v")
    target.call("CONFIG", "SET", "requirepass", "secret")
    answer = source.migrate(target, "k")
    expect(answer.startswith("ERR Target instance replied with error: NOAUTH"), f"no password: {answer}")
    answer = source.migrate(target, "k", "AUTH", "wrong")
    expect(answer.startswith("ERR Target instance replied with error: WRONGPASS"), f"a wrong one: {answer}")
    expect(source.migrate(target, "k", "COPY", "REPLACE", "AUTH", "secret", db=1) == "OK", "AUTH")
    expect(source.migrate(target, "k", "REPLACE", "AUTH2", "default", "secret", db=1) == "OK", "AUTH2")
    target.call("CONFIG", "SET", "requirepass", "")


def at_once(source, target):
    """Many clients, each with its own keys; meanwhile one that wants none of it is served."""
    source.call("FLUSHALL")
    target.call("FLUSHALL")
    failed = []

    def mover(number):
        connection = source.connect()
        for each in range(50):
            key = f"{number}:{each}"
            connection.call("SET", key, key)
            answer = connection.call("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)
            if answer != "OK":
                failed.append((key, answer))
        connection.close()

    movers = [threading.Thread(target=mover, args=(number,)) for number in range(8)]
    for each in movers:
        each.start()
    while any(each.is_alive() for each in movers):
        expect(source.call("PING") == "PONG", "PING")
    expect(not failed, f"{failed[:3]}")
    expect(source.call("DBSIZE") == 0 and target.call("DBSIZE") == 400, "all of them")


def silence(source):
    """Nobody there; somebody who never answers; one who hangs up. Only who asked waits."""
    source.call("FLUSHALL")
    source.call("SET", "k", "v")
    expect(source.migrate(free_port(), "k") == REFUSED, "nobody listens")
    expect(source.call("MIGRATE", "127.0.0.1", "no port", "k", 0, 1000) == REFUSED, "no port")
    expect(source.migrate(1, "k", host="no such host") == NOBODY, "no host")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        waiter = source.connect()
        began = time.monotonic()
        waiter.send("MIGRATE", "127.0.0.1", port, "k", 0, 600)
        expect(source.call("PING") == "PONG" and time.monotonic() - began < 0.5, "others are served")
        expect(waiter.read() == SILENT and 0.5 < time.monotonic() - began < 5, "its time is up")
        waiter.send("MIGRATE", "127.0.0.1", port, "k", 0, 60000)
        listener.accept()[0].close()  # the first one, which has hung up
        accepted = listener.accept()[0]
        expect(accepted.recv(1000).startswith(b"*4\r\n$7\r\nRESTORE"), "what is sent")
        source.call("APPEND", "k", "w")
        accepted.sendall(b"+OK\r\n")
        expect("were changed or deleted here while" in waiter.read(), "changed on the way")
        waiter.send("MIGRATE", "127.0.0.1", port, "k", 0, 60000)
        accepted.close()
        accepted = listener.accept()[0]
        accepted.close()
        expect(waiter.read() in HUNG_UP, "it hung up")
        expect(source.call("GET", "k") == b"vw", "nothing was lost")
        waiter.send("MIGRATE", "127.0.0.1", port, "k", 0, 60000)
        accepted = listener.accept()[0]
        expect(source.server.stop() == 0, "a stop does not wait for others")
        expect(waiter.read().startswith("IOERR"), "who waited is told")
        accepted.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", required=True)
    parser.add_argument("--peer", default="redis-server")
    arguments = parser.parse_args()
    moved = 0
    with tempfile.TemporaryDirectory() as folder:
        leat, other, redis = (Side(binary, os.path.join(folder, name)) for name, binary in
                              (("leat", arguments.broker), ("other", arguments.broker), ("redis", arguments.peer)))
        for source, target in ((leat, other), (leat, redis), (redis, leat)):
            moved += everything(source, target)
            options(source, target)
        passwords(leat, redis)
        at_once(leat, other)
        at_once(leat, redis)
        silence(leat)
        expect(other.server.stop() == 0, "the other leat ended badly")
        redis.server.kill()
    print(f"migrate: {moved} values of all types moved, and more beside them")


if __name__ == "__main__":
    main()
