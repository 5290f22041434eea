// SPDX-License-Identifier: Apache-2.0
#include "broker/script/lua_sink.h"

#include <algorithm>

#include "broker/protocol/numbers.h"
#include "schemas/check.h"

namespace leat {

constexpr size_t kSlotsAheadMax = 1 << 16;  // a table is made this large at once; beyond it grows as values come

// The value on top goes into the container that waits for it; a container that is full goes into its own.
// (Pushing needs no lua_checkstack: LuaJIT's stack grows with every push, and replies are a few levels deep.)
Replied LuaSink::place() {
  while (!frames_.empty()) {
    Frame& frame = frames_.back();
    store(frame);
    if (frame.placed < frame.count) break;
    const Kind kind = frame.kind;
    frames_.pop_back();
    wrap(kind);
  }
  return {};
}

void LuaSink::store(Frame& frame) {
  ++frame.placed;
  switch (frame.kind) {
    case Kind::kArray:
      lua_rawseti(lua_, -2, static_cast<int>(frame.placed));
      return;
    case Kind::kSet:
      if (lua_isnil(lua_, -1)) return lua_pop(lua_, 1);
      lua_pushboolean(lua_, 1);
      return lua_rawset(lua_, -3);
    case Kind::kMap:
      if (frame.placed % 2 == 1) return;  // a key: it waits on the stack for its value
      if (lua_isnil(lua_, -2)) return lua_pop(lua_, 2);
      return lua_rawset(lua_, -3);
  }
}

void LuaSink::wrap(Kind kind) {
  if (kind == Kind::kArray) return;
  lua_createtable(lua_, 0, 1);
  lua_insert(lua_, -2);
  lua_setfield(lua_, -2, kind == Kind::kMap ? "map" : "set");
}

Replied LuaSink::open(Kind kind, size_t count) {
  const int slots = static_cast<int>(std::min(count, kSlotsAheadMax));
  if (kind == Kind::kArray)
    lua_createtable(lua_, slots, 0);
  else
    lua_createtable(lua_, 0, slots / (kind == Kind::kMap ? 2 : 1));
  if (count > 0) {
    frames_.push_back({kind, count, 0});
    return {};
  }
  wrap(kind);
  return place();
}

// { [name] = text }
Replied LuaSink::field(const char* name, View text) {
  lua_createtable(lua_, 0, 1);
  lua_pushlstring(lua_, text.data(), text.size());
  lua_setfield(lua_, -2, name);
  return place();
}

Replied LuaSink::simple(View text) { return field("ok", text); }

Replied LuaSink::error(View text) {
  failed_ = failed_ || frames_.empty();
  return field("err", text);
}

Replied LuaSink::integer(int64_t value) {
  lua_pushnumber(lua_, static_cast<double>(value));
  return place();
}

Replied LuaSink::bulk(View bytes) {
  if (memory_.exceeded())
    lua_pushboolean(lua_, 0);
  else
    lua_pushlstring(lua_, bytes.data(), bytes.size());
  return place();
}

Replied LuaSink::null() {
  if (resp3_)
    lua_pushnil(lua_);
  else
    lua_pushboolean(lua_, 0);
  return place();
}

Replied LuaSink::null_array() { return null(); }

Replied LuaSink::real(double value) {
  if (!resp3_) {
    char text[kRealTextMax];
    return bulk(View(text, write_real(text, value)));
  }
  lua_createtable(lua_, 0, 1);
  lua_pushnumber(lua_, value);
  lua_setfield(lua_, -2, "double");
  return place();
}

Replied LuaSink::boolean(bool value) {
  if (!resp3_) return integer(value ? 1 : 0);
  lua_pushboolean(lua_, value);
  return place();
}

Replied LuaSink::verbatim_as(View format, View text) {
  if (!resp3_) return bulk(text);
  lua_createtable(lua_, 0, 1);
  lua_createtable(lua_, 0, 2);
  lua_pushlstring(lua_, format.data(), format.size());
  lua_setfield(lua_, -2, "format");
  lua_pushlstring(lua_, text.data(), text.size());
  lua_setfield(lua_, -2, "string");
  lua_setfield(lua_, -2, "verbatim_string");
  return place();
}

Replied LuaSink::array(size_t count) { return open(Kind::kArray, count); }
Replied LuaSink::map(size_t pairs) { return open(resp3_ ? Kind::kMap : Kind::kArray, 2 * pairs); }
Replied LuaSink::set(size_t count) { return open(resp3_ ? Kind::kSet : Kind::kArray, count); }
Replied LuaSink::push(size_t count) { return array(count); }

ReplySink::Mark LuaSink::reserve_array() {
  lua_createtable(lua_, 0, 0);
  frames_.push_back({Kind::kArray, SIZE_MAX, 0});
  return frames_.size() - 1;
}

void LuaSink::fill_array(Mark mark, size_t count) {
  CHECK(frames_.size() == mark + 1);
  CHECK(frames_.back().placed == count);
  frames_.pop_back();
  place();
}

}  // namespace leat
