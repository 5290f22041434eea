# SPDX-License-Identifier: Apache-2.0
"""pair.py: two servers that get the same commands, and the first place where their replies part.

Used by: run.py, shrink.py.
Always:  - a play starts with an empty keyspace, an empty script cache and a new connection on both sides;
         - traffic goes in blocks; replies are taken apart only in a block whose bytes differ;
         - a server that dies or falls silent is a difference like any other, and is started again.
"""
import resp
from compare import same

BLOCK = 200
SILENCE_SECONDS = 10  # so long without a byte means that no reply will come
SILENT = b"(nothing: it died or fell silent)"


class Difference:
    def __init__(self, index, command, left, right):
        self.index, self.command, self.left, self.right = index, command, left, right


class Side:
    """One server and one connection to it."""

    def __init__(self, server):
        self.server = server
        self.connection = None

    def fresh(self, protocol, silence):
        if self.connection:
            self.connection.close()
        try:
            self._greet(protocol, silence)
        except (OSError, ValueError):  # dead, stuck, or babbling
            self.server.kill()
            self.server.start()
            self._greet(protocol, silence)

    def _greet(self, protocol, silence):
        self.connection = resp.Connection(self.server.connect(timeout=silence))
        for command in (["FLUSHALL"], ["SCRIPT", "FLUSH"], ["FUNCTION", "FLUSH"], ["ACL", "LOG", "RESET"], ["HELLO", str(protocol)]):
            self.connection.call(*command)

    def send(self, data):
        try:
            self.connection.socket.sendall(data)
        except OSError:
            pass  # reading will tell

    def read_until(self, ending):
        """Everything up to and with the bytes `ending`, which are the reply to the last request of a block."""
        buffer = self.connection.buffer
        while not buffer.endswith(ending):
            try:
                data = self.connection.socket.recv(1 << 20)
            except OSError:
                data = b""
            if not data:
                break
            buffer += data
        raw = bytes(buffer)
        buffer.clear()
        return raw


class Pair:
    def __init__(self, peer, target, alter=None):
        """alter: changes a raw block of the target, for the self-test."""
        self.sides = [Side(peer), Side(target)]
        self.alter = alter
        self.silence = SILENCE_SECONDS

    def play(self, commands, protocol):
        """The first difference, or None."""
        for side in self.sides:
            side.fresh(protocol, self.silence)
        start = 0
        while start < len(commands):
            end = block_end(commands, start)
            difference = self._play_block(commands[start:end], start)
            if difference:
                return difference
            start = end
        return None

    def _play_block(self, block, start):
        ending = b"end of block %d" % start
        parts = []
        for command in block:
            parts.append(resp.encode(command.arguments))
            if command.token:
                parts.append(resp.encode([b"PING", command.token]))
        parts.append(resp.encode([b"DISCARD"]))  # a shortened program may have left a transaction open,
        parts.append(resp.encode([b"PING", ending]))  # or a subscription, where only PING is allowed
        data = b"".join(parts)
        for side in self.sides:
            side.send(data)
        ending = b"$%d\r\n%b\r\n" % (len(ending), ending)
        left, right = [side.read_until(ending) for side in self.sides]
        if self.alter:
            right = self.alter(right)
        if left == right and left.endswith(ending):
            return None
        return self._first_difference(block, start, left, right)

    def _first_difference(self, block, start, left, right):
        left_at = right_at = 0
        for offset, command in enumerate(block):
            left_end, right_end = reply_of(command, left, left_at), reply_of(command, right, right_at)
            left_reply, right_reply = left[left_at:left_end], right[right_at:right_end]
            if not left_reply or not same(command, left_reply, right_reply):
                return Difference(start + offset, command, left_reply or SILENT, right_reply or SILENT)
            left_at, right_at = left_end, right_end
        if left[left_at:] != right[right_at:]:
            return Difference(start + len(block) - 1, block[-1], left[left_at:], right[right_at:])
        return None


def block_end(commands, start):
    """A block does not end within a transaction."""
    end, within = start, False
    while end < len(commands) and (end - start < BLOCK or within):
        name = commands[end].name()
        within = name == "MULTI" or within and name not in ("EXEC", "DISCARD")
        end += 1
    return end


def reply_of(command, raw, start):
    """Index behind the replies of one command; those of a command with a token end with the PING's."""
    while True:
        end = reply_end(raw, start)
        if not command.token or end >= len(raw) or command.token in raw[start:end]:
            return end
        start = end


def reply_end(raw, start):
    try:
        end = resp.reply_end(raw, start)
    except ValueError:
        end = -1
    return len(raw) if end < 0 else end
