# SPDX-License-Identifier: Apache-2.0
"""sessions.py: web sessions that live as long as they are used, with redis-py; sessions.mjs says the same in JavaScript.

Used by: people, and tests/examples.py:  python3 examples/sessions.py [redis://127.0.0.1:6379]
Class:   session, durability = "interval": a power cut may cost a second of log-ins, and no page view waits for the disk.
Always:  - each use puts the end off by the whole time to live (GETEX), and never brings back a session that has ended;
         - the broker holds a hash of the cookie: who reads its data can be nobody's user;
         - a session is in the list of its user's, so that all of them can be ended at once.
"""
import hashlib
import json
import os
import secrets
import sys
import time

import redis

TTL_MS = 30 * 60_000  # what an application might choose; the check of the end uses a shorter one

BEGIN = """
for _, key in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  if redis.call('EXISTS', key) == 0 then redis.call('SREM', KEYS[2], key) end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SADD', KEYS[2], KEYS[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
"""
TOUCH = """
local found = redis.call('GETEX', KEYS[1], 'PX', ARGV[2])
if found then redis.call('PEXPIRE', ARGV[1] .. cjson.decode(found).user, ARGV[2]) end
return found
"""
END = """
local ended = 0
for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do ended = ended + redis.call('UNLINK', key) end
redis.call('UNLINK', KEYS[1])
return ended
"""


class Sessions:
    def __init__(self, client, prefix, ttl_ms=TTL_MS):
        self.client, self.prefix, self.ttl_ms = client, prefix, ttl_ms
        self.begin, self.touching, self.end = (client.register_script(text) for text in (BEGIN, TOUCH, END))

    def log_in(self, user, **data):
        cookie = secrets.token_urlsafe(32)
        self.begin(keys=[self.key(cookie), self.of(user)], args=[json.dumps({"user": user, **data}), self.ttl_ms])
        return cookie

    def touch(self, cookie):
        """Who sends this cookie? None: nobody."""
        found = self.touching(keys=[self.key(cookie)], args=[self.of(""), self.ttl_ms])
        return found and json.loads(found)

    def change(self, cookie, session):
        """False: it ended meanwhile, and stays so."""
        return bool(self.client.set(self.key(cookie), json.dumps(session), keepttl=True, xx=True))

    def log_out(self, cookie):
        found = self.client.getdel(self.key(cookie))
        if found:
            self.client.srem(self.of(json.loads(found)["user"]), self.key(cookie))

    def log_out_everywhere(self, user):
        """Returns how many there were."""
        return self.end(keys=[self.of(user)])

    def key(self, cookie):
        return f"{self.prefix}:is:{hashlib.sha256(cookie.encode()).hexdigest()}"

    def of(self, user):
        return f"{self.prefix}:of:{user}"


def claim(holds, what):
    if not holds:
        sys.exit(f"sessions.py: this does not hold: {what}.")


def clock_ms(client):
    seconds, micros = client.time()
    return seconds * 1000 + micros // 1000


def main():
    client = redis.Redis.from_url(sys.argv[1] if len(sys.argv) > 1 else "redis://127.0.0.1:6379", decode_responses=True)
    prefix = f"session:{os.getpid()}"
    sessions = Sessions(client, prefix)
    cookies = {f"user-{number}": [sessions.log_in(f"user-{number}", device=each) for each in ("phone", "desk", "couch")] for number in range(20)}
    claim(all(sessions.touch(cookie)["user"] == user for user, ones in cookies.items() for cookie in ones), "a cookie says whose session it is")
    claim(not any(sessions.touch(unknown) for unknown in ("", "guessed", "*")), "a cookie that is not there is nobody's")

    phone, desk, _ = cookies["user-0"]
    sessions.log_out(phone)
    claim(sessions.touch(phone) is None and sessions.touch(desk)["device"] == "desk", "a log-out ends one session")
    claim(not sessions.change(phone, {"user": "user-0"}) and sessions.touch(phone) is None, "a late write brings no session back")
    claim(sessions.log_out_everywhere("user-0") == 2 and sessions.touch(desk) is None, "both that are left end at once")

    short = Sessions(client, prefix, ttl_ms=100)
    cookie = short.log_in("slider")
    first = client.pexpire(short.key(cookie), 60_000) and client.pttl(short.key(cookie))
    claim(first > 100 and short.touch(cookie) and client.pttl(short.key(cookie)) <= 100, "a touch sets the whole time to live, and no other")
    until = clock_ms(client) + 101
    while (left := until - clock_ms(client)) > 0:
        time.sleep(left / 1000)
    claim(short.touch(cookie) is None and not client.exists(short.of("slider")), "an unused session ends, with its list")

    client.unlink(*client.scan_iter(f"{prefix}:*", count=1000))
    print(f"  {len(cookies) * 3 + 1} log-ins: ended on one device, everywhere, and by time")


main()
