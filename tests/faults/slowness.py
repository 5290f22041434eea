# SPDX-License-Identifier: Apache-2.0
"""slowness.py: how slow the disk under a broker is just now: the five numbers shared with slow_syncs.c.

Used by: slow_disk.py, ../loading.py, ../bench/slow_disk.py.
Always:  - a change counts from the next sync on;
         - stand() is over for the broker when its one sync is, and the disk is as quick as before.
"""
import mmap
import os
import struct
import time

PATIENCE_SECONDS = 30
NUMBERS = struct.Struct("qqqqq")


class Slowness:
    def __init__(self, library, folder):
        self.path = os.path.join(folder, "slowness")
        with open(self.path, "wb") as file:
            file.write(bytes(NUMBERS.size))
        with open(self.path, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), NUMBERS.size)
        self.environment = {"LD_PRELOAD": os.path.abspath(library), "LEAT_SLOW_UNDER": "/data/", "LEAT_SLOW_BY": self.path}
        self.each_us = 0

    def set(self, each_us, every=0, long_us=0):
        self.each_us = each_us
        self.shared[:24] = struct.pack("qqq", each_us, every, long_us)

    @property
    def syncs(self):
        """That have begun, since the broker was started first."""
        return NUMBERS.unpack(self.shared[:])[3]

    def set_reads(self, each_us):
        self.shared[32:] = struct.pack("q", each_us)

    def stand(self, us):
        """One sync takes so long. Returns when it has begun; somebody must be writing."""
        begun = self.syncs
        self.shared[:24] = struct.pack("qqq", us, 0, 0)
        until = time.monotonic() + PATIENCE_SECONDS
        while self.syncs == begun:
            if time.monotonic() > until:
                raise AssertionError("nothing was synced any more")
            time.sleep(0.001)  # the library has no way to say so
        self.set(self.each_us)
