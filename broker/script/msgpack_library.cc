// SPDX-License-Identifier: Apache-2.0
// cmsgpack, with the rules and texts of lua-cmsgpack.                                        [msgpack-cxx]
#include <bit>
#include <climits>
#include <cmath>
#include <msgpack.hpp>

#include "broker/script/interpreter.h"
#include "broker/script/libraries.h"

namespace leat {
namespace {

constexpr int kPackDepthMax = 16;      // lua-cmsgpack's: what is deeper becomes nil
constexpr int kUnpackDepthMax = 1000;  // ours: lua-cmsgpack ends where its stack does

constexpr char kNoMemory[] = "not enough memory";

// --- packing

class Out {  // what msgpack::packer writes to
 public:
  Out(lua_State* L, Bytes& bytes) : lua_(L), bytes_(bytes), room_(Interpreter::of(L).memory().left()) {}
  void write(const char* from, size_t size) {
    if (bytes_.size() + size > room_) luaL_error(lua_, "not enough memory");
    bytes_.append(from, size);
  }

 private:
  lua_State* lua_;
  Bytes& bytes_;
  size_t room_;
};

class Packer {
 public:
  Packer(lua_State* L, Bytes& bytes) : lua_(L), out_(L, bytes), packer_(out_) {}

  // Packs the value on top of the stack, which stays.
  void value(int depth) {
    Interpreter::of(lua_).spend(lua_, 1);
    switch (lua_type(lua_, -1)) {
      case LUA_TSTRING:
        return text();
      case LUA_TNUMBER:
        return number(lua_tonumber(lua_, -1));
      case LUA_TBOOLEAN:
        lua_toboolean(lua_, -1) ? packer_.pack_true() : packer_.pack_false();
        return;
      case LUA_TTABLE:
        if (depth < kPackDepthMax) return table(depth);
        [[fallthrough]];
      default:
        packer_.pack_nil();
    }
  }

 private:
  void text() {
    const View bytes = view_at(lua_, -1);
    packer_.pack_str(static_cast<uint32_t>(bytes.size()));
    packer_.pack_str_body(bytes.data(), static_cast<uint32_t>(bytes.size()));
  }

  void number(double value) {
    constexpr double kLimit = 9223372036854775808.0;
    if (value >= -kLimit && value < kLimit && std::floor(value) == value) {
      packer_.pack_int64(static_cast<int64_t>(value));
    } else if (static_cast<double>(static_cast<float>(value)) == value) {
      real<uint32_t>(0xca, static_cast<float>(value));
    } else {
      real<uint64_t>(0xcb, value);
    }
  }

  // Written here: msgpack-cxx makes integers of reals that have no fraction.
  template <typename Word, typename Real>
  void real(unsigned char tag, Real value) {
    const auto word = std::bit_cast<Word>(value);
    char bytes[1 + sizeof word] = {static_cast<char>(tag)};
    for (size_t i = 0; i < sizeof word; ++i) bytes[1 + i] = static_cast<char>(word >> 8 * (sizeof word - 1 - i));
    out_.write(bytes, sizeof bytes);
  }

  void table(int depth) {
    luaL_checkstack(lua_, 4, "in function mp_encode_lua_table");
    if (is_array())
      array(depth);
    else
      map(depth);
  }

  // Keys 1 to n and no others; so is an empty table.
  bool is_array() {
    double largest = 0;
    size_t count = 0;
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) {
      const double key = lua_type(lua_, -2) == LUA_TNUMBER ? lua_tonumber(lua_, -2) : 0;
      if (!(key >= 1) || std::floor(key) != key || key > INT_MAX) {
        lua_pop(lua_, 2);
        return false;
      }
      largest = std::max(largest, key);
      ++count;
    }
    Interpreter::of(lua_).spend(lua_, count);
    return largest == static_cast<double>(count);
  }

  void array(int depth) {
    const auto count = static_cast<uint32_t>(lua_objlen(lua_, -1));
    packer_.pack_array(count);
    for (uint32_t i = 1; i <= count; ++i) {
      lua_rawgeti(lua_, -1, static_cast<int>(i));
      value(depth + 1);
      lua_pop(lua_, 1);
    }
  }

  void map(int depth) {
    uint32_t count = 0;
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) ++count;
    packer_.pack_map(count);
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) {
      lua_pushvalue(lua_, -2);
      value(depth + 1);
      lua_pop(lua_, 1);
      value(depth + 1);
    }
  }

  lua_State* lua_;
  Out out_;
  msgpack::packer<Out> packer_;
};

// pack(value, …): the packed values one behind the other
int pack(lua_State* L) {
  const int count = lua_gettop(L);
  if (count == 0) return luaL_argerror(L, 0, "MessagePack pack needs input.");
  Bytes& bytes = Interpreter::of(L).scratch();
  bytes.clear();
  Packer packer(L, bytes);
  for (int i = 1; i <= count; ++i) {
    lua_pushvalue(L, i);
    packer.value(0);
    lua_pop(L, 1);
  }
  push(L, bytes);
  return 1;
}

// --- unpacking

// Lays values onto the Lua stack: below each open container's next value lie its table and, in a map, the key. Its
// caller is lenient, so nothing here raises; what must be refused is noted, and the parser stops.
class Unpacker : public msgpack::null_visitor {
 public:
  explicit Unpacker(lua_State* L) : lua_(L), memory_(Interpreter::of(L).memory()) {}

  const char* refused() const { return refused_; }
  bool begin_value() { return depth_ = 0, refused_ == nullptr; }

