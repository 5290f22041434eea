# SPDX-License-Identifier: Apache-2.0
"""rows.py: what is measured: one row a load, with what must be there before.

Used by: bench.py.
Always:  - every value has 100 bytes, every load 50 clients;
         - a load that takes things away finds as many as it takes.
"""
VALUE = "x" * 100
KEYS = 100_000  # distinct keys, members or fields of a load with random ones
SCRIPT = "redis.call('INCR', KEYS[1]) return redis.call('LPUSH', KEYS[2], ARGV[1])"


class Row:
    """A command for redis-benchmark; `fill` is run first with the same count, and not measured."""

    def __init__(self, name, command, fill=None, share=1.0, floor="always"):
        self.name, self.command, self.fill = name, command, fill
        self.floor = floor  # the durability of the empty server beside it; None: +OK is no answer to compare with
        self.share = share  # of the usual count: less for what is slow everywhere


ROWS = [
    Row("SET", ["SET", "key:__rand_int__", VALUE]),
    Row("GET", ["GET", "key:__rand_int__"], fill=["SET", "key:__rand_int__", VALUE], floor="never"),
    Row("LPUSH", ["LPUSH", "list", VALUE]),
    Row("RPOP", ["RPOP", "list"], fill=["LPUSH", "list", VALUE]),
    Row("LRANGE_100", ["LRANGE", "list", "0", "99"], fill=["LPUSH", "list", VALUE], share=0.2, floor=None),
    Row("ZADD", ["ZADD", "zset", "__rand_int__", "member:__rand_int__"]),
    Row("ZPOPMIN", ["ZPOPMIN", "zset"], fill=["ZADD", "zset", "__rand_int__", "member:__rand_int__"]),
    Row("XADD", ["XADD", "stream", "*", "sensor", "12", "celsius", "21.5", "note", VALUE]),
    Row("HSET", ["HSET", "hash", "field:__rand_int__", VALUE]),
    Row("INCR", ["INCR", "counter:__rand_int__"]),
    Row("SADD", ["SADD", "set", "member:__rand_int__"]),
    Row("EVAL", ["EVAL", SCRIPT, "2", "counter:__rand_int__", "list", VALUE], share=0.5),
]

# BullMQ's loads, in this order on one queue: name, count.
BULLMQ = [("addBulk", 20_000), ("drain", 20_000), ("add", 2_000)]
