# SPDX-License-Identifier: Apache-2.0
"""writers.py: clients of the slow-disk test that write: some wait for each answer, some never read one.

Used by: slow_disk.py.
Always:  - what was sent and what was acknowledged is counted here, outside the broker;
         - all of a kind share one thread, which costs the two cores that the broker is measured on as little as can be.
"""
import selectors
import socket
import threading
import time

import resp

FLOOD_VALUE_BYTES = 64 * 1024


class Writer:
    """Appends 1, 2, 3 … to a list of its own, the next when the last was acknowledged."""

    def __init__(self, server, key):
        self.key = key
        self.sent = self.acknowledged = 0
        self.socket = server.connect()

    def send(self):
        self.sent += 1
        self.socket.sendall(resp.encode(("RPUSH", self.key, self.sent)))

    def receive(self):
        """False: the broker is gone."""
        reply = self.socket.recv(100)
        if reply and reply != b":%d\r\n" % self.sent:
            raise AssertionError(f"{self.key}: the {self.sent}th push was answered {reply!r}")
        self.acknowledged += bool(reply)
        return bool(reply)

    def check(self, call):
        there = [int(each) for each in call("LRANGE", self.key, 0, -1)]
        if there != list(range(1, len(there) + 1)) or not self.acknowledged <= len(there) <= self.sent:
            yield f"{self.key}: {self.acknowledged} of {self.sent} were acknowledged, there are {len(there)}, up to {there[-3:]}"


class Writers:
    """Many of them at work on a thread, until stop() or the end of the broker."""

    def __init__(self, server, name, count):
        self.all = [Writer(server, f"{name}:{i}") for i in range(count)]
        self.stopping = False
        self.failure = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @property
    def acknowledged(self):
        return sum(each.acknowledged for each in self.all)

    def stop(self):
        self.stopping = True
        self.thread.join()

    def _run(self):
        try:
            with selectors.DefaultSelector() as ready:
                for each in self.all:
                    each.send()
                    ready.register(each.socket, selectors.EVENT_READ, each)
                while not self.stopping:
                    for key, _ in ready.select(0.05):
                        if not key.data.receive():
                            return
                        key.data.send()
        except OSError:
            pass  # the broker was killed
        except AssertionError as error:
            self.failure = str(error)


class Flooder:
    """Sets one key to 1, 2, 3 …, each 64 KiB long, as fast as the socket takes it."""

    def __init__(self, server, key):
        self.key = key
        self.socket = server.connect()
        self.socket.setblocking(False)
        self.sent = 0
        self.rest = memoryview(b"")
        self.answers = 0  # bytes of +OK\r\n

    def push(self):
        """The number of bytes that went."""
        if not self.rest:
            self.sent += 1
            self.rest = memoryview(resp.encode(("SET", self.key, b"%d" % self.sent + bytes(FLOOD_VALUE_BYTES))))
        try:
            went = self.socket.send(self.rest)
        except BlockingIOError:
            return 0
        self.rest = self.rest[went:]
        return went

    def drain(self):
        """Reads what is there: only when the broker is dead, or to end the flood."""
        try:
            while data := self.socket.recv(1 << 16):
                self.answers += len(data)
        except (BlockingIOError, ConnectionError):
            pass

    def check(self, call):
        value = call("GET", self.key) or b"0"
        number, acknowledged = int(value.rstrip(b"\0")), self.answers // len("+OK\r\n")
        if not acknowledged <= number <= self.sent:
            yield f"{self.key}: {acknowledged} of {self.sent} were acknowledged, there is {number}"


class Flood:
    """Flooders at work on a thread; knows how long no byte went."""

    def __init__(self, server, count):
        self.all = [Flooder(server, f"flood:{i}") for i in range(count)]
        self.stopping = False
        self.went_at = time.monotonic()
        self.bytes = 0
        self.longest_stall_s = 0.0
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self):
        self.stopping = True
        self.thread.join()
        for each in self.all:
            each.drain()

    def _run(self):
        try:
            while not self.stopping:
                went = sum(each.push() for each in self.all)
                now = time.monotonic()
                if went:
                    self.longest_stall_s = max(self.longest_stall_s, now - self.went_at)
                    self.went_at = now
                    self.bytes += went
                else:
                    time.sleep(0.002)
        except (ConnectionError, socket.timeout):
            pass  # the broker was killed
