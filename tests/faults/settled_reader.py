# SPDX-License-Identifier: Apache-2.0
"""settled_reader.py: reads keys that have long been on disk, a thousand a second, and says how long the answers took.

Used by: slow_disk.py:  python3 tests/faults/settled_reader.py PORT SECONDS
Always:  - a read that had to wait its turn behind a slow one counts from when its turn was: a pause is seen by all it delays;
         - one that this program itself woke too late for counts from its waking;
         - prints one line of JSON, with times in microseconds; a wrong value ends it with status 1.
"""
import gc
import json
import socket
import sys
import time

KEYS = 500
EACH_US = 1000


def name(number):
    return f"settled:{number}"


def value(number):
    return b"v%06d" % number


def read(connection, number, reply_bytes):
    key = name(number).encode()
    connection.sendall(b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n" % (len(key), key))
    reply = connection.recv(100)
    while len(reply) < reply_bytes:
        more = connection.recv(100)
        if not more:
            raise SystemExit("settled reader: the broker is gone")
        reply += more
    return reply


def measure(connection, seconds):
    """The time of each read, in order."""
    took, turn_us = [], time.monotonic_ns() // 1000
    until_us = turn_us + int(seconds * 1e6)
    expected = [b"$%d\r\n%b\r\n" % (len(value(i)), value(i)) for i in range(KEYS)]
    while turn_us < until_us:
        now_us = time.monotonic_ns() // 1000
        began_us = turn_us
        if now_us > until_us:  # its turn never came; it waited until now at least
            took.append(now_us - turn_us)
            turn_us += EACH_US
            continue
        if now_us < turn_us:
            time.sleep((turn_us - now_us) / 1e6)
            began_us = time.monotonic_ns() // 1000
        number = len(took) * 7 % KEYS
        if read(connection, number, len(expected[number])) != expected[number]:
            raise SystemExit(f"settled reader: {name(number)} has a value that nobody wrote")
        took.append(time.monotonic_ns() // 1000 - began_us)
        turn_us += EACH_US
    return took


def main():
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    gc.disable()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        measure(connection, 0.05)
        took = sorted(measure(connection, seconds))
    at = lambda part: took[min(int(len(took) * part), len(took) - 1)]  # noqa: E731
    print(json.dumps({"reads": len(took), "p50": at(0.5), "p99": at(0.99), "max": took[-1]}))


if __name__ == "__main__":
    main()
