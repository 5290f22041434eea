// SPDX-License-Identifier: Apache-2.0
// The adversary who wants all of the memory or all of the time. Whatever a script does, the house gets its look in
// within a moment, what it holds stays bounded, and the next script finds the state as it was.
#include <algorithm>

#include "tests/unit/script/script_test.h"

namespace leat {

class ExcessTest : public ScriptTest {
 protected:
  using Clock = std::chrono::steady_clock;
  static constexpr View kNoMemory = "not enough memory";
  static constexpr View kKilled = "Script killed by user";

  // Killed after a tenth of a second, how long does it go on? Slow machines and sanitizers get their share.
  void expect_interruptible(View body, std::chrono::seconds patience = std::chrono::seconds(8)) {
    const auto start = Clock::now();
    house.give_up = start + std::chrono::milliseconds(100);
    const Bytes reply = eval(body);
    const auto took = Clock::now() - start;
    house.give_up = start + std::chrono::hours(1);
    EXPECT_LT(took, patience) << body.substr(0, 200) << "\n" << reply.substr(0, 200);
    EXPECT_TRUE(reply.find(kKilled) != Bytes::npos || reply.find(kNoMemory) != Bytes::npos)
        << body.substr(0, 200) << "\n" << reply.substr(0, 200);
    expect_unharmed(body);
  }

  // It ends by itself, in an error or not; that it comes back, and the state with it, is what is asked.
  void expect_survived(View body) {
    const auto start = Clock::now();
    eval(body);
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(20)) << body.substr(0, 200);
    expect_unharmed(body);
  }

  void expect_unharmed(View after) {
    EXPECT_EQ(text("local t = {} for i = 1, 100 do t[i] = ('x'):rep(i) end return #t .. cjson.encode({1}) .. "
                   "redis.call('echo', 'hi')"),
              "100[1]hi")
        << after.substr(0, 200);
    EXPECT_LT(host.memory(), size_t{32} << 20) << after.substr(0, 200);  // half of the bound
  }

  static Bytes repeated(View text, int count) {
    Bytes all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
  }
};

// No loop in the text, and no instruction that a hook could count: the loop is in what the libraries do.
TEST_F(ExcessTest, LoopsWithoutInstructions) {
  for (const View body : {
           // tostring turns into its __tostring without an instruction in between
           "local t = setmetatable({}, {}) getmetatable(t).__tostring = tostring return tostring(t)",
           "local t = setmetatable({}, {}) getmetatable(t).__tostring = string.format return tostring(t)",
           "local t = setmetatable({}, {}) getmetatable(t).__index = rawget return t.x",
           "local t = setmetatable({}, {}) getmetatable(t).__call = pcall return t(t, t, t)",
           "local t = setmetatable({}, {}) getmetatable(t).__call = t return t()",
           "local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x",
           "local t = setmetatable({}, {}) getmetatable(t).__newindex = t t.x = 1",
           "local t = setmetatable({}, {}) getmetatable(t).__concat = tostring return t .. t .. t",
           "local t = setmetatable({}, {}) getmetatable(t).__lt = rawequal return table.sort({t, t, t})",
           "return pcall(pcall, pcall, pcall, pcall, error)",
           "return xpcall(xpcall, xpcall, xpcall)",
           "return select(-1, pcall(coroutine.wrap(coroutine.wrap), pcall))",
       }) {
    expect_survived(body);
  }
  expect_interruptible("load(os.clock)");
  expect_interruptible("load(math.random)");
}

