# SPDX-License-Identifier: Apache-2.0
"""client.py: one client of the crash test: a thread, a connection, and the ledger of what it sent and what was answered.

Used by: the workloads of this folder.
Always:  - a request is in the ledger before its first byte is sent;
         - it counts as answered only when its whole reply was read;
         - the end of the broker ends the client, and nothing else does.
"""
import threading
import time

import resp


class Unanswered:
    def __repr__(self):
        return "unanswered"


UNANSWERED = Unanswered()


class Request:
    __slots__ = ("arguments", "reply", "sent")

    def __init__(self, *arguments):
        self.arguments = arguments
        self.reply = UNANSWERED
        self.sent = time.monotonic()

    @property
    def answered(self):
        return self.reply is not UNANSWERED

    def __repr__(self):
        text = " ".join(str(each)[:60] for each in self.arguments)
        return f"{text[:200]} -> {self.reply!r}"


class Client(threading.Thread):
    """`behave(client)` is called again and again; it talks through call() and pipeline()."""

    def __init__(self, name, behave):
        super().__init__(name=name, daemon=True)
        self.ledger = []
        self.behave = behave
        self.failure = None  # something other than the end of the broker

    def open(self, server):
        self.connection = resp.Connection(server.connect())
        self.start()

    def run(self):
        try:
            while True:
                self.behave(self)
        except OSError:
            pass  # the broker was killed; what is unanswered stays so
        except Exception as error:  # noqa: BLE001: the round reports it
            self.failure = f"{self.name}: {error!r}"
        finally:
            self.connection.close()

    def call(self, *arguments):
        return self.pipeline([arguments])[0]

    def pipeline(self, commands):
        requests = [Request(*arguments) for arguments in commands]
        self.ledger.extend(requests)
        self.connection.socket.sendall(b"".join(resp.encode(each.arguments) for each in requests))
        for request in requests:
            request.reply = self.connection.read()
        return [request.reply for request in requests]


def errors(clients):
    """What no workload expects: an error reply, or a client that failed by itself."""
    for client in clients:
        if client.failure:
            yield client.failure
        for request in client.ledger:
            if isinstance(request.reply, resp.Error):
                yield f"{client.name} was refused: {request!r}"
