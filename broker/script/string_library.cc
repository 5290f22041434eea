// SPDX-License-Identifier: Apache-2.0
// LuaJIT's string library, with the four functions that search replaced by ones that can be stopped (pattern.h).
#include <algorithm>
#include <cstring>
#include <iterator>

#include "broker/script/libraries.h"
#include "broker/script/pattern.h"

namespace leat {

static View checked_view(lua_State* L, int index) {
  size_t size;
  const char* bytes = luaL_checklstring(L, index, &size);
  return View(bytes, size);
}

constexpr size_t kBytesPerStep = 16;  // copied

static bool is_plain(View pattern) { return pattern.find_first_of("^$*+?.([%-") == View::npos; }

// The place, from 0, where a search begins: Lua's third argument may be negative, from the end, or past the end.
static size_t search_start(lua_State* L, size_t size) {
  ptrdiff_t start = luaL_optinteger(L, 3, 1);
  if (start < 0) start += static_cast<ptrdiff_t>(size) + 1;
  start = std::max<ptrdiff_t>(start - 1, 0);
  return std::min(static_cast<size_t>(start), size);
}

static int push_span(lua_State* L, size_t start, size_t end) {
  lua_pushinteger(L, static_cast<lua_Integer>(start + 1));
  lua_pushinteger(L, static_cast<lua_Integer>(end));
  return 2;
}

// memmem is linear also for needles made to be slow.
static int find_plain(lua_State* L, View subject, View needle, size_t start) {
  Interpreter::of(L).spend(L, (subject.size() - start) / 8);
  const void* found = memmem(subject.data() + start, subject.size() - start, needle.data(), needle.size());
  if (found == nullptr) {
    lua_pushnil(L);
    return 1;
  }
  const auto at = static_cast<size_t>(static_cast<const char*>(found) - subject.data());
  return push_span(L, at, at + needle.size());
}

enum class Search { kFind, kMatch };

template <Search search>
static int search_once(lua_State* L) {
  const View subject = checked_view(L, 1);
  View pattern = checked_view(L, 2);
  const size_t start = search_start(L, subject.size());
  if (search == Search::kFind && (lua_toboolean(L, 4) || is_plain(pattern))) {
    return find_plain(L, subject, pattern, start);
  }
  const bool anchored = pattern.starts_with('^');
  if (anchored) pattern.remove_prefix(1);
  Pattern matcher(L, subject, pattern);
  const char* const subject_end = subject.data() + subject.size();
  for (const char* from = subject.data() + start; from <= subject_end; ++from) {
    if (const char* end = matcher.match(from)) {
      if (search == Search::kMatch) return matcher.push_captures(from, end);
      return push_span(L, static_cast<size_t>(from - subject.data()), static_cast<size_t>(end - subject.data())) +
             matcher.push_own_captures();
    }
    if (anchored) break;
  }
  lua_pushnil(L);
  return 1;
}

// Upvalues: subject, pattern, where the next search begins.
static int gmatch_next(lua_State* L) {
  const View subject = view_at(L, lua_upvalueindex(1));
  const auto start = static_cast<size_t>(lua_tointeger(L, lua_upvalueindex(3)));
  Pattern matcher(L, subject, view_at(L, lua_upvalueindex(2)));
  const char* const subject_end = subject.data() + subject.size();
  for (const char* from = subject.data() + start; from <= subject_end; ++from) {
    const char* const end = matcher.match(from);
    if (end == nullptr) continue;
    lua_pushinteger(L, end - subject.data() + (end == from ? 1 : 0));  // an empty match must not be found again
    lua_replace(L, lua_upvalueindex(3));
    return matcher.push_captures(from, end);
  }
  return 0;
}

static int gmatch(lua_State* L) {
  checked_view(L, 1);
  checked_view(L, 2);
  lua_settop(L, 2);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, gmatch_next, 3);
  return 1;
}

