# SPDX-License-Identifier: Apache-2.0
"""dump.py: values go to and fro between leat and redis-server by DUMP and RESTORE, in every layout; damaged dumps do no harm.

Used by: ctest:  python3 tests/dump.py --broker build/release/leat [--seed 1] [--corpus FOLDER]
Always:  - what arrives is compared with what left, not the bytes of the dumps: the two lay values out differently;
         - a damaged dump has a check that fits, so that its content is looked at; leat must answer, and stay there.
With --corpus it also writes the short ones of the dumps that it met, without version and check, into that folder, for the fuzzer.
"""
import argparse
import hashlib
import os
import random
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import rdb  # noqa: E402
import resp  # noqa: E402
from checks import expect  # noqa: E402
from contents import SETTINGS, content, fill, hand_made  # noqa: E402
from server import Server  # noqa: E402

def compare(server, key, expected):
    got = content(server, key)
    expect(tuple(got[:2]) == expected, f"{key}: {str(got)[:300]} instead of {str(expected)[:300]}")


class Both:
    def __init__(self, leat, redis, dice, corpus):
        self.leat, self.redis, self.dice, self.corpus, self.met = leat, redis, dice, corpus, 0

    def keep(self, payload):
        self.met += 1
        if self.corpus and len(payload) < 400:
            with open(os.path.join(self.corpus, hashlib.sha1(payload).hexdigest()[:16]), "wb") as file:
                file.write(payload[:-10])

    def across(self, source, target, keys):
        for key in keys:
            payload = source.call("DUMP", key)
            self.keep(payload)
            answer = target.call("RESTORE", key, 0, payload, "REPLACE")
            expect(answer == "OK", f"RESTORE {key}: {answer}; {payload[:60]!r}")
            left, right = content(source, key), content(target, key)
            expect(left == right, f"{key}: {str(left)[:500]} became {str(right)[:500]}")

    def made(self):
        for at, (payload, expected) in enumerate(hand_made()):
            self.keep(payload)
            key = f"made:{at}"
            answer = self.leat.call("RESTORE", key, 0, payload)
            expect(answer == "OK", f"{key}, layout {payload[0]}: {answer}")
            compare(self.leat, key, expected)
            again = self.leat.call("DUMP", key)
            answer = self.redis.call("RESTORE", key, 0, again)
            expect(answer == "OK", f"{key} in redis-server: {answer}")
            compare(self.redis, key, expected)
            self.damage(payload, 40)

    def damage(self, payload, rounds):
        """Bytes changed, cut out, doubled: leat answers OK or an error, and still answers."""
        for _ in range(rounds):
            spoilt = bytearray(payload[:-10])
            for _ in range(self.dice.choice((1, 1, 2, 5))):
                if len(spoilt) < 2:
                    break
                at = self.dice.randrange(1, len(spoilt))
                what = self.dice.randrange(4)
                if what == 0:
                    spoilt[at] = self.dice.choice((0, 0x7F, 0x80, 0x81, 0xC3, 0xFE, 0xFF, self.dice.randrange(256)))
                elif what == 1:
                    spoilt[at] ^= 1 << self.dice.randrange(8)
                elif what == 2:
                    del spoilt[at:at + self.dice.choice((1, 1, 8))]
                else:
                    spoilt[at:at] = spoilt[at:at + self.dice.choice((1, 4, 30))]
            answer = self.leat.call("RESTORE", "spoilt", 0, rdb.signed(bytes(spoilt) + payload[-10:]), "REPLACE")
            fits = answer == "OK" or isinstance(answer, resp.Error) and answer.startswith(("ERR Bad data format", "ERR the value would"))
            expect(fits, f"damaged: {answer}")
            if answer == "OK":
                content(self.leat, "spoilt")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", required=True)
    parser.add_argument("--peer", default="redis-server")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("leat", "redis"):
            os.mkdir(os.path.join(folder, name))
        leat = Server(os.path.abspath(options.broker), os.path.join(folder, "leat"), "none")
        redis = Server(options.peer, os.path.join(folder, "redis"), "none")
        leat.start()
        redis.start()
        both = Both(resp.Connection(leat.connect(60)), resp.Connection(redis.connect(60)), random.Random(options.seed), options.corpus)
        for settings in SETTINGS:
            for name, value in settings.items():
                expect(both.redis.call("CONFIG", "SET", name, value) == "OK", name)
            for side, other in ((both.redis, both.leat), (both.leat, both.redis)):
                both.redis.call("FLUSHALL")
                both.leat.call("FLUSHALL")
                fill(side.call)
                both.across(side, other, sorted(side.call("KEYS", "*")))
        both.made()
        expect(leat.alive() and leat.stop() == 0, "leat ended badly")
        redis.kill()
        print(f"dump: {both.met} values went across, and damaged ones did no harm")


if __name__ == "__main__":
    main()
