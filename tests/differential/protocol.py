# SPDX-License-Identifier: Apache-2.0
"""protocol.py: bytes that are no proper requests: inline commands, wrong lengths, half requests; each on a connection of its own.

Used by: run.py.
Always:  - both servers must answer the same bytes and then both keep the connection or both close it;
         - each input is sent at once and, again, a byte at a time.
"""
import re
import socket

from compare import known_input

INPUTS = {
    "inline": b"PING\r\n", "inline with arguments": b"SET a 'x y' \r\nGET a\r\n", "inline with quotes": b'ECHO "a\\x41\\n\\"b"\r\n',
    "inline, newline only": b"PING\n", "inline, empty lines": b"\r\n\r\n\nPING\r\n", "inline, blanks": b"   \r\nPING\r\n",
    "inline, open quote": b'ECHO "abc\r\n', "inline, quote in a word": b'ECHO "a"b\r\nPING\r\n', "inline, unknown": b"NOSUCH a b\r\n",
    "inline, single quotes": b"ECHO 'it\\'s'\r\n", "inline, tab": b"ECHO\tx\r\n", "inline, zero byte": b"PI\x00NG\r\n",
    "inline, too long": b"x" * 70000, "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "http post": b"POST / HTTP/1.1\r\nHost: x\r\n\r\n",
    "empty array": b"*0\r\n*1\r\n$4\r\nPING\r\n", "null array": b"*-1\r\n*1\r\n$4\r\nPING\r\n", "array of -5": b"*-5\r\nPING\r\n",
    "no number": b"*x\r\n", "no digits": b"*\r\nPING\r\n", "blank before number": b"* 1\r\n$4\r\nPING\r\n", "plus sign": b"*+1\r\n$4\r\nPING\r\n",
    "array too long": b"*2147483648\r\n", "array at the limit": b"*1048577\r\n", "array overflow": b"*99999999999999999999\r\n",
    "leading zero": b"*01\r\n$4\r\nPING\r\n", "no dollar": b"*1\r\nPING\r\n", "wrong type": b"*1\r\n:4\r\nPING\r\n", "bulk of -1": b"*1\r\n$-1\r\n",
    "bulk no number": b"*1\r\n$x\r\n", "bulk no digits": b"*1\r\n$\r\n", "bulk too long": b"*1\r\n$536870913\r\n", "bulk overflow": b"*1\r\n$99999999999999999999\r\n",
    "bulk blank": b"*1\r\n$ 4\r\nPING\r\n", "empty bulk": b"*1\r\n$0\r\n\r\n", "no line end after bulk": b"*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n",
    "long number line": b"*" + b"1" * 70000, "long bulk line": b"*1\r\n$" + b"1" * 70000, "good then bad": b"*1\r\n$4\r\nPING\r\n*1\r\n+PING\r\n*1\r\n$4\r\nPING\r\n",
    "bad within multi": b"MULTI\r\nSET a 1\r\n*1\r\n$x\r\n", "quit": b"QUIT\r\nPING\r\n", "quit with arguments": b"QUIT now\r\n", "quit in multi": b"MULTI\r\nQUIT\r\n",
    "binary": bytes(range(256)) + b"\r\n", "resp3 push in": b">1\r\n$4\r\nPING\r\n", "hello twice": b"HELLO 3\r\nHELLO 2\r\nGET nosuch\r\nHELLO 3\r\nGET nosuch\r\n",
    "many pings": b"PING\r\n" * 1000, "half request": b"*2\r\n$4\r\nECHO\r\n$5\r\nhel",
}
QUIET_SECONDS = (0.03, 1)  # how long a connection must stay quiet to count as kept; longer where that makes a difference


def talk(server, data, piecewise, quiet):
    """(what came back, whether the connection was closed)."""
    received = b""
    with server.connect(timeout=quiet) as connection:
        try:
            pieces = [data[i:i + 1] for i in range(len(data))] if piecewise else [data]
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass
        while True:  # what follows malformed input may never be answered: only silence tells the end
            try:
                part = connection.recv(1 << 16)
            except socket.timeout:
                return received, False
            except OSError:
                return received, True
            if not part:
                return received, True
            received += part


def masked(received):
    """The greeting without the server's version and the connection's id."""
    received = re.sub(rb"(\r\nversion\r\n)\$\d+\r\n[^\r]*", rb"\1masked", received)
    return re.sub(rb"(\r\nid\r\n):\d+", rb"\1masked", received)


def play(pair):
    """The names of the inputs that the two sides answer differently."""
    peer, target = [side.server for side in pair.sides]
    for name, data in INPUTS.items():
        for piecewise in (False, True):
            if piecewise and (len(data) > 300 or left[1]):  # closed half-way, a reply may be lost with what was still sent
                continue
            for quiet in QUIET_SECONDS:
                left, right = [talk(server, data, piecewise, quiet) for server in (peer, target)]
                alike = (masked(left[0]), left[1]) == (masked(right[0]), right[1])
                if alike:
                    break
            if not alike and not known_input(name, left[0], right[0]):
                print(f"\ndifference in bytes on the wire: {name}{', a byte at a time' if piecewise else ''}: {data[:100]!r}")
                print(f"  redis-server: {left[0][:300]!r}{', closed' if left[1] else ''}")
                print(f"  leat:         {right[0][:300]!r}{', closed' if right[1] else ''}")
                yield f"protocol: {name}"
                break
