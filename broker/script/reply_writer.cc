// SPDX-License-Identifier: Apache-2.0
#include "broker/script/reply_writer.h"

#include <algorithm>

#include "schemas/bytes.h"

namespace leat {
namespace {

constexpr int kReplyDepthMax = 1000;  // tables within tables; ours: Redis ends at about 2,600, where its stack does

constexpr size_t kValueBytes = 64;    // what a value counts for at least: it takes time, however few bytes

// Where a reply goes that is only measured.
class NoSink final : public ReplySink {
 public:
  Replied simple(View) override { return {}; }
  Replied error(View) override { return {}; }
  Replied integer(int64_t) override { return {}; }
  Replied bulk(View) override { return {}; }
  Replied null() override { return {}; }
  Replied null_array() override { return {}; }
  Replied real(double) override { return {}; }
  Replied plain_real(double) override { return {}; }
  Replied boolean(bool) override { return {}; }
  Replied verbatim_as(View, View) override { return {}; }
  Replied array(size_t) override { return {}; }
  Replied map(size_t) override { return {}; }
  Replied set(size_t) override { return {}; }
  Replied push(size_t) override { return {}; }
  Mark reserve_array() override { return 0; }
  void fill_array(Mark, size_t) override {}
  bool resp3() const override { return false; }
};

// Pushes the field of the table on top where it has that type.
bool push_field(lua_State* L, const char* name, int type) {
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  if (lua_type(L, -1) == type) return true;
  lua_pop(L, 1);
  return false;
}

class ReplyWriter {
 public:
  ReplyWriter(lua_State* L, ReplySink& reply, bool resp3, size_t bytes_max)
      : lua_(L), reply_(reply), resp3_(resp3), room_(bytes_max) {}

  bool fits() const { return fits_; }

  // Each writes the value on top of the stack and leaves the stack as it was. Once over the bound they do nothing.
  void value(int depth) {
    take(kValueBytes);
    if (!fits_) return;
    switch (lua_type(lua_, -1)) {
      case LUA_TSTRING:
        reply_.bulk(top());
        return;
      case LUA_TNUMBER:
        reply_.integer(truncated(lua_tonumber(lua_, -1)));
        return;
      case LUA_TBOOLEAN:
        boolean(lua_toboolean(lua_, -1));
        return;
      case LUA_TTABLE:
        table(depth);
        return;
      default:
        reply_.null();
        return;
    }
  }

 private:
  static constexpr size_t kFormatBytes = 3;  // of a verbatim string in RESP3
  void take(size_t bytes) {
    fits_ = fits_ && bytes <= room_;
    if (fits_) room_ -= bytes;
  }

  View top() {
    size_t size;
    const char* bytes = lua_tolstring(lua_, -1, &size);
    take(size);
    return View(bytes, fits_ ? size : 0);
  }

  // As x86 converts, and so Redis: what does not fit becomes the least integer.
  static int64_t truncated(double number) {
    constexpr double kLimit = 9223372036854775808.0;
    return number >= -kLimit && number < kLimit ? static_cast<int64_t>(number) : INT64_MIN;
  }

  void boolean(bool value) {
    if (resp3_)
      reply_.boolean(value);
    else if (value)
      reply_.integer(1);
    else
      reply_.null();
  }

  void table(int depth) {
    if (depth == kReplyDepthMax || !lua_checkstack(lua_, 8)) {
      reply_.error("ERR reached lua stack limit");
      return;
    }
    if (text_field("err") || text_field("ok") || real_field() || map_field(depth) || set_field(depth) ||
        number_text_field() || verbatim_field()) {
      return;
    }
    array(depth);
  }

  bool field(const char* name, int type) { return push_field(lua_, name, type); }

  bool text_field(const char* name) {
    if (!field(name, LUA_TSTRING)) return false;
    Bytes line(top());  // a line break would end the reply early
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
    if (name[0] == 'e')
      reply_.error(line);
    else
      reply_.simple(line);
    lua_pop(lua_, 1);
    return true;
  }

  bool real_field() {
    if (!field("double", LUA_TNUMBER)) return false;
    reply_.real(lua_tonumber(lua_, -1));
    lua_pop(lua_, 1);
    return true;
  }

  // lua_next, which also ends once over the bound.
  bool next() {
    if (fits_) return lua_next(lua_, -2) != 0;
    lua_pop(lua_, 1);
    return false;
  }

  size_t pairs() {
    size_t count = 0;
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) ++count;
    return count;
  }

  bool map_field(int depth) {
    if (!field("map", LUA_TTABLE)) return false;
    reply_.map(pairs());
    for (lua_pushnil(lua_); next(); lua_pop(lua_, 1)) {
      lua_pushvalue(lua_, -2);
      value(depth + 1);
      lua_pop(lua_, 1);
      value(depth + 1);
    }
    lua_pop(lua_, 1);
    return true;
  }

  bool set_field(int depth) {
    if (!field("set", LUA_TTABLE)) return false;
    reply_.set(pairs());
    for (lua_pushnil(lua_); next();) {
      lua_pop(lua_, 1);
      value(depth + 1);  // the key, which lua_next needs again
    }
    lua_pop(lua_, 1);
    return true;
  }

  bool number_text_field() {
    if (!field("big_number", LUA_TSTRING)) return false;
    Bytes digits(top());
    for (char& c : digits) c = c == '\r' || c == '\n' ? ' ' : c;  // it is one line in RESP3
    reply_.big_number(digits);
    lua_pop(lua_, 1);
    return true;
  }

  bool verbatim_field() {
    if (!field("verbatim_string", LUA_TTABLE)) return false;
    if (!field("format", LUA_TSTRING)) return lua_pop(lua_, 1), false;
    Bytes format(top().substr(0, kFormatBytes));
    format.resize(kFormatBytes, ' ');
    lua_pop(lua_, 1);
    if (!field("string", LUA_TSTRING)) return lua_pop(lua_, 1), false;
    reply_.verbatim_as(format, top());
    lua_pop(lua_, 2);
    return true;
  }

  void array(int depth) {
    int count = 0;
    for (;; ++count) {
      lua_rawgeti(lua_, -1, count + 1);
      const bool last = lua_isnil(lua_, -1);
      lua_pop(lua_, 1);
      if (last) break;
    }
    reply_.array(static_cast<size_t>(count));
    for (int i = 1; i <= count && fits_; ++i) {
      lua_rawgeti(lua_, -1, i);
      value(depth + 1);
      lua_pop(lua_, 1);
    }
  }

  lua_State* lua_;
  ReplySink& reply_;
  const bool resp3_;
  size_t room_;
  bool fits_ = true;
};

}  // namespace

std::optional<View> error_in(lua_State* L) {
  if (!lua_istable(L, -1) || !lua_checkstack(L, 2) || !push_field(L, "err", LUA_TSTRING)) return std::nullopt;
  size_t size;
  const char* const bytes = lua_tolstring(L, -1, &size);
  lua_pop(L, 1);  // the table keeps it
  return View(bytes, size);
}

// Tables may hold one another many times over, and one string a million times: what is small in Lua can be a reply that
// no memory holds. What was promised to a sink must follow, so tables are measured first.
bool write_reply(lua_State* L, ReplySink& reply, int protocol, size_t bytes_max) {
  if (lua_istable(L, -1)) {
    NoSink nowhere;
    ReplyWriter measured(L, nowhere, protocol == 3, bytes_max);
    measured.value(0);
    if (!measured.fits()) return false;
  }
  ReplyWriter(L, reply, protocol == 3, SIZE_MAX).value(0);
  return true;
}

}  // namespace leat
