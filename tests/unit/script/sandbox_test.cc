// SPDX-License-Identifier: Apache-2.0
// Every way out of such a sandbox that was ever published, and some more: none may lead anywhere.
#include "broker/script/source.h"
#include "tests/unit/script/script_test.h"

namespace leat {

constexpr View kReadOnly = "Attempt to modify a readonly table";

TEST_F(ScriptTest, GlobalsAreFrozen) {
  for (const View body :
       {"x = 1", "_G.x = 1", "KEYS = 1", "redis.call = 1", "redis.x = 1", "cjson.x = 1", "string.x = 1",
        "math.random = 1", "function f() end", "getmetatable('').__index = 1", "pcall = nil",
        "getmetatable('').__index.upper = 1", "string.upper = nil", "server.call = 1", "_G._G = {}"}) {
    EXPECT_EQ(error(body), "-ERR user_script:1: " + Bytes(kReadOnly)) << body;
  }
  for (const View body :
       {"rawset(_G, 'x', 1)", "rawset(redis, 'call', 1)", "setmetatable(_G, {})", "setmetatable(_G, nil)",
        "setmetatable(redis, {})", "table.insert(redis, 1)", "table.insert(redis, 1, 1)", "rawset(string, 'x', 1)",
        "rawset(getmetatable(''), '__index', {})", "rawset(KEYS == nil or _G, 1, 1)",
        "setmetatable(getmetatable(''), {})", "setmetatable(string, {__index = {}})", "table.remove(_G, 1)"}) {
    EXPECT_EQ(error(body), "-ERR " + Bytes(kReadOnly)) << body;
  }
  EXPECT_EQ(error("return x"), "-ERR user_script:1: Script attempted to access nonexistent global variable 'x'");
  EXPECT_EQ(error("return _G.zzz"), "-ERR user_script:1: Script attempted to access nonexistent global variable 'zzz'");
  EXPECT_EQ(error("x()"), "-ERR user_script:1: Script attempted to access nonexistent global variable 'x'");
  EXPECT_EQ(error("return _G[{}]"),
            "-ERR user_script:1: Script attempted to access nonexistent global variable 'table'");
  EXPECT_EQ(eval("return rawget(_G, 'zzz')"), "$-1\r\n");
  EXPECT_EQ(eval("return redis.zzz"), "$-1\r\n");
  EXPECT_EQ(eval("local _ENV = {} return 1"), ":1\r\n");
  EXPECT_EQ(error("for i = 1, 2 do table.sort(redis, function() end) end rawset(redis, 1, 2)"),
            "-ERR " + Bytes(kReadOnly));
}

TEST_F(ScriptTest, FrozenTablesReadAsTables) {
  EXPECT_EQ(text("return type(rawget(redis, 'call')) .. type(rawget(_G, 'redis')) .. tostring(rawequal(_G, _G._G))"),
            "functiontabletrue");
  EXPECT_EQ(text("local n = 0 for k, v in pairs(math) do n = n + 1 end return tostring(n > 20)"), "true");
  EXPECT_EQ(text("local n = 0 local k, v = next(redis) while k do n = n + 1 k, v = next(redis, k) end return "
                 "tostring(n > 20)"),
            "true");
  EXPECT_EQ(
      text("local t = {} for k in pairs(_G) do t[#t + 1] = k end table.sort(t) return table.concat(t, ' ')"),
      "ARGV KEYS _G _VERSION assert bit cjson cmsgpack collectgarbage coroutine error gcinfo getmetatable ipairs load "
      "loadstring math next os pairs pcall rawequal rawget rawset redis select server setmetatable string struct table "
      "tonumber tostring type unpack xpcall");
  // What pairs walks is a copy: writing to it changes nothing.
  EXPECT_EQ(eval("local _, t = pairs(redis) t.call = nil t.x = 1 local _, g = pairs(_G) g.redis = nil rawset(g, 'y', "
                 "1) return 1"),
            ":1\r\n");
  EXPECT_EQ(text("return type(redis.call) .. tostring(redis.x) .. tostring(rawget(_G, 'y'))"), "functionnilnil");
}

TEST_F(ScriptTest, NothingDangerousIsThere) {
  for (const View name : {"print", "dofile", "loadfile", "require", "module", "package", "io", "debug", "ffi", "jit",
                          "newproxy", "getfenv", "setfenv", "__redis__err__handler"}) {
    EXPECT_EQ(eval("return rawget(_G, '" + Bytes(name) + "')"), "$-1\r\n") << name;
  }
  EXPECT_EQ(eval("return {string.dump, os.execute, os.getenv, os.exit, table.move, coroutine.isyieldable, bit.x}"),
            "*0\r\n");
  EXPECT_EQ(text("local t = {} for k in pairs(os) do t[#t + 1] = k end return table.concat(t)"), "clock");
  EXPECT_EQ(text("return type(os.clock())"), "number");
  EXPECT_EQ(eval("return ('').dump"), "$-1\r\n");
}

TEST_F(ScriptTest, StringMetatable) {
  EXPECT_EQ(text("return ('x'):upper() .. type(getmetatable('').__index.upper)"), "Xfunction");
  EXPECT_EQ(text("local ok, e = pcall(function() getmetatable('').__index = {} end) return e"),
            "user_script:1: " + Bytes(kReadOnly));
  EXPECT_EQ(eval("return getmetatable('').__metatable"), "$-1\r\n");
  EXPECT_EQ(eval("return getmetatable(getmetatable(''))"), "$-1\r\n");  // false
  EXPECT_EQ(eval("return getmetatable(redis)"), "$-1\r\n");
  EXPECT_EQ(
      eval("return {getmetatable(1), getmetatable(nil), getmetatable(print_ == nil), getmetatable(function() end)}")[0],
      '-');
  EXPECT_EQ(
      eval("return getmetatable(function() end) or getmetatable(1) or getmetatable(true) or getmetatable(cjson.null)"),
      "$-1\r\n");
}

TEST_F(ScriptTest, Bytecode) {
  for (const View head : {"\\27Lua", "\\27LJ\\2\\0", "\\27"}) {
    EXPECT_EQ(eval("return loadstring('" + Bytes(head) + "')"), "$-1\r\n");
    EXPECT_EQ(eval("local n = 0 return load(function() n = n + 1 if n == 1 then return '" + Bytes(head) + "' end end)"),
              "$-1\r\n");
    EXPECT_EQ(
        eval("local s = '" + Bytes(head) + "' local n = 0 return load(function() n = n + 1 return s:sub(n, n) end)"),
        "$-1\r\n");
  }
  EXPECT_TRUE(eval(View("\033LJ\2\0", 5)).starts_with("-ERR Error compiling script"));
  EXPECT_TRUE(eval(View("\033Lua", 4)).starts_with("-ERR Error compiling script"));
}

TEST_F(ScriptTest, LoadedTextLivesInTheSameSandbox) {
  EXPECT_EQ(eval("return loadstring('return 1 + 1')()"), ":2\r\n");
  EXPECT_EQ(
      eval("local t = {'return ', '4', '2', nil} local i = 0 return load(function() i = i + 1 return t[i] end)()"),
      ":42\r\n");
  EXPECT_EQ(error("loadstring('x = 1')()"), "-ERR [string \"x = 1\"]:1: " + Bytes(kReadOnly));
  EXPECT_EQ(error("return loadstring('return io')()"),
            "-ERR [string \"return io\"]:1: Script attempted to access nonexistent global variable 'io'");
  EXPECT_EQ(eval("return coroutine.wrap(function() return loadstring('return _G')() == _G end)()"), ":1\r\n");
  EXPECT_EQ(text("return select(2, loadstring('return x y', '=foo'))").substr(0, 6), "foo:1:");
  EXPECT_EQ(error("load('return 1')"), "-ERR user_script:1: bad argument #1 to 'load' (function expected, got string)");
}

TEST_F(ScriptTest, CdataLiteralsAreRefused) {
  for (const View code : {"return 1LL",
                          "return 1ull",
                          "return 1i",
                          "return 0x1LL",
                          "return 1.5i",
                          "return 0xffULL",
                          "local a=.5i",
                          "return 1 ..5LL",
                          "return -1ll",
                          "return 1e5i",
                          "return {1LL}",
                          "return --[[x]]1LL",
                          "return '\\\\' .. 1LL",
                          "return '\\'' .. 1LL",
                          "return [[a]] .. 1LL",
                          "return [==[]]]==] .. 1LL",
                          "--[==[\n]]\n]==] return 1LL",
                          "-- '\nreturn 1LL",
                          "return '\\z\n ' .. 1LL .. '",
                          "return '\\\n' .. 1LL .. ''",
                          "return '\\\r\n' .. 1LL .. ''",
                          "return '\\\n\r' .. 1LL .. ''",
                          "--\rreturn 1LL",
                          "--[=x\nreturn 1LL",
                          "return \"'\" .. 1LL .. \"'\"",
                          "return 0xe+1LL",
                          "return a[1LL]",
                          "return a[ [[1]] ] .. 1LL"}) {
    const Bytes reply = eval(code);
    EXPECT_TRUE(reply.starts_with("-ERR Error compiling script")) << code << reply;
    EXPECT_NE(reply.find(" near '"), Bytes::npos);
    EXPECT_FALSE(scan_source(code, "x").refused.empty()) << code;
    EXPECT_EQ(eval("return (loadstring(ARGV[1]))", {}, {code}), "$-1\r\n") << code;
    EXPECT_EQ(eval("local n = 0 return (load(function() n = n + 1 return ARGV[1]:sub(n, n) end))", {}, {code}),
              "$-1\r\n");
  }
  EXPECT_TRUE(eval("\n\nreturn 1LL").find("user_script:3: malformed number near '1LL'") != Bytes::npos);
  for (const View code :
       {"return '1LL'", "return [[1LL]]", "-- 1LL\nreturn 1", "--[[ 1LL ]] return 1", "local a1LL = 1 return a1LL",
        "return 0x1F", "return 1e5", "return 1 --[[x]]", "local t = {l = 1} return t.l", "return [=[ ]] 1i ]=]"}) {
    EXPECT_NE(eval(code)[0], '-') << code;
  }
  EXPECT_EQ(eval("return tonumber('1LL') or tonumber('1i')"), "$-1\r\n");
  EXPECT_EQ(eval("return ('1LL' + 0)")[0], '-');
}

TEST_F(ScriptTest, ScanKnowsWhatMayLoop) {
  EXPECT_FALSE(scan_source("return redis.call('get', KEYS[1]) -- for while", "x").loops);
  EXPECT_FALSE(scan_source("if a then return 'function' end local forever = [[while]]", "x").loops);
  for (const View code :
       {"for i = 1, 2 do end", "while true do end", "repeat until x", "goto a", "local f = function() end"}) {
    EXPECT_TRUE(scan_source(code, "x").loops) << code;
  }
}

TEST_F(ScriptTest, MetatablesOfOnesOwnWork) {
  EXPECT_EQ(text("local t = setmetatable({}, {__index = function(_, k) return k .. '!' end}) return t.a"), "a!");
  EXPECT_EQ(text("local t = setmetatable({}, {__metatable = 'mine'}) return getmetatable(t)"), "mine");
  EXPECT_TRUE(
      error("setmetatable(setmetatable({}, {__metatable = 1}), {})").ends_with("cannot change a protected metatable"));
  EXPECT_EQ(text("local t = setmetatable({}, {__tostring = function() return 'T' end}) return tostring(t)"), "T");
  EXPECT_EQ(eval("setmetatable({}, {__gc = function() error('x') end}) collectgarbage() return 1"), ":1\r\n");
  EXPECT_EQ(error("return setmetatable(1, {})").substr(0, 5), "-ERR ");
}

TEST_F(ScriptTest, CollectorTricks) {
  EXPECT_EQ(
      eval("return {collectgarbage('stop'), collectgarbage('setpause', 100000), collectgarbage('setstepmul', 0)}"),
      "*3\r\n:0\r\n:0\r\n:0\r\n");
  EXPECT_EQ(eval("for i = 1, 200000 do local t = {i, {}, 'x' .. i} end return collectgarbage('count') < 40000"),
            ":1\r\n");
  EXPECT_EQ(text("return type(collectgarbage('count')) .. type(gcinfo())"), "numbernumber");
  // Weak tables and resurrection have nothing to hold on to.
  EXPECT_EQ(eval("local w = setmetatable({}, {__mode = 'kv'}) for i = 1, 100 do w[i] = {} end collectgarbage() return "
                 "next(w) == nil"),
            ":1\r\n");
}

// Errors and hooks within coroutines, yields across borders.
TEST_F(ScriptTest, Coroutines) {
  EXPECT_EQ(eval("local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) return "
                 "{co(1), co(5)}"),
            "*2\r\n:2\r\n:10\r\n");
  EXPECT_EQ(text("local co = coroutine.create(function() error('x') end) local ok, e = coroutine.resume(co) "
                 "return tostring(ok) .. e .. coroutine.status(co)"),
            "falseuser_script:1: xdead");
  EXPECT_EQ(
      text("local co = coroutine.create(function() end) coroutine.resume(co) return select(2, coroutine.resume(co))"),
      "cannot resume dead coroutine");
  EXPECT_EQ(text("local co co = coroutine.create(function() return coroutine.resume(co) end) return select(3, "
                 "coroutine.resume(co))"),
            "cannot resume non-suspended coroutine");
  EXPECT_EQ(
      text("local a, b a = coroutine.create(function() return coroutine.resume(b) end) "
           "b = coroutine.create(function() return coroutine.resume(a) end) return select(4, coroutine.resume(a))"),
      "cannot resume non-suspended coroutine");
  EXPECT_EQ(eval("return coroutine.yield(1)")[0], '-');
  EXPECT_EQ(text("local co = coroutine.wrap(function() pcall(coroutine.yield, 1) return 'in' end) return co()"), "in");
  EXPECT_EQ(text("local co = coroutine.create(redis.call) return select(2, coroutine.resume(co, 'echo', 'hi'))"), "hi");
  EXPECT_EQ(eval("local t = {} for v in coroutine.wrap(function() for i = 1, 5 do coroutine.yield(i) end end) do t[#t "
                 "+ 1] = v end return #t"),
            ":5\r\n");
  EXPECT_EQ(eval("return coroutine.running()"), "$-1\r\n");
}

}  // namespace leat
