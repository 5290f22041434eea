# SPDX-License-Identifier: Apache-2.0
"""shrink.py: a long program that ends in a difference, made short: whatever can be left out is, as long as it still ends in one.

Used by: run.py.
Always:  - what is returned still differs, at its last command, which has the same name;
         - it gives up after a number of plays or seconds, with the shortest found so far.
"""
import time

from generator import Command
from pair import SILENCE_SECONDS, SILENT

PLAYS_MAX = 500
SECONDS_MAX = 60
IMPATIENCE_SECONDS = 1  # for a program that ended in silence: each play of it costs so long
LONG = 6  # arguments: of a longer command some are left out too


class Shrinker:
    def __init__(self, pair, commands, difference, protocol):
        self.pair, self.protocol = pair, protocol
        self.best, self.found = commands[:difference.index + 1], difference
        self.plays = 0
        self.deadline = time.monotonic() + SECONDS_MAX

    def shrink(self):
        """(commands, difference), as short as could be found."""
        self._halve(lambda: len(self.best) - 1, lambda start, end: self.best[:start] + self.best[end:])
        for place in reversed(range(len(self.best))):
            if place < len(self.best) and len(self.best[place].arguments) > LONG:
                self._halve(lambda: len(self.best[place].arguments) if place < len(self.best) else 0,
                            lambda start, end: self._with_fewer_arguments(place, start, end))
        return self.best, self.found

    def _tired(self):
        return self.plays >= PLAYS_MAX or time.monotonic() > self.deadline

    def _halve(self, length, cut):
        """Leaves out half, then quarters, and so on down to single ones, again as long as that helps."""
        width = max(1, length() // 2)
        while not self._tired():
            removed, start = False, 0
            while start < length() and not self._tired():
                if self._still(cut(start, min(start + width, length()))):
                    removed = True
                else:
                    start += width
            if width == 1 and not removed:
                return
            width = max(1, width // 2)

    def _with_fewer_arguments(self, place, start, end):
        command = self.best[place]
        rest = command.arguments[:max(start, 1)] + command.arguments[max(end, 1):]
        if len(rest) == len(command.arguments):
            return None
        return self.best[:place] + [Command(*rest, compare=command.compare, token=command.token)] + self.best[place + 1:]

    def _still(self, trial):
        if not trial:
            return False
        self.plays += 1
        again = self.pair.play(trial, self.protocol)
        if again is None or again.command.name() != self.found.command.name():
            return False
        self.best, self.found = trial[:again.index + 1], again
        return True


def shrink(pair, commands, difference, protocol):
    if SILENT in (difference.left, difference.right):
        pair.silence = IMPATIENCE_SECONDS
    try:
        return Shrinker(pair, commands, difference, protocol).shrink()
    finally:
        pair.silence = SILENCE_SECONDS
