# SPDX-License-Identifier: Apache-2.0
"""loading.py: what clients hear at the doors while a broker still reads its log from a slow disk.

Used by: ctest:  python3 tests/loading.py --broker build/release/leat --library build/release/tests/slow_syncs.so
Always:  - loopback only, ports picked free, the folder removed, the process ended by its pid;
         - the disk is slow until the test has seen what it looks for.
"""
import argparse
import http.client
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "support"), os.path.join(HERE, "faults")]
import resp  # noqa: E402
from checks import expect, wait_for  # noqa: E402
from server import Server, free_port  # noqa: E402
from slowness import Slowness  # noqa: E402

KEYS, VALUE = 80, b"v" * 1_000_000  # of a log that is read piece by piece
READ_US = 50_000


def ask(port, path, token=None):
    """Status and body."""
    door = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    door.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
    answer = door.getresponse()
    status, body = answer.status, answer.read()[:300]
    door.close()
    return status, body


def answers(port):
    try:
        return ask(port, "/health")
    except OSError:
        return None  # nobody listens yet


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", required=True)
    parser.add_argument("--library", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        slowness = Slowness(arguments.library, folder)
        port = free_port()
        words = ["--set", f"http.port={port}", "--set", "http.token=a-token-for-the-test-of-loading-00"]
        server = Server(os.path.abspath(arguments.broker), folder, "none", words, slowness.environment)
        server.start()
        link = resp.Connection(server.connect(20))
        for number in range(KEYS):
            expect(link.call("SET", f"key:{number}", VALUE) == "OK", "it is written")
        expect(server.stop() == 0, "a clean end")

        slowness.set_reads(READ_US)
        server.start_unready()
        wait_for(lambda: answers(port) is not None, "somebody listens")
        status, body = ask(port, "/health")
        told = json.loads(body)
        expect(status == 503 and told["loading"] is True, f"/health while it loads: {status} {body}")
        link = resp.Connection(server.connect(20))
        expect(link.call("PING") == "PONG", "PING is answered")
        expect(str(link.call("GET", "key:0")).startswith("LOADING"), "and GET is not")
        expect(b"loading:1" in link.call("INFO", "persistence"), "INFO says so")
        status, body = ask(port, "/get/key:0", "a-token-for-the-test-of-loading-00")
        expect(status == 400 and b"LOADING" in body, f"a command by HTTP: {status} {body}")

        slowness.set_reads(0)
        wait_for(lambda: answers(port)[0] == 200, "it has loaded")
        told = json.loads(ask(port, "/health")[1])
        expect(told["loading"] is False and told["status"] == "ok", f"/health when it has: {told}")
        expect(link.call("GET", "key:0") == VALUE, "who waited is served")
        expect(server.stop() == 0, "a clean end")
    print("loading: /health says so until it serves, and both doors do")


main()
