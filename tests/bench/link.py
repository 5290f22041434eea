# SPDX-License-Identifier: Apache-2.0
"""link.py: requests in bulk: a connection that sends many and counts the replies, and requests made from numbers.

Used by: the programs of tests/bench.
Always:  - a million requests take this program about as long as the server, or less: what is repeated is formatted once;
         - what is filled is answered for when the call returns.
"""
import re
import socket

import resp

NUMBER = "%08d"  # in a word of a template: a number of eight digits, so that every request is of one length
LEAST = 10_000_000  # the least number that is written without a zero in front: what a score or an integer must be
BATCH = 2000
BATCH_BYTES = 256 * 1024


class Link:
    """A connection that sends many requests and counts the replies."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""
        self.owed_lines = 0  # negative: more came than was asked for yet

    def call(self, *arguments):
        self.socket.sendall(resp.encode(arguments))
        return self.replies(1)[0]

    def replies(self, count):
        found, data, at = [], self.rest, 0
        while len(found) < count:
            end = resp.reply_end(data, at) if at < len(data) else -1
            if end < 0:
                more = self.socket.recv(1 << 20)
                if not more:
                    raise ConnectionError("the server hung up")
                data, at = data[at:] + more, 0
                continue
            found.append(resp.parse(data, at)[0])
            at = end
        self.rest = data[at:]
        return found

    def skip_lines(self, count):
        """For pipelines whose replies are of so many lines, none of them an error."""
        self.owed_lines += count
        while self.owed_lines > 0:
            data = self.rest or self.socket.recv(1 << 20)
            if not data:
                raise ConnectionError("the server hung up")
            if data.startswith(b"-") or b"\n-" in data:
                raise ValueError(f"the server refused: {data[max(data.find(b'-'), 0):][:100]!r}")
            self.rest = b""
            self.owed_lines -= data.count(b"\n")

    def close(self):
        self.socket.close()


def info(link, field):
    found = re.search(rf"^{field}:(.*?)\r?$", link.call("INFO").decode(), re.MULTILINE)
    return found.group(1) if found else None


def fill(port, requests, batch=BATCH):
    """Requests of any kind, each formatted by itself."""
    link, pile, lines = Link(port), [], 0
    for request in requests:
        pile.append(resp.encode(request))
        lines += 2 if request[0] == "XADD" else 1  # of the reply
        if len(pile) == batch:
            link.socket.sendall(b"".join(pile))
            link.skip_lines(lines)
            pile, lines = [], 0
    if pile:
        link.socket.sendall(b"".join(pile))
        link.skip_lines(lines)
    link.close()


class Template:
    """A request whose words hold NUMBERs, to be made many times: bytes % numbers."""

    def __init__(self, *words, lines=1):
        words = [str(word).encode() for word in words]
        lengths = [len(word.replace(NUMBER.encode(), b"8 digits")) for word in words]
        self.bytes = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % pair for pair in zip(lengths, words))
        self.numbers = self.bytes.count(NUMBER.encode())
        self.lines = lines  # of a reply

    def make(self, numbers):
        """As many requests as the numbers are enough for."""
        times = len(numbers) // self.numbers
        return self.bytes * times % tuple(numbers[:times * self.numbers])

    def per_batch(self):
        return min(BATCH, max(1, BATCH_BYTES // len(self.bytes)))


def pour(port, template, numbers):
    """Sends what the numbers make, a batch ahead of the replies."""
    link, waited_for, step = Link(port), 0, template.per_batch() * template.numbers
    for at in range(0, len(numbers), step):
        part = numbers[at:at + step]
        link.socket.sendall(template.make(part))
        link.skip_lines(waited_for)
        waited_for = len(part) // template.numbers * template.lines
    link.skip_lines(waited_for)
    link.close()


def scattered(i):
    """Another number of eight digits for each i under 90 million, in no order."""
    return LEAST + i * 48_271_943 % 90_000_000
