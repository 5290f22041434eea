// SPDX-License-Identifier: Apache-2.0
// cjson, cmsgpack, struct, bit, string, table, math.
#include "tests/unit/script/script_test.h"

namespace leat {

TEST_F(ScriptTest, JsonEncode) {
  const auto encoded = [&](View value) { return text("return cjson.encode(" + Bytes(value) + ")"); };
  EXPECT_EQ(encoded("{}"), "{}");
  EXPECT_EQ(encoded("{1, 'a', true, cjson.null, {b = {}}}"), R"([1,"a",true,null,{"b":{}}])");
  EXPECT_EQ(encoded("{1732000000000, 0.1, 1e15, 12345678901234567, 1e20, 99999999999999, -0, 1/3}"),
            "[1732000000000,0.1,1e+15,1.2345678901235e+16,1e+20,99999999999999,-0,0.33333333333333]");
  EXPECT_EQ(encoded("{[1] = 1, [2] = 3, [5] = 2}"), "[1,3,null,null,2]");
  EXPECT_EQ(encoded("{a = 1}"), R"({"a":1})");
  EXPECT_EQ(encoded("{[2.5] = 1}"), R"({"2.5":1})");
  EXPECT_EQ(encoded("{[-1] = 1}"), R"({"-1":1})");
  EXPECT_EQ(encoded(R"('a/b\127\1\n"\\é')"), R"("a\/b\u007f\u0001\n\"\\é")");
  EXPECT_EQ(encoded("nil"), "null");
  EXPECT_EQ(encoded("'x'"), "\"x\"");
  EXPECT_EQ(error("return cjson.encode({[1] = 1, [1000] = 2})"),
            "-ERR user_script:1: Cannot serialise table: excessively sparse array");
  EXPECT_EQ(error("return cjson.encode(1/0)"), "-ERR user_script:1: Cannot serialise number: must not be NaN or Inf");
  EXPECT_EQ(error("return cjson.encode({function() end})"),
            "-ERR user_script:1: Cannot serialise function: type not supported");
  EXPECT_EQ(error("return cjson.encode({[true] = 1})"),
            "-ERR user_script:1: Cannot serialise number: table key must be a number or string");
  EXPECT_EQ(error("local t = {} t[1] = t return cjson.encode(t)"),
            "-ERR user_script:1: Cannot serialise, excessive nesting (1001)");
  EXPECT_EQ(eval("return cjson.encode()")[0], '-');
}

TEST_F(ScriptTest, JsonDecode) {
  EXPECT_EQ(eval("return cjson.decode('[1,[\"a\",true,null],{\"x\":2.5}]')[2][1]"), "$1\r\na\r\n");
  EXPECT_EQ(eval("return cjson.decode('{\"a\":null}').a == cjson.null"), ":1\r\n");
  EXPECT_EQ(text("return cjson.encode(cjson.decode('{\"a\":[1,2,{\"b\":\"\\\\u00e9\\\\n\"}]}'))"),
            "{\"a\":[1,2,{\"b\":\"é\\n\"}]}");
  EXPECT_EQ(text("return cjson.encode(cjson.decode('[]'))"), "{}");
  EXPECT_EQ(error("return cjson.decode('[1,2')"),
            "-ERR user_script:1: Expected comma or array end but found T_END at character 5");
  EXPECT_TRUE(error("return cjson.decode(('['):rep(2000))").find("Found too many nested data structures (1001)") !=
              Bytes::npos);
  EXPECT_EQ(eval("return cjson.decode('')")[0], '-');
  EXPECT_EQ(eval("return cjson.decode({})")[0], '-');
  EXPECT_EQ(eval("return cjson.decode()")[0], '-');
}

TEST_F(ScriptTest, JsonSettings) {
  EXPECT_EQ(eval("return {cjson.encode_max_depth(), cjson.decode_max_depth(), cjson.encode_number_precision()}"),
            "*3\r\n:1000\r\n:1000\r\n:14\r\n");
  EXPECT_EQ(eval("return {cjson.encode_sparse_array()}"), "*3\r\n$-1\r\n:2\r\n:10\r\n");
  EXPECT_EQ(text("local c = cjson.new() c.encode_sparse_array(true) c.encode_number_precision(5) "
                 "return c.encode({[1] = 1, [1000] = 1/3}) .. cjson.encode(1/3)"),
            "{\"1000\":0.33333,\"1\":1}0.33333333333333");
  EXPECT_EQ(text("local c = cjson.new() c.encode_invalid_numbers('null') return c.encode({1/0})"), "[null]");
  EXPECT_EQ(error("cjson.encode_number_precision(15)").substr(0, 5), "-ERR ");
  EXPECT_EQ(error("cjson.encode_max_depth(0)"),
            "-ERR user_script:1: bad argument #1 to 'encode_max_depth' (expected integer between 1 and 2147483647)");
  EXPECT_EQ(eval("return {cjson.encode_keep_buffer(true), cjson._NAME, cjson._VERSION}")[1], '3');
}

TEST_F(ScriptTest, MsgpackPack) {
  const auto packed = [&](View values) { return text("return cmsgpack.pack(" + Bytes(values) + ")"); };
  EXPECT_EQ(packed("1, 2, 'a', nil, true, 1.5, {1, 2}, {a = 1}, {}"),
            Bytes("\x01\x02\xa1"
                  "a\xc0\xc3\xca\x3f\xc0\0\0\x92\x01\x02\x81\xa1"
                  "a\x01\x90",
                  19));
  EXPECT_EQ(packed("0.1, 1e15"), Bytes("\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a\xcf\0\x03\x8d\x7e\xa4\xc6\x80\0", 18));
  EXPECT_EQ(packed("2^63, -2^63, 2^64"), Bytes("\xca\x5f\0\0\0\xd3\x80\0\0\0\0\0\0\0\xca\x5f\x80\0\0", 19));
  EXPECT_EQ(packed("-1, -33, 128, 256, 65536"), Bytes("\xff\xd0\xdf\xcc\x80\xcd\x01\0\xce\0\x01\0\0", 13));
  EXPECT_EQ(
      text("local p = cmsgpack.pack({1, nil, 3}) local t = cmsgpack.unpack(p) return p:byte() .. #p .. t[1] .. t[3]"),
      "130513");
  EXPECT_EQ(packed("{[1.5] = 1}"), Bytes("\x81\xca\x3f\xc0\0\0\x01", 7));
  EXPECT_EQ(packed("function() end, cjson.null"), "\xc0\xc0");
  EXPECT_EQ(packed("('x'):rep(40)"), "\xd9\x28" + Bytes(40, 'x'));
  EXPECT_EQ(packed("('x'):rep(300)"), "\xda\x01\x2c" + Bytes(300, 'x'));
  EXPECT_EQ(packed("('x'):rep(70000)"), Bytes("\xdb\0\x01\x11\x70", 5) + Bytes(70000, 'x'));
  EXPECT_EQ(eval("local t = {} for i = 1, 17 do t = {t} end local u = cmsgpack.unpack(cmsgpack.pack(t)) local n = 0 "
                 "while type(u) == 'table' do u = u[1] n = n + 1 end return {n, tostring(u)}"),
            "*2\r\n:16\r\n$3\r\nnil\r\n");
  EXPECT_TRUE(error("return cmsgpack.pack()").find("MessagePack pack needs input.") != Bytes::npos);
}

TEST_F(ScriptTest, MsgpackUnpack) {
  EXPECT_EQ(eval("return {cmsgpack.unpack('\\1\\2\\3')}"), "*3\r\n:1\r\n:2\r\n:3\r\n");
  EXPECT_EQ(eval("return {cmsgpack.unpack_one('\\1\\2\\3')}"), "*2\r\n:1\r\n:1\r\n");
  EXPECT_EQ(eval("return {cmsgpack.unpack_one('\\1\\2\\3', 2)}"), "*2\r\n:-1\r\n:3\r\n");
  EXPECT_EQ(eval("return {cmsgpack.unpack_one('\\1\\2\\3', 3)}"), "*1\r\n:-1\r\n");
  EXPECT_EQ(eval("return {cmsgpack.unpack_limit('\\1\\2\\3', 2)}"), "*3\r\n:2\r\n:1\r\n:2\r\n");
  EXPECT_EQ(eval("return {cmsgpack.unpack_limit('\\1\\2\\3', 2, 1)}"), "*3\r\n:-1\r\n:2\r\n:3\r\n");
  EXPECT_EQ(eval("return {cmsgpack.unpack_limit('\\1\\2\\3', 0)}"), "*3\r\n:1\r\n:2\r\n:3\r\n");
  EXPECT_EQ(error("return cmsgpack.unpack_one('\\1\\2\\3', 4)"),
            "-ERR user_script:1: Start offset 4 greater than input length 3.");
  EXPECT_EQ(error("return cmsgpack.unpack_one('\\1', -1)"),
            "-ERR user_script:1: Invalid request to unpack with offset of -1 and limit of 1.");
  EXPECT_EQ(eval("return cmsgpack.unpack('')"), "$-1\r\n");
  EXPECT_EQ(eval("return cmsgpack.unpack(5)"), ":53\r\n");
  for (const View cut :
       {"\\129", "\\221\\255\\255\\255\\255", "\\223\\255\\255\\255\\255", "\\217\\5abc", "\\219\\255\\255\\255\\255a",
        "\\205\\1", "\\147\\1\\192", "\\203\\1\\2", "\\165abcd", "\\220", "\\129\\1"}) {
    EXPECT_EQ(error("return cmsgpack.unpack('" + Bytes(cut) + "')"), "-ERR user_script:1: Missing bytes in input.")
        << cut;
  }
  for (const View bad : {"\\193", "\\196\\3abc", "\\199\\1\\5a", "\\212\\1a", "\\146\\1\\193"}) {
    EXPECT_EQ(error("return cmsgpack.unpack('" + Bytes(bad) + "')"), "-ERR user_script:1: Bad data format in input.")
        << bad;
  }
  EXPECT_TRUE(error("return cmsgpack.unpack('\\130\\192\\1\\2\\3')").ends_with("table index is nil"));
  EXPECT_TRUE(
      error("return cmsgpack.unpack('\\129\\203\\127\\248\\0\\0\\0\\0\\0\\0\\1')").ends_with("table index is NaN"));
  EXPECT_TRUE(error("return cmsgpack.unpack({})").find("string expected, got table") != Bytes::npos);
  EXPECT_EQ(text("local u = cmsgpack.unpack(('\\145'):rep(100) .. '\\1') local n = 0 "
                 "while type(u) == 'table' do u = u[1] n = n + 1 end return n .. tostring(u)"),
            "1001");
  EXPECT_EQ(error("return cmsgpack.unpack(('\\1'):rep(100000))"),
            "-ERR user_script:1: too many return values at once; use unpack_one or unpack_limit instead.");
  EXPECT_EQ(
      eval("for i = 0, 255 do for j = 0, 255 do pcall(cmsgpack.unpack, string.char(i, j, i, j, i)) end end return 1"),
      ":1\r\n");
}

// As msgpackr packs BullMQ's arguments: records off, undefined as nil.
TEST_F(ScriptTest, MsgpackOfBullMq) {
  // ["bull:q:", nil, nil, 1732000000123 as float64, nil, {"attempts": 3, "delay": 0, "big": 2^40 as uint64, "neg": -5,
  // "f": 0.5 as float32}, true]
  using namespace std::string_literals;
  const Bytes arguments =
      "\x97\xa7"
      "bull:q:\xc0\xc0\xcb\x42\x79\x34\x33\xea\x87\xb0\x00\xc0"
      "\x85\xa8"
      "attempts\x03\xa5"
      "delay\0\xa3"
      "big\xcf\0\0\x01\0\0\0\0\0\xa3"
      "neg\xfb\xa1"
      "f\xca\x3f\0\0\0\xc3"s;
  const auto unpacked = [&](View body) {
    return eval("local a = cmsgpack.unpack(ARGV[1]) return " + Bytes(body), {}, {arguments});
  };
  EXPECT_EQ(unpacked("a[1]"), "$7\r\nbull:q:\r\n");
  EXPECT_EQ(unpacked("{tostring(a[2]), tostring(a[3]), tostring(a[5]), a[7]}"),
            "*4\r\n$3\r\nnil\r\n$3\r\nnil\r\n$3\r\nnil\r\n:1\r\n");
  EXPECT_EQ(unpacked("a[6].attempts + a[6].neg"), ":-2\r\n");
  EXPECT_EQ(unpacked("redis.call('echo', a[6].big)"), "$13\r\n1099511627776\r\n");
  EXPECT_EQ(unpacked("redis.call('echo', a[6].f)"), "$3\r\n0.5\r\n");
  EXPECT_EQ(unpacked("redis.call('echo', a[4])"), "$13\r\n1732000000123\r\n");
  EXPECT_EQ(unpacked("cjson.encode({delay = a[6].delay})"), "$11\r\n{\"delay\":0}\r\n");
  EXPECT_EQ(eval("return ARGV[1] and #ARGV[1]", {}, {""}), ":0\r\n");
}

TEST_F(ScriptTest, Struct) {
  EXPECT_EQ(text("return struct.pack('>i4Bs', 1, 2, 'abc')"), Bytes("\0\0\0\1\2abc\0", 9));
  EXPECT_EQ(text("return struct.pack('iI8', -1, -1)"), Bytes(12, '\xff'));
  EXPECT_EQ(text("return struct.pack('>I3', 65536 + 2 * 256 + 3)"), "\1\2\3");
  EXPECT_EQ(text("return struct.pack('c0', 'abc') .. struct.pack('c2', 'abc')"), "abcab");
  EXPECT_EQ(eval("return {struct.unpack('Bc0', '\\3abcdef')}"), "*2\r\n$3\r\nabc\r\n:5\r\n");
  EXPECT_EQ(eval("return {struct.unpack('!4Bi4', string.char(1, 0, 0, 0, 5, 0, 0, 0))}"), "*3\r\n:1\r\n:5\r\n:9\r\n");
  EXPECT_EQ(
      text("local f, d, s = struct.unpack('>fds', struct.pack('>fds', 1.5, 0.1, 'hi')) return f .. ' ' .. d .. s"),
      "1.5 0.1hi");
  EXPECT_EQ(eval("return {struct.unpack('bBhHlL', struct.pack('bBhHlL', -1, 255, -2, 65535, -3, 4))}"),
            "*7\r\n:-1\r\n:255\r\n:-2\r\n:65535\r\n:-3\r\n:4\r\n:23\r\n");
  EXPECT_EQ(eval("return {struct.unpack('<i3>i3', struct.pack('<i3>i3', -5, -6))}"), "*3\r\n:-5\r\n:-6\r\n:7\r\n");
  EXPECT_EQ(eval("return {struct.size('i4!8d'), struct.size('bBhHlLTfd iI3'), struct.size('c2147483647c2147483647')}"),
            "*3\r\n:16\r\n:49\r\n:4294967294\r\n");
  const std::pair<View, View> kRefused[] = {
      {"struct.pack('i33', 1)", "integral size 33 is larger than limit of 32"},
      {"struct.pack('c5', 'abc')", "bad argument #2 to 'pack' (string too short)"},
      {"struct.unpack('c0', 'abc')", "format 'c0' needs a previous size"},
      {"struct.unpack('>I2', string.char(1, 2), 0)", "bad argument #3 to 'unpack' (offset must be 1 or greater)"},
      {"struct.unpack('>I2', string.char(1, 2), 2)", "bad argument #2 to 'unpack' (data string too short)"},
      {"struct.unpack('i4', 'abcd', -1)", "bad argument #2 to 'unpack' (data string too short)"},
      {"struct.unpack('i4', 'abcd', 4294967297)", "bad argument #2 to 'unpack' (data string too short)"},
      {"struct.unpack('!8bI32', 'a')", "bad argument #2 to 'unpack' (data string too short)"},
      {"struct.unpack('dc0', struct.pack('d', -1))", "bad argument #2 to 'unpack' (data string too short)"},
      {"struct.unpack('dc0', struct.pack('d', 1e300))", "bad argument #2 to 'unpack' (data string too short)"},
      {"struct.unpack('i99999999999', 'ab', 2)", "integral size overflow"},
      {"struct.unpack('c2147483648', 'x')", "integral size overflow"},
      {"struct.unpack('c2147483647', 'x')", "bad argument #2 to 'unpack' (data string too short)"},
      {"struct.size('s')", "bad argument #1 to 'size' (option 's' has no fixed size)"},
      {"struct.size('c0')", "bad argument #1 to 'size' (option 'c0' has no fixed size)"},
      {"struct.pack('!3i4', 1)", "alignment 3 is not a power of 2"},
      {"struct.pack('m', 1)", "bad argument #1 to 'pack' (invalid format option 'm')"},
      {"struct.unpack('s', 'abc')", "unfinished string in data"},
  };
  for (const auto& [call, why] : kRefused) {
    EXPECT_EQ(error("return " + Bytes(call)), "-ERR user_script:1: " + Bytes(why)) << call;
  }
  EXPECT_EQ(eval("return struct.pack('i4', 'a')")[0], '-');
  EXPECT_EQ(eval("return struct.pack('i4')")[0], '-');
  EXPECT_EQ(eval("for _, f in ipairs{'i32', 'I32', '>i32', 'i0', '!2147483648i4', '!1073741824i32', ' x x'} do "
                 "pcall(struct.pack, f, 1e308) pcall(struct.unpack, f, ('z'):rep(70)) end return 1"),
            ":1\r\n");
}

TEST_F(ScriptTest, Bit) {
  EXPECT_EQ(text("return bit.tohex(255) .. bit.bor(1, 2) .. bit.band(6, 3) .. bit.bxor(5, 1) .. bit.bnot(0) .. "
                 "bit.lshift(1, 4) .. "
                 "bit.rshift(256, 4) .. bit.arshift(-16, 2) .. bit.tobit(0xffffffff) .. bit.bswap(1) .. bit.rol(1, 1) "
                 ".. bit.ror(2, 1)"),
            "000000ff324-11616-4-11677721621");
}

TEST_F(ScriptTest, StringSearch) {
  const std::pair<View, View> kCases[] = {
      {"('hello world'):find('o w')", "5,7"},
      {"('hello'):find('l+')", "3,4"},
      {"('hello'):find('(l)(l)')", "3,4,l,l"},
      {"('hello'):find('()ll()')", "3,4,3,5"},
      {"('hello'):find('l', -2)", "4,4"},
      {"('hello'):find('')", "1,0"},
      {"('hello'):find('', 10)", "6,5"},
      {"('a.b'):find('.', 1, true)", "2,2"},
      {"('a.b'):find('%.')", "2,2"},
      {"('hello'):find('xyz')", "nil"},
      {"('hello'):find('^h')", "1,1"},
      {"('hello'):find('^e')", "nil"},
      {"('hello'):find('o$')", "5,5"},
      {"('a$b'):find('$b')", "2,3"},
      {"('key=value'):match('(%w+)=(%w+)')", "key,value"},
      {"('bull:queue:123'):match('^(.*):([^:]+)$')", "bull:queue,123"},
      {"('[x]'):match('[%]x]+')", "x]"},
      {"('a-b'):match('[a%-]+')", "a-"},
      {"('a]b'):match('[]]')", "]"},
      {"('a^b'):match('[b^]+')", "^b"},
      {"('THE (quick) fox'):find('%((%a+)%)')", "5,11,quick"},
      {"('f(a(b)c)d'):match('%b()')", "(a(b)c)"},
      {"('THE quick'):gsub('%f[%a]%a+', 'X')", "X X,2"},
      {"('abcabc'):match('(abc)%1')", "abc"},
      {"('hello world'):gsub('o', '0', 1)", "hell0 world,1"},
      {"('hello'):gsub('', '-')", "-h-e-l-l-o-,6"},
      {"('abc'):gsub('%w', '%0%0')", "aabbcc,3"},
      {"('abc'):gsub('(a)(b)', '%2%1')", "bac,1"},
      {"('abc'):gsub('%w', '%%1')", "%1%1%1,3"},
      {"('abc'):gsub('b', {b = 'X'})", "aXc,1"},
      {"('abc'):gsub('.', {b = false})", "abc,3"},
      {"('abc'):gsub('.', function(c) if c == 'b' then return 5 end end)", "a5c,3"},
      {"('abc'):gsub('^a', 'x')", "xbc,1"},
      {"('aaa'):gsub('a', 'b', 0)", "aaa,0"},
      {"('abc'):gsub('x*', '-')", "-a-b-c-,4"},
      {"('a\\0b'):find('\\0')", "2,2"},
      {"('a\\0b'):find('%z')", "2,2"},
      {"('abc'):match('.-')", ""},
      {"('aXb'):match('%u')", "X"},
      {"('aXb'):match('[^%l]')", "X"},
      {"('  trim  '):match('^%s*(.-)%s*$')", "trim"},
      {"('0x1F'):match('^0[xX](%x+)$')", "1F"},
      {"('abc'):gsub('b', 1)", "a1c,1"},
      {"('ab12'):match('%a+%d?')", "ab1"},
  };
  for (const auto& [call, expected] : kCases) {
    EXPECT_EQ(text("local t = {" + Bytes(call) +
                   "} for i = 1, #t do t[i] = tostring(t[i]) end if #t == 0 then return 'nil' end "
                   "return table.concat(t, ',')"),
              expected)
        << call;
  }
  EXPECT_EQ(text("local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t + 1] = k .. v end return "
                 "table.concat(t)"),
            "a1b2");
  EXPECT_EQ(text("local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return '' .. n"), "4");
  for (const View bad : {"('x'):find('%')", "('x'):find('[a')", "('x'):find('(x')", "('x'):find('%1')",
                         "('x'):find('%b')", "('x'):find('%f')", "('x'):gsub('x', '%2')", "('x'):find('[')",
                         "('x'):find('[%')", "('x'):find('[^')", "('x'):gsub('x', function() return {} end)",
                         "('x'):gsub('x', true)", "('x'):find('%b(')", "('x'):find('[]')"}) {
    EXPECT_EQ(eval("return " + Bytes(bad))[0], '-') << bad;
  }
}

TEST_F(ScriptTest, TableAndMath) {
  EXPECT_EQ(text("local t = {1, 2, 3} table.insert(t, 4) table.insert(t, 1, 0) table.insert(t, 3, 9) return "
                 "table.concat(t, ',')"),
            "0,1,9,2,3,4");
  EXPECT_EQ(text("local t = {1, 2, 3} local a, b = table.remove(t), table.remove(t, 1) return a .. b .. #t .. "
                 "tostring((table.remove({})))"),
            "311nil");
  EXPECT_EQ(eval("return table.insert({}, 1, 2, 3)")[0], '-');
  EXPECT_EQ(eval("table.insert({}, 2147483647, 1) table.insert({1, 2}, -2147483648, 1) return 1"), ":1\r\n");
  EXPECT_EQ(
      text("return math.mod(5, 3) .. math.floor(-1.5) .. math.max(1, 3, 2) .. math.fmod(7, 3) .. tostring(math.huge)"),
      "2-231inf");
  EXPECT_EQ(text("return table.getn({1, 2}) .. #table.concat({'a', 1.5})"), "24");
  EXPECT_NE(text("return math.random() .. ''"), text("return math.random() .. ''"))
      << "it goes on from script to script";
  const Bytes seeded =
      text("math.randomseed(7) return math.random() .. ' ' .. math.random(10) .. ' ' .. math.random(5, 6)");
  const Bytes next = text("return math.random() .. ''");
  EXPECT_EQ(seeded,
            text("math.randomseed(7) return math.random() .. ' ' .. math.random(10) .. ' ' .. math.random(5, 6)"));
  EXPECT_NE(next, text("return math.random() .. ''")) << "one that seeds does not make the next draw what it wants";
  EXPECT_EQ(text("math.randomseed(1) return math.random() .. ' ' .. math.random()"),
            "0.041630344484761 0.4544924448498");
  EXPECT_EQ(eval("return math.random(0)")[0], '-');
  EXPECT_EQ(eval("return math.random(2, 1)")[0], '-');
}

}  // namespace leat
