// SPDX-License-Identifier: Apache-2.0
// vocabulary.h: the words that made-up requests are made of: keys, numbers, values, and what arguments of a name take.
//
// Used by: request_maker, script_maker.
#pragma once

#include <span>

#include "schemas/bytes.h"

namespace leat::testing {

using Words = std::span<const View>;

// The pool of keys. A letter and a number: s string, l list, h hash, t set, z sorted set, x stream, p HyperLogLog,
// g geo.
constexpr View kKeys[] = {
    "s1", "s2", "s3", "l1", "l2", "l3", "h1", "h2", "h3", "t1", "t2", "t3", "z1", "z2", "z3", "x1", "x2", "x3", "p1",
    "p2", "p3", "g1", "g2", "c:1", "e1", "none", "", "key with blanks"};
Words keys_of(View family);  // empty: any will do

constexpr View kSmallNumbers[] = {"0", "1", "2", "3", "-1", "-2", "5", "10", "100", "1000"};
constexpr View kNumbers[] = {
    "0", "1", "-1", "2", "3", "7", "10", "64", "100", "127", "128", "255", "256", "1000", "4095", "4096", "65535",
    "65536", "-128", "-129", "2147483647", "2147483648", "-2147483648", "4294967295", "4294967296", "9223372036854775807",
    "-9223372036854775808", "9223372036854775808", "18446744073709551615", "18446744073709551616", "1e3", "1.5", "0x10",
    "nan", "inf", "-inf", "-0", "01", " 1", "1 ", "+1", "", "abc", "9007199254740993", "1e400", "4611686018427387904",
    "-4611686018427387905", "1700000000", "1700000000000", "86400"};
constexpr View kDoubles[] = {
    "0", "1", "-1", "0.5", "2.25", "100", "-100", "inf", "-inf", "+inf", "nan", "1e308", "-1e308", "1e-320", "-0", "3.3",
    "(1", "(-inf", "9007199254740992", "1e400", "0.1", "0.01", "180", "13.361389", "38.115556", "85.06", "-85.05112878",
    ""};
constexpr View kValues[] = {
    "a", "b", "c", "1", "2", "3", "member", "", "x", "a b", "10", "-1", "1.5", "3.0", "9223372036854775807",
    View("\x00\xff\r\n", 4), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
constexpr View kPatterns[] = {
    "*", "s*", "?1", "[a-z]*", "[^a]1", "a*b*c*d*", "\\*", "[", "h1->*", "h3->a", "#", "nosuch", "", "*->*", "m*"};
constexpr View kOptionWords[] = {
    "COUNT", "LIMIT", "MATCH", "WITHSCORES", "NX", "XX", "GT", "LT", "CH", "INCR", "GET", "EX", "PX", "KEEPTTL", "BLOCK",
    "STREAMS", "MAXLEN", "MINID", "~", "=", "*", "$", ">", "LEFT", "RIGHT", "BY", "STORE", "STOREDIST", "ASC", "DESC",
    "ALPHA", "FIELDS", "IDS", "WEIGHTS", "AGGREGATE", "REPLACE", "DB", "ABSTTL", "BYTE", "BIT", "REV", "BYSCORE", "BYLEX",
    "FULL", "GROUP", "NOACK", "CLAIM", "KEEPREF", "DELREF", "ACKED", "IDMP", "IDMPAUTO", "ANY", "WITHCOORD", "BYBOX",
    "BYRADIUS", "FROMMEMBER", "FROMLONLAT"};
constexpr View kScripts[] = {
    "return 1", "return KEYS", "return ARGV", "return redis.call('GET', KEYS[1])", "return redis.pcall('LPOP', KEYS[1])",
    "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('INCR', KEYS[1])",
    "return {1, {2, 'x'}, false, {ok = 'fine'}}", "redis.setresp(3) return redis.call('HGETALL', KEYS[1])",
    "return redis.error_reply('no')", "return nosuch", "#!lua flags=no-writes\nreturn redis.call('SET', 'a', 1)",
    "redis.call('DEL', 's1') error('half way')", "return {map = {a = 1}}",
    "for i = 1, 100 do redis.call('RPUSH', 'l1', i) end return redis.call('LLEN', 'l1')",
    "return redis.call('SPOP', KEYS[1], 2)", "return redis.call('XADD', 'x1', '*', 'a', ARGV[1])",
    "return redis.call('BLPOP', 'none', 0)", "redis.call('SELECT', 1) return 1"};
constexpr View kLibraries[] = {
    "#!lua name=lib\nredis.register_function('f', function(keys, args) return redis.call('SET', 's1', args[1] or 'v') end)\n"
    "redis.register_function{function_name='r', callback=function(keys) return redis.call('GET', 's1') end, "
    "flags={'no-writes'}}",
    "#!lua name=other\nredis.register_function('g', function(keys, args) return {keys, args} end)",
    "#!lua name=lib\nredis.register_function('f', function() error('no') end)", "#!lua name=bad\nerror('no')",
    "no library"};

// What an argument of that name takes; empty: nothing in particular.
Words words_for(View argument);

// As a message to a subscriber begins.
bool is_kind_of_push(View word);

}  // namespace leat::testing
