# SPDX-License-Identifier: Apache-2.0
"""slow_disk.py: what readers feel of a disk whose syncs take 5 ms: 25 clients GET while 25 LPUSH.

Used by: bench.py.
Always:  - the data lies in memory where it can (/dev/shm), so that the disk is as slow as it is told to be, and no slower;
         - the slowness is tests/faults/slow_syncs.c, preloaded, the same for both servers;
         - what is read was synced long before.
"""
import contextlib
import os
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))  # behind: it has a slow_disk too
import servers  # noqa: E402
from commands import KEYS, RANDOM, VALUE, benchmark, once  # noqa: E402
from link import NUMBER  # noqa: E402
from row import Row  # noqa: E402
from slowness import Slowness  # noqa: E402

SYNC_US = 5000
HALF = 25  # clients
SECONDS = 5
ENDLESS = 10 ** 8  # requests, of those who are ended when the others are done
MEMORY = "/dev/shm"


class SlowDisk(Row):
    servers = ("leat", "always")
    section = "latency"

    @contextlib.contextmanager
    def running(self, options, name):
        binary = options.broker if name == "leat" else options.peer
        with tempfile.TemporaryDirectory(prefix="leat-slow-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
            self.disk = Slowness(options.slow_syncs, folder)
            with servers.running(binary, self.persistence(name), environment=self.disk.environment, under=folder) as server:
                yield server

    def measure(self, server, name, options):
        seconds = max(0.5, SECONDS * min(1, options.scale))
        once("SET", f"key:0000{NUMBER}", VALUE, of=KEYS)(server.port, KEYS)
        self.disk.set(SYNC_US)
        words = ["redis-benchmark", "-p", server.port, "-c", HALF, "-n", ENDLESS, "-q", "LPUSH", "list", VALUE]
        pushes = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(seconds / 5)  # a log that moves to its thread has done so
            return {"GET beside LPUSH, syncs of 5 ms": self._read(server, seconds)}
        finally:
            pushes.kill()
            pushes.wait()

    def _read(self, server, seconds):
        """For about so long: a first few tell how many that is."""
        few = self._get(server, 1000)
        count = int(few["per_second"] * seconds) + 1000
        syncs, before, began = self.disk.syncs, server.cpu_seconds(), time.perf_counter()
        found = self._get(server, count)
        found["cpu_us"] = (server.cpu_seconds() - before) / count * 1e6
        found["syncs_per_second"] = (self.disk.syncs - syncs) / (time.perf_counter() - began)
        return found

    def _get(self, server, count):
        return benchmark(server.port, ["GET", f"key:{RANDOM}"], count, clients=HALF)


ROWS = [SlowDisk("SLOW_DISK")]
