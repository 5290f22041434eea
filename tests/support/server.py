# SPDX-License-Identifier: Apache-2.0
"""server.py: one server process, leat or redis-server, on a free loopback port and a folder of data.

Used by: tests/crash, tests/differential, tests/bench.
Always:  - started means that keys can be asked for: nothing is being loaded any more;
         - the process is ended by its own pid, at the latest when this program ends;
         - redis-server is told to sync before it answers, so that it promises what leat promises.
"""
import atexit
import os
import signal
import socket
import subprocess
import sys
import time

START_SECONDS = 60  # a large log takes time to replay
DURABILITY = {"always": "always", "everysec": "interval", "none": "never"}  # leat's words for Redis'


class ServerError(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_by_exit():
    """A signal ends this program the way that runs atexit, where every server that it started is killed."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))


def is_redis(binary):
    return os.path.basename(binary).startswith("redis-server")


class Server:
    def __init__(self, binary, folder, persistence="always", extra=(), environment=None):
        """persistence: always (synced before the answer), everysec, or none. environment: beside that of this program."""
        self.binary = binary
        self.folder = folder
        self.persistence = persistence
        self.extra = list(extra)
        self.environment = dict(environment or {})
        self.port = free_port()
        self.log_path = os.path.join(folder, "server.log")
        self.process = None
        self.tls = None  # an ssl.SSLContext: how connect() does it

    def start(self):
        """Returns the seconds until a key can be asked for."""
        began = time.monotonic()
        self.start_unready()
        while not self._answers():
            if self.process.poll() is not None:
                raise ServerError(f"{self.binary} ended at its start with {self.process.returncode}: {self.log_tail()}")
            if time.monotonic() - began > START_SECONDS:
                raise ServerError(f"{self.binary} did not answer within {START_SECONDS} s: {self.log_tail()}")
            time.sleep(0.002)  # no event tells that a port will open
        return time.monotonic() - began

    def start_unready(self):
        """Only the process: it may still be reading its log."""
        data = os.path.join(self.folder, "data")
        os.makedirs(data, exist_ok=True)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, *self._arguments(data)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self.environment})
        atexit.register(self.kill)
        end_by_exit()

    def kill(self):
        """SIGKILL, and wait until it is gone. Harmless when it is gone already."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.process = None
        atexit.unregister(self.kill)

    def stop(self):
        """A clean stop; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=60)
        self.process = None
        atexit.unregister(self.kill)
        return status

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def connect(self, timeout=None):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls is None:
            return connection
        return self.tls.wrap_socket(connection, server_hostname="localhost", suppress_ragged_eofs=False)

    def log_tail(self, lines=15):
        with open(self.log_path, errors="replace") as log:
            return "\n" + "".join(log.readlines()[-lines:])

    def cpu_seconds(self):
        """User and system time of all threads so far: what /proc/PID/stat says, to the nanosecond."""
        return time.clock_gettime(~self.process.pid << 3 | 2)  # the clock of that process, see clock_getcpuclockid(3)

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def _arguments(self, data):
        if is_redis(self.binary):
            keep = self.persistence != "none"
            return ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", data, "--save", "",
                    "--appendonly", "yes" if keep else "no", "--appendfsync", self.persistence if keep else "no", *self.extra]
        return ["serve", "--set", f"port={self.port}", "--set", f"data_dir={data}",
                "--set", f"durability={DURABILITY[self.persistence]}", *self.extra]

    def _answers(self):
        try:
            with self.connect(timeout=1) as probe:
                probe.sendall(b"EXISTS started\r\n")  # PING is answered while the log is still being read
                return probe.recv(64)[:1] in (b":", b"+")  # the benchmark's empty server says +OK to everything
        except OSError:
            return False
