// SPDX-License-Identifier: Apache-2.0
// cjson. Decoding is lua-cjson's own; encoding is ours, with its rules, settings and texts, because lua-cjson writes
// into memory that no bound holds: a table that names itself twice at every level would take all of the machine.
#include <charconv>
#include <climits>
#include <cmath>
#include <iterator>

#include "broker/script/interpreter.h"
#include "broker/script/libraries.h"

extern "C" int luaopen_cjson(lua_State* L);

namespace leat {
namespace {

constexpr size_t kStepsPerValue = 8;
constexpr int kDecodeDepth = 1000;  // lua-cjson's defaults
constexpr bool kDecodeInvalidNumbers = true;
constexpr int kDepthEver = 2000;  // whatever a script sets: the C stack is everybody's

struct EncodeSettings {  // a plain userdata, the upvalue of one set of functions
  enum Invalid { kRefuse, kAsIs, kNull };
  bool sparse_convert = false;
  int sparse_ratio = 2;
  int sparse_safe = 10;
  int depth_max = 1000;
  int precision = 14;
  bool keep_buffer = true;  // remembered, without effect
  Invalid invalid = kRefuse;
};

class Encoder {
 public:
  Encoder(lua_State* L, const EncodeSettings& settings)
      : lua_(L),
        settings_(settings),
        interpreter_(Interpreter::of(L)),
        out_(interpreter_.scratch()),
        room_(interpreter_.memory().left()) {
    out_.clear();
  }

  // Writes the value on top of the stack, which stays.
  void value(int depth) {
    interpreter_.spend(lua_, kStepsPerValue);
    switch (lua_type(lua_, -1)) {
      case LUA_TSTRING:
        return text();
      case LUA_TNUMBER:
        return number();
      case LUA_TBOOLEAN:
        return literal(lua_toboolean(lua_, -1) ? "true" : "false");
      case LUA_TNIL:
        return literal("null");
      case LUA_TTABLE:
        return table(depth + 1);
      case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(lua_, -1) == nullptr) return literal("null");
        [[fallthrough]];
      default:
        refuse("type not supported");
    }
  }

 private:
  void refuse(const char* why) { luaL_error(lua_, "Cannot serialise %s: %s", luaL_typename(lua_, -1), why); }

  void reserve(size_t bytes) {
    if (bytes > room_ - std::min(room_, out_.size())) luaL_error(lua_, "not enough memory");
  }

  void literal(View text) {
    reserve(text.size());
    out_ += text;
  }

  void text() {
    static constexpr char kDigits[] = "0123456789abcdef";
    const View bytes = view_at(lua_, -1);
    reserve(6 * bytes.size() + 2);
    interpreter_.spend(lua_, bytes.size());
    out_ += '"';
    for (const char c : bytes) {
      switch (c) {
        case '"':
          out_ += "\\\"";
          continue;
        case '\\':
          out_ += "\\\\";
          continue;
        case '/':
          out_ += "\\/";
          continue;
        case '\b':
          out_ += "\\b";
          continue;
        case '\t':
          out_ += "\\t";
          continue;
        case '\n':
          out_ += "\\n";
          continue;
        case '\f':
          out_ += "\\f";
          continue;
        case '\r':
          out_ += "\\r";
          continue;
        default:
          break;
      }
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte != 0x7f) {
        out_ += c;
      } else {
        out_ += "\\u00";
        out_ += kDigits[byte >> 4];
        out_ += kDigits[byte & 15];
      }
    }
    out_ += '"';
  }

  void number() {
    const double value = lua_tonumber(lua_, -1);
    if (!std::isfinite(value)) {
      if (settings_.invalid == EncodeSettings::kRefuse) return refuse("must not be NaN or Inf");
      if (settings_.invalid == EncodeSettings::kNull) return literal("null");
      if (std::isnan(value)) return literal("nan");
    }
    char digits[32];
    const auto end =
        std::to_chars(digits, std::end(digits), value, std::chars_format::general, settings_.precision).ptr;
    literal(View(digits, static_cast<size_t>(end - digits)));
  }

  void table(int depth) {
    if (depth > settings_.depth_max || depth > kDepthEver || !lua_checkstack(lua_, 4)) {
      luaL_error(lua_, "Cannot serialise, excessive nesting (%d)", depth);
    }
    const int length = array_length();
    if (length > 0)
      array(length, depth);
    else
      object(depth);
  }