// The result of gsub. It grows outside Lua, so it is held against the bound here; a Lua error unwinds the frame that
// holds it and frees it.
class Output {
 public:
  explicit Output(lua_State* L) : lua_(L), room_(Interpreter::of(L).memory().left()) {}
  void append(View bytes) {
    Interpreter::of(lua_).spend(lua_, bytes.size() / kBytesPerStep);
    if (bytes.size() > room_ - bytes_.size()) luaL_error(lua_, "not enough memory");
    bytes_ += bytes;
  }
  View view() const { return bytes_; }

 private:
  lua_State* lua_;
  size_t room_;
  Bytes bytes_;
};

// The replacement text with its %0 to %9.
static void add_template(lua_State* L, Output& out, Pattern& matcher, View text, View match) {
  while (!text.empty()) {
    const size_t plain = std::min(text.find('%'), text.size());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const View what = text.substr(1, 1);
    text.remove_prefix(1 + what.size());
    if (what.empty() || what[0] < '0' || what[0] > '9') {
      out.append(what);
    } else if (what[0] == '0') {
      out.append(match);
    } else {
      matcher.push_capture(what[0] - '1', match.data(), match.data() + match.size());
      out.append(view_at(L, -1));
      lua_pop(L, 1);
    }
    Interpreter::of(L).spend(L, 1 + match.size() / 8);
  }
}

// What the function or the table at 3 has for this match; false and nil keep it.
static void add_value(lua_State* L, Output& out, Pattern& matcher, View match) {
  const Interpreter::Nested nested(L);
  if (lua_type(L, 3) == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    const int count = matcher.push_captures(match.data(), match.data() + match.size());
    lua_call(L, count, 1);
  } else {
    matcher.push_capture(0, match.data(), match.data() + match.size());
    lua_gettable(L, 3);
  }
  if (!lua_toboolean(L, -1))
    out.append(match);
  else if (lua_isstring(L, -1))
    out.append(view_at(L, -1));
  else
    luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  lua_pop(L, 1);
}

// gsub(subject, pattern, replacement [, count])
static int gsub(lua_State* L) {
  const View subject = checked_view(L, 1);
  View pattern = checked_view(L, 2);
  const int kind = lua_type(L, 3);
  luaL_argcheck(L, kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION || kind == LUA_TTABLE, 3,
                "string/function/table expected");
  const bool templated = kind == LUA_TNUMBER || kind == LUA_TSTRING;
  const View text = templated ? view_at(L, 3) : View();
  const auto replaced_max = static_cast<size_t>(
      std::max<lua_Integer>(luaL_optinteger(L, 4, static_cast<lua_Integer>(subject.size()) + 1), 0));
  const bool anchored = pattern.starts_with('^');
  if (anchored) pattern.remove_prefix(1);

  Pattern matcher(L, subject, pattern);
  Output out(L);
  size_t replaced = 0;
  const char* from = subject.data();
  const char* const subject_end = from + subject.size();
  while (replaced < replaced_max) {
    const char* const end = matcher.match(from);
    if (end != nullptr) {
      ++replaced;
      const View match(from, static_cast<size_t>(end - from));
      if (templated)
        add_template(L, out, matcher, text, match);
      else
        add_value(L, out, matcher, match);
    }
    if (end != nullptr && end > from)
      from = end;
    else if (from < subject_end)
      out.append(View(from++, 1));
    else
      break;
    if (anchored) break;
  }
  out.append(View(from, static_cast<size_t>(subject_end - from)));
  push(L, out.view());
  lua_pushinteger(L, static_cast<lua_Integer>(replaced));
  return 2;
}

void push_string_library(lua_State* L) {
  static constexpr const char* kKept[] = {"byte", "char", "format", "len", "lower", "rep", "reverse", "sub", "upper"};
  static constexpr luaL_Reg kOurs[] = {
      {"find", search_once<Search::kFind>},
      {"match", search_once<Search::kMatch>},
      {"gmatch", gmatch},
      {"gfind", gmatch},
      {"gsub", gsub},
      {nullptr, nullptr},
  };
  lua_getglobal(L, LUA_STRLIBNAME);
  keep_only(L, std::begin(kKept), std::end(kKept));
  luaL_register(L, nullptr, kOurs);
  bound_depth(L, "format");  // calls __tostring
}

}  // namespace leat
