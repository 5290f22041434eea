// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/script_maker.h"

#include <cstdio>

#include "tests/fuzz/vocabulary.h"

namespace leat::testing {

namespace {

constexpr int kDepthMax = 5;
constexpr View kLocals = "local a, b, c, d = 1, 'x', {1, 2, 'y'}, {k = 'v'}\nlocal function e(...) return ... end\n";

constexpr View kVariables[] = {"a", "b", "c", "d", "KEYS", "ARGV", "KEYS[1]", "ARGV[1]", "e", "_G", "nosuch"};
constexpr View kConstants[] = {
    "1", "0", "-1", "nil", "true", "false", "1.5", "1e308", "-1e308", "0/0", "1/0", "-1/0", "2^31", "2^53", "2^63",
    "-2^63", "1e15", "255", "65536", "100", "1000", "1e7", "1e9", "''", "{}", "cjson.null", "redis.LOG_NOTICE"};
constexpr View kFunctions[] = {
    "redis.error_reply", "redis.status_reply", "redis.sha1hex", "redis.log", "redis.setresp", "redis.set_repl",
    "redis.breakpoint", "redis.debug", "redis.replicate_commands", "redis.acl_check_cmd", "redis.call", "redis.pcall",
    "server.call", "redis.register_function", "cjson.encode", "cjson.decode", "cjson.encode", "cjson.decode",
    "cjson.encode_sparse_array", "cjson.encode_max_depth", "cjson.decode_max_depth", "cjson.encode_number_precision",
    "cjson.encode_keep_buffer", "cjson.encode_invalid_numbers", "cjson.decode_invalid_numbers",
    "cjson.decode_array_with_array_mt", "cjson.new", "cmsgpack.pack", "cmsgpack.unpack", "cmsgpack.unpack_one",
    "cmsgpack.unpack_limit", "cmsgpack.pack", "cmsgpack.unpack", "struct.pack", "struct.unpack", "struct.size",
    "bit.tobit", "bit.bnot", "bit.band", "bit.bor", "bit.bxor", "bit.lshift", "bit.rshift", "bit.arshift", "bit.rol",
    "bit.ror", "bit.bswap", "bit.tohex", "string.byte", "string.char", "string.dump", "string.find", "string.format",
    "string.gmatch", "string.gsub", "string.len", "string.lower", "string.match", "string.rep", "string.reverse",
    "string.sub", "string.upper", "table.concat", "table.insert", "table.maxn", "table.remove", "table.sort",
    "table.foreach", "table.getn", "math.abs", "math.ceil", "math.floor", "math.fmod", "math.modf", "math.pow",
    "math.random", "math.randomseed", "math.huge", "math.max", "math.frexp", "math.ldexp", "os.clock", "os.time",
    "coroutine.create", "coroutine.resume", "coroutine.wrap", "coroutine.yield", "coroutine.status", "coroutine.running",
    "pcall", "xpcall", "error", "assert", "tostring", "tonumber", "type", "select", "unpack", "next", "pairs", "ipairs",
    "rawget", "rawset", "rawequal", "setmetatable", "getmetatable", "load", "loadstring", "collectgarbage", "gcinfo",
    "setfenv", "getfenv", "newproxy", "require", "print", "string", "_G.string.format", "e"};
constexpr View kMethods[] = {
    "rep", "sub", "format", "byte", "find", "gsub", "gmatch", "upper", "len", "match", "reverse", "dump"};
constexpr View kOperators[] = {"+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", " and ", " or "};
constexpr View kMetaFields[] = {
    "__index", "__newindex", "__call", "__gc", "__mode", "__metatable", "__eq", "__lt", "__concat", "__len", "__tostring",
    "__add", "__unm", "__pairs", "ok", "err", "map", "set", "double", "big_number", "verbatim_string", "format", "string",
    "name", "function_name", "callback", "flags", "array_mt", "n"};
// Formats, patterns, packed and encoded values: what the libraries parse.
constexpr View kTexts[] = {
    "%d", "%s", "%5.2f", "%q", "%99d", "%100d", "%.99f", "%c", "%x", "%-+ #0d", "%i", "%u", "%p", "%a", "%", "%%",
    "%s%s%s%s%s", "%.3s", "(.-)%1", ".*", "(.*)(.*)(.*)(.*)x", "%b()", "%f[%w]", "[", "[]", "[^]", "%", "(", ")", "()",
    "^a*$", ".-b", "a*a*a*a*a*a*a*a*b", "[%a-z]", "[a-%]", "%g", "\\0", ">I4", "<i8", "!8d", "bBhHlLTfds", "c0", "c10",
    "c0c0", "s", "i99", "!3", ">!16 i16", "I0", "x", "(0)", "{\\\"a\\\":[1,2,{}]}", "[[[[[[]]]]]]", "[1e999]",
    "\\\"\\\\ud800\\\"", "nul", "{\\\"a\\\":", "[1,2", "-", "1e", "\\\"\\\\u00", "{1:2}", "\\192", "\\145", "\\222\\0\\1",
    "\\217\\255a", "\\198\\255\\255\\255\\255", "\\221\\255\\255\\255\\255", "\\223\\127\\255\\255\\255",
    "\\202\\127\\128\\0\\0", "\\203\\0\\0\\0\\0\\0\\0\\0\\0", "\\211\\128\\0\\0\\0\\0\\0\\0\\0", "\\193",
    "\\129\\161a\\129\\161b", "collect", "count", "step", "stop", "return 1", "return a", "while true do end", "x = 1",
    "a", "k", "v", "\\27LJ", "s1", "h1", "#", "*t"};

void append_escaped(Bytes& out, View text) {
  out += '"';
  for (const char c : text) {
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\%03u", static_cast<unsigned>(static_cast<uint8_t>(c)));
    const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
    plain ? out.append(1, c) : out.append(escape);
  }
  out += '"';
}

}  // namespace

Bytes ScriptMaker::script() {
  constexpr View kShebangs[] = {"", "", "", "", "", "#!lua\n", "#!lua flags=no-writes\n",
                                "#!lua flags=allow-oom,allow-stale\n", "#!js\n"};
  return Bytes(choices_.pick(kShebangs)) + Bytes(kLocals) + block(0);
}

Bytes ScriptMaker::library() {
  constexpr View kFlags[] = {"{}", "{'no-writes'}", "{'allow-oom'}", "{'nosuch'}", "1"};
  Bytes code = "#!lua name=made\n" + Bytes(kLocals);
  if (choices_.one_in(4)) code += statement(2);
  return code + "redis.register_function{function_name='made', flags=" + Bytes(choices_.pick(kFlags)) +
         ", callback=function(KEYS, ARGV)\n" + block(0) + "end}\n";
}

Bytes ScriptMaker::block(int depth) {
  Bytes code;
  for (size_t left = 1 + choices_.below(depth == 0 ? 8 : 3); left > 0 && (depth == 0 || choices_.more()); --left) {
    code += statement(depth);
    if (!choices_.more()) break;
  }
  return depth < 2 && choices_.below(3) != 1 ? code + "do return " + expression(depth) + " end\n" : code;
}

Bytes ScriptMaker::statement(int depth) {
  const Bytes variable(1, "abcd"[choices_.below(4)]);
  if (depth >= kDepthMax) return variable + " = " + expression(depth) + "\n";
  switch (choices_.below(16)) {
    case 0:
      return "for i = 1, " + Bytes(choices_.one_in(4) ? "1e9" : "20") + " do\n" + block(depth + 1) + "end\n";
    case 1:
      return "while " + expression(depth + 1) + " do\n" + block(depth + 1) +
             Bytes(choices_.one_in(8) ? "" : "break\n") + "end\n";
    case 2:
      return "for k, v in " + Bytes(choices_.one_in(2) ? "pairs" : "ipairs") + "(" + expression(depth + 1) +
             ") do\n" + block(depth + 1) + "end\n";
    case 3:
      return "if " + expression(depth + 1) + " then\n" + block(depth + 1) + "else\n" + block(depth + 1) + "end\n";
    case 4:
      return variable + " = {pcall(function()\n" + block(depth + 1) + "end)}\n";
    case 5:
      return variable + " = coroutine.wrap(function(...)\n" + block(depth + 1) + "coroutine.yield(" + expression(depth + 1) +
             ")\nend)\n" + variable + "()\n";
    case 6:
      return "local function f(n)\n" + block(depth + 1) + "return " + Bytes(choices_.one_in(2) ? "" : "1 + ") +
             "f(n)\nend\n" + variable + " = pcall(f, 1)\n";
    case 7:
      return "setmetatable(" + variable + ", " + table(depth + 1) + ")\n";
    case 8:
      return choices_.one_in(2) ? "_G[" + string() + "] = 1\n" : "rawset(_G, " + string() + ", 1)\n";
    case 9:
      return variable + "[" + expression(depth + 1) + "] = " + expression(depth + 1) + "\n";
    case 10:
    case 11:
    case 12:
      return variable + " = " + command() + "\n";
    default:
      return variable + " = " + expression(depth + 1) + "\n";
  }
}

Bytes ScriptMaker::expression(int depth) {
  if (depth >= kDepthMax || !choices_.more()) return Bytes(choices_.pick(kVariables).substr(0, 7));
  switch (choices_.below(16)) {
    case 0:
    case 1:
      return Bytes(choices_.pick(kVariables));
    case 2:
    case 3:
      return "(" + Bytes(choices_.pick(kConstants)) + ")";
    case 4:
    case 5:
      return string();
    case 6:
      return table(depth + 1);
    case 7:
      return "(" + expression(depth + 1) + Bytes(choices_.pick(kOperators)) + expression(depth + 1) + ")";
    case 8:
      return "(" + string() + "):" + Bytes(choices_.pick(kMethods)) + "(" + expression(depth + 1) + ", " +
             expression(depth + 1) + ")";
    case 9:
      return "function(...)\n" + block(depth + 1) + "end";
    case 10:
      return command();
    case 11: {  // nested as deep as it goes
      const Bytes times = std::to_string(choices_.number(2));
      return "(function() local t = {} for i = 1, " + times + " do t = {" +
             Bytes(choices_.one_in(2) ? "a = " : "") + "t} end return t end)()";
    }
    default:
      return call(depth);
  }
}

Bytes ScriptMaker::call(int depth) {
  Bytes code(choices_.pick(kFunctions));
  code += "(";
  const size_t most = choices_.below(5);
  for (size_t left = most; left > 0; --left) code += (left < most ? ", " : "") + expression(depth + 1);
  return code + ")";
}

Bytes ScriptMaker::command() {
  Bytes code = choices_.one_in(3) ? "redis.call(" : "redis.pcall(";
  const Request words = requests_.make(choices_, now_ms_);
  for (size_t i = 0; i < words.size() && i < 100; ++i) {
    if (i > 0) code += ", ";
    append_escaped(code, words[i]);
  }
  return code + ")";
}

Bytes ScriptMaker::table(int depth) {
  Bytes code = "{";
  for (size_t left = choices_.below(4); left > 0; --left) {
    if (choices_.one_in(2)) code += Bytes(choices_.pick(kMetaFields)) + " = ";
    code += expression(depth + 1) + ", ";
  }
  return code + "}";
}

Bytes ScriptMaker::string() {
  if (choices_.below(8) != 7) return "\"" + Bytes(choices_.pick(kTexts)) + "\"";
  Bytes code;
  append_escaped(code, choices_.raw());
  return code;
}

}  // namespace leat::testing
