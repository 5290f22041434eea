# SPDX-License-Identifier: Apache-2.0
"""rest.py: GET of 100 bytes over REST, through one connection and through fifty, and as pipelines of a hundred.

Used by: bench.py.
Always:  - beside it an empty HTTP server, which parses nothing and answers a constant of the same length: what that costs, no
           REST door on this machine can save; and the same GETs over RESP, on leat itself;
         - this program asks and counts; what is compared is the server's CPU for each request, or for each row of a pipeline.
"""
import contextlib
import json
import select
import socket
import time

import commands
import resp
import servers
from row import Row, counted
from server import free_port

TOKEN = "a-token-of-the-benchmark"
HEAD = f"Host: leat\r\nAuthorization: Bearer {TOKEN}\r\nUpstash-Encoding: base64\r\n"
ROWS_OF_ONE = 100
REQUESTS = {1: 20_000, 50: 60_000}


def get(number):
    return f"GET /get/key:{number % commands.KEYS:012d} HTTP/1.1\r\n{HEAD}\r\n".encode()


def pipeline(number):
    rows = json.dumps([["GET", f"key:{(number * ROWS_OF_ONE + i) % commands.KEYS:012d}"] for i in range(ROWS_OF_ONE)])
    return f"POST /pipeline HTTP/1.1\r\n{HEAD}Content-Length: {len(rows)}\r\n\r\n{rows}".encode()


def exchange(port, requests, connections):
    """Each connection asks for the next as soon as it has its answer; all answers are of one length. Seconds, milliseconds of each."""
    links = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    for link in links:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    links[0].sendall(requests[0])
    length = whole_length(links[0])
    poll, by_number = select.epoll(), {link.fileno(): link for link in links}
    left, sent_at, took = {}, {}, []
    waiting = iter(requests)

    def ask(link):
        request = next(waiting, None)
        if request is None:
            return
        left[link.fileno()], sent_at[link.fileno()] = length, time.monotonic()
        link.sendall(request)

    began = time.monotonic()
    for link in links:
        poll.register(link, select.EPOLLIN)
        ask(link)
    while len(took) < len(requests):
        for number, _ in poll.poll():
            left[number] -= len(by_number[number].recv(1 << 16))
            if left[number] == 0:
                took.append((time.monotonic() - sent_at[number]) * 1e3)
                ask(by_number[number])
            elif left[number] < 0:
                raise ValueError("an answer is longer than the others")
    seconds = time.monotonic() - began
    for link in links:
        link.close()
    return seconds, sorted(took)


def whole_length(link):
    """Of the first answer, which must be 200."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += link.recv(1 << 16)
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(data[:200])
    size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < size:
        body += link.recv(1 << 16)
    return len(head) + 4 + size


class Rest(Row):
    servers = ("leat", "floor")

    def persistence(self, name):
        return "none" if name == "floor" else "always"  # nothing is written

    @contextlib.contextmanager
    def running(self, options, name):
        self.port = free_port()
        extra = ["--set", f"http.port={self.port}", "--set", f"http.token={TOKEN}"] if name == "leat" else []
        with servers.running(options.floor if name == "floor" else options.broker, self.persistence(name), extra) as server:
            if name == "floor":
                self.port = server.port
            else:
                self.fill(server)
            yield server

    @staticmethod
    def fill(server):
        connection = resp.Connection(server.connect())
        for first in range(0, commands.KEYS, 1000):
            words = [word for i in range(first, first + 1000) for word in (f"key:{i:012d}", commands.VALUE)]
            connection.call("MSET", *words)
        connection.close()

    def measure(self, server, name, options):
        found = {}
        for connections, count in REQUESTS.items():
            requests = [get(number) for number in range(counted(count, options, 200))]
            found[f"REST GET, {connections} connection{'s' if connections > 1 else ''}"] = self.take(server, requests, connections)
        requests = [pipeline(number) for number in range(counted(2000, options, 50))]
        found["REST GET in pipelines of 100, a row"] = self.take(server, requests, 10, ROWS_OF_ONE)
        return found

    def take(self, server, requests, connections, rows=1):
        before = server.cpu_seconds()
        seconds, took = exchange(self.port, requests, connections)
        count = len(requests) * rows
        return {"per_second": count / seconds, "cpu_us": (server.cpu_seconds() - before) / count * 1e6,
                "p50_ms": took[len(took) // 2], "p99_ms": took[int(len(took) * 0.99)]}


ROWS = [Rest("REST")]