// CVE-like: one call of a C function that takes minutes, or many of them in a row without a loop.
TEST_F(ExcessTest, LongCalls) {
  const Bytes million = "local t = {} for i = 1, 1000000 do t[i] = i % 1000 end ";
  for (const Bytes& body : std::initializer_list<Bytes>{
           million + "for i = 1, 1000 do table.sort(t) end",
           million + "table.sort(t, rawequal) while true do end",
           million + "for i = 1, 100000 do local s = table.concat(t) end",
           million + "for i = 1, 100000 do table.maxn(t) end",
           million + "for i = 1, 1e9 do table.insert(t, 1, i) table.remove(t, 1) end",
           million + "for i = 1, 1e9 do cjson.encode(t) end",
           million + "for i = 1, 1e9 do cmsgpack.pack(t) end",
           "local s = cjson.encode({('x'):rep(5e6)}) for i = 1, 1e9 do cjson.decode(s) end",
           "local s = cmsgpack.pack(('x'):rep(5e6)) for i = 1, 1e9 do cmsgpack.unpack(s) end",
           "local s = ('x'):rep(1e7) for i = 1, 1e9 do local a = s .. 'y' end",
           "local s = ('x'):rep(1e7) for i = 1, 1e9 do local a = s:lower() .. s:upper() .. s:reverse() end",
           "local s = ('x'):rep(1e7) for i = 1, 1e9 do local a = s:gsub('x', 'y') end",
           "local s = ('x'):rep(1e7) for i = 1, 1e9 do local a = s:find('y', 1, true) end",
           "local s = ('x'):rep(1e7) for i = 1, 1e9 do local a = redis.sha1hex(s) end",
           "local s = ('x'):rep(1e7) for i = 1, 1e9 do local a = string.format('%s%q', s, s) end",
           "local s = ('x'):rep(1e7) for i = 1, 1e9 do local a = struct.size(s) end",
           "local s = ('x'):rep(1e7) for i = 1, 1e9 do local a = loadstring('--' .. s .. i) end",
           "return ('a'):rep(300000):find('[' .. ('b'):rep(300000) .. ']')",
           "return ('a'):rep(300000):find('%f[' .. ('b'):rep(300000) .. ']')",
           "return ('a'):rep(300000):gsub('[^' .. ('b'):rep(300000) .. ']-c', '')",
           "return ('a'):rep(50000):find(('.-'):rep(100) .. 'b')",
           "cjson.encode_sparse_array(false, 0) for i = 1, 1e9 do pcall(cjson.encode, {[100000000] = 1}) end",
           "for i = 1, 1e9 do collectgarbage('step', 2147483647) end",
           "local t = {} for i = 1, 200000 do t[i] = {} end for i = 1, 1e9 do collectgarbage() end",
           "for i = 1, 1e9 do pcall(string.rep, 'x', 1e9) end",
           "while true do pcall(load, function() return ('x'):rep(100000) end) end",
           // a straight line, with nothing that could run twice
           "local s = ('x'):rep(10000000) local a " + repeated("a = s .. 'y' ", 50000),
           "local s = ('x'):rep(10000000) local a " + repeated("a = s:reverse() ", 50000),
           "local s = ('x'):rep(10000000) " + repeated("pcall(cjson.decode, s) ", 50000),
           "local s = ARGV[1] or ('x'):rep(10000000) " + repeated("s = s:upper() == s ", 1) + repeated("s = ('x'):rep(1e7) ", 50000),
       }) {
    expect_interruptible(body);
  }
}

// A table whose order makes the quicksort of Lua 5.1 take the square of its length: each pivot is made the least
// that is left.
TEST_F(ExcessTest, SortsMadeToBeSlow) {
  expect_interruptible(R"(
    local n, t, value, solid, least, pivot = 60000, {}, {}, 0, nil, 0
    for i = 1, n do t[i] = i value[i] = 1e9 end
    local function fix(x) solid = solid + 1 value[x] = solid end
    table.sort(t, function(a, b)
      if value[a] == 1e9 and value[b] == 1e9 then fix(a == pivot and a or b) end
      if value[a] == 1e9 then pivot = a elseif value[b] == 1e9 then pivot = b end
      return value[a] < value[b]
    end)
    local slow = {} for i = 1, n do slow[i] = value[i] end
    while true do local copy = {} for i = 1, n do copy[i] = slow[i] end table.sort(copy) end)");
}

