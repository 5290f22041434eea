// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "tests/unit/script/script_test.h"

namespace leat {

TEST_F(ScriptTest, RunsByDigestInEitherCase) {
  const auto sha = host.load("return 1");
  ASSERT_TRUE(sha.ok());
  EXPECT_EQ(*sha, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
  EXPECT_TRUE(host.knows("E0E1F9FABFC9D4800C877A703B823AC0578FF8DB"));
  Bytes out;
  RespSink sink(out, 2);
  EXPECT_TRUE(host.run("E0E1f9fabfc9d4800c877a703b823ac0578ff8db", {}, house, sink).ok());
  EXPECT_EQ(out, ":1\r\n");
}

TEST_F(ScriptTest, UnknownDigest) {
  Bytes out;
  RespSink sink(out, 2);
  for (const View sha : {View("e0e1f9fabfc9d4800c877a703b823ac0578ff8db"), View(""), View("not a digest")}) {
    EXPECT_EQ(host.run(sha, {}, house, sink).text(), "NOSCRIPT No matching script. Please use EVAL.");
    EXPECT_FALSE(host.knows(sha));
  }
  EXPECT_EQ(out, "");
}

TEST_F(ScriptTest, KeepsThousandsUntilFlush) {
  std::vector<Bytes> shas;
  for (int i = 0; i < 5000; ++i) shas.emplace_back(*host.load("local n = " + std::to_string(i) + " return n"));
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(*host.load("local n = " + std::to_string(i) + " return n"), shas[i]);
  EXPECT_EQ(host.scripts(), 5000u);
  EXPECT_GT(host.cache_memory(), 5000u * 20);
  Bytes out;
  RespSink sink(out, 2);
  EXPECT_TRUE(host.run(shas[4321], {}, house, sink).ok());
  EXPECT_EQ(out, ":4321\r\n");
  host.flush();
  EXPECT_EQ(host.scripts(), 0u);
  EXPECT_FALSE(host.knows(shas[4321]));
  EXPECT_EQ(eval("return 7"), ":7\r\n");
}

// Who writes its arguments into its scripts must not fill the memory of all.
TEST_F(ScriptTest, WhatEvalBroughtStaysWhileItIsUsed) {
  const auto body = [](int i) { return "return " + std::to_string(i); };
  std::vector<Bytes> shas;
  for (int i = 0; i < 500; ++i) shas.emplace_back(*host.load(body(i), ScriptHost::Keep::kWhileUsed));
  EXPECT_EQ(*host.load(body(1)), shas[1]);  // SCRIPT LOAD: it stays
  Bytes out;
  RespSink sink(out, 2);
  EXPECT_TRUE(host.run(shas[0], {}, house, sink).ok());  // used
  for (const int i : {500, 501}) EXPECT_TRUE(host.load(body(i), ScriptHost::Keep::kWhileUsed).ok());
  EXPECT_EQ(host.evicted(), 1u);
  EXPECT_TRUE(host.knows(shas[0]) && host.knows(shas[1]) && !host.knows(shas[2]) && host.knows(shas[3]));
  for (int i = 1000; i < 20'000; ++i) EXPECT_TRUE(host.load(body(i), ScriptHost::Keep::kWhileUsed).ok());
  EXPECT_EQ(host.scripts(), 501u);
  EXPECT_LT(host.memory(), size_t{4} << 20);
  EXPECT_EQ(*host.load(body(2), ScriptHost::Keep::kWhileUsed), shas[2]);  // and comes back
  EXPECT_TRUE(host.knows(shas[1]));
}

TEST_F(ScriptTest, TheCacheTakesHalfOfTheMemoryAtMost) {
  const View full = "ERR Error compiling script (new function): not enough memory for more scripts";
  const auto comment = [](int i) { return "-- " + std::to_string(i) + Bytes(size_t{10} << 20, 'x') + "\nreturn 1"; };
  const auto compiled = [](int i) {  // 200,000 constants
    Bytes body = "local t = {";
    for (int n = 0; n < 200'000; ++n) body += std::to_string(i) + "." + std::to_string(n) + ",";
    return body + "} return 1";
  };
  for (const std::function<Bytes(int)>& body :
       {std::function<Bytes(int)>(comment), std::function<Bytes(int)>(compiled)}) {
    for (int i = 0; i < 12; ++i) EXPECT_TRUE(host.load(body(i), ScriptHost::Keep::kWhileUsed).ok()) << i;
    EXPECT_GT(host.evicted(), 0u);
    bool refused = false;
    for (int i = 0; i < 40 && !refused; ++i) {
      const auto loaded = host.load(body(100 + i));
      refused = !loaded.ok() && loaded.status().text().starts_with(full);
    }
    EXPECT_TRUE(refused);
    EXPECT_EQ(eval("local s = ('x'):rep(1e7) return #s"), ":10000000\r\n");  // what is left is enough to run
    host.flush();
    EXPECT_TRUE(host.load(body(0)).ok());
    host.flush();
  }
}

TEST_F(ScriptTest, LargeBody) {
  Bytes body = "local t = {}\n";
  while (body.size() < 40'000) body += "t[#t + 1] = redis.call('echo', 'line " + std::to_string(body.size()) + "')\n";
  body += "return #t";
  EXPECT_EQ(eval(body).substr(0, 1), ":");
}

TEST_F(ScriptTest, CompileErrors) {
  EXPECT_TRUE(eval("return \"x").starts_with("-ERR Error compiling script (new function): user_script:1: "));
  EXPECT_TRUE(eval("\n\nreturn x y").starts_with("-ERR Error compiling script (new function): user_script:3: "));
  EXPECT_TRUE(
      eval("#foo\nreturn 1")
          .starts_with("-ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'"));
  EXPECT_EQ(host.scripts(), 0u);
}

TEST_F(ScriptTest, Shebang) {
  EXPECT_EQ(eval("#!lua\nreturn 1"), ":1\r\n");
  EXPECT_EQ(eval("#!lua flags=\nreturn 1"), ":1\r\n");
  EXPECT_EQ(eval("#!lua flags=no-write\nreturn 1"), "-ERR Unexpected flag in script shebang: no-write");
  EXPECT_EQ(eval("#!luax\nreturn 1"), "-ERR Unexpected engine in script shebang: #!luax");
  EXPECT_EQ(eval("#!lua name=x\nreturn 1"), "-ERR Unknown lua shebang option: name=x");
  EXPECT_EQ(eval("#!lua"), "-ERR Invalid script shebang");
  const Bytes body = "#!lua flags=no-writes,allow-oom\nerror('x')";
  const auto flags = host.flags(*host.load(body));
  ASSERT_TRUE(flags.has_value());
  EXPECT_TRUE(flags->declared && flags->no_writes && flags->allow_oom);
  EXPECT_FALSE(flags->allow_stale);
  EXPECT_TRUE(eval(body).ends_with(", on @user_script:2."));
  EXPECT_FALSE(host.flags(*host.load("return 1"))->declared);
}

TEST_F(ScriptTest, KeysAndArguments) {
  EXPECT_EQ(eval("return {KEYS[1], ARGV[1], #KEYS, #ARGV, KEYS[2]}", {"k"}, {View("a\0b", 3), ""}),
            View("*4\r\n$1\r\nk\r\n$3\r\na\0b\r\n:1\r\n:2\r\n", 28));
  EXPECT_EQ(eval("KEYS[1] = 5 ARGV.x = 1 return KEYS[1]", {"a"}), ":5\r\n");
  EXPECT_EQ(eval("return #KEYS"), ":0\r\n");
}

TEST_F(ScriptTest, RaisedErrorsTellScriptAndLine) {
  const Bytes sha(*host.load("\nerror('boom')"));
  EXPECT_EQ(eval("\nerror('boom')"), "-ERR user_script:2: boom script: " + sha + ", on @user_script:2.");
  EXPECT_EQ(error("error('boom', 0)"), "-ERR boom");
  EXPECT_EQ(error("error()"), "-ERR nil");
  EXPECT_EQ(error("error(true)"), "-ERR true");
  EXPECT_EQ(error("error({err = 'MY boom'})"), "-MY boom");
  EXPECT_EQ(error("error({a = 1})"), "-ERR unknown error");
  EXPECT_EQ(error("error(redis.error_reply('ZZ x'))"), "-ZZ x");
  EXPECT_TRUE(error("local a return a.b").starts_with("-ERR user_script:1: attempt to index local 'a' (a nil value)"));
  EXPECT_TRUE(error("assert(false)").starts_with("-ERR "));
  EXPECT_TRUE(error("assert(false, 'msg')").ends_with("msg"));
}

TEST_F(ScriptTest, CommandErrors) {
  const Bytes sha(*host.load("\nreturn redis.call('wrong')"));
  EXPECT_EQ(
      eval("\nreturn redis.call('wrong')"),
      "-WRONGTYPE Operation against a key holding the wrong kind of value script: " + sha + ", on @user_script:2.");
  EXPECT_EQ(eval("return redis.pcall('wrong')"),
            "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
  EXPECT_EQ(text("return redis.pcall('wrong').err"),
            "WRONGTYPE Operation against a key holding the wrong kind of value");
  EXPECT_EQ(text("local ok, e = pcall(redis.call, 'wrong') return tostring(ok) .. e"),
            "falseWRONGTYPE Operation against a key holding the wrong kind of value");
  EXPECT_EQ(text("local e = redis.pcall('wrong') local ok, f = pcall(error, {a = 1}) return type(e) .. type(f)"),
            "tabletable");
  EXPECT_EQ(error("error(redis.pcall('nosuch'))"), "-ERR Unknown Redis command called from script");
}

// LuaJIT forgets the caller of `return f()`; the place must be told all the same.
TEST_F(ScriptTest, ReturnedCallsTellTheirLine) {
  const std::pair<View, View> kCases[] = {
      {"\n\nreturn redis.call('wrong') -- the end\n\n", "3."},
      {"if true then\n return redis.call('wrong')\nelse return 1 end", "2."},
      {"do\nreturn redis.call('wrong'); end", "2."},
      {"for i = 1, 2 do\n\n if i == 2 then return redis.call('wrong') end end", "3."},
      {"repeat return\n redis.call('wrong') until true", "2."},
      {"local f = function()\n return redis.call('wrong') end\nreturn f()", "3."},
      {"return (function() local x =\n redis.call('wrong') return x end)()", "2."},
  };
  for (const auto& [body, line] : kCases) {
    const Bytes reply = eval(body);
    EXPECT_TRUE(reply.ends_with(", on @user_script:" + Bytes(line))) << body << "\n" << reply;
  }
  for (const View body :
       {"return", "return;", "return ;", "do return end", "return -- nothing\n", "return --[[ x ]]"}) {
    EXPECT_EQ(eval(body), "$-1\r\n") << body;
  }
  EXPECT_EQ(eval("local t = {['end'] = 1, f = function() return end} return t['end']"), ":1\r\n");
  EXPECT_EQ(eval("return {1; 2; #'a;b'}"), "*3\r\n:1\r\n:2\r\n:3\r\n");
  EXPECT_EQ(eval("return select('#', loadstring('return 1, 2')())"), ":2\r\n");
  EXPECT_EQ(eval("return [[x]] --[[ y ]]"), "$1\r\nx\r\n");
  EXPECT_TRUE(eval("return x y").find("near 'y'") != Bytes::npos);
}

// What one script leaves does not reach the next.
TEST_F(ScriptTest, StateSurvivesErrors) {
  for (int i = 0; i < 1000; ++i) {
    eval("local t = {} t.x.y = 1");
    eval("return redis.call('wrong')");
    eval("coroutine.wrap(function() error({}) end)()");
    eval("redis.setresp(3) error('x')");
  }
  EXPECT_EQ(eval("return {redis.call('bool'), KEYS[1]}", {"k"}), "*2\r\n:1\r\n$1\r\nk\r\n");
}

}  // namespace leat
