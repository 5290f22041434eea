# SPDX-License-Identifier: Apache-2.0
"""servers.py: the servers that are compared, by the names that the report gives them, and how one is run.

Used by: the programs of tests/bench.
Always:  - a server has a folder of its own, which goes when the server does;
         - leat acknowledges what is on disk; `always`, `everysec` and `none` are redis-server with the append-only file
           synced before the answer, each second, or not there at all.
"""
import contextlib
import os
import resource
import shutil
import tempfile
import time

from server import Server, is_redis

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
RELEASE = os.path.join(ROOT, "build", "release")
PEERS = ("always", "everysec", "none")  # of redis-server
ALL = ("leat", *PEERS, "floor")
IDLE_SECONDS = 0.1
IDLE_SHARE = 0.01  # of a core


def add_arguments(parser):
    parser.add_argument("--broker", default=os.path.join(RELEASE, "leat"))
    parser.add_argument("--peer", default=shutil.which("redis-server"), help="redis-server")


def raise_descriptors():
    """As many sockets as the system lets this program and the servers have; returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@contextlib.contextmanager
def running(binary, persistence="always", extra=(), environment=None, under=None):
    """A server that answers; under: where its folder is made."""
    folder = tempfile.mkdtemp(prefix="leat-bench-", dir=under)
    server = Server(binary, folder, persistence, extra, environment)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder)


def wait_until_idle(server, seconds=3):
    """What a server does of its own after its start (a next segment, say) is no operation's cost. Waits so long at most."""
    until, before = time.monotonic() + seconds, server.cpu_seconds()
    while time.monotonic() < until:
        time.sleep(IDLE_SECONDS)
        now = server.cpu_seconds()
        if now - before < IDLE_SHARE * IDLE_SECONDS:
            return
        before = now


def running_for_snapshots(binary, extra=()):
    """leat takes one only when it is told to; Redis, whose snapshot is what is looked at, syncs its log each second."""
    if is_redis(binary):
        return running(binary, "everysec", ["--auto-aof-rewrite-percentage", "0", *extra])
    return running(binary, "always", ["--set", "snapshot.log_bytes=0", *extra])
