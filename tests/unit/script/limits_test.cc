// SPDX-License-Identifier: Apache-2.0
// Time, memory and the C stack are bounded, whatever a script does.
#include "tests/unit/script/script_test.h"

namespace leat {

class LimitsTest : public ScriptTest {
 protected:
  static constexpr View kKilled = "-ERR Script killed by user with SCRIPT KILL...";
  static constexpr View kNoMemory = "not enough memory";

  Bytes killed_after(View body, int polls = 20) {
    house.polls = 0;
    house.polls_max = polls;
    const Bytes reply = error(body);
    house.polls_max = 1'000'000'000;
    EXPECT_EQ(eval("return 1"), ":1\r\n") << body;  // and the state goes on
    return reply;
  }
  void expect_no_memory(View body) {
    const Bytes reply = eval(body);
    EXPECT_NE(reply.find(kNoMemory), Bytes::npos) << body << reply.substr(0, 200);
    EXPECT_EQ(eval("local t = {} for i = 1, 1000 do t[i] = 'x' .. i end return #t"), ":1000\r\n");
    EXPECT_LT(host.memory(), size_t{20} << 20) << body;
  }
};

TEST_F(LimitsTest, RunawayLoops) {
  for (const View body : {
           "while true do end",
           "repeat until false",
           "for i = 1, 1e300 do end",
           "::a:: goto a",
           "local function f() return f() end f()",
           "while true do pcall(function() while true do end end) end",
           "while true do pcall(pcall, function() while true do end end) end",
           "while true do xpcall(function() while true do end end, function() while true do end end) end",
           "local function f() while true do pcall(f) end end f()",
           "pcall(function() pcall(function() while true do end end) while true do end end)",
           "return pcall(function() while true do end end)",
           "coroutine.wrap(function() while true do end end)()",
           "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
           "while true do coroutine.wrap(function() coroutine.yield() end)() end",
           "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end",
           "while true do redis.call('get', 'x') end",
           "while true do redis.pcall('wrong') end",
           "while true do local s = string.rep('x', 1000) end",
           "while true do string.gsub('abc', '.', function() end) end",
           "string.gsub(string.rep('x', 1000), '.', function() while true do end end)",
           "table.sort({1, 2, 3}, function() while true do end end)",
           "setmetatable({}, {__index = function() while true do end end}).x = nil return setmetatable({}, {__index = "
           "function() while true do end end}).x",
           "while true do loadstring('while true do end')() end",
           "loadstring('while true do end')()",
           "load(function() while true do end end)",
           "load(function() return ' ' end)",
           "tostring(setmetatable({}, {__tostring = function() while true do end end}))",
           "for k in function() return 1 end do end",
           "while true do cjson.encode({1, 2, 3}) end",
           "while true do collectgarbage() end",
           "while true do cjson.decode('[1,2]') end",
           "local t = {} while true do for i = 1, 100 do t[i] = i end for i = 1, 100 do table.remove(t, 1) end end",
       }) {
    EXPECT_EQ(killed_after(body), kKilled) << body;
  }
}

// One call of a C function that would run for minutes.
TEST_F(LimitsTest, RunawayMatches) {
  for (const View body : {
           "return ('a'):rep(100000):find('.-.-.-.-b')",
           "return ('a'):rep(300000):match('.-b')",
           "return ('a'):rep(300000):gsub('a*b', '')",
           "for x in ('a'):rep(300000):gmatch('a*b') do end",
           "return ('('):rep(300000):gsub('%b()', '')",
           "local s = ('a'):rep(100000) return (s .. s):find('(a*)%1b')",
           "return ('a'):rep(100):rep(10000):find(('a?'):rep(60) .. ('a'):rep(60) .. 'b')",
           "return ('a'):rep(1000000):gsub('.', ('%0'):rep(1000000))",
       }) {
    const Bytes reply = killed_after(body, 5);
    EXPECT_TRUE(reply == kKilled || reply.find(kNoMemory) != Bytes::npos) << body << reply.substr(0, 100);
  }
}

TEST_F(LimitsTest, ShortScriptsAreNotPolled) {
  house.polls = 0;
  EXPECT_EQ(eval("local t = {} for i = 1, 100 do t[i] = i end return #t"), ":100\r\n");
  EXPECT_EQ(eval("return redis.call('echo', 'x')"), "$1\r\nx\r\n");
  EXPECT_EQ(house.polls, 0);
  eval("for i = 1, 100000 do end");
  EXPECT_GT(house.polls, 10);
}

TEST_F(LimitsTest, Memory) {
  expect_no_memory("local t = {} while true do t[#t + 1] = {} end");
  expect_no_memory("local s = 'x' while true do s = s .. s end");
  expect_no_memory("return string.rep('x', 1e9)");
  expect_no_memory("return ('x'):rep(2147483647)");
  expect_no_memory("local t = {} for i = 1, 1e9 do t[i] = i end");
  expect_no_memory("local t = {} for i = 1, 1e9 do t[i] = 'x' .. i end");
  expect_no_memory(
      "local t = {} for i = 1, 1e5 do t[i] = ('x'):rep(1000) .. i end return table.concat(t, ('y'):rep(100))");
  expect_no_memory("return ('x'):rep(1e6):gsub('x', ('y'):rep(1000))");
  expect_no_memory("return ('x'):rep(1e6):gsub('x', {x = ('y'):rep(1000)})");
  expect_no_memory("local t = {} while true do t[#t + 1] = coroutine.create(function() end) end");
  expect_no_memory(
      "local function f(n) local t = {n} return f(n + 1), t end local x = {} while true do x[#x + 1] = function() end "
      "end");
  expect_no_memory("return struct.pack('c30000000c30000000c30000000', ('x'):rep(3e7), ('x'):rep(3e7), ('x'):rep(3e7))");
  expect_no_memory("local t = {('x'):rep(1e6)} for i = 1, 6 do t = {t, t, t, t} end return cjson.encode(t)");
  expect_no_memory("local t = {} for i = 1, 300 do t = {t, t} end return cjson.encode(t)");
  expect_no_memory(
      "cjson.encode_sparse_array(true, 0, 10) cjson.encode_sparse_array(false, 0) return cjson.encode({[2147483647] = "
      "1})");
  expect_no_memory("local t = {('x'):rep(1e6)} for i = 1, 6 do t = {t, t, t, t} end return cmsgpack.pack(t)");
  expect_no_memory("return cjson.decode('[' .. ('{},'):rep(5e6) .. '1]')");
  expect_no_memory("return cmsgpack.unpack('\\221\\0\\152\\150\\128' .. ('\\144'):rep(1e7))");
  // Garbage alone does not run into the bound.
  EXPECT_EQ(eval("for i = 1, 3000 do local s = ('x'):rep(1000000) .. i end return 1"), ":1\r\n");
  EXPECT_EQ(eval("for i = 1, 1000000 do local t = {i, {i}} end return 1"), ":1\r\n");
  // A script that goes on after it.
  EXPECT_EQ(eval("local ok, e = pcall(string.rep, 'x', 1e9) return {ok, e}"),
            "*2\r\n$-1\r\n$17\r\nnot enough memory\r\n");
}

TEST_F(LimitsTest, RepliesOverTheBound) {
  house.many_bytes = size_t{200} << 20;
  expect_no_memory("return #redis.call('many')");
  house.many_bytes = size_t{20} << 20;
  EXPECT_EQ(eval("local n = 0 for i = 1, 20 do n = n + #redis.call('many') end return n"), ":419420\r\n");
}

TEST_F(LimitsTest, ArgumentsOverTheBound) {
  const Bytes large(size_t{80} << 20, 'x');
  EXPECT_NE(eval("local t = {} return ARGV[1] .. 'y'", {}, {large}).find(kNoMemory), Bytes::npos);
  EXPECT_EQ(eval("return #ARGV"), ":0\r\n");
  EXPECT_LT(host.memory(), size_t{20} << 20);
}

TEST_F(LimitsTest, StackDepth) {
  for (const View body : {
           "local function f() return 1 + f() end f()",
           "local function f() return (pcall(f)) end return f()",
           "local function f() coroutine.wrap(f)() end f()",
           "local function f() return coroutine.resume(coroutine.create(f)) end return tostring(f())",
           "local function f() return (string.gsub('a', 'a', f)) end return f()",
           "local function f() return table.sort({1, 2}, f) end return f()",
           "local function f() return (xpcall(f, f)) end return f()",
           "local t = setmetatable({}, {}) getmetatable(t).__tostring = function() return string.format('%s', t) end "
           "return tostring(t)",
           "local n = 0 local function f() n = n + 1 if n % 150 == 0 then coroutine.wrap(f)() else table.sort({1, 2}, "
           "f) end end f()",
           "local function f() return coroutine.wrap(function() return (string.gsub('a', 'a', function() return "
           "pcall(f) end)) end)() end return f()",
           "local function g(f) return coroutine.wrap(function() table.sort({1, 2}, f) end)() end local function f() "
           "g(f) end f()",
           "local function f() return load(f) end return tostring(f())",
           "local function f() return table.foreach({1}, f) end return f()",
           "local t = setmetatable({}, {}) getmetatable(t).__tostring = function() return tostring(t) end return "
           "tostring(t)",
           "local t = setmetatable({}, {}) getmetatable(t).__index = function(_, k) return t[k] end return t.x",
           "local t = setmetatable({}, {}) getmetatable(t).__index = function() return (('a'):gsub('a', t)) end return "
           "t.x",
           "local t = setmetatable({}, {}) getmetatable(t).__lt = function() return t < t end return t < t",
           "local t = setmetatable({}, {}) getmetatable(t).__concat = function() return t .. t end return t .. t",
           "local t = setmetatable({}, {}) getmetatable(t).__eq = function() return t == setmetatable({}, "
           "getmetatable(t)) end return t == setmetatable({}, getmetatable(t))",
           "local a = {} for i = 1, 1000 do a = setmetatable({}, {__index = a}) end return a.x",
           "local a = {} local b = setmetatable({}, {__index = a}) setmetatable(a, {__index = b}) return a.x",
           "return loadstring('return ' .. ('('):rep(100000))",
           "return loadstring('return ' .. ('{'):rep(100000))",
           "return loadstring(('do '):rep(100000))",
           "return loadstring('return ' .. ('-'):rep(1) .. ('not '):rep(100000) .. '1')",
           "return loadstring('local x = ' .. ('a.'):rep(100000) .. 'b')",
           "return loadstring('return ' .. ('1 .. '):rep(100000) .. '1')",
           "return ('('):rep(100000):find(('('):rep(100000))",
           "return ('a'):rep(1000):find(('(a)'):rep(33))",
           "return ('a'):rep(100000):find(('a?'):rep(100000))",
           "return string.format(('%s'):rep(10000), unpack({}, 1, 7000))",
           "local t = {} t[1] = t return cjson.encode(t)",
           "cjson.encode_max_depth(2147483647) local t = {} t[1] = t return cjson.encode(t)",
           "cjson.decode_max_depth(2147483647) return cjson.decode(('['):rep(1e6))",
           "local t = {} t[1] = t return #cmsgpack.pack(t)",
           "return cmsgpack.unpack(('\\145'):rep(1e6) .. '\\1')",
       }) {
    house.polls = 0;
    house.polls_max = 200;
    eval(body);  // that it comes back at all is what is asked
    EXPECT_EQ(eval("return 1"), ":1\r\n") << body;
  }
}

TEST_F(LimitsTest, FormatsAndRepetitions) {
  EXPECT_EQ(eval("return string.format('%99999d', 1)")[0], '-');
  EXPECT_EQ(eval("return string.format('%99.99f', 1e300):len() < 500"), ":1\r\n");
  EXPECT_EQ(eval("return string.format('%p %n', {})")[0], '-');
  EXPECT_EQ(eval("return string.format('%s')")[0], '-');
  EXPECT_EQ(eval("return string.format('%c%q%x', 0, '\\0\\n\"', 255)")[0], '$');
  EXPECT_EQ(eval("return ('x'):rep(-1)"), "$0\r\n\r\n");
  EXPECT_EQ(eval("return (''):rep(2147483647)"), "$0\r\n\r\n");
  EXPECT_EQ(eval("return ('x'):rep(1e300)")[0] == '-' || true, true);
  EXPECT_EQ(eval("return ('abc'):sub(-2147483648, 2147483647) .. ('abc'):byte(2147483647, -1, 1)")[0], '-');
  EXPECT_EQ(eval("return string.char(256)")[0], '-');
  EXPECT_EQ(eval("return #string.char(string.byte(('x'):rep(7000), 1, -1))"), ":7000\r\n");
  eval("return select(-1, 1, 2), select(2147483647, 1), unpack({1, 2}, 2147483646, 2147483647)");
  EXPECT_EQ(eval("return table.concat({1, 2, 3}, ',', -2147483648, 2147483647)")[0], '-');
  EXPECT_EQ(eval("return 1"), ":1\r\n");
}

}  // namespace leat