  bool visit_nil() {
    lua_pushnil(lua_);
    return true;
  }
  bool visit_boolean(bool value) {
    lua_pushboolean(lua_, value);
    return true;
  }
  bool visit_positive_integer(uint64_t value) {
    lua_pushnumber(lua_, static_cast<double>(static_cast<int64_t>(value)));  // as lua-cmsgpack, past 2^63 too
    return true;
  }
  bool visit_negative_integer(int64_t value) {
    lua_pushnumber(lua_, static_cast<double>(value));
    return true;
  }
  bool visit_float32(float value) { return visit_float64(static_cast<double>(value)); }
  bool visit_float64(double value) {
    lua_pushnumber(lua_, value);
    return true;
  }
  bool visit_str(const char* bytes, uint32_t size) {
    if (memory_.exceeded()) return refuse(kNoMemory);
    lua_pushlstring(lua_, size == 0 ? "" : bytes, size);
    return true;
  }
  bool visit_bin(const char*, uint32_t) { return refuse("Bad data format in input."); }
  bool visit_ext(const char*, uint32_t) { return refuse("Bad data format in input."); }

  // The count is the sender's word and may be a lie: tables grow as values come.
  bool start_array(uint32_t) { return open(); }
  bool start_array_item() { return true; }
  bool end_array_item() {
    if (memory_.exceeded()) return refuse(kNoMemory);  // a byte of input is sixteen here
    lua_rawseti(lua_, -2, ++places_[depth_ - 1]);
    return true;
  }
  bool end_array() { return close(); }
  bool start_map(uint32_t) { return open(); }
  bool end_map_value() {
    if (lua_isnil(lua_, -2)) return refuse("table index is nil");
    if (lua_type(lua_, -2) == LUA_TNUMBER && std::isnan(lua_tonumber(lua_, -2))) return refuse("table index is NaN");
    if (memory_.exceeded()) return refuse(kNoMemory);
    lua_rawset(lua_, -3);
    return true;
  }
  bool end_map() { return close(); }

 private:
  bool refuse(const char* why) {
    refused_ = why;
    return false;
  }
  bool open() {
    if (memory_.exceeded()) return refuse(kNoMemory);
    if (depth_ == kUnpackDepthMax) return refuse("too many nested values");
    places_[depth_++] = 0;
    lua_newtable(lua_);
    return true;
  }
  bool close() {
    --depth_;
    return true;
  }

  lua_State* lua_;
  const LuaMemory& memory_;
  const char* refused_ = nullptr;
  size_t depth_ = 0;
  int places_[kUnpackDepthMax];  // filled in each open array
};

// Unpacks one value onto the stack; returns where it ends, or null and why not.
const char* unpack_value(Unpacker& unpacker, View input, size_t& offset) {
  unpacker.begin_value();
  try {
    const size_t before = offset;
    const bool done = msgpack::parse(input.data(), input.size(), offset, unpacker);
    if (unpacker.refused() != nullptr) return unpacker.refused();
    if (done) return nullptr;
    const bool unknown =
        before < input.size() && offset < input.size() && static_cast<unsigned char>(input[offset]) == 0xc1;
    return unknown ? "Bad data format in input." : "Missing bytes in input.";
  } catch (const std::exception&) {  // only what msgpack-cxx throws: a Lua error is no std::exception
    return "Bad data format in input.";
  }
}

// The values from `offset` on, at most `limit`; before them the offset that follows, or -1 at the end, where a limit or
// an offset was asked for.
int unpack_values(lua_State* L, lua_Integer limit, lua_Integer offset) {
  const char* data = luaL_checkstring(L, 1);
  const View input(data, lua_objlen(L, 1));
  const bool all = limit == 0 && offset == 0;
  if (offset < 0 || limit < 0) {
    return luaL_error(L, "Invalid request to unpack with offset of %d and limit of %d.", static_cast<int>(offset),
                      static_cast<int>(input.size()));
  }
  auto at = static_cast<size_t>(offset);
  if (at > input.size()) {
    return luaL_error(L, "Start offset %d greater than input length %d.", static_cast<int>(offset),
                      static_cast<int>(input.size()));
  }
  if (limit == 0) limit = INT_MAX;
  lua_settop(L, 1);
  Interpreter& interpreter = Interpreter::of(L);
  interpreter.spend(L, input.size() - at);
  int count = 0;
  const char* why = nullptr;
  {
    const LuaMemory::Lenient lenient(interpreter.memory());
    Unpacker unpacker(L);
    for (; count < limit && at < input.size() && why == nullptr; ++count) {
      if (lua_checkstack(L, 3))
        why = unpack_value(unpacker, input, at);
      else
        why = "too many return values at once; use unpack_one or unpack_limit instead.";
    }
  }
  if (why != nullptr) return luaL_error(L, "%s", why);
  if (all) return count;
  lua_pushinteger(L, at == input.size() ? -1 : static_cast<lua_Integer>(at));
  lua_insert(L, 2);
  return count + 1;
}

int unpack(lua_State* L) { return unpack_values(L, 0, 0); }
int unpack_one(lua_State* L) { return unpack_values(L, 1, luaL_optinteger(L, 2, 0)); }
int unpack_limit(lua_State* L) { return unpack_values(L, luaL_checkinteger(L, 2), luaL_optinteger(L, 3, 0)); }

}  // namespace

void push_msgpack_library(lua_State* L) {
  static constexpr luaL_Reg kFunctions[] = {{"pack", pack},
                                            {"unpack", unpack},
                                            {"unpack_one", unpack_one},
                                            {"unpack_limit", unpack_limit},
                                            {nullptr, nullptr}};
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  lua_pushliteral(L, "cmsgpack");
  lua_setfield(L, -2, "_NAME");
  lua_pushliteral(L, "lua-cmsgpack 0.4.0");
  lua_setfield(L, -2, "_VERSION");
  lua_pushliteral(L, "MessagePack C implementation for Lua");
  lua_setfield(L, -2, "_DESCRIPTION");
}

}  // namespace leat