// Orders that contradict themselves must not lead out of the table; those that hold must sort.
TEST_F(ExcessTest, Sorting) {
  for (const View order : {"return true", "return false", "return a ~= b", "return math.random(2) == 1", "return nil",
                           "return a <= b", "return b", "for i = 1, #t do t[i] = nil end return a < b",
                           "t[#t + 1] = 1 return a < b", "error('x')", "return table.sort(t)"}) {
    for (const View size : {"2", "3", "4", "100", "1000"}) {
      eval("local t = {} for i = 1, " + Bytes(size) + " do t[i] = (i * 7919) % 1009 end table.sort(t, function(a, b) " +
           Bytes(order) + " end)");
    }
  }
  expect_unharmed("table.sort");
  EXPECT_EQ(error("local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function() return true end)"),
            "-ERR user_script:1: invalid order function for sorting");
  EXPECT_EQ(text(R"(
    for n = 0, 60 do
      for _, order in ipairs({function(a, b) return a < b end, function(a, b) return a > b end}) do
        local t = {} for i = 1, n do t[i] = math.random(n) end
        table.sort(t, order)
        for i = 2, n do if order(t[i], t[i - 1]) then return 'unsorted' end end
      end
    end
    local words = {'b', 'a', 'C', '10', '9', ''}
    table.sort(words)
    return table.concat(words, ' '))"),
            " 10 9 C a b");
  // Which of equals comes first, as redis-server answers.
  EXPECT_EQ(text("local t = {} for i = 1, 12 do t[i] = {i % 3, i} end table.sort(t, function(a, b) return a[1] < b[1] end) "
                 "for i = 1, 12 do t[i] = t[i][2] end return table.concat(t, ' ')"),
            "12 9 3 6 1 4 7 10 2 8 11 5");
  EXPECT_EQ(error("table.sort({1, 'x'})").substr(0, 42), "-ERR attempt to compare string with number");
  EXPECT_EQ(error("table.sort({1, 2}, 1)"), "-ERR user_script:1: bad argument #2 to 'sort' (function expected, got number)");
}