  // The largest index where all keys are positive integers; -1 for an object, 0 for an empty table.
  int array_length() {
    double largest = 0;
    double count = 0;
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) {
      const double key = lua_type(lua_, -2) == LUA_TNUMBER ? lua_tonumber(lua_, -2) : 0;
      if (key < 1 || std::floor(key) != key || key > INT_MAX) {
        lua_pop(lua_, 2);
        return -1;
      }
      largest = std::max(largest, key);
      ++count;
    }
    interpreter_.spend(lua_, static_cast<size_t>(count));
    if (settings_.sparse_ratio > 0 && largest > count * settings_.sparse_ratio && largest > settings_.sparse_safe) {
      if (!settings_.sparse_convert) refuse("excessively sparse array");
      return -1;
    }
    return static_cast<int>(largest);
  }

  void array(int length, int depth) {
    literal("[");
    for (int64_t i = 1; i <= length; ++i) {
      if (i > 1) literal(",");
      lua_rawgeti(lua_, -1, static_cast<int>(i));
      value(depth);
      lua_pop(lua_, 1);
    }
    literal("]");
  }

  void object(int depth) {
    literal("{");
    bool first = true;
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) {
      if (!first) literal(",");
      first = false;
      key();
      value(depth);
    }
    literal("}");
  }

  void key() {
    lua_pushvalue(lua_, -2);
    if (lua_type(lua_, -1) == LUA_TNUMBER) {
      literal("\"");
      number();
      literal("\":");
    } else if (lua_type(lua_, -1) == LUA_TSTRING) {
      text();
      literal(":");
    } else {
      lua_pop(lua_, 1);
      refuse("table key must be a number or string");
    }
    lua_pop(lua_, 1);
  }

  lua_State* lua_;
  const EncodeSettings& settings_;
  Interpreter& interpreter_;
  Bytes& out_;
  size_t room_;
};

EncodeSettings& settings_of(lua_State* L) {
  return *static_cast<EncodeSettings*>(lua_touserdata(L, lua_upvalueindex(1)));
}

int encode(lua_State* L) {
  luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
  Encoder(L, settings_of(L)).value(0);
  push(L, Interpreter::of(L).scratch());
  return 1;
}

// --- settings: each function reads its arguments, where they are not nil, and returns what holds now. They hold for
// one script: what another user's has set must not be felt by mine.

void take_arguments(lua_State* L, int count) {
  luaL_argcheck(L, lua_gettop(L) <= count, count + 1, "found too many arguments");
  lua_settop(L, count);
}

void integer_setting(lua_State* L, int index, int& setting, int least, int most) {
  if (!lua_isnil(L, index)) {
    const lua_Integer value = luaL_checkinteger(L, index);
    if (value < least || value > most) {
      luaL_argerror(L, 1, lua_pushfstring(L, "expected integer between %d and %d", least, most));
    }
    setting = static_cast<int>(value);
  }
  lua_pushinteger(L, setting);
}

void flag_setting(lua_State* L, int index, bool& setting) {
  if (!lua_isnil(L, index)) {
    luaL_argcheck(L, lua_isboolean(L, index), index, "boolean expected");
    setting = lua_toboolean(L, index) != 0;
  }
  lua_pushboolean(L, setting);
}

int encode_sparse_array(lua_State* L) {
  Interpreter::of(L).change_json_settings();
  EncodeSettings& settings = settings_of(L);
  take_arguments(L, 3);
  flag_setting(L, 1, settings.sparse_convert);
  integer_setting(L, 2, settings.sparse_ratio, 0, INT_MAX);
  integer_setting(L, 3, settings.sparse_safe, 0, INT_MAX);
  return 3;
}

int encode_max_depth(lua_State* L) {
  Interpreter::of(L).change_json_settings();
  take_arguments(L, 1);
  integer_setting(L, 1, settings_of(L).depth_max, 1, INT_MAX);
  return 1;
}

int encode_number_precision(lua_State* L) {
  Interpreter::of(L).change_json_settings();
  take_arguments(L, 1);
  integer_setting(L, 1, settings_of(L).precision, 1, 14);
  return 1;
}

int encode_keep_buffer(lua_State* L) {
  Interpreter::of(L).change_json_settings();
  take_arguments(L, 1);
  flag_setting(L, 1, settings_of(L).keep_buffer);
  return 1;
}

int encode_invalid_numbers(lua_State* L) {
  Interpreter::of(L).change_json_settings();
  static constexpr const char* kChoices[] = {"off", "on", "null", nullptr};
  EncodeSettings& settings = settings_of(L);
  take_arguments(L, 1);
  if (lua_isboolean(L, 1))
    settings.invalid = lua_toboolean(L, 1) ? EncodeSettings::kAsIs : EncodeSettings::kRefuse;
  else if (!lua_isnil(L, 1))
    settings.invalid = static_cast<EncodeSettings::Invalid>(luaL_checkoption(L, 1, nullptr, kChoices));
  if (settings.invalid == EncodeSettings::kNull)
    lua_pushliteral(L, "null");
  else
    lua_pushboolean(L, settings.invalid == EncodeSettings::kAsIs);
  return 1;
}

