# SPDX-License-Identifier: Apache-2.0
"""resp.py: requests to bytes, and replies from bytes, in RESP2 and RESP3.

Used by: tests/crash, tests/differential, tests/bench.
Always:  - a reply is never mistaken for another kind: errors are Error, status lines Status, pushes Push;
         - reply_end finds where a reply ends without building it.
"""


class Error(str):
    """An error reply; compares as its text."""


class Status(str):
    """A status line, such as OK."""


class Push(list):
    """An out-of-band message (RESP3)."""


def to_bytes(value):
    if isinstance(value, bytes):
        return value
    return str(value).encode("utf-8", "surrogateescape")


def encode(arguments):
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        argument = to_bytes(argument)
        parts.append(b"$%d\r\n%b\r\n" % (len(argument), argument))
    return b"".join(parts)


def reply_end(data, start):
    """Index just behind the reply that begins at start, or -1 when it is not all there."""
    open_items = 1
    while open_items > 0:
        line = data.find(b"\r\n", start)
        if line < 0:
            return -1
        kind = data[start:start + 1]
        if kind in b"$=!":
            length = int(data[start + 1:line])
            start = line + 2 if length < 0 else line + 2 + length + 2
            if start > len(data):
                return -1
        elif kind in b"*~>":
            open_items += max(int(data[start + 1:line]), 0)
            start = line + 2
        elif kind in b"%|":
            open_items += 2 * int(data[start + 1:line]) + (kind == b"|")
            start = line + 2
        elif kind in b"+-:_,#(":
            start = line + 2
        else:
            raise ValueError(f"no reply starts with {data[start:start + 40]!r}")
        open_items -= 1
    return start


def parse(data, start=0):
    """(value, index behind it); the whole reply must be there. Maps become lists of pairs: order and doubles show."""
    line = data.index(b"\r\n", start)
    kind, head, rest = data[start:start + 1], data[start + 1:line], line + 2
    if kind == b"$" or kind == b"=":
        length = int(head)
        return (None, rest) if length < 0 else (bytes(data[rest:rest + length]), rest + length + 2)
    if kind == b"!":
        length = int(head)
        return Error(data[rest:rest + length].decode("latin-1")), rest + length + 2
    if kind == b"+":
        return Status(head.decode("latin-1")), rest
    if kind == b"-":
        return Error(head.decode("latin-1")), rest
    if kind == b":" or kind == b"(":
        return int(head), rest
    if kind == b"_":
        return None, rest
    if kind == b"#":
        return head == b"t", rest
    if kind == b",":
        return float(head), rest
    if kind in (b"*", b"~", b">"):
        count = int(head)
        if count < 0:
            return None, rest
        items = Push() if kind == b">" else []
        for _ in range(count):
            item, rest = parse(data, rest)
            items.append(item)
        return items, rest
    if kind == b"%":
        pairs = []
        for _ in range(int(head)):
            key, rest = parse(data, rest)
            value, rest = parse(data, rest)
            pairs.append((key, value))
        return pairs, rest
    raise ValueError(f"no reply starts with {data[start:start + 40]!r}")


class Connection:
    """A socket that sends requests and reads replies one at a time; the buffer never forgets what came behind."""

    def __init__(self, connected):
        self.socket = connected
        self.buffer = bytearray()

    def send(self, *arguments):
        self.socket.sendall(encode(arguments))

    def call(self, *arguments):
        self.send(*arguments)
        return self.read()

    def read(self):
        """The next reply; raises ConnectionError when the other side is gone."""
        return parse(self.read_raw())[0]

    def read_raw(self):
        while True:
            end = reply_end(self.buffer, 0) if self.buffer else -1
            if end >= 0:
                raw = bytes(self.buffer[:end])
                del self.buffer[:end]
                return raw
            data = self.socket.recv(1 << 16)
            if not data:
                raise ConnectionError("the server closed the connection")
            self.buffer += data

    def close(self):
        self.socket.close()
