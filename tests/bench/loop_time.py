# SPDX-License-Identifier: Apache-2.0
"""loop_time.py: what the scheduler says of a thread: how long it ran, and how long it waited for a core that others had.

Used by: growth.py, pauses.py, to tell a server's pause from a machine's.
Always:  - nanoseconds since the thread began; they are exact when it sleeps, and at most a tick old while it runs;
         - a server's loop is its first thread.
"""
import os


class LoopTime:
    def __init__(self, pid):
        self.file = os.open(f"/proc/{pid}/task/{pid}/schedstat", os.O_RDONLY)

    def read(self):
        """(ran, waited for a core)"""
        ran, waited, _ = os.pread(self.file, 100, 0).split()
        return int(ran), int(waited)

    def close(self):
        os.close(self.file)