// --- decoding

// What the values of a text may take at most: a table for each bracket, a slot and a string's header for each comma,
// a node and a key for each colon.
size_t decoded_bytes_max(View text) {
  size_t bytes = text.size();
  for (const char c : text) {
    if (c == '[' || c == '{')
      bytes += 80;
    else if (c == ',')
      bytes += 48;
    else if (c == ':')
      bytes += 96;
  }
  return bytes;
}

constexpr size_t kDecodedPerByteMax = 97;

// lua-cjson's buffer leaks if a Lua error for want of memory passes it. So what it may need is looked at first, and
// then nothing is refused. Upvalues: lua-cjson's settings, which it looks for there, and its function.
int decode(lua_State* L) {
  Interpreter& interpreter = Interpreter::of(L);
  const View text = view_at(L, 1);
  interpreter.spend(L, text.size());
  const size_t room = interpreter.memory().left();
  if (text.size() > room / kDecodedPerByteMax && decoded_bytes_max(text) > room) {
    lua_gc(L, LUA_GCCOLLECT, 0);
    if (decoded_bytes_max(text) > interpreter.memory().left()) return luaL_error(L, "not enough memory");
  }
  const LuaMemory::Lenient lenient(interpreter.memory());
  const auto original = reinterpret_cast<lua_CFunction>(lua_touserdata(L, lua_upvalueindex(2)));
  return original(L);
}

// Upvalues: lua-cjson's settings, which it looks for there, and its function.
int decode_setting(lua_State* L) {
  Interpreter::of(L).change_json_settings();
  return reinterpret_cast<lua_CFunction>(lua_touserdata(L, lua_upvalueindex(2)))(L);
}

// In the table on top: lua-cjson's function of that name, as an upvalue of `ours`.
void wrap(lua_State* L, const char* name, lua_CFunction ours) {
  lua_getfield(L, -1, name);
  const lua_CFunction original = lua_tocfunction(L, -1);
  CHECK(original != nullptr);
  CHECK(lua_getupvalue(L, -1, 1) != nullptr);
  lua_pushlightuserdata(L, reinterpret_cast<void*>(original));
  lua_pushcclosure(L, ours, 2);
  lua_setfield(L, -3, name);
  lua_pop(L, 1);
}

// Into the table on top, made by lua-cjson.
void replace_functions(lua_State* L) {
  wrap(L, "decode", decode);
  wrap(L, "decode_max_depth", decode_setting);
  wrap(L, "decode_invalid_numbers", decode_setting);

  static constexpr luaL_Reg kOurs[] = {
      {"encode", encode},
      {"encode_sparse_array", encode_sparse_array},
      {"encode_max_depth", encode_max_depth},
      {"encode_number_precision", encode_number_precision},
      {"encode_keep_buffer", encode_keep_buffer},
      {"encode_invalid_numbers", encode_invalid_numbers},
  };
  *static_cast<EncodeSettings*>(lua_newuserdata(L, sizeof(EncodeSettings))) = EncodeSettings();
  for (const luaL_Reg& function : kOurs) {
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, function.func, 1);
    lua_setfield(L, -3, function.name);
  }
  lua_pop(L, 1);
}

int make_new(lua_State* L);

void finish_table(lua_State* L) {
  lua_getfield(L, -1, "new");
  lua_pushcclosure(L, make_new, 1);
  lua_setfield(L, -2, "new");
  replace_functions(L);
}

int make_new(lua_State* L) {  // upvalue: lua-cjson's
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_call(L, 0, 1);
  finish_table(L);
  return 1;
}

// Its address names, in the registry, the table that all scripts share.
const char kSharedKey = 0;

}  // namespace

void push_json_library(lua_State* L) {
  lua_pushcfunction(L, luaopen_cjson);
  lua_call(L, 0, 1);
  finish_table(L);
  lua_pushlightuserdata(L, const_cast<char*>(&kSharedKey));
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

void reset_json_settings(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&kSharedKey));
  lua_rawget(L, LUA_REGISTRYINDEX);
  lua_getfield(L, -1, "encode_max_depth");
  CHECK(lua_getupvalue(L, -1, 1) != nullptr);
  *static_cast<EncodeSettings*>(lua_touserdata(L, -1)) = EncodeSettings();
  lua_pop(L, 2);
  lua_getfield(L, -1, "decode_max_depth");
  lua_pushinteger(L, kDecodeDepth);
  lua_call(L, 1, 0);
  lua_getfield(L, -1, "decode_invalid_numbers");
  lua_pushboolean(L, kDecodeInvalidNumbers);
  lua_call(L, 1, 0);
  lua_pop(L, 1);
}

}  // namespace leat
