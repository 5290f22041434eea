# SPDX-License-Identifier: Apache-2.0
"""machine.py: how much of the machine somebody else had while something was measured.

Used by: bench.py.
Always:  - else is whoever is neither the server nor this program with its ended children: a compiler, a neighbour of the
           virtual machine (steal), the kernel's own threads;
         - a share of all cores, over the time since it was made.
"""
import os
import resource
import time

MUCH = 0.1  # of the machine: figures are no longer to be trusted
BUSY = (0, 1, 2, 5, 6, 7)  # user, nice, system, irq, softirq, steal: fields of the first line of /proc/stat


def busy_seconds():
    with open("/proc/stat") as stat:
        fields = stat.readline().split()[1:]
    return sum(int(fields[i]) for i in BUSY) / os.sysconf("SC_CLK_TCK")


def seconds_of(server):
    """With those of its children that have ended: Redis forks to rewrite its log."""
    with open(f"/proc/{server.process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return server.cpu_seconds() + (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def own_seconds():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in both)


class Elsewhere:
    def __init__(self, server):
        self.server, self.began, self.before = server, time.monotonic(), self._seconds(server)

    def share(self):
        return max(0, self._seconds(self.server) - self.before) / (time.monotonic() - self.began) / os.cpu_count()

    def _seconds(self, server):
        return busy_seconds() - own_seconds() - seconds_of(server)
