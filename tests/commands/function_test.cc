// SPDX-License-Identifier: Apache-2.0
// Libraries of functions: the words and errors of FUNCTION and FCALL, and what becomes of libraries over restarts.
#include "tests/support/broker_test.h"

namespace leat::testing {
namespace {

const View kSpace =
    "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long";

class FunctionTest : public BrokerTest {
 protected:
  static Bytes text(View library, View code) { return "#!lua name=" + Bytes(library) + "\n" + Bytes(code); }
  static Bytes one(View function, View body, View more = "") {
    return "redis.register_function{function_name='" + Bytes(function) + "', callback=function(keys, args) " +
           Bytes(body) + " end" + Bytes(more) + "}";
  }
  Reply load(View library, View code) { return client().call_words({"FUNCTION", "LOAD", text(library, code)}); }
  Reply replace(View library, View code) {
    return client().call_words({"FUNCTION", "LOAD", "REPLACE", text(library, code)});
  }
  // What FUNCTION LOAD says of a text, as it is.
  Bytes told(const Bytes& text) { return client().call_words({"FUNCTION", "LOAD", text}).text; }
  // The same of what a library registers, less the beginning that all have.
  Bytes registered(View code) {
    const Bytes reply = replace("x", code).text;
    const View start = "ERR Error registering functions: ";
    return reply.starts_with(start) ? reply.substr(start.size()) : reply;
  }
  // FCALL of a function with that body, its error less where it was.
  Reply fcall(View body, const std::vector<Bytes>& keys = {}, const std::vector<Bytes>& args = {}) {
    EXPECT_EQ(replace("x", one("f", body)), bulk("x"));
    std::vector<Bytes> words = {"FCALL", "f", std::to_string(keys.size())};
    words.insert(words.end(), keys.begin(), keys.end());
    words.insert(words.end(), args.begin(), args.end());
    return client().call_words(words);
  }
  Bytes names() {
    Bytes all;
    for (const Reply& library : call("FUNCTION LIST").items) all += library.items[1].text + " ";
    return all;
  }
  Bytes dump(TestClient& from) { return from.call("FUNCTION DUMP").text; }
};

TEST_F(FunctionTest, LoadAndCall) {
  EXPECT_EQ(load("mylib", one("f", "return {keys, args}")), bulk("mylib"));
  EXPECT_EQ(call("FCALL f 1 a b c"), array(array("a"), array("b", "c")));
  EXPECT_EQ(call("FCALL f 0"), array(array(), array()));
  EXPECT_EQ(load("other",
                 "redis.register_function('g', function(keys, args) return redis.call('SET', keys[1], args[1]) end)"),
            bulk("other"));
  EXPECT_EQ(call("FCALL g 1 k v"), ok());
  EXPECT_EQ(call("GET k"), bulk("v"));
}

TEST_F(FunctionTest, TheFirstLine) {
  EXPECT_EQ(told("return 1"), "ERR Missing library metadata");
  EXPECT_EQ(told(""), "ERR Missing library metadata");
  EXPECT_EQ(told("#!lua name=a"), "ERR Invalid library metadata");
  EXPECT_EQ(told("#!lua name=\"a\n"), "ERR Invalid library metadata");
  EXPECT_EQ(told("#!foo name=a\n"), "ERR Engine 'foo' not found");
  EXPECT_EQ(told("#!lua\n"), "ERR Library name was not given");
  EXPECT_EQ(told("#!lua name=\n"), kSpace);
  EXPECT_EQ(told("#!lua name=a-b\n"), kSpace);
  EXPECT_EQ(told("#!lua name=\"a b\"\n"), kSpace);
  EXPECT_EQ(told("#!lua name=a name=b\n"), "ERR Invalid metadata value, name argument was given multiple times");
  EXPECT_EQ(told("#!lua nam=a\n"), "ERR Invalid metadata value given: nam=a");
  EXPECT_EQ(told("#! lua name=a\n"), "ERR Invalid metadata value given: lua");
  EXPECT_EQ(told("#!LUA  Name=\"\\x61_\\n\"\n"), kSpace);
  EXPECT_EQ(told("#!LUA  Name='a_1'\n"), "ERR No functions registered");
  EXPECT_EQ(told("#!lua name=\"\\x61\"\n" + one("f", "")), "a");
}

TEST_F(FunctionTest, WhatARegistrationMayNot) {
  const View start = "ERR ";
  const std::pair<View, View> cases[] = {
      {"redis.register_function()", "wrong number of arguments to redis.register_function"},
      {"redis.register_function('a', function() end, 1)", "wrong number of arguments to redis.register_function"},
      {"redis.register_function('f')",
       "calling redis.register_function with a single argument is only applicable to Lua table (representing named "
       "arguments)."},
      {"redis.register_function({}, function() end)", "first argument to redis.register_function must be a string"},
      {"redis.register_function(nil, function() end)", "first argument to redis.register_function must be a string"},
      {"redis.register_function('a', 1)", "second argument to redis.register_function must be a function"},
      {"redis.register_function('a-b', function() end)", kSpace.substr(4)},
      {"redis.register_function('', function() end)", kSpace.substr(4)},
      {"redis.register_function('g', function() end) redis.register_function('g', function() end)",
       "Function already exists in the library"},
      {"redis.register_function{}", "redis.register_function must get a function name argument"},
      {"redis.register_function{function_name = 'q'}", "redis.register_function must get a callback argument"},
      {"redis.register_function{callback = function() end}",
       "redis.register_function must get a function name argument"},
      {"redis.register_function{callback = 1}",
       "callback argument given to redis.register_function must be a function"},
      {"redis.register_function{function_name = {}}",
       "function_name argument given to redis.register_function must be a string"},
      {"redis.register_function{description = {}}",
       "description argument given to redis.register_function must be a string"},
      {"redis.register_function{foo = 1}", "unknown argument given to redis.register_function"},
      {"redis.register_function{5}", "unknown argument given to redis.register_function"},
      {"redis.register_function{[true] = 1}", "named argument key given to redis.register_function is not a string"},
      {"redis.register_function{flags = 1}",
       "flags argument to redis.register_function must be a table representing function flags"},
      {"redis.register_function{flags = {'foo'}}", "unknown flag given"},
      {"redis.register_function{flags = {1}}", "unknown flag given"},
      {"redis.register_function{flags = {{}}}", "unknown flag given"},
      {"foo()", "user_function:2: Script attempted to access nonexistent global variable 'foo'"},
      {"foo = 1", "user_function:2: Attempt to modify a readonly table"},
      {"redis.x = 1", "user_function:2: Attempt to modify a readonly table"},
      {"\nlocal x = nil .. 1", "user_function:3: attempt to concatenate a nil value"},
      {"redis.log(1)", "redis.log() requires two arguments or more."},
  };
  for (const auto& [code, why] : cases) EXPECT_EQ(registered(code), Bytes(start) + Bytes(why)) << code;
  EXPECT_EQ(told(text("x", "foo(")), "ERR Error compiling function: user_function:2: unexpected symbol near '<eof>'");
  EXPECT_EQ(told(text("x", "local a = 1LL")).substr(0, 57),
            "ERR Error compiling function: user_function:2: malformed ");
  EXPECT_EQ(told(text("x", "\x1bLua")).substr(0, 48), "ERR Error compiling function: user_function:2: u");
  EXPECT_EQ(told(text("x", "return 1")), "ERR No functions registered");
  EXPECT_EQ(call("FUNCTION LIST"), array());
}

// What a library sees while it is loaded: `redis`, and of that what registers, logs and tells the version.
TEST_F(FunctionTest, LoadingSeesLittle) {
  for (const View code :
       {"redis.call('PING')", "redis.pcall('PING')", "redis.setresp(3)", "redis.sha1hex('')", "pcall(redis.log)",
        "local x = math", "local x = KEYS", "local x = _G", "error('x')", "local x = string", "print(1)"}) {
    EXPECT_NE(registered(code).find("Script attempted to access nonexistent global variable '"), Bytes::npos) << code;
  }
  EXPECT_EQ(registered("redis.log(redis.LOG_DEBUG, 'x') local v = redis.REDIS_VERSION local s = ('x'):rep(2) .. "
                       "server.REDIS_VERSION_NUM " +
                       one("f", "return s .. ' ' .. v .. ' ' .. tostring(math.pi):sub(1, 4)")),
            "x");
  EXPECT_EQ(call("FCALL f 0"), bulk("xx459776 7.4.0 3.14"));
  EXPECT_EQ(registered("local r, reg = redis, redis.register_function "
                       "redis.register_function('late', function() return reg('y', function() end) end) "
                       "redis.register_function('old', function() return r.call('PING') end) "
                       "redis.register_function('new', function() return redis.call('PING') end)"),
            "x");
  EXPECT_EQ(call("FCALL late 0").text.substr(0, 75),
            "ERR redis.register_function can only be called on FUNCTION LOAD command scr");
  EXPECT_NE(call("FCALL old 0").text.find("nonexistent global variable 'call'"), Bytes::npos);
  EXPECT_EQ(call("FCALL new 0"), simple("PONG"));
}

TEST_F(FunctionTest, NamesAreUnique) {
  EXPECT_EQ(load("a", one("f", "return 1")), bulk("a"));
  EXPECT_EQ(load("a", one("g", "return 1")), error("ERR Library 'a' already exists"));
  EXPECT_EQ(load("b", one("f", "return 2")), error("ERR Function f already exists"));
  EXPECT_EQ(load("b", one("g", "return 2") + one("f", "return 2")), error("ERR Function f already exists"));
  EXPECT_EQ(replace("a", one("f", "return 3")), bulk("a"));
  EXPECT_EQ(call("FCALL f 0"), integer(3));
  EXPECT_EQ(call("FCALL F 0"), integer(3));
  EXPECT_EQ(load("b", one("F", "return 5")), error("ERR Function F already exists"));
  EXPECT_EQ(load("A", one("own", "return 6") + one("OWN", "return 6")), bulk("A"));
  EXPECT_EQ(call("FCALL Own 0"), integer(6));
  EXPECT_EQ(call("FUNCTION DELETE A"), ok());
  EXPECT_EQ(call("FCALL own 0"), error("ERR Function not found"));
  EXPECT_EQ(load("b", one("g", "return 5")), bulk("b"));
  EXPECT_EQ(replace("b", one("f", "return 6")), error("ERR Function f already exists"));
  EXPECT_EQ(replace("b", "foo("),
            error("ERR Error compiling function: user_function:2: unexpected symbol near '<eof>'"));
  EXPECT_EQ(call("FCALL g 0"), integer(5));
  EXPECT_EQ(replace("b", one("h", "return 7")), bulk("b"));
  EXPECT_EQ(call("FCALL g 0"), error("ERR Function not found"));
  EXPECT_EQ(client().call_words({"FUNCTION", "LOAD", "FOO", text("c", "")}), error("ERR Unknown option given: FOO"));
  EXPECT_EQ(call("FUNCTION LOAD REPLACE"), error("ERR Missing library metadata"));
  EXPECT_EQ(call("FUNCTION LOAD"), error("ERR wrong number of arguments for 'function|load' command"));
}

TEST_F(FunctionTest, Arguments) {
  load("a", one("f", "return #keys"));
  EXPECT_EQ(call("FCALL f"), error("ERR wrong number of arguments for 'fcall' command"));
  EXPECT_EQ(call("FCALL f x"), error("ERR Bad number of keys provided"));
  EXPECT_EQ(call("FCALL f 1.5"), error("ERR Bad number of keys provided"));
  EXPECT_EQ(call("FCALL f -1"), error("ERR Number of keys can't be negative"));
  EXPECT_EQ(call("FCALL f 2 a"), error("ERR Number of keys can't be greater than number of args"));
  EXPECT_EQ(call("FCALL g x"), error("ERR Function not found"));
  EXPECT_EQ(call("FCALL_RO g 0"), error("ERR Function not found"));
  EXPECT_EQ(call("FCALL_RO f 0"), error("ERR Can not execute a script with write flag using *_ro command."));
  EXPECT_EQ(call("COMMAND GETKEYS FCALL f 2 a b c"), array("a", "b"));
}

TEST_F(FunctionTest, InsideAFunction) {
  EXPECT_EQ(fcall("return {1, 2.9, 'x', true, false}"), array(1, 2, "x", 1, null()));
  EXPECT_EQ(fcall("return redis.call('SET')").text,
            "ERR Wrong number of args calling Redis command from script script: f, on @user_function:2.");
  EXPECT_EQ(fcall("local x = redis.call('NONSENSE') return x").text,
            "ERR Unknown Redis command called from script script: f, on @user_function:2.");
  EXPECT_EQ(fcall("return KEYS[1]").text,
            "ERR user_function:2: Script attempted to access nonexistent global variable 'KEYS' script: f, on "
            "@user_function:2.");
  EXPECT_EQ(fcall("error('boom')").text, "ERR user_function:2: boom script: f, on @user_function:2.");
  EXPECT_EQ(fcall("error({err = 'MY boom'})").text, "MY boom script: f, on @user_function:2.");
  EXPECT_EQ(fcall("x = 1").text,
            "ERR user_function:2: Attempt to modify a readonly table script: f, on @user_function:2.");
  for (const View name : {"register_function", "replicate_commands", "breakpoint", "debug"}) {
    EXPECT_NE(fcall("return redis." + Bytes(name) + "()").text.find("attempt to call field '" + Bytes(name)),
              Bytes::npos)
        << name;
  }
  for (const View nested : {"'FCALL', 'f', 0", "'FUNCTION', 'LIST'", "'EVAL', 'return 1', 0"}) {
    EXPECT_EQ(fcall("return redis.call(" + Bytes(nested) + ")").text.substr(0, 49),
              "ERR This Redis command is not allowed from script");
  }
  EXPECT_EQ(fcall("redis.set_repl(redis.REPL_ALL) return redis.setresp(3)"), null());
  EXPECT_EQ(fcall("return redis.acl_check_cmd('GET', 'x')"), integer(1));
  EXPECT_EQ(fcall("return redis.acl_check_cmd('CLIENT', 'LIST')"), integer(1));
  EXPECT_EQ(fcall("return redis.acl_check_cmd('NONSENSE')").text.substr(0, 54),
            "ERR Invalid command passed to redis.acl_check_cmd() sc");
  EXPECT_EQ(fcall("return redis.acl_check_cmd('CLIENT|LIST')").text.substr(0, 54),
            "ERR Invalid command passed to redis.acl_check_cmd() sc");
  EXPECT_EQ(fcall("redis.call('SET', 'half', 1) error('stop')").type, '-');
  EXPECT_EQ(call("GET half"), bulk("1"));
  EXPECT_EQ(fcall("redis.call('SELECT', 3) redis.call('SET', 'k', 1) return redis.call('DBSIZE')"), integer(1));
  EXPECT_EQ(call("EXISTS k"), integer(0));
}

// What one keeps, the other does not see; a local of the library stays from call to call.
TEST_F(FunctionTest, ALibraryKeepsItsLocals) {
  load("a", "local n = 0 " + one("count", "n = n + 1 return n"));
  load("b", "local n = 100 " + one("count_b", "n = n + 1 return n"));
  EXPECT_EQ(call("FCALL count 0"), integer(1));
  EXPECT_EQ(call("FCALL count_b 0"), integer(101));
  EXPECT_EQ(call("FCALL count 0"), integer(2));
  EXPECT_EQ(call("SCRIPT FLUSH"), ok());
  EXPECT_EQ(call("FCALL count 0"), integer(3));
  EXPECT_EQ(client().call_words({"EVAL", "return n", "0"}).type, '-');
}

TEST_F(FunctionTest, Flags) {
  load("a", one("writes", "return redis.call('SET', 'k', 1)") +
                one("reads", "return redis.call('GET', 'k')", ", flags = {'no-writes'}") +
                one("cheats", "return redis.call('SET', 'k', 2)", ", flags = {'No-Writes'}"));
  EXPECT_EQ(call("FCALL writes 0"), ok());
  EXPECT_EQ(call("FCALL_RO reads 0"), bulk("1"));
  EXPECT_EQ(call("FCALL reads 0"), bulk("1"));
  for (const View name : {"FCALL", "FCALL_RO"}) {
    EXPECT_EQ(call(Bytes(name) + " cheats 0").text,
              "ERR Write commands are not allowed from read-only scripts. script: cheats, on @user_function:2.");
  }
  const auto eval = [&](View name, View flags) {
    return client().call_words({Bytes(name), "#!lua " + Bytes(flags) + "\nreturn 1", "0"});
  };
  for (const View flags : {"flags=no-writes", "flags=\"no-writes\"", "flags=no-writes,allow-key-locking",
                           "flags=no-writes flags=allow-oom"}) {
    EXPECT_EQ(eval("EVAL_RO", flags), integer(1)) << flags;
  }
  EXPECT_EQ(eval("EVAL", "flags=allow-oom,allow-stale,no-cluster,allow-cross-slot-keys,allow-key-locking"), integer(1));
  EXPECT_EQ(eval("EVAL_RO", "flags=allow-oom"),
            error("ERR Can not execute a script with write flag using *_ro command."));
  EXPECT_EQ(eval("EVAL", "flags=no-writes,"), error("ERR Unexpected flag in script shebang: "));
  EXPECT_EQ(eval("EVAL", "flags=NO-WRITES"), error("ERR Unexpected flag in script shebang: NO-WRITES"));
  EXPECT_EQ(eval("EVAL", "flags=\"no"), error("ERR Invalid engine in script shebang"));
}

TEST_F(FunctionTest, WhenMemoryIsFull) {
  const View set = "return redis.call('SET', 'k', 1)";
  load("a", one("plain", set) + one("allowed", set, ", flags = {'allow-oom'}") +
                one("reads", "return redis.call('GET', 'k')", ", flags = {'no-writes'}") + one("idle", "return 1"));
  const Bytes dumped = dump(client());
  const Reply full = error("OOM command not allowed when used memory > 'maxmemory'.");
  const auto eval = [&](const Bytes& body) { return client().call_words({"EVAL", body, "0"}); };
  call("CONFIG SET maxmemory 1");
  EXPECT_EQ(call("FCALL plain 0"), full);
  EXPECT_EQ(call("FCALL idle 0"), full);
  EXPECT_EQ(call("FCALL_RO idle 0"), full);
  EXPECT_EQ(call("FCALL allowed 0"), ok());
  EXPECT_EQ(call("FCALL reads 0"), bulk("1"));
  EXPECT_EQ(load("b", one("g", "")), full);
  EXPECT_EQ(client().call_words({"FUNCTION", "RESTORE", dumped, "FLUSH"}), full);
  EXPECT_EQ(eval("#!lua\nreturn 1"), full);
  EXPECT_EQ(eval("#!lua flags=allow-oom\nreturn redis.call('SET', 'k', 2)"), ok());
  EXPECT_EQ(eval("#!lua flags=no-writes\nreturn redis.call('GET', 'k')"), bulk("2"));
  EXPECT_EQ(eval("return redis.call('GET', 'k')"), bulk("2"));
  EXPECT_EQ(eval("return redis.call('SET', 'k', 3)").text.substr(0, 54), full.text.substr(0, 54));
  EXPECT_EQ(call("FUNCTION DELETE a"), ok());
  call("CONFIG SET maxmemory 0");
}

TEST_F(FunctionTest, List) {
  EXPECT_EQ(call("FUNCTION LIST"), array());
  load("lib_b", one("z", "", ", description = 'what it does', flags = {'allow-oom', 'no-writes'}") + one("a", ""));
  const Bytes code = text("lib_a", one("f", ""));
  client().call_words({"FUNCTION", "LOAD", code});
  const Reply plain_a = array("name", "a", "description", null(), "flags", array());
  const Reply z =
      array("name", "z", "description", "what it does", "flags", array(simple("no-writes"), simple("allow-oom")));
  const Reply lib_b = array("library_name", "lib_b", "engine", "LUA", "functions", array(plain_a, z));
  EXPECT_EQ(call("FUNCTION LIST LIBRARYNAME LIB_B"), array(lib_b));
  EXPECT_EQ(call("FUNCTION LIST LIBRARYNAME nosuch*"), array());
  EXPECT_EQ(names(), "lib_a lib_b ");
  const Reply with_code = call("FUNCTION LIST withcode libraryname *a");
  ASSERT_EQ(with_code.items.size(), 1u);
  EXPECT_EQ(with_code.items[0].items.back(), bulk(code));
  EXPECT_EQ(call("FUNCTION LIST FOO"), error("ERR Unknown argument FOO"));
  EXPECT_EQ(call("FUNCTION LIST WITHCODE WITHCODE"), error("ERR Unknown argument WITHCODE"));
  EXPECT_EQ(call("FUNCTION LIST LIBRARYNAME"), error("ERR library name argument was not given"));
  call("HELLO 3");
  EXPECT_EQ(call("FUNCTION LIST LIBRARYNAME lib_b"),
            array(map("library_name", "lib_b", "engine", "LUA", "functions",
                      array(map("name", "a", "description", null3(), "flags", set()),
                            map("name", "z", "description", "what it does", "flags",
                                set(simple("no-writes"), simple("allow-oom")))))));
  EXPECT_EQ(call("FUNCTION STATS"),
            map("running_script", null3(), "engines", map("LUA", map("libraries_count", 2, "functions_count", 3))));
}

TEST_F(FunctionTest, DeleteAndFlush) {
  load("a", one("f", "return 1"));
  load("b", one("g", "return 1"));
  EXPECT_EQ(call("FUNCTION DELETE nosuch"), error("ERR Library not found"));
  EXPECT_EQ(call("FUNCTION DELETE a"), ok());
  EXPECT_EQ(call("FCALL f 0"), error("ERR Function not found"));
  EXPECT_EQ(call("FLUSHALL"), ok());
  EXPECT_EQ(call("FLUSHDB"), ok());
  EXPECT_EQ(call("FCALL g 0"), integer(1));
  EXPECT_EQ(call("FUNCTION FLUSH NOW"), error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option"));
  EXPECT_EQ(call("FUNCTION FLUSH SYNC ASYNC"),
            error("ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP."));
  EXPECT_EQ(call("FUNCTION FLUSH"), ok());
  EXPECT_EQ(call("FUNCTION FLUSH async"), ok());
  EXPECT_EQ(names(), "");
  EXPECT_EQ(load("a", one("f", "return 2")), bulk("a"));
  EXPECT_EQ(call("FCALL f 0"), integer(2));
  EXPECT_EQ(call("FUNCTION"), error("ERR wrong number of arguments for 'function' command"));
  EXPECT_EQ(call("FUNCTION NOSUCH"), error("ERR unknown subcommand 'NOSUCH'. Try FUNCTION HELP."));
  EXPECT_EQ(call("FUNCTION HELP").items[0].text.substr(0, 8), "FUNCTION");
}

TEST_F(FunctionTest, DumpAndRestore) {
  const Bytes none("\n\0]\x9b\\@\x0f\x7f\xa2\xda", 10);  // as redis-server has it
  EXPECT_EQ(call("FUNCTION DUMP"), bulk(none));
  EXPECT_EQ(client().call_words({"FUNCTION", "RESTORE", none}), ok());
  load("a", one("f", "return 1"));
  load("b", one("g", "return 2 --" + Bytes(100'000, 'x') + "\n"));
  const Bytes both = dump(client());
  EXPECT_EQ(client().call_words({"FUNCTION", "RESTORE", both}), error("ERR Library a already exists"));
  EXPECT_EQ(client().call_words({"FUNCTION", "RESTORE", both, "append"}), error("ERR Library a already exists"));
  EXPECT_EQ(client().call_words({"FUNCTION", "RESTORE", both, "REPLACE"}), ok());
  replace("a", one("other", ""));  // what is restored may bring a name that one of those had which it replaces
  replace("b", one("F", ""));
  EXPECT_EQ(client().call_words({"FUNCTION", "RESTORE", both, "REPLACE"}), ok());
  EXPECT_EQ(call("FCALL f 0"), integer(1));
  EXPECT_EQ(call("FCALL other 0"), error("ERR Function not found"));
  call("FUNCTION FLUSH");
  load("c", one("f", "return 3"));
  EXPECT_EQ(client().call_words({"FUNCTION", "RESTORE", both}), error("ERR Function f already exists"));
  EXPECT_EQ(client().call_words({"FUNCTION", "RESTORE", both, "REPLACE"}), error("ERR Function f already exists"));
  EXPECT_EQ(names(), "c ");
  EXPECT_EQ(client().call_words({"FUNCTION", "RESTORE", both, "FLUSH"}), ok());
  EXPECT_EQ(names(), "a b ");
  EXPECT_EQ(call("FCALL g 0"), integer(2));
  EXPECT_EQ(dump(client()), both);
  restart();
  EXPECT_EQ(dump(client()), both);
  EXPECT_EQ(client().call_words({"FUNCTION", "RESTORE", "x", "NOW"}),
            error("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."));
  EXPECT_EQ(client().call_words({"FUNCTION", "RESTORE", "x", "FLUSH", "y"}),
            error("ERR unknown subcommand or wrong number of arguments for 'RESTORE'. Try FUNCTION HELP."));
  Bytes damaged = both;
  damaged[20] ^= 1;
  for (const Bytes& wrong : {Bytes(), Bytes("x"), both.substr(1), damaged}) {
    EXPECT_EQ(client().call_words({"FUNCTION", "RESTORE", wrong}),
              error("ERR DUMP payload version or checksum are wrong"));
  }
}

// What redis-server 7.0.15 dumped.
TEST_F(FunctionTest, RestoresWhatRedisDumped) {
  const Bytes dumped(
      "\xf5\xc3@\x8a@\x96\x1f#!lua name=l2\nredis.register_fun\x05"
      "ction{\xc0\x08\x00_`(\x0b\"f2\",descrip@\x1e\r=\"d\",callback="
      "\xc0+\x16(k,a) while true do end@\x03\x14,flags={\"no-writes\",\" ?\x08ow-oom\"}}\xf5\xc3@b@m\x1f#!lua "
      "name=l1\nredis."
      "register_fun\x05"
      "ction{\xc0\x08\x00_`(\x0b\"f1\",descrip@\x1e\r=\"d\",callback=\xc0+\x12(k,a) return 1 end}\n\x00\xfe"
      "4\xc9\x8f\x9e\x15"
      "8}",
      258);
  EXPECT_EQ(client().call_words({"FUNCTION", "RESTORE", dumped}), ok());
  EXPECT_EQ(names(), "l1 l2 ");
  EXPECT_EQ(call("FCALL f1 0"), integer(1));
  EXPECT_EQ(client().call_words({"FUNCTION", "RESTORE",
                                 Bytes("\0\1v\n\0\x91\x08\xce\xb2\x19"
                                       "8\x8a\xce",
                                       13)}),
            error("ERR given type is not a function"));
}

TEST_F(FunctionTest, SurviveRestarts) {
  load("kept", "local start = 10 " + one("f", "return start + #args"));
  load("deleted", one("g", "return 1"));
  load("replaced", one("h", "return 1"));
  const Bytes big = "--" + Bytes(200'000, 'b') + "\n";
  load("long", big + one("l", "return 'long'"));
  call("FUNCTION DELETE deleted");
  replace("replaced", one("h", "return 2"));
  call("FLUSHALL");
  const auto expect_all = [&] {
    EXPECT_EQ(names(), "kept long replaced ");
    EXPECT_EQ(call("FCALL f 0 a b"), integer(12));
    EXPECT_EQ(call("FCALL h 0"), integer(2));
    EXPECT_EQ(call("FCALL l 0"), bulk("long"));
    EXPECT_EQ(call("FCALL g 0"), error("ERR Function not found"));
  };
  restart();
  expect_all();
  restart_after_power_cut(7);
  expect_all();
  ASSERT_TRUE(broker().save().ok());
  restart();  // out of the snapshot alone
  expect_all();
  replace("kept", one("f", "return 13"));
  load("new", one("n", "return 1"));
  ASSERT_TRUE(broker().save().ok());
  call("FUNCTION DELETE new");
  restart();  // out of the snapshot and the log behind it
  EXPECT_EQ(names(), "kept long replaced ");
  EXPECT_EQ(call("FCALL f 0"), integer(13));
  call("FUNCTION FLUSH");
  ASSERT_TRUE(broker().save().ok());
  restart();
  EXPECT_EQ(names(), "");
  EXPECT_EQ(load("kept", one("f", "return 1")), bulk("kept"));
}

// A library that this version cannot run any more keeps neither the broker from its start nor its own text from the
// next.
TEST_F(FunctionTest, AStartWithALibraryThatCannotBeRun) {
  rooms().batch.emit(0, LibrarySet{.library = "odd", .code = "#!lua name=odd\nwhat is this"});
  load("a", one("f", "return 1"));
  restart();
  EXPECT_EQ(names(), "a odd ");
  EXPECT_EQ(call("FCALL f 0"), integer(1));
  EXPECT_EQ(load("odd", one("g", "return 2")), error("ERR Library 'odd' already exists"));
  restart();
  EXPECT_EQ(replace("odd", one("g", "return 2")), bulk("odd"));
  EXPECT_EQ(call("FCALL g 0"), integer(2));
}

TEST_F(FunctionTest, InATransaction) {
  load("a", one("f", "return redis.call('INCR', 'n')"));
  call("MULTI");
  call("FCALL f 0");
  client().call_words({"FUNCTION", "LOAD", text("b", one("g", "return 7"))});
  call("FCALL g 0");
  call("FUNCTION DELETE a");
  call("FCALL f 0");
  EXPECT_EQ(call("EXEC"), array(1, "b", 7, ok(), error("ERR Function not found")));
}

TEST_F(FunctionTest, DoesNotDisturbWhoWatches) {
  TestClient& watcher = connect();
  watcher.call("SET k 1");
  watcher.call("WATCH k");
  load("a", one("f", "return 1"));
  call("FUNCTION FLUSH");
  watcher.call("MULTI");
  watcher.call("GET k");
  EXPECT_EQ(watcher.call("EXEC"), array("1"));
}

TEST_F(FunctionTest, Info) {
  load("a", one("f", "") + one("g", ""));
  const Bytes info = call("INFO memory").text;
  EXPECT_NE(info.find("\r\nnumber_of_functions:2\r\n"), Bytes::npos);
  EXPECT_NE(info.find("\r\nnumber_of_libraries:1\r\n"), Bytes::npos);
}

class SlowFunctionTest : public FunctionTest {
 protected:
  void SetUp() override {
    FunctionTest::SetUp();
    rooms().config.busy_reply_threshold_ms = 0;
    load("a", one("spins", "while true do pcall(function() while true do end end) end") +
                  one("wrote", "redis.call('SET', 'k', 1) for i = 1, 100000 do local x = i end return 5"));
  }
  void TearDown() override {
    broker().set_pump(nullptr);
    FunctionTest::TearDown();
  }
  // While the first client's request runs, others send these, one at each pump.
  std::vector<Reply> meanwhile(const std::vector<Bytes>& request, const std::vector<Bytes>& sent) {
    TestClient& other = connect();
    size_t pumps = 0;
    broker().set_pump([&] {
      if (pumps < sent.size()) other.send_without_tick(sent[pumps]);
      ++pumps;
    });
    std::vector<Reply> replies = {client().call_words(request)};
    tick();
    for (size_t i = 0; i < sent.size(); ++i) replies.push_back(other.reply());
    return replies;
  }
  const Reply busy_function =
      error("BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.");
  const Reply busy_script =
      error("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.");
};

TEST_F(SlowFunctionTest, IsKilled) {
  const auto replies = meanwhile({"FCALL", "spins", "1", "a", "b"},
                                 {"GET k", "SCRIPT KILL", "FUNCTION LIST", "FUNCTION STATS", "FUNCTION KILL"});
  EXPECT_EQ(replies[0].text, "ERR Script killed by user with SCRIPT KILL... script: spins, on @user_function:2.");
  EXPECT_EQ(replies[1], busy_function);
  EXPECT_EQ(replies[2], busy_function);
  EXPECT_EQ(replies[3], busy_function);
  ASSERT_EQ(replies[4].items.size(), 4u) << replies[4];
  const Reply& running = replies[4].items[1];
  EXPECT_EQ(running.items[1], bulk("spins"));
  EXPECT_EQ(running.items[3], array("FCALL", "spins", "1", "a", "b"));
  EXPECT_EQ(replies[5], ok());
  EXPECT_EQ(call("FUNCTION KILL"), error("NOTBUSY No scripts in execution right now."));
  EXPECT_EQ(call("FUNCTION STATS").items[1], null());
}

TEST_F(SlowFunctionTest, ThatWroteIsNotKilled) {
  const auto replies = meanwhile({"FCALL", "wrote", "0"}, {"FUNCTION KILL", "SCRIPT KILL"});
  EXPECT_EQ(replies[0], integer(5));
  EXPECT_EQ(replies[1].text.substr(0, 10), "UNKILLABLE");
  EXPECT_EQ(replies[2].text.substr(0, 10), "UNKILLABLE");
}

TEST_F(SlowFunctionTest, AScriptIsNotKilledAsAFunction) {
  const auto replies =
      meanwhile({"EVAL", "while true do end", "0"}, {"FUNCTION KILL", "FUNCTION STATS", "GET k", "SCRIPT KILL"});
  EXPECT_NE(replies[0].text.find("Script killed by user with SCRIPT KILL"), Bytes::npos);
  EXPECT_EQ(replies[1], busy_script);
  EXPECT_EQ(replies[2], busy_script);
  EXPECT_EQ(replies[3], busy_script);
  EXPECT_EQ(replies[4], ok());
}

// Nobody hears of a library, nor of its going, before that is on disk.
class UnsyncedFunctionTest : public FunctionTest {
 public:
  UnsyncedFunctionTest() { config.log_thread = LogThreadMode::kAlways; }
  void TearDown() override {
    let_it_work();
    FunctionTest::TearDown();
  }
};

TEST_F(UnsyncedFunctionTest, WaitsForTheDisk) {
  client().send_words({"FUNCTION", "LOAD", text("a", one("f", "return 1"))});
  EXPECT_FALSE(client().has_reply());
  std::vector<TestClient*> others;
  for (const View line :
       {"FCALL f 0", "FUNCTION LIST", "FUNCTION DUMP", "FUNCTION STATS", "FCALL nosuch 0", "FUNCTION DELETE nosuch"}) {
    others.push_back(&connect());
    others.back()->send(line);
    EXPECT_FALSE(others.back()->has_reply()) << line;
  }
  let_it_work();
  EXPECT_EQ(client().reply(), bulk("a"));
  EXPECT_EQ(others[0]->reply(), integer(1));
  for (size_t i = 1; i < others.size(); ++i) others[i]->reply();
  EXPECT_EQ(call("FCALL f 0"), integer(1));
  others[0]->send("FUNCTION FLUSH");
  EXPECT_FALSE(others[0]->has_reply());
  others[1]->send("FCALL f 0");
  EXPECT_FALSE(others[1]->has_reply());
  let_it_work();
  EXPECT_EQ(others[0]->reply(), ok());
  EXPECT_EQ(others[1]->reply(), error("ERR Function not found"));
}

}  // namespace
}  // namespace leat::testing
