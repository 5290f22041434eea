# SPDX-License-Identifier: Apache-2.0
"""tls.py: GET, SET and PING over TLS 1.3, sent by redis-benchmark: what sealing costs a server for each operation.

Used by: bench.py.
Always:  - both servers have the same certificate, and ask clients for none;
         - the sessions are there before the count begins: handshakes are 50 in a run.
"""
import contextlib
import shutil
import tempfile

import commands
import servers
from certificates import Authority, settings
from row import Row, counted
from server import free_port, is_redis

LOADS = {"PING": ["PING"], "GET": ["GET", f"key:{commands.RANDOM}"], "SET": ["SET", f"key:{commands.RANDOM}", commands.VALUE]}


class Tls(Row):
    servers = ("leat", "always", "none")

    @contextlib.contextmanager
    def running(self, options, name):
        folder = tempfile.mkdtemp(prefix="leat-bench-tls-")
        try:
            self.authority = Authority(folder)
            certificate, key = self.authority.certify("localhost", kind="rsa")
            self.port = free_port()
            binary = options.broker if name == "leat" else options.peer
            extra = settings((certificate, key), "off", tls_port=self.port)
            if is_redis(binary):
                extra = ["--tls-port", str(self.port), "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no",
                         "--tls-ca-cert-file", self.authority.file]
            with servers.running(binary, self.persistence(name), extra) as server:
                yield server
        finally:
            shutil.rmtree(folder)

    def measure(self, server, name, options):
        found = {}
        for load, command in LOADS.items():
            commands.benchmark(server.port, LOADS["SET"], commands.KEYS, depth=64)
            for depth, count in commands.COUNTS.items():
                count = counted(count, options, 1000)
                before = server.cpu_seconds()
                figures = commands.benchmark(self.port, command, count, depth, tls=self.authority.file)
                figures["cpu_us"] = (server.cpu_seconds() - before) / count * 1e6
                found[f"TLS {load} P{depth}"] = figures
        return found


ROWS = [Tls("TLS")]
