// SPDX-License-Identifier: Apache-2.0
// The adversary who wants out, or into what other users' scripts will run. Each attempt says 'OUT' where it succeeds;
// after each, the world that scripts see must be what it was, value for value.
#include "tests/unit/script/script_test.h"

namespace leat {

struct Attempt {
  View from;  // where such a way out was published, or what it tries
  View body;
};

class EscapeTest : public ScriptTest {
 protected:
  // Every name that scripts can reach, with the identity of what stands there; and that the common calls do what
  // they did.
  Bytes world() {
    return text(R"(
      local seen = {}
      local function note(prefix, t)
        for k, v in pairs(t) do
          if k ~= 'KEYS' and k ~= 'ARGV' then seen[#seen + 1] = prefix .. tostring(k) .. '=' .. tostring(v) end
        end
      end
      note('', _G)
      for _, name in ipairs({'redis', 'cjson', 'cmsgpack', 'struct', 'bit', 'string', 'table', 'math', 'os', 'coroutine'}) do
        note(name .. '.', _G[name])
      end
      note('strings.', getmetatable('').__index)
      table.sort(seen)
      seen[#seen + 1] = ('%s-%d'):format(('x'):upper(), 7)
      seen[#seen + 1] = cjson.encode({cjson.decode('[1,[2]]'), cmsgpack.unpack(cmsgpack.pack({3}))})
      math.randomseed(0)
      seen[#seen + 1] = redis.call('echo', 'hi') .. tostring(redis.call('bool')) .. math.random(1000)
      return table.concat(seen, '\n'))");
  }

  void expect_sealed(const std::vector<Attempt>& attempts) {
    const Bytes before = world();
    ASSERT_TRUE(before.ends_with("hi1171")) << before.substr(before.size() - 40);
    for (const auto& [from, body] : attempts) {
      const Bytes reply = eval(body);
      EXPECT_EQ(reply.find("OUT"), Bytes::npos) << from << ": " << body << "\n" << reply;
      ASSERT_EQ(world(), before) << from << ": " << body;
    }
  }
};

TEST_F(EscapeTest, PoisonedGlobalsAndLibraries) {
  expect_sealed({
      {"CVE-2022-24735", "redis = {call = function() return 'OUT' end} return redis.call()"},
      {"CVE-2022-24735", "redis.call = function() return 'OUT' end return redis.call('echo', 'x')"},
      {"CVE-2022-24735", "rawset(redis, 'call', function() return 'OUT' end) return redis.call('echo', 'x')"},
      {"CVE-2022-24735", "cjson.decode = function() return 'OUT' end return cjson.decode('1')"},
      {"CVE-2022-24735", "table.insert = function() return 'OUT' end return table.insert({}, 1)"},
      {"CVE-2022-24735", "string.format = function() return 'OUT' end return ('%s'):format(1)"},
      {"CVE-2022-24735", "_G._G = {redis = 'OUT'} return _G.redis"},
      {"CVE-2022-24735", "rawset(_G, 'nosuch', 'OUT') return nosuch"},
      {"CVE-2022-24735", "setmetatable(_G, {__index = function() return 'OUT' end}) return nosuch"},
      {"CVE-2022-24735", "getmetatable(_G).__index = function() return 'OUT' end return nosuch"},
      {"CVE-2022-24735", "getmetatable(redis).__index = {call = function() return 'OUT' end} return redis.call()"},
      {"its error handler, once a global", "__redis__err__handler = function() return 'OUT' end error('x')"},
      {"a copy from pairs", "local _, s = pairs(string) s.format = function() return 'OUT' end return ('%s'):format(1)"},
      {"a copy from pairs, deeper", "local _, g = pairs(_G) g.redis.call = function() return 'OUT' end return redis.call()"},
      {"what next gives", "local k, v repeat k, v = next(_G, k) until type(v) == 'table' and k ~= 'KEYS' and k ~= 'ARGV' "
                         "v.x = 'OUT' return v.x"},
      {"foreach", "table.foreach(_G, function(k, v) if type(v) == 'table' then v.x = 'OUT' end end) return redis.x"},
      {"insert", "table.insert(string, 'OUT') return string[1]"},
      {"insert, shifting", "table.insert(string, 1, 'OUT') return string[1]"},
      {"sort", "table.sort(cjson, function(a, b) cjson.x = 'OUT' return false end) return cjson.x"},
      {"remove", "table.remove(_G) return nosuch"},
      {"setn", "table.setn(_G, 5)"},
      {"a global function", "function tostring() return 'OUT' end return tostring(1)"},
      {"a loop variable", "for redis in pairs({OUT = 1}) do end return redis.call('echo', 'x')"},
      {"__newindex of one's own table before the frozen one",
       "local t = setmetatable({}, {__newindex = redis}) t.call = 'OUT' return redis.call"},
      {"a frozen table as metatable", "local t = setmetatable({}, redis) t.x = 1 return redis.x"},
      {"through loaded code", "loadstring('redis = {x = [[O]] .. [[UT]]}')() return redis.x"},
      {"through a coroutine", "coroutine.wrap(function() redis = {x = 'OUT'} end)() return redis.x"},
      {"through an error handler", "xpcall(error, function() redis = {x = 'OUT'} end) return redis.x"},
      {"through a comparison", "table.sort({2, 1}, function() redis = {x = 'OUT'} end) return redis.x"},
      {"KEYS of the next script", "KEYS = {'OUT'} return KEYS[1]"},
  });
}

TEST_F(EscapeTest, MetatablesOfBasicTypes) {
  expect_sealed({
      {"CVE-2025-46818", "getmetatable('').__index = function() return 'OUT' end return ('').x"},
      {"CVE-2025-46818", "getmetatable('').__index.upper = function() return 'OUT' end return ('x'):upper()"},
      {"CVE-2025-46818", "getmetatable('').__add = function() return 'OUT' end return 'a' + 'b'"},
      {"CVE-2025-46818", "rawset(getmetatable(''), '__call', function() return 'OUT' end) return ('x')()"},
      {"CVE-2025-46818", "setmetatable('', {__call = function() return 'OUT' end}) return ('x')()"},
      {"CVE-2025-46818", "getmetatable(nil).__index = function() return 'OUT' end return (nil).x"},
      {"CVE-2025-46818", "getmetatable(1).__index = function() return 'OUT' end return (1).x"},
      {"CVE-2025-46818", "getmetatable(true).__index = function() return 'OUT' end return (true).x"},
      {"CVE-2025-46818", "getmetatable(tostring).__index = function() return 'OUT' end return tostring.x"},
      {"CVE-2025-46818", "getmetatable(cjson.null).__index = function() return 'OUT' end return cjson.null.x"},
      {"CVE-2025-46818",
       "local co = coroutine.create(tostring) getmetatable(co).__index = function() return 'OUT' end return co.x"},
      {"by their names", "for _, v in ipairs({1, true, tostring, cjson.null}) do if setmetatable(v, {}) then return 'OUT' "
                         "end end"},
      {"the string metatable by index", "('').upper = function() return 'OUT' end return ('x'):upper()"},
      {"its frozen copy's own metatable", "getmetatable(getmetatable('')).__index = {x = 'OUT'} return getmetatable('').x"},
  });
}

TEST_F(EscapeTest, DoorsOfLua) {
  for (const View call :
       {"getfenv(0)", "getfenv(1)", "getfenv(2)", "getfenv(redis.call)", "setfenv(1, {})", "setfenv(0, {})", "newproxy(true)",
        "debug.getinfo(1)", "debug.getregistry()", "debug.setmetatable('', {})", "debug.getupvalue(pairs, 1)",
        "debug.sethook()", "debug.traceback()", "require('ffi')", "require('jit')", "require('string.buffer')",
        "package.loaded.ffi", "package.loadlib('x', 'y')", "module('x')", "jit.on()", "jit.util.funcinfo(pairs)",
        "ffi.cdef('')", "io.open('/etc/passwd')", "io.popen('id')", "os.execute('id')", "os.getenv('PATH')", "os.exit(1)",
        "os.remove('x')", "os.rename('x', 'y')", "os.tmpname()", "os.time()", "os.date()", "dofile('/etc/passwd')",
        "loadfile('/etc/passwd')", "print('x')", "string.dump(function() end)", "('').dump(function() end)",
        "load('return 1')", "load('return 1', 'x', 'b')", "collectgarbage('generational')", "collectgarbage('isrunning')",
        "table.new(1, 1)", "table.clear({})", "coroutine.isyieldable()", "coroutine.close(coroutine.create(pcall))",
        "bit.x()", "math.x()", "redis.register_function('x', pcall)", "gcinfo().x"}) {
    const Bytes reply = eval("local found = " + Bytes(call) + " return 'OUT'");
    EXPECT_EQ(reply[0], '-') << call << reply;
  }
}

// Text that becomes bytecode, and bytecode that becomes text.
TEST_F(EscapeTest, Bytecode) {
  for (const View head : {"\\27LJ\\1", "\\27LJ\\2", "\\27LJ\\2\\2\\0", "\\27LJ\\2\\0\\255\\255\\255\\255\\15", "\\27Lua\\81",
                          "\\27LuaQ\\0\\1\\4\\8\\4\\8\\0", "\\27", "\\27\\27", "\\027LJ\\2\\10\\0\\3"}) {
    for (const View tail : {"", "\\0", "\\255\\255\\255\\255", "return 1"}) {
      const Bytes code = "'" + Bytes(head) + Bytes(tail) + "'";
      EXPECT_EQ(eval("return (loadstring(" + code + "))"), "$-1\r\n") << code;
      EXPECT_EQ(eval("return (loadstring(" + code + ", '=x'))"), "$-1\r\n") << code;
      EXPECT_EQ(eval("local n, s = 0, " + code + " return (load(function() n = n + 1 return s:sub(n, n) end))"), "$-1\r\n");
    }
  }
  EXPECT_EQ(eval("return (loadstring(' \\27LJ\\2'))"), "$-1\r\n");
  EXPECT_EQ(eval("return (loadstring('#!x\\n\\27LJ\\2'))"), "$-1\r\n");  // LuaJIT skips a first line that begins so
}

// What runs while a value leaves: no code of the script's may.
TEST_F(EscapeTest, RepliesAndErrorsRunNoCode) {
  const Bytes hostile = "setmetatable({}, {__index = function() return 'OUT' end, __tostring = function() return 'OUT' end, "
                        "__len = function() return 9 end, __call = function() return 'OUT' end})";
  EXPECT_EQ(eval("return " + hostile), "*0\r\n");
  EXPECT_EQ(error("error(" + hostile + ")"), "-ERR unknown error");
  EXPECT_EQ(error("redis.call(" + hostile + ")"), "-ERR Lua redis lib command arguments must be strings or integers");
  EXPECT_EQ(text("return cjson.encode(" + hostile + ")"), "{}");
  EXPECT_EQ(eval("return cmsgpack.unpack(cmsgpack.pack(" + hostile + "))"), "*0\r\n");
  EXPECT_EQ(eval("redis.log(redis.LOG_NOTICE, " + hostile + ") return 1"), ":1\r\n");
  EXPECT_EQ(eval("return redis.sha1hex(" + hostile + ") == redis.sha1hex('')"), ":1\r\n");
  EXPECT_EQ(eval("return redis.status_reply(" + hostile + ")")[0], '-');
  EXPECT_EQ(eval("return {ok = " + hostile + ", err = " + hostile + "}"), "*0\r\n");
  for (const auto& line : house.logged) EXPECT_EQ(line.find("OUT"), Bytes::npos);
}

// A reply is one reply, whatever is in it.
TEST_F(EscapeTest, RepliesCannotBeForged) {
  EXPECT_EQ(eval("return {err = 'x\\r\\n+OUT\\r\\n'}"), "-x  +OUT  \r\n");
  EXPECT_EQ(eval("return {ok = 'x\\r\\n+OUT\\r\\n'}"), "+x  +OUT  \r\n");
  EXPECT_EQ(eval("return redis.error_reply('x y\\r\\n+OUT')"), "-x y  +OUT\r\n");
}

// What one script sets, the next must not feel.
TEST_F(EscapeTest, SettingsEndWithTheScript) {
  const Bytes probe =
      "return cjson.encode({cjson.encode_max_depth(), cjson.decode_max_depth(), cjson.encode_number_precision(), "
      "cjson.encode_keep_buffer(), cjson.encode_invalid_numbers(), cjson.decode_invalid_numbers(), "
      "{cjson.encode_sparse_array()}, redis.call('bool')})";
  const Bytes before = text(probe);
  EXPECT_EQ(before, "[1000,1000,14,true,false,true,[false,2,10],1]");
  for (const View body :
       {"cjson.encode_max_depth(1)", "cjson.decode_max_depth(1)", "cjson.encode_number_precision(3)",
        "cjson.encode_keep_buffer(false)", "cjson.encode_invalid_numbers(true)", "cjson.decode_invalid_numbers(false)",
        "cjson.encode_sparse_array(true, 1, 1)", "redis.setresp(3)",
        "cjson.encode_max_depth(1) error('x')", "pcall(cjson.decode_max_depth, 1) while true do end",
        "local j = cjson.new() j.encode_max_depth(1) j.decode_max_depth(1) j.encode_sparse_array(true)",
        "coroutine.wrap(function() cjson.decode_max_depth(1) end)()", "collectgarbage('stop')"}) {
    house.polls_max = house.polls + 3;
    eval(body);
    house.polls_max = 1'000'000'000;
    EXPECT_EQ(text(probe), before) << body;
  }
  EXPECT_EQ(eval("cjson.decode_max_depth(1) return (pcall(cjson.decode, '[[1]]'))"), "$-1\r\n");  // within it they hold
}

// Coroutines, pcall and the calls of the house, in all orders.
TEST_F(EscapeTest, Coroutines) {
  expect_sealed({
      {"a yield out of the script", "coroutine.yield('OUT')"},
      {"a yield through pcall", "pcall(coroutine.yield, 'OUT')"},
      {"a yield through gsub", "return coroutine.wrap(function() ('x'):gsub('x', coroutine.yield) end)() or 'OUT'"},
      {"a yield through sort", "return coroutine.wrap(function() table.sort({2, 1}, coroutine.yield) end)() or 'OUT'"},
      {"a yield through tostring",
       "local t = setmetatable({}, {__tostring = coroutine.yield}) return coroutine.wrap(tostring)(t) == 1 and 'OUT'"},
      {"a yield from the reader of load", "return coroutine.wrap(function() load(coroutine.yield) end)() or 'OUT'"},
      {"redis.call as the body of a coroutine", "return coroutine.wrap(redis.call)('echo', 'x') == 'y' and 'OUT'"},
      {"one that raises in redis.call", "local co = coroutine.create(redis.call) coroutine.resume(co, 'wrong') return "
                                        "coroutine.resume(co) and 'OUT'"},
      {"one resumed by itself", "local co co = coroutine.wrap(function() return co() end) return co() and 'OUT'"},
      {"one that is left behind", "local co = coroutine.create(function() coroutine.yield() redis.call('set', 'OUT', 'OUT') "
                                  "end) coroutine.resume(co) error(co)"},
      {"__gc of a table", "setmetatable({}, {__gc = function() redis.call('set', 'OUT', 'OUT') end}) collectgarbage()"},
      {"__mode and resurrection", "local w = setmetatable({}, {__mode = 'k', __gc = redis.call}) w[{}] = w collectgarbage()"},
  });
  EXPECT_FALSE(house.keys.contains("OUT"));
}

}  // namespace leat
