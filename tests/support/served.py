# SPDX-License-Identifier: Apache-2.0
"""served.py: one `leat serve` as a person starts it: its own words on the command line, its port read from its log.

Used by: the tests of the command line and of what stands in a data folder (backup, command_line, salvage).
Always:  - started means that it says so; what it says later is read when it ends;
         - the process is ended by its own pid.
"""
import re
import signal
import socket
import subprocess

import resp


class Broker:
    def __init__(self, binary, folder, *settings):
        words = [binary, "serve", "--set", "port=0", "--set", f"data_dir={folder}"]
        for setting in settings:
            words += ["--set", setting]
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        self.socket = None  # of call()
        for line in self.process.stderr:
            if served := re.search(r"event=serving .*port=(\d+)", line):
                self.port = int(served.group(1))
                return
        raise AssertionError(f"{words} did not start")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def call(self, *words):
        self.socket = self.socket or self.connect()
        self.socket.sendall(resp.encode(words))
        data = b""
        while resp.reply_end(data, 0) < 0:
            data += self.socket.recv(65536)
        return resp.parse(data)[0]

    def end(self, how=signal.SIGTERM):
        """Its exit status."""
        if self.socket is not None:
            self.socket.close()
        self.process.send_signal(how)
        self.process.stderr.read()
        return self.process.wait(20)


def run(binary, *words):
    """Status, and all that was said."""
    done = subprocess.run([binary, *map(str, words)], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr
