# SPDX-License-Identifier: Apache-2.0
"""scripting.py: EVAL and its kin: what goes into Lua, what comes out, and what goes wrong. Used by: ../program.py.

Always: a script's answer depends on nothing but its arguments and the keyspace, and on no order of a hash table.
"""
import hashlib

from generator import Command

# Bodies that read KEYS[1..2] and ARGV[1..3].
BODIES = [
    "return 1", "return", "return nil", "return false", "return true", "return 3.99", "return -3.99", "return 'text'", "return ''",
    "return {1, 2, 3}", "return {1, nil, 3}", "return {}", "return {1, {2, {3, 'x'}}, false, true}", "return {ok = 'FINE'}",
    "return {err = 'ERR mine'}", "return {err = 'MINE own'}", "return {err = 'plain'}", "return {double = 3.5}", "return {map = {a = 1}}",
    "return {set = {x = true}}", "return redis.error_reply('ERR made')", "return redis.error_reply('made')",
    "return redis.error_reply('-MADE up')", "return redis.status_reply('GOOD')", "return {KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]}",
    "return {#KEYS, #ARGV}", "return ARGV[1] + 1", "return ARGV[1] .. ARGV[2]", "return tostring(ARGV[1] + 0.5)", "return tonumber(ARGV[1])",
    "return redis.call('SET', KEYS[1], ARGV[1])", "return redis.call('GET', KEYS[1])", "return redis.pcall('GET', KEYS[1])",
    "return redis.call('LPUSH', KEYS[1], ARGV[1], ARGV[2])", "return redis.call('LRANGE', KEYS[1], 0, -1)",
    "return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])", "return redis.call('HGET', KEYS[1], ARGV[1])",
    "return redis.call('ZADD', KEYS[1], 1.5, ARGV[1])", "return redis.call('ZSCORE', KEYS[1], ARGV[1])",
    "return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')", "return redis.call('ZPOPMIN', KEYS[1])",
    "return redis.call('TYPE', KEYS[1])", "return redis.call('TYPE', KEYS[1]).ok", "return redis.call('TYPE', KEYS[1])['ok'] .. '!'",
    "return redis.call('EXISTS', KEYS[1], KEYS[2])", "return redis.call('DEL', KEYS[1])", "return redis.call('INCR', KEYS[1])",
    "return redis.call('INCR', KEYS[1]) .. ''", "return redis.call('HINCRBY', KEYS[1], 'n', 5)", "return redis.call('RPOPLPUSH', KEYS[1], KEYS[2])",
    "return redis.call('XADD', KEYS[1], '999999-*', 'f', ARGV[1])", "return redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 2)",
    "return redis.call('XREAD', 'COUNT', 1, 'STREAMS', KEYS[1], '0')", "return redis.call('LPOP', KEYS[1])",
    "return redis.call('SMEMBERS', 'nosuch')", "return redis.call('SCARD', KEYS[1])", "return redis.call('RENAME', KEYS[1], KEYS[2])",
    "return redis.call('PTTL', 'nosuch')", "return redis.call('LPOS', KEYS[1], ARGV[1])", "return redis.call('ECHO', ARGV[1])",
    "return redis.call('SETBIT', KEYS[1], 7, 1)", "return redis.call('BITCOUNT', KEYS[1])", "return redis.call('BITOP', 'NOT', KEYS[1], KEYS[2])",
    "return redis.call('BITFIELD', KEYS[1], 'OVERFLOW', 'FAIL', 'INCRBY', 'u2', 100, 3, 'GET', 'i8', 0)",
    "return redis.call('PFADD', KEYS[1], ARGV[1])", "return redis.call('PFCOUNT', 'hll:1', 'hll:2')", "return redis.call('PFCOUNT', 'hll:1')",
    "return redis.call('GEOPOS', 'geo:1', 'p1', 'city0')", "redis.setresp(3) return redis.call('GEOPOS', 'geo:1', 'p1', 'city0')",
    "return redis.call('GEOSEARCH', 'geo:1', 'FROMLONLAT', 15, 37, 'BYRADIUS', 400, 'km', 'ASC', 'WITHDIST', 'WITHHASH', 'WITHCOORD')",
    "return redis.call('SORT', 'sort:set:1', 'BY', 'nosort', 'GET', '#', 'GET', 'object_*')", "return redis.call('LCS', 'string:1', 'nosuch', 'IDX')",
    "return redis.call('nosuch')", "return redis.call()", "return redis.call('GET')", "return redis.call('GET', {})", "return redis.pcall('nosuch')",
    "return redis.pcall()", "local r = redis.pcall('LPUSH', KEYS[1], 'x') return type(r) == 'table' and r.err or r",
    "local r = redis.pcall('INCR', KEYS[1]) return type(r) == 'table' and {r.err} or r", "redis.call('SET', KEYS[1], 'x') error('boom')",
    "error({err = 'ERR thrown'})", "error('thrown')", "error()", "return nosuch", "nosuch = 1", "return nosuch.field", "return nil .. 'x'", "return {} + 1",
    "local t = {} t.x.y = 1", "return #nil", "return 'unfinished", "return (", "syntax error here", "return redis.call('MULTI')",
    "return redis.call('SUBSCRIBE', 'c')", "return redis.call('EVAL', 'return 1', 0)", "return redis.call('CLIENT', 'SETNAME', 'x')",
    "return redis.sha1hex(ARGV[1])", "return redis.sha1hex('')", "return redis.sha1hex()", "return cjson.encode({1, 2, 'x', true})",
    "return cjson.encode({})", "return cjson.encode({key = ARGV[1]})", "return cjson.encode(ARGV)", "return cjson.encode(1.5)",
    "return cjson.encode(1e15)", "return cjson.encode(1700000000000)", "return cjson.encode('a\\n\\\"\\\\/\\t\\0')", "return cjson.encode({1, nil, 3})",
    "return cjson.encode({{{}}})", "return cjson.encode(cjson.null)", "return cjson.encode(0/0)", "return cjson.decode('[1, 2, {\"a\": null}]')[1]",
    "return cjson.decode('{\"a\": [1, \"x\"]}').a", "return cjson.decode('{')", "return cjson.decode('nul')", "return cjson.decode('\"\\\\u00e9\"')",
    "return tostring(cjson.decode('null') == cjson.null)", "return cjson.decode(ARGV[1])", "return cmsgpack.pack({1, 2, 'x'})",
    "return cmsgpack.unpack(cmsgpack.pack({1, 'two', {3}}))", "return {cmsgpack.unpack('\\1\\2\\163abc')}", "return cmsgpack.pack(1.5, -3, 70000, 'x', true, nil)",
    "return cmsgpack.unpack('\\147\\1\\192\\3')", "return cmsgpack.unpack(cmsgpack.pack(2^40))", "return cmsgpack.unpack('\\255\\255', 3)",
    "return {struct.unpack('>I2i4', struct.pack('>I2i4', 77, -5))}", "return struct.pack('<Bs', 7, 'xy')", "return struct.size('ii')",
    "return {bit.band(12, 10), bit.bor(12, 10), bit.bxor(12, 10), bit.lshift(1, 4), bit.rshift(256, 4), bit.bnot(0)}", "return bit.tohex(255)",
    "return string.format('%5.2f|%d|%s|%q', 3.14159, 42, 'x', 'y')", "return {string.match('bull:q:42', '(.*):(%d+)')}", "return {string.find('hello', 'l+')}",
    "return string.gsub('aaa', 'a', 'b', 2)", "return string.rep('ab', 3)", "return string.byte('A')", "return ('x'):upper()",
    "local t = {3, 1, 2} table.sort(t) return t", "return table.concat({1, 2, 3}, ',')", "return {unpack({1, 2, 3})}", "return select('#', 1, nil, nil)",
    "local n = 0 for i = 1, 1000 do n = n + i end return n", "return {math.floor(3.7), math.ceil(3.2), math.max(1, 5), math.abs(-2), math.huge > 1}",
    "return tostring(10/3)", "return tostring(1e15)", "return tostring(2^53)", "return 2^53", "return 2^63", "return -2^63", "return 10/2", "return 0/0 ~= 0/0",
    "return tostring(1e100)", "return 0x10", "return #ARGV[1]", "return ARGV[1]:rep(2)", "return type(redis.call('GET', 'nosuch'))",
    "return type(redis.call('LPOP', 'nosuch'))", "return #redis.call('ZPOPMIN', 'nosuch')", "return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf', 'LIMIT', 0, 2)",
    "redis.setresp(3) return redis.call('HGETALL', 'nosuch')", "redis.setresp(3) return redis.call('ZSCORE', KEYS[1], ARGV[1])",
    "redis.setresp(3) return redis.call('GET', 'nosuch')", "redis.setresp(3) redis.call('SADD', 'set:own', 'x') return redis.call('SMEMBERS', 'set:own')",
    "redis.setresp(4)", "redis.setresp()", "return redis.log(redis.LOG_DEBUG, 'quiet')", "return redis.log()", "return redis.replicate_commands()",
    "return type(tostring)", "return io", "return loadstring('return 7')()", "return dofile", "return print", "return type(redis.breakpoint)",
    "setmetatable(_G, {})", "_G.x = 1", "redis.x = 1", "redis.call = nil", "string.x = 1", "getmetatable('').__index = nil",
    "return redis.acl_check_cmd('GET', 'x')", "return redis.REDIS_VERSION_NUM ~= nil", "for i, v in ipairs(ARGV) do redis.call('RPUSH', KEYS[1], v) end return #ARGV",
    "local function f(n) if n < 2 then return n end return f(n - 1) + f(n - 2) end return f(12)", "return redis.call('SET', KEYS[1], 12)",
    "return redis.call('SET', KEYS[1], 1.25)", "redis.call('SET', KEYS[1], 2^52) return redis.call('GET', KEYS[1])",
    "redis.call('SET', KEYS[1], 7123456789012345) return redis.call('GET', KEYS[1])", "redis.call('SET', KEYS[1], 0.375) return redis.call('GET', KEYS[1])",
    "return redis.call('SET', KEYS[1], true)", "return redis.call('SET', KEYS[1], nil)", "return redis.call('ZADD', KEYS[1], 1700000000000 * 4096 + 7, 'm')",
    "local t = {} for i = 1, 7999 do t[i] = i end return redis.call('RPUSH', KEYS[1], unpack(t))", "local t = {} for i = 1, 8000 do t[i] = i end return {unpack(t)}",
    "#!lua\nreturn 5", "#!lua flags=no-writes\nreturn redis.call('GET', KEYS[1])", "#!lua flags=no-writes\nreturn redis.call('SET', KEYS[1], 1)",
    "#!lua flags=nosuch\nreturn 1", "#!lua flags=allow-oom,allow-stale\nreturn 6", "#!python\nreturn 1", "#!lua nosuch=1\nreturn 1", "#!",
    "-- comment only", "return redis.call('OBJECT', 'ENCODING', KEYS[1]) and 1", "return {redis.call('TIME')[3]}", "return redis.call('SELECT', 1)",
    "redis.call('SELECT', 1) redis.call('SET', 'other', 1) return redis.call('DBSIZE')", "return redis.call('DBSIZE')", "goto = 1 return goto",
    "return 1LL", "return 1i", "local t = {n = 1} for k, v in pairs(t) do return k end", "return {1, 2, [5] = 5}", "return {ok = 5}", "return {err = {}}",
    "return coroutine.wrap(function() coroutine.yield(9) end)()", "return pcall(error, 'x')", "return {pcall(redis.call, 'nosuch')}",
    "local ok, e = pcall(redis.call, 'nosuch') return type(e) == 'table' and e.err or e", "return {xpcall(function() error('a') end, function(e) return 'handled' end)}",
    "return tostring(nil)", "return tonumber('0x1f')", "return tonumber('z', 36)", "return tonumber('abc')", "return rawequal('a', 'a')", "return next({})", "return assert(false, 'no')",
    "return type(newproxy)", "return math.random ~= nil", "return collectgarbage('count') > 0", "return redis.call('PUBLISH', 'nobody', 'x')",
]


def arguments(g):
    keys = [g.key(g.pick("string", "list", "hash", "zset", "any")) for _ in range(2)]
    return [2, *keys, *[g.value() if g.chance(0.7) else g.number_text() for _ in range(3)]]


def evaluate(g):
    return Command(g.pick("EVAL", "EVAL", "EVAL_RO") if g.chance(0.4) else "EVAL", g.pick(*BODIES), *arguments(g))


def by_hash(g):
    body = g.pick(*BODIES)
    digest = hashlib.sha1(body.encode()).hexdigest()
    if g.chance(0.1):
        digest = g.pick(digest.upper(), digest[:-1], "f" * 40, "")
    return Command(g.pick("EVALSHA", "EVALSHA", "EVALSHA_RO"), digest, *arguments(g))


def manage(g):
    body = g.pick(*BODIES)
    return g.pick(Command("SCRIPT", g.word("LOAD"), body), Command("SCRIPT", g.word("EXISTS"), hashlib.sha1(body.encode()).hexdigest(), "f" * 40),
                  Command("SCRIPT", "FLUSH", *g.maybe(0.5, lambda: g.pick("SYNC", "ASYNC", "NOW"))), Command("SCRIPT", "KILL"),
                  Command("SCRIPT", "NOSUCH"), Command("SCRIPT", "HELP"))


FAMILY = [
    (10, evaluate), (4, by_hash), (1, manage),
    (1, lambda g: Command("EVAL", g.pick(*BODIES), g.pick(0, -1, 1, 3, "abc", 2**40), *g.some(g.value, 2))),
]
