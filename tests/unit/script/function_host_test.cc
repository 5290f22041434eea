// SPDX-License-Identifier: Apache-2.0
// Libraries in their Lua state: what they may take, and what they leave.
#include "broker/script/function_host.h"

#include "tests/unit/script/script_test.h"

namespace leat {

class FunctionHostTest : public testing::Test {
 protected:
  // The library's name, or the error.
  Bytes load(View code, View name = "x") {
    const auto library = host.read("#!lua name=" + Bytes(name) + "\n" + Bytes(code), house);
    if (!library.ok()) return "-" + Bytes(library.status().text());
    host.put(*library);
    return (*library)->name;
  }
  Bytes call(View function, std::vector<View> keys = {}, std::vector<View> args = {}) {
    const LibraryFunction* const found = host.find(function);
    if (found == nullptr) return "(none)";
    Bytes out;
    RespSink sink(out, 2);
    const Status status = host.run(*found, {.keys = keys, .args = args}, house, sink);
    return status.ok() ? out : "-" + Bytes(status.text());
  }
  Bytes run(View body) {
    const Bytes loaded = load("redis.register_function('f', function(keys, args) " + Bytes(body) + "\nend)");
    return loaded == "x" ? call("f") : loaded;
  }

  FunctionHost host{{.memory_bytes_max = size_t{16} << 20}};
  FakeHouse house;
};

TEST_F(FunctionHostTest, ALoadThatTakesTooLongEnds) {
  house.polls_max = 5;
  const View timed_out = "-ERR Error registering functions: ERR FUNCTION LOAD timeout";
  EXPECT_EQ(load("while true do end"), timed_out);
  EXPECT_EQ(load("local function f() return f() end f()"), timed_out);
  house.polls = 0;
  EXPECT_EQ(load("for i = 1, 1000 do local x = i end redis.register_function('f', function() return 1 end)"), "x");
  EXPECT_EQ(call("f"), ":1\r\n");
}

TEST_F(FunctionHostTest, AFailedLoadLeavesNothing) {
  for (int i = 0; i < 2000; ++i)
    load("local t = ('x'):rep(100000) redis.register_function('f', function() return t end) x = 1");
  EXPECT_LT(host.memory(), size_t{4} << 20);
  EXPECT_EQ(host.functions(), 0u);
  for (int i = 0; i < 2000; ++i)
    EXPECT_EQ(load("local t = ('x'):rep(100000) redis.register_function('f', function() return #t end)"), "x");
  EXPECT_LT(host.memory(), size_t{4} << 20);
  EXPECT_EQ(call("f"), ":100000\r\n");
}

TEST_F(FunctionHostTest, MemoryIsBounded) {
  EXPECT_NE(load("local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end").find("not enough memory"),
            Bytes::npos);
  EXPECT_NE(load("local s = 'x' while true do s = s .. s end").find("not enough memory"), Bytes::npos);
  EXPECT_NE(load("local s = ('x'):rep(3000000) for i = 1, 1000 do redis.register_function{function_name = 'f' .. i, "
                 "callback = redis.log, description = s} end")
                .find("not enough memory"),
            Bytes::npos);
  EXPECT_NE(run("local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end").find("not enough memory"),
            Bytes::npos);
  EXPECT_EQ(run("return 1"), ":1\r\n");
}

TEST_F(FunctionHostTest, GlobalsComeBackAfterEachLoad) {
  EXPECT_EQ(run("return type(math.floor) .. type(redis.call) .. type(redis.register_function)"),
            "$19\r\nfunctionfunctionnil\r\n");
  for (const View code : {"x = 1", "error()", "foo(", "while true do end", ""}) {
    house.polls = 0;
    house.polls_max = 3;
    load(code, "other");
    EXPECT_EQ(call("f"), "$19\r\nfunctionfunctionnil\r\n") << code;
  }
}

TEST_F(FunctionHostTest, NothingChangesWhatOthersSee) {
  for (const View body :
       {"_G.x = 1", "redis.x = 1", "server.x = 1", "rawset(_G, 'x', 1)", "setmetatable(_G, {})", "string.x = 1",
        "getmetatable('').__index = nil", "rawset(redis, 'call', 1)", "table.insert(redis, 1)", "return x"}) {
    EXPECT_EQ(run(body)[0], '-') << body;
  }
  EXPECT_EQ(run("return getmetatable(_G) == false and getmetatable(redis) == false"), ":1\r\n");
  EXPECT_EQ(run("return loadstring('\\27Lua')")[0], '$');
  EXPECT_EQ(run("return tostring(loadstring(string.char(27) .. 'LJ'))"), "$3\r\nnil\r\n");
  EXPECT_EQ(load("\x1bLJ\x02")[0], '-');
}

TEST_F(FunctionHostTest, AKilledFunctionEnds) {
  load("redis.register_function('f', function() while true do pcall(function() while true do end end) end end)");
  house.polls_max = 3;
  EXPECT_EQ(call("f"), "-ERR Script killed by user with SCRIPT KILL... script: f, on @user_function:2.");
}

// `return f()` leaves no trace of the line: then the function's first one is told.
TEST_F(FunctionHostTest, ErrorsTellWhere) {
  load(
      "\nlocal function helper()\n return redis.call('nosuch')\nend\n"
      "redis.register_function('near', function()\n local x = redis.call('nosuch')\nend)\n"
      "redis.register_function('tail', function()\n\n return redis.call('nosuch')\nend)\n"
      "redis.register_function('deep', function()\n local x = helper()\nend)\n"
      "redis.register_function('plain', redis.log)\n");
  const Bytes text = "-ERR Unknown Redis command called from script script: ";
  EXPECT_EQ(call("near"), text + "near, on @user_function:7.");
  EXPECT_EQ(call("tail"), text + "tail, on @user_function:9.");
  EXPECT_EQ(call("deep"), text + "deep, on @user_function:14.");
  EXPECT_EQ(call("plain").substr(0, 30), "-ERR First argument must be a ");
}

TEST_F(FunctionHostTest, PutReplacesAndDropForgets) {
  load("redis.register_function('a', function() return 1 end) redis.register_function('b', function() return 2 end)");
  load("redis.register_function('b', function() return 3 end)");
  EXPECT_EQ(call("a"), "(none)");
  EXPECT_EQ(call("b"), ":3\r\n");
  host.put(FunctionHost::unusable("old", "#!lua name=old\n"));
  EXPECT_EQ(host.libraries().size(), 2u);
  host.drop("x");
  host.drop("nosuch");
  EXPECT_EQ(host.functions(), 0u);
  host.flush();
  EXPECT_EQ(host.libraries().size(), 0u);
  EXPECT_EQ(host.memory(), 0u);
  EXPECT_EQ(run("return 4"), ":4\r\n");
}

}  // namespace leat