// Small in Lua, and as a reply more than any memory holds.
TEST_F(ExcessTest, RepliesThatWouldNotEnd) {
  for (const View body : {
           "local t = {1} for i = 1, 40 do t = {t, t} end return t",
           "local t = {} t[1] = t t[2] = t return t",
           "local t = {map = {}} t.map.a = t t.map.b = t redis.setresp(3) return t",
           "local t = {1} for i = 1, 40 do t = {map = {a = t, b = t}} end return t",
           "local t = {1} for i = 1, 40 do t = {set = {[t] = true, [{t}] = true}} end return t",
           "local s, t = ('x'):rep(1e7), {} for i = 1, 1000000 do t[i] = s end return t",
           "local s, t = ('x'):rep(1e7), {} for i = 1, 1000000 do t[i] = {ok = s} end return t",
           "local s, t = ('x'):rep(1e7), {} for i = 1, 1000000 do t[i] = {err = s} end return t",
           "local s, t = ('x'):rep(1e7), {} for i = 1, 100000 do t[i] = {verbatim_string = {format = 'txt', string = s}} end "
           "return t",
           "local s, t = ('x'):rep(1e7), {} for i = 1, 100000 do t[i] = {big_number = s} end return t",
           "local t = {} for i = 1, 100000 do t[i] = 1 end for i = 1, 5 do local u = {} for j = 1, 1000 do u[j] = t end t = u "
           "end return t",
       }) {
    const auto start = Clock::now();
    const Bytes reply = eval(body);
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(30)) << body;
    EXPECT_TRUE(reply.starts_with("-ERR the reply is larger than what scripts may hold (script.memory_bytes) script: ") ||
                reply.find(kNoMemory) != Bytes::npos)
        << body << reply.substr(0, 100);
    expect_unharmed(body);
  }
  // One that ends at the depth where all do.
  EXPECT_NE(eval("local t = {} t[1] = t return t").find("ERR reached lua stack limit"), Bytes::npos);
  EXPECT_EQ(eval("local t = {} for i = 1, 100000 do t[i] = 1 end return t").size(), 9u + 4 * 100'000);
  // An error is for people to read.
  EXPECT_LT(error("error(('x'):rep(1e7))").size(), 20'000u);
  EXPECT_LT(error("error({err = ('x'):rep(1e7)})").size(), 20'000u);
}

// What encoded data claims about itself: CVE-2018-11218, CVE-2018-11219, CVE-2020-14147, CVE-2022-24834.
TEST_F(ExcessTest, LyingLengths) {
  for (const View head :
       {"\\219\\255\\255\\255\\255", "\\218\\255\\255", "\\217\\255", "\\191", "\\221\\255\\255\\255\\255", "\\220\\255\\255",
        "\\223\\255\\255\\255\\255", "\\222\\255\\255", "\\143", "\\159", "\\198\\255\\255\\255\\255", "\\201\\255\\255\\255\\255",
        "\\216", "\\200\\255\\255", "\\193", "\\207\\255\\255", "\\203\\1", "\\202"}) {
    for (const View tail : {"", "\\1", "\\1\\1\\1\\1\\1\\1\\1\\1", "\\221\\255\\255\\255\\255\\221\\255\\255\\255\\255"}) {
      for (const View call : {"unpack", "unpack_one", "unpack_limit"}) {
        const Bytes more = call == "unpack_limit" ? ", 1" : "";
        eval("return cmsgpack." + Bytes(call) + "('" + Bytes(head) + Bytes(tail) + "'" + more + ")");
      }
    }
  }
  for (const View call :
       {"cmsgpack.unpack_one('\\1', -1)", "cmsgpack.unpack_one('\\1', 2147483647)", "cmsgpack.unpack_one('\\1', 1e18)",
        "cmsgpack.unpack_limit('\\1', -1)", "cmsgpack.unpack_limit('\\1', 2147483647, 2)",
        "cmsgpack.unpack_limit('\\1', -2147483648, -2147483648)", "cmsgpack.unpack(('\\1'):rep(100000))",
        "cmsgpack.unpack(('\\145'):rep(5e6))", "cmsgpack.unpack(('\\129\\1'):rep(5e6))",
        "struct.pack('i1024', 1)", "struct.pack('i33', 1)", "struct.pack('I99999999999999999999', 1)",
        "struct.pack('!1024 i', 1)", "struct.pack('!0 i', 1)", "struct.pack('!3 i', 1)", "struct.pack('!99999999999 i', 1)",
        "struct.pack('c2147483647', 'x')", "struct.pack('c4294967295', 'x')", "struct.size('c2147483647c2147483647c2147483647')",
        "struct.size(('c2147483647'):rep(100000))", "struct.unpack('c2147483647', 'x')", "struct.unpack('i32', 'x')",
        "struct.unpack('I', 'xxxx', 2147483648)", "struct.unpack('I', 'xxxx', 4294967297)", "struct.unpack('I', 'xxxx', -1)",
        "struct.unpack('I', 'xxxx', 9007199254740992)", "struct.unpack('!8 I8', 'xxxx', -2)",
        "struct.unpack('I', 'xxxx', 0/0)", "struct.unpack('I', 'xxxx', 1e300)", "struct.unpack('I', 'xxxx', -1e300)",
        "struct.unpack('Ic0', '\\255\\255\\255\\255')", "struct.unpack('i8c0', ('\\255'):rep(8))",
        "struct.unpack('dc0', struct.pack('d', 0/0))", "struct.unpack('s', 'no end')", "struct.unpack(('x'):rep(100000), 'x')",
        "struct.unpack(('B'):rep(100000), ('x'):rep(100000))", "bit.tohex(65535, -2147483648)", "bit.tohex(1, 2147483647)",
        "bit.lshift(1, 2147483648)", "bit.bor('1LL', 0)", "unpack({}, 1, 1e8)", "unpack({}, -2147483648, 2147483647)",
        "unpack({}, 0, 2147483647)", "unpack({}, 2147483647, -2147483648)", "unpack({}, 2147483646, 2147483647)",
        "unpack({}, 1, 9007199254740992)", "unpack({}, -1e300, 1e300)", "string.char(unpack({}, 1, 8000))",
        "string.byte(('x'):rep(1e6), 1, -1)", "string.byte('x', -2147483648, 2147483647)", "('x'):sub(-1e300, 1e300)",
        "('x'):rep(-2147483648)", "('x'):rep(9007199254740992)", "('xx'):rep(4611686018427387904)", "string.format('%99999d', 1)",
        "string.format('%.99999d', 1)", "string.format('%-+ #0100d', 1)", "string.format(('%s'):rep(300), unpack({}, 1, 300))",
        "string.format('%' .. ('0'):rep(1e6) .. 'd', 1)", "string.format('%s', ('x'):rep(1e6), 1):rep(1e6)",
        "table.concat({}, ('x'):rep(1e6), 1, 2147483647)", "table.concat({1}, '', -2147483648, 2147483647)",
        "table.insert({}, -2147483648, 1)", "table.insert({}, 2147483647, 1)", "table.remove({}, -2147483648)",
        "table.maxn({[1e308] = 1})", "select(-2147483648, 1)", "select(2147483647)", "tonumber(('9'):rep(1e6))",
        "tonumber('z', 2147483647)", "tonumber('1', -1)", "tonumber(('1'):rep(1e6), 2)", "cjson.encode({[1e9] = 1})",
        "cjson.encode({[2147483647] = 1})", "cjson.encode({[2^53] = 1})", "cjson.encode({[-1] = 1, [0.5] = 2})",
        "cjson.encode(0/0)", "cjson.decode(('['):rep(1e6))", "cjson.decode(('{\"a\":'):rep(1e6))", "cjson.decode('\"\\\\u')",
        "cjson.decode('\"\\\\ud800')", "cjson.decode('\"\\\\ud800\\\\u0000\"')", "cjson.decode('1e999999999')",
        "cjson.decode(('9'):rep(1e6))", "cjson.decode('\"' .. ('x'):rep(1e7))", "cjson.decode('\\0')",
        "cjson.encode_max_depth(0)", "cjson.encode_max_depth(1e300)", "cjson.decode_max_depth(-1)",
        "cjson.encode_number_precision(15)", "cjson.encode_number_precision(2147483648)",
        "cjson.encode_sparse_array(true, -1, -1)"}) {
    expect_survived("local answer = {" + Bytes(call) + "} return #answer");
  }
  // CVE-2024-31449.
  EXPECT_EQ(eval("return #bit.tohex(65535, -2147483648) <= 8 and #bit.tohex(1, 2147483647) <= 8"), ":1\r\n");
  // CVE-2025-46817.
  EXPECT_EQ(eval("return (pcall(unpack, {}, -2147483648, 2147483647))"), "$-1\r\n");
}

// CVE-2022-24834, and one byte that is sixteen once unpacked.
TEST_F(ExcessTest, WhatGrowsByBeingRead) {
  for (const View body : {
           "return cmsgpack.unpack('\\221\\0\\255\\255\\255' .. ('\\1'):rep(16777215))",
           "return cmsgpack.unpack('\\221\\0\\255\\255\\255' .. ('\\192'):rep(16777214) .. '\\1')",
           "return cmsgpack.unpack('\\223\\0\\127\\255\\255' .. ('\\203\\63\\240\\0\\0\\0\\0\\0\\0\\1'):rep(8388607))",
           "return cjson.decode('[' .. ('1,'):rep(8e6) .. '1]')",
           "return cjson.encode({('\\1'):rep(3e7)})",
           "return cjson.encode({('\"'):rep(1e7), ('\"'):rep(1e7), ('\"'):rep(1e7)})",
       }) {
    eval(body);
    expect_unharmed(body);
  }
}

// Text that is hard to read: CVE-2025-46819, CVE-2025-49844, CVE-2024-46981.
TEST_F(ExcessTest, SourceThatIsHardToRead) {
  const auto nested = [](View open, View middle, View close, int depth) {
    return repeated(open, depth) + Bytes(middle) + repeated(close, depth);
  };
  Bytes locals, upvalues, fields, labels;
  for (int i = 0; i < 300; ++i) {
    const Bytes name = "a" + std::to_string(i);
    locals += "local " + name + " = 1 ";
    fields += (i == 0 ? "" : " + ") + name;
    labels += "::" + name + ":: ";
  }
  upvalues = locals.substr(0, locals.find("local a190")) + "return function() return " + fields.substr(0, fields.find(" + a190")) +
             " end";
  for (const Bytes& body : std::initializer_list<Bytes>{
           nested("return (", "1", ")", 100'000),
           "return " + nested("(", "1", ")", 100'000),
           "return " + nested("{", "", "}", 100'000),
           "return " + nested("function() return ", "1", " end", 100'000),
           nested("do ", "", "end ", 100'000),
           nested("if true then ", "", "end ", 100'000),
           nested("while true do ", "break ", "end ", 100'000),
           nested("repeat ", "", "until true ", 100'000),
           "return " + repeated("not ", 100'000) + "1",
           "return " + repeated("- ", 100'000) + "1",
           "return " + repeated("#", 100'000) + "'x'",
           "return 1" + repeated(" .. 1", 100'000),
           "return 1" + repeated(" ^ 1", 100'000),
           "return 1" + repeated(" + 1", 100'000),
           "local a = {} return a" + repeated(".a", 100'000),
           "local a = {} return a" + repeated("[a", 100'000) + repeated("]", 100'000),
           "return ('')" + repeated(":rep(1)", 100'000),
           "if nil then " + repeated("elseif nil then ", 19'000) + "end",
           "goto a " + repeated("do goto a end ", 19'000) + "::a::",
           repeated("goto a ", 19'000),
           "return 1" + repeated(" or nil and 1", 9'000),
           "while true do " + repeated("if nil then break end ", 19'000) + "break end",
           labels + labels,
           locals,
           upvalues,
           "local " + repeated("a,", 100'000) + "a = 1",
           "return f(" + repeated("1,", 300'000) + "1)",
           "return {" + repeated("1,", 300'000) + "1}",
           "return {" + repeated("a=1,", 300'000) + "a=1}",
           "return function(" + repeated("a,", 100'000) + "...) end",
           "return [" + repeated("=", 1'000'000) + "[x",
           "return [" + repeated("=", 1'000'000) + "[x]" + repeated("=", 1'000'000) + "]",
           "--[" + repeated("=", 1'000'000) + "[x",
           "--[" + repeated("=", 1'000'000),
           repeated("[=", 500'000),
           "return [" + repeated("=", 1'000'000),
           "return '" + repeated("\\", 1'000'001),
           "return '" + repeated("\\z ", 300'000) + "'",
           "return '\\" + repeated("9", 1'000'000) + "'",
           "return '\\x",
           "return '\\u{" + repeated("f", 1'000'000) + "}'",
           "return " + repeated("9", 1'000'000),
           "return 0x" + repeated("f", 1'000'000),
           "return 1e" + repeated("9", 1'000'000),
           "return 0x." + repeated("0", 1'000'000) + "p-" + repeated("9", 1000),
           "return " + repeated("a", 1'000'000),
           repeated("do ", 100'000) + repeated("return ", 100'000),
           repeated("function ", 300'000) + repeated("return ", 300'000),
           repeated("\n", 5'000'000) + "return x y",
           repeated("local a = 1 a = nil ", 100'000),
           Bytes(1'000'000, '\0'),
           Bytes(1'000'000, '\xff'),
           "return " + Bytes(1'000'000, '\x1b'),
       }) {
    expect_survived(body);
    eval("return (loadstring(ARGV[1], ARGV[1]))", {}, {body});
  }
  EXPECT_EQ(eval(Bytes((size_t{16} << 20) + 1, ' ')),
            "-ERR Error compiling script (new function): the text is larger than 16 MiB");
  EXPECT_EQ(eval("return select(2, loadstring(ARGV[1], '=x'))", {}, {Bytes((size_t{16} << 20) + 1, ' ')}),
            "$30\r\nthe text is larger than 16 MiB\r\n");
  // LuaJIT's time for these is the square of their number.
  for (const Bytes& body : {"if nil then " + repeated("elseif nil then ", 20'001) + "end", "return 1" + repeated(" or 1", 20'001),
                            repeated("while true do break end ", 20'001), repeated("goto a ", 20'001)}) {
    EXPECT_NE(eval(body).find("user_script:1: too many branches near '"), Bytes::npos) << eval(body).substr(0, 200);
  }
}

// CVE-2024-46981, CVE-2025-49844: the collector runs while the parser still holds what nothing else does.
TEST_F(ExcessTest, CollectingWhileCompiling) {
  expect_interruptible(
      "collectgarbage('setpause', 0) collectgarbage('setstepmul', 1000000) local n = 0 while true do n = n + 1 "
      "collectgarbage('step', 1) local f = loadstring('local a = {\"' .. n .. '\"} return function() return a, ' .. n .. ' "
      "end', '=' .. ('c'):rep(n % 300) .. n) f()() end");
  expect_interruptible(
      "while true do load(function() collectgarbage() return nil end, ('c'):rep(math.random(1000))) "
      "pcall(loadstring, ('x'):rep(math.random(1000)) .. ' = = ', ('n'):rep(math.random(1000))) end");
  expect_interruptible(
      "local t = {} while true do t[math.random(100)] = coroutine.wrap(function() local x = {} coroutine.yield(x) end) "
      "t[math.random(100)] = nil collectgarbage('step') end");
}

// Coroutines that run away, one in the other or one after the other, in whatever holds errors.
TEST_F(ExcessTest, RunawayCoroutines) {
  for (const View body : {
           "local function f() while true do end end while true do coroutine.resume(coroutine.create(f)) end",
           "local function f() return coroutine.wrap(f)() end while true do pcall(f) end",
           "local co = coroutine.wrap(function() while true do pcall(coroutine.yield) end end) while true do pcall(co) end",
           "local function f() while true do coroutine.yield() end end local t = {} while true do t[#t + 1] = coroutine.wrap(f) "
           "t[#t]() end",
           "while true do pcall(coroutine.wrap(function() error(setmetatable({}, {__tostring = error})) end)) end",
           "while true do coroutine.resume(coroutine.create(redis.call), 'wrong') end",
           "while true do xpcall(function() while true do end end, function() while true do pcall(error) end end) end",
           "while true do pcall(function() error(('x'):rep(100000)) end) end",
           "while true do pcall(string.rep, 'x', -1) pcall(error) end",
           "while true do pcall(function() local t = {} while true do t[#t + 1] = {} end end) end",
           "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end",
           "local function f() pcall(f) pcall(f) end while true do f() end",
           "while true do pcall(table.sort, {3, 2, 1}, function() while true do end end) end",
           "while true do pcall(string.gsub, 'x', 'x', function() while true do end end) end",
           "setmetatable({}, {__index = function(t, k) return t[k + 1] end})[1] = 1 return setmetatable({}, {__index = "
           "function(t, k) pcall(function() return t[k + 1] end) return t[k + 1] end})[1]",
       }) {
    expect_interruptible(body);
  }
}

}  // namespace leat
