// SPDX-License-Identifier: Apache-2.0
// What one script can do to another, to a library, and to the house. Ways out of Lua itself are in tests/unit/script.
#include "tests/support/broker_test.h"

namespace leat::testing {

class SandboxTest : public BrokerTest {
 protected:
  void start_with_memory(int64_t bytes) {
    config.script_memory_bytes_max = bytes;
    restart();
  }
  Reply eval(View body) { return client().call_words({"EVAL", Bytes(body), "0"}); }
  Reply load(View library, View code) {
    return client().call_words({"FUNCTION", "LOAD", "REPLACE", "#!lua name=" + Bytes(library) + "\n" + Bytes(code)});
  }
  // A library with one function of its own name.
  Reply function(View name, View body) {
    return load(name, "redis.register_function('" + Bytes(name) + "', function(keys, args) " + Bytes(body) + " end)");
  }
};

// A script that starts another could go round whatever is asked once a request: flags, rules, the frozen time.
TEST_F(SandboxTest, NoScriptStartsAnother) {
  const Bytes sha = call("SCRIPT LOAD \"return redis.call('SET', 'k', 1)\"").text;
  ASSERT_EQ(function("writes", "return redis.call('SET', 'k', 1)"), bulk("writes"));
  for (const Bytes& words : std::vector<Bytes>{
           "'EVAL', \"return redis.call('SET', 'k', 1)\", 0", "'EVALSHA', '" + sha + "', 0", "'EVAL_RO', 'return 1', 0",
           "'EVALSHA_RO', '" + sha + "', 0", "'FCALL', 'writes', 0", "'FCALL_RO', 'writes', 0", "'SCRIPT', 'FLUSH'",
           "'SCRIPT', 'KILL'", "'FUNCTION', 'FLUSH'", "'FUNCTION', 'LOAD', 'x'", "'DEBUG', 'SLEEP', 1", "'MULTI'",
           "'SUBSCRIBE', 'c'", "'MONITOR'", "'SHUTDOWN'", "'CONFIG', 'SET', 'maxmemory', 1", "'AUTH', 'x'", "'SAVE'"}) {
    for (const View call : {"call", "pcall"}) {
      const Reply refused = eval("return redis." + Bytes(call) + "(" + words + ")");
      EXPECT_TRUE(refused.text.starts_with("ERR This Redis command is not allowed from script"))
          << words << ": " << refused.text;
    }
  }
  EXPECT_EQ(call("EXISTS k"), integer(0));
  EXPECT_EQ(call("EVALSHA " + sha + " 0"), ok());
}

TEST_F(SandboxTest, AReadOnlyScriptWritesByNoWay) {
  for (const View body :
       {"return redis.call('SET', 'k', 1)", "return redis.pcall('SET', 'k', 1)",
        "local c = redis.call return c('SET', 'k', 1)", "return select(2, pcall(redis.call, 'SET', 'k', 1))",
        "return coroutine.wrap(function() return redis.call('SET', 'k', 1) end)()",
        "return select(2, xpcall(function() return redis.call('SET', 'k', 1) end, function(e) return e end))",
        "redis.set_repl(redis.REPL_NONE) return redis.pcall('SET', 'k', 1)"}) {
    for (const auto& words :
         {std::vector<Bytes>{"EVAL_RO", Bytes(body), "0"}, {"EVAL", "#!lua flags=no-writes\n" + Bytes(body), "0"}}) {
      const Reply refused = client().call_words(words);  // caught by pcall it is a text and no error
      EXPECT_NE(refused.text.find("Write commands are not allowed"), Bytes::npos) << body << ": " << refused.text;
    }
  }
  EXPECT_EQ(call("EXISTS k"), integer(0));
}

// What one user's script leaves behind no other meets.
TEST_F(SandboxTest, ScriptsLeaveNothingBehind) {
  for (const View body : {"x = 1", "_G.x = 1", "rawset(_G, 'x', 1)", "redis.call = nil",
                            "string.format = nil", "table.insert = nil", "cjson.decode = nil",
                            "setmetatable(_G, {})", "getmetatable('').__index = nil",
                            "getmetatable(_G).__index = nil", "KEYS.__index = 1 setmetatable(redis, KEYS)"}) {
    eval(body);  // most of them are errors, each in words of its own
    EXPECT_EQ(eval("return redis.call('ECHO', string.format('%s', ('x'):upper()) .. type(cjson.decode('[1]')))"),
              bulk("Xtable"))
        << body;
    EXPECT_EQ(eval("return pcall(function() return x end) and 1 or 0"), integer(0)) << body;
  }
  EXPECT_EQ(eval("KEYS[1] = 'left' ARGV = {'left'} return 1").type, '-') << "ARGV is a global";
  EXPECT_EQ(eval("return #KEYS + #ARGV"), integer(0));
}

TEST_F(SandboxTest, LibrariesDoNotReachOneAnother) {
  ASSERT_EQ(load("victim", "local secret = 'kept'\nlocal function helper() return secret end\n"
                           "redis.register_function('tells', function() return helper() end)"),
            bulk("victim"));
  EXPECT_EQ(load("thief", "redis.register_function('tells', function() return 'stolen' end)"),
            error("ERR Function tells already exists"));
  for (const View body : {"return secret", "return helper()", "return tells()", "return _G.helper()",
                          "return debug.getupvalue(1, 1)", "return getfenv(2).helper()", "return setfenv(1, {})",
                          "return require('victim')", "return redis.call('FCALL', 'tells', 0)"}) {
    ASSERT_EQ(function("thief", body), bulk("thief"));
    EXPECT_EQ(call("FCALL thief 0").type, '-') << body;
  }
  for (const View body : {"redis.call = nil", "redis.call = function() return 'false' end", "string.upper = nil",
                            "math.floor = tostring", "_G.x = 1", "getmetatable('').__index = {}"}) {
    load("thief", body);
    function("breaks", body);
    call("FCALL breaks 0");
    EXPECT_EQ(function("asks", "return redis.call('ECHO', ('x'):upper() .. math.floor(1.5))"), bulk("asks"));
    EXPECT_EQ(call("FCALL asks 0"), bulk("X1")) << body;
    EXPECT_EQ(call("FCALL tells 0"), bulk("kept")) << body;
  }
  EXPECT_EQ(eval("return pcall(function() return secret end) and 1 or 0"), integer(0)) << "nor does a script";
}

TEST_F(SandboxTest, AFunctionDoesNotChangeAScriptsWorld) {
  ASSERT_EQ(
      function("changes", "cjson.encode_sparse_array(true) cjson.decode_max_depth(1) math.randomseed(7) return 1"),
      bulk("changes"));
  EXPECT_EQ(call("FCALL changes 0"), integer(1));
  EXPECT_EQ(eval("return #cjson.decode('[[[1]]]')[1]"), integer(1));
  EXPECT_EQ(function("decodes", "return #cjson.decode('[[[1]]]')[1]"), bulk("decodes"));
  EXPECT_EQ(call("FCALL decodes 0"), integer(1));
}

// Memory runs out in the middle: what was written stays, whole, also over a restart, and the next script has
// its memory.
TEST_F(SandboxTest, ABatchIsWholeAfterMemoryRanOut) {
  start_with_memory(4 << 20);
  const Bytes greedy = "redis.call('RPUSH', 'jobs', 'a', 'b') redis.call('SET', 'n', 2) "
                       "local t = {} for i = 1, 1e9 do t[i] = string.rep('x', 1000) .. i end return 1";
  const Reply ended = eval(greedy);
  EXPECT_EQ(ended.type, '-');
  EXPECT_NE(ended.text.find("memory"), Bytes::npos) << ended.text;
  EXPECT_EQ(call("LRANGE jobs 0 -1"), array("a", "b"));
  restart_after_power_cut(7);
  EXPECT_EQ(call("LRANGE jobs 0 -1"), array("a", "b"));
  EXPECT_EQ(call("GET n"), bulk("2"));
  EXPECT_EQ(eval("return #string.rep('x', 1000000)"), integer(1000000));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(eval(greedy).type, '-');
  EXPECT_EQ(eval("return 'alive'"), bulk("alive"));
  EXPECT_EQ(call("LLEN jobs"), integer(42));
}

// One library's memory is another's: what it may take is bounded together, and who takes all of it hears so.
TEST_F(SandboxTest, AFunctionThatKeepsAllMemoryIsToldAndCanBeDeleted) {
  start_with_memory(4 << 20);
  ASSERT_EQ(load("hoard", "local kept = {} redis.register_function('hoard', function() "
                          "for i = 1, 1e9 do kept[#kept + 1] = string.rep('x', 1000) .. #kept end end)"),
            bulk("hoard"));
  const Reply ended = call("FCALL hoard 0");
  EXPECT_NE(ended.text.find("memory"), Bytes::npos) << ended.text;
  EXPECT_EQ(eval("return #string.rep('x', 1000000)"), integer(1000000)) << "scripts have memory of their own";
  EXPECT_EQ(call("FUNCTION DELETE hoard"), ok());
  ASSERT_EQ(function("after", "return #string.rep('x', 1000000)"), bulk("after"));
  EXPECT_EQ(call("FCALL after 0"), integer(1000000));
}

}  // namespace leat::testing
