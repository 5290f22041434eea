# SPDX-License-Identifier: Apache-2.0
"""row.py: what one row of the benchmark is: a name, the servers it runs on, and what it measures there.

Used by: bench.py, and by each kind of row: commands, groups, bullmq, memory, growth, workers, slow_disk, pauses.
Always:  - measure() finds an empty server and returns {load: {figure: value}}; a row may have several loads;
         - the same load has the same figures on every server it is measured on.
Figures: per_second, cpu_us (of the server, all its threads, for each operation), p50_ms, p99_ms, max_ms, bytes, and what
         a row adds of its own.
"""
import servers


class Row:
    servers = ("leat", "always", "everysec", "none")
    section = "operations"  # of the report

    def __init__(self, name):
        self.name = name

    def running(self, options, name):
        """The server of that name, as a context."""
        binary = {"leat": options.broker, "floor": options.floor}.get(name, options.peer)
        return servers.running(binary, self.persistence(name), self.extra(name))

    def persistence(self, name):
        return "always" if name in ("leat", "floor") else name

    def extra(self, name):
        """Settings beside the usual ones."""
        return ()

    def measure(self, server, name, options):
        raise NotImplementedError


def counted(count, options, least=1):
    """So many, or fewer in a quick run."""
    return max(least, int(count * options.scale))
