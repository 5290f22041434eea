// SPDX-License-Identifier: Apache-2.0
// Lua to reply, reply to Lua.
#include "tests/unit/script/script_test.h"

namespace leat {

TEST_F(ScriptTest, ReturnsScalars) {
  EXPECT_EQ(eval("return 3.99"), ":3\r\n");
  EXPECT_EQ(eval("return -3.99"), ":-3\r\n");
  EXPECT_EQ(eval("return 1e300"), ":-9223372036854775808\r\n");
  EXPECT_EQ(eval("return 0/0"), ":-9223372036854775808\r\n");
  EXPECT_EQ(eval("return 'a\\0\\r\\n'"), Bytes("$4\r\na\0\r\n\r\n", 10));
  EXPECT_EQ(eval("return nil"), "$-1\r\n");
  EXPECT_EQ(eval(""), "$-1\r\n");
  EXPECT_EQ(eval("return false"), "$-1\r\n");
  EXPECT_EQ(eval("return true"), ":1\r\n");
  EXPECT_EQ(eval("return function() end"), "$-1\r\n");
  EXPECT_EQ(eval("return cjson.null"), "$-1\r\n");
  EXPECT_EQ(eval("return coroutine.create(function() end)"), "$-1\r\n");
  EXPECT_EQ(eval("return nil", {}, {}, 3), "_\r\n");
}

TEST_F(ScriptTest, ReturnsTables) {
  EXPECT_EQ(eval("return {1, 2.9, 'x', false, true, nil, 4}"), "*5\r\n:1\r\n:2\r\n$1\r\nx\r\n$-1\r\n:1\r\n");
  EXPECT_EQ(eval("return {}"), "*0\r\n");
  EXPECT_EQ(eval("return {{}, {1, {'a'}}}"), "*2\r\n*0\r\n*2\r\n:1\r\n*1\r\n$1\r\na\r\n");
  EXPECT_EQ(eval("return {a = 1}"), "*0\r\n");
  EXPECT_EQ(eval("return {ok = 'a\\nb'}"), "+a b\r\n");
  EXPECT_EQ(eval("return {err = 'foo\\r\\nbar'}"), "-foo  bar\r\n");
  EXPECT_EQ(eval("return {ok = 'x', err = 'y'}"), "-y\r\n");
  EXPECT_EQ(eval("return {err = 1}"), "*0\r\n");
  EXPECT_EQ(eval("return {1, {err = 'foo'}, {ok = 'b'}}"), "*3\r\n:1\r\n-foo\r\n+b\r\n");
  EXPECT_EQ(eval("return setmetatable({}, {__index = function() error('no') end})"), "*0\r\n");
}

TEST_F(ScriptTest, ReturnsTypesOfResp3) {
  EXPECT_EQ(eval("return {map = {a = 1}}", {}, {}, 3), "%1\r\n$1\r\na\r\n:1\r\n");
  EXPECT_EQ(eval("return {map = {a = 1}}"), "*2\r\n$1\r\na\r\n:1\r\n");
  EXPECT_EQ(eval("return {set = {a = true}}", {}, {}, 3), "~1\r\n$1\r\na\r\n");
  EXPECT_EQ(eval("return {set = {a = true}}"), "*1\r\n$1\r\na\r\n");
  EXPECT_EQ(eval("return {double = 1.5}", {}, {}, 3), ",1.5\r\n");
  EXPECT_EQ(eval("return {double = 1.5}"), "$3\r\n1.5\r\n");
  EXPECT_EQ(eval("return {big_number = '123'}"), "$3\r\n123\r\n");
  EXPECT_EQ(eval("return {big_number = '123\\r\\n123'}"), "$8\r\n123  123\r\n") << "one line";
  EXPECT_EQ(eval("return {verbatim_string = {format = 'txt', string = 'x'}}"), "$1\r\nx\r\n");
  EXPECT_EQ(eval("return {verbatim_string = {format = 'mkd', string = 'x'}}", {}, {}, 3), "=5\r\nmkd:x\r\n");
  EXPECT_EQ(eval("return {verbatim_string = {format = 'long', string = 'x'}}", {}, {}, 3), "=5\r\nlon:x\r\n");
  EXPECT_EQ(eval("return {verbatim_string = {format = 'm', string = 'x'}}", {}, {}, 3), "=5\r\nm  :x\r\n");
  EXPECT_EQ(eval("return {verbatim_string = {string = 'x'}}"), "*0\r\n") << "a format is part of it";
  EXPECT_EQ(eval("return true", {}, {}, 3), ":1\r\n");
  EXPECT_EQ(eval("redis.setresp(3) return {true, false}", {}, {}, 3), "*2\r\n#t\r\n#f\r\n");
  EXPECT_EQ(eval("return {map = {a = {map = {b = {set = {c = true}}}}}}", {}, {}, 3),
            "%1\r\n$1\r\na\r\n%1\r\n$1\r\nb\r\n~1\r\n$1\r\nc\r\n");
}

TEST_F(ScriptTest, NestingIsBounded) {
  EXPECT_TRUE(eval("local t = {} t[1] = t return t").ends_with("-ERR reached lua stack limit\r\n"));
  EXPECT_TRUE(eval("local t = {} t.map = {t = t} return t").ends_with("-ERR reached lua stack limit\r\n"));
  EXPECT_EQ(eval("local t = 7 for i = 1, 900 do t = {t} end return t").substr(3600), ":7\r\n");
}

TEST_F(ScriptTest, RepliesUnderResp2) {
  EXPECT_EQ(text("return tostring(redis.call('get', 'none'))"), "false");
  EXPECT_EQ(text("return tostring(redis.call('nullarray'))"), "false");
  EXPECT_EQ(text("return redis.call('set', 'k', 'v').ok"), "OK");
  EXPECT_EQ(text("return redis.call('real')"), "1.5");
  EXPECT_EQ(text("return tostring(redis.call('bool'))"), "1");
  EXPECT_EQ(text("return redis.call('verbatim')"), "text");
  EXPECT_EQ(text("local r = redis.call('map') return #r .. r[1] .. r[2] .. r[3] .. tostring(r[4])"), "4a1bfalse");
  EXPECT_EQ(text("return table.concat(redis.call('members'), ',')"), "x,y");
  EXPECT_EQ(
      text("local r = redis.call('nested') return #r[1] .. #r[2] .. r[2][1] .. r[2][2][2] .. r[3].err .. r[4].ok"),
      "02kqERR innerOK");
  EXPECT_EQ(text("local r = redis.call('reserved') return #r .. r[1] .. #r[2] .. r[3]"), "310end");
}

TEST_F(ScriptTest, RepliesUnderResp3) {
  const auto under3 = [&](View body) { return text("redis.setresp(3) " + Bytes(body)); };
  EXPECT_EQ(under3("return tostring(redis.call('get', 'none'))"), "nil");
  EXPECT_EQ(under3("return tostring(redis.call('nullarray'))"), "nil");
  EXPECT_EQ(under3("return tostring(redis.call('real').double)"), "1.5");
  EXPECT_EQ(under3("return tostring(redis.call('bool'))"), "true");
  EXPECT_EQ(under3("local v = redis.call('verbatim').verbatim_string return v.format .. v.string"), "txttext");
  EXPECT_EQ(under3("local m = redis.call('map').map return m.a .. tostring(m.b)"), "1nil");
  EXPECT_EQ(under3("local s = redis.call('members').set return tostring(s.x) .. tostring(s.y) .. tostring(s.z)"),
            "truetruenil");
  EXPECT_EQ(under3("local r = redis.call('nested') return #r[1] .. r[2].map.k[2] .. r[3].err .. r[4].ok"),
            "0qERR innerOK");
  EXPECT_EQ(house.protocol, 3);
  EXPECT_EQ(text("return redis.call('real')"), "1.5");  // the next script begins with 2 again
}

TEST_F(ScriptTest, ArgumentsOfCommands) {
  const auto echoed = [&](View value) { return text("return redis.call('echo', " + Bytes(value) + ")"); };
  EXPECT_EQ(echoed("1"), "1");
  EXPECT_EQ(echoed("1e15"), "1000000000000000");
  EXPECT_EQ(echoed("9007199254740992"), "9007199254740992");
  EXPECT_EQ(echoed("1732000000000 * 4096 + 7"), "7094272000000007");
  EXPECT_EQ(echoed("1783937 / 4096"), "435.531494140625");
  EXPECT_EQ(echoed("0.1"), "0.1");
  EXPECT_EQ(echoed("1e17"), "100000000000000000");
  EXPECT_EQ(echoed("1e100"), "1e+100");
  EXPECT_EQ(echoed("-0"), "0");
  EXPECT_EQ(echoed("1/0"), "inf");
  EXPECT_EQ(echoed("1e-7"), "1e-7");
  EXPECT_EQ(text("return 1732000000000 .. ':x'"), "1732000000000:x");
  EXPECT_EQ(text("return 1e15 .. ''"), "1e+15");
  const View kBad = "-ERR Lua redis lib command arguments must be strings or integers";
  for (const View argument : {"nil", "true", "{}", "cjson.null", "function() end"}) {
    EXPECT_EQ(error("return redis.call('get', " + Bytes(argument) + ")"), kBad);
    EXPECT_EQ(eval("return redis.pcall('get', " + Bytes(argument) + ")"), Bytes(kBad) + "\r\n");
  }
  EXPECT_EQ(error("return redis.call()"), "-ERR Please specify at least one argument for this redis lib call");
  eval("return redis.call('count', 1, 2.5, 'three', '4', 5)");
  EXPECT_EQ(house.words, (std::vector<Bytes>{"count", "1", "2.5", "three", "4", "5"}));
}

TEST_F(ScriptTest, UnpackBounds) {
  const auto unpacked = [&](int count, View into) {
    return "local t = {} for i = 1, " + std::to_string(count) + " do t[i] = i end return " + Bytes(into);
  };
  EXPECT_EQ(eval(unpacked(7999, "#{unpack(t)}")), ":7999\r\n");
  EXPECT_EQ(error(unpacked(8000, "#{unpack(t)}")), "-ERR user_script:1: too many results to unpack");
  EXPECT_EQ(eval(unpacked(7999, "redis.call('count', 'k', unpack(t))")), ":8001\r\n");
  EXPECT_EQ(house.words.back(), "7999");
  EXPECT_EQ(eval(unpacked(7999, "(function(...) return redis.call('count', 'k', ...) end)(unpack(t))")), ":8001\r\n");
  EXPECT_EQ(eval(unpacked(7999, "coroutine.wrap(function() return redis.call('nested', unpack(t))[4].ok end)()")),
            "$2\r\nOK\r\n");
  EXPECT_EQ(error(unpacked(8000, "redis.call('count', unpack(t))")), "-ERR user_script:1: too many results to unpack");
  EXPECT_EQ(error("return unpack({}, 1, 1e9)"), "-ERR user_script:1: too many results to unpack");
  EXPECT_EQ(error("return unpack({}, -2147483648, 2147483647)"), "-ERR user_script:1: too many results to unpack");
}

TEST_F(ScriptTest, RedisLibrary) {
  EXPECT_EQ(eval("return redis.error_reply('My Err')"), "-My Err\r\n");
  EXPECT_EQ(eval("return redis.error_reply('-My Err')"), "-My Err\r\n");
  EXPECT_EQ(eval("return redis.error_reply('a')"), "-ERR a\r\n");
  EXPECT_EQ(eval("return redis.error_reply('WRONG thing\\r\\nfoo\\n')"), "-WRONG thing  foo\r\n");
  EXPECT_EQ(eval("return redis.error_reply(1)"), "-ERR wrong number or type of arguments\r\n");
  EXPECT_EQ(eval("return redis.status_reply('X')"), "+X\r\n");
  EXPECT_EQ(eval("return redis.status_reply()"), "-ERR wrong number or type of arguments\r\n");
  EXPECT_EQ(text("return redis.sha1hex('')"), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(text("return server.sha1hex(1)"), "356a192b7913b04c54574d18c28d46e6395428ab");
  EXPECT_EQ(error("return redis.sha1hex()"), "-ERR wrong number of arguments");
  EXPECT_EQ(eval("return redis.replicate_commands()"), ":1\r\n");
  EXPECT_EQ(eval("return redis.set_repl(redis.REPL_ALL)"), "$-1\r\n");
  EXPECT_TRUE(error("redis.set_repl(99)").starts_with("-ERR Invalid replication flags."));
  EXPECT_EQ(error("redis.setresp(4)"), "-ERR RESP version must be 2 or 3.");
  EXPECT_EQ(error("redis.setresp()"), "-ERR redis.setresp() requires one argument.");
  EXPECT_EQ(text("return redis.REDIS_VERSION"), "7.4.0");
  EXPECT_EQ(eval("return redis.REDIS_VERSION_NUM"), ":459776\r\n");
  EXPECT_EQ(eval("return redis.acl_check_cmd('get', 'x')"), ":1\r\n");
  EXPECT_EQ(error("return redis.acl_check_cmd('nosuch')"), "-ERR Invalid command passed to redis.acl_check_cmd()");
  EXPECT_EQ(eval("redis.breakpoint() redis.debug('x') return 1"), ":1\r\n");
  EXPECT_EQ(eval("redis.log(redis.LOG_WARNING, 'a', 'b', 1)"), "$-1\r\n");
  EXPECT_EQ(house.logged, std::vector<Bytes>{"warning: a b 1"});
  EXPECT_EQ(error("redis.log(1)"), "-ERR redis.log() requires two arguments or more.");
  EXPECT_EQ(error("redis.log(99, 'x')"), "-ERR Invalid log level.");
  EXPECT_EQ(error("redis.log('a', 'x')"), "-ERR First argument must be a number (log level).");
}

}  // namespace leat
