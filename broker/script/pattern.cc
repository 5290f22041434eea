// SPDX-License-Identifier: Apache-2.0
#include "broker/script/pattern.h"

#include <cctype>
#include <cstring>

namespace leat {

constexpr int kDepthMax = 200;  // a frame is some hundred bytes; LuaJIT's bound is the same
constexpr char kEscape = '%';
constexpr size_t kSetBytesPerStep = 8;

static int byte_at(const char* p) { return static_cast<unsigned char>(*p); }

Pattern::Pattern(lua_State* L, View subject, View pattern)
    : lua_(L),
      interpreter_(Interpreter::of(L)),
      begin_(subject.data()),
      end_(subject.data() + subject.size()),
      pattern_(pattern.data()),
      pattern_end_(pattern.data() + pattern.size()) {}

const char* Pattern::match(const char* from) {
  level_ = 0;
  depth_ = 0;
  return step(from, pattern_);
}

static bool in_class(int c, int kind) {
  bool found;
  switch (std::tolower(kind)) {
    case 'a':
      found = std::isalpha(c);
      break;
    case 'c':
      found = std::iscntrl(c);
      break;
    case 'd':
      found = std::isdigit(c);
      break;
    case 'g':
      found = std::isgraph(c);
      break;
    case 'l':
      found = std::islower(c);
      break;
    case 'p':
      found = std::ispunct(c);
      break;
    case 's':
      found = std::isspace(c);
      break;
    case 'u':
      found = std::isupper(c);
      break;
    case 'w':
      found = std::isalnum(c);
      break;
    case 'x':
      found = std::isxdigit(c);
      break;
    case 'z':
      found = c == 0;
      break;
    default:
      return kind == c;
  }
  return std::isupper(kind) ? !found : found;
}

// Behind the single-character class at p.
const char* Pattern::class_end(const char* p) {
  if (*p == kEscape) {
    if (p + 1 >= pattern_end_) luaL_error(lua_, "malformed pattern (ends with '%%')");
    return p + 2;
  }
  if (*p != '[') return p + 1;
  const char* const start = p++;
  if (p < pattern_end_ && *p == '^') ++p;
  do {  // the first character is never the end of the set
    if (p >= pattern_end_) luaL_error(lua_, "malformed pattern (missing ']')");
    if (*p++ == kEscape) {
      if (p >= pattern_end_) luaL_error(lua_, "malformed pattern (missing ']')");
      ++p;
    }
  } while (p >= pattern_end_ || *p != ']');
  interpreter_.spend(lua_, static_cast<size_t>(p - start) / kSetBytesPerStep);
  return p + 1;
}

// p is at '[', last at its ']'.
bool Pattern::in_set(int c, const char* p, const char* last) const {
  bool found = true;
  if (p[1] == '^') {
    found = false;
    ++p;
  }
  while (++p < last) {
    if (*p == kEscape) {
      ++p;
      if (in_class(c, byte_at(p))) return found;
    } else if (p[1] == '-' && p + 2 < last) {
      if (byte_at(p) <= c && c <= byte_at(p + 2)) return found;
      p += 2;
    } else if (byte_at(p) == c) {
      return found;
    }
  }
  return !found;
}

bool Pattern::one(const char* s, const char* p, const char* end) {
  const int c = byte_at(s);
  switch (*p) {
    case '.':
      return true;
    case kEscape:
      return in_class(c, byte_at(p + 1));
    case '[':
      // A set may be as long as memory allows.
      interpreter_.spend(lua_, static_cast<size_t>(end - p) / kSetBytesPerStep);
      return in_set(c, p, end - 1);
    default:
      return byte_at(p) == c;
  }
}

// %bxy
const char* Pattern::balance(const char* s, const char* p) {
  if (p + 1 >= pattern_end_) luaL_error(lua_, "unbalanced pattern");
  if (s >= end_ || *s != *p) return nullptr;
  int open = 1;
  const char* const start = s;
  while (++s < end_) {
    if (*s == p[1]) {
      if (--open == 0) {
        interpreter_.spend(lua_, static_cast<size_t>(s - start));
        return s + 1;
      }
    } else if (*s == *p) {
      ++open;
    }
  }
  interpreter_.spend(lua_, static_cast<size_t>(s - start));
  return nullptr;
}

const char* Pattern::most(const char* s, const char* p, const char* end) {
  ptrdiff_t count = 0;
  while (s + count < end_ && one(s + count, p, end)) ++count;
  interpreter_.spend(lua_, static_cast<size_t>(count));
  for (; count >= 0; --count) {
    if (const char* found = step(s + count, end + 1)) return found;
  }
  return nullptr;
}

const char* Pattern::fewest(const char* s, const char* p, const char* end) {
  for (;; ++s) {
    if (const char* found = step(s, end + 1)) return found;
    if (s >= end_ || !one(s, p, end)) return nullptr;
  }
}

// %f[set]: the border between a character outside and one inside the set; both ends of the subject count as zero bytes.
const char* Pattern::frontier(const char* s, const char* p) {
  if (p >= pattern_end_ || *p != '[') luaL_error(lua_, "missing '[' after '%%f' in pattern");
  const char* const end = class_end(p);
  const int before = s == begin_ ? 0 : byte_at(s - 1);
  const int after = s == end_ ? 0 : byte_at(s);
  if (in_set(before, p, end - 1) || !in_set(after, p, end - 1)) return nullptr;
  return step(s, end);
}

const char* Pattern::start_capture(const char* s, const char* p, ptrdiff_t size) {
  if (level_ >= kCapturesMax) luaL_error(lua_, "too many captures");
  captures_[static_cast<size_t>(level_++)] = {s, size};
  const char* const found = step(s, p);
  if (found == nullptr) --level_;
  return found;
}

const char* Pattern::end_capture(const char* s, const char* p) {
  int open = level_ - 1;
  while (open >= 0 && captures_[static_cast<size_t>(open)].size != kOpen) --open;
  if (open < 0) luaL_error(lua_, "invalid pattern capture");
  Capture& capture = captures_[static_cast<size_t>(open)];
  capture.size = s - capture.start;
  const char* const found = step(s, p);
  if (found == nullptr) capture.size = kOpen;
  return found;
}

int Pattern::captured(int digit) {
  const int index = digit - '1';
  if (index < 0 || index >= level_ || captures_[static_cast<size_t>(index)].size == kOpen) {
    luaL_error(lua_, "invalid capture index");
  }
  return index;
}

const char* Pattern::repeat_capture(const char* s, int digit) {
  const Capture& capture = captures_[static_cast<size_t>(captured(digit))];
  if (capture.size == kPosition) luaL_error(lua_, "invalid capture index");
  const auto size = static_cast<size_t>(capture.size);
  interpreter_.spend(lua_, size);
  if (static_cast<size_t>(end_ - s) < size || std::memcmp(capture.start, s, size) != 0) return nullptr;
  return s + size;
}

// Matches the pattern from p at s; returns the end of the match.
const char* Pattern::step(const char* s, const char* p) {
  if (depth_ >= kDepthMax) luaL_error(lua_, "pattern too complex");
  ++depth_;
  const char* found = s;
  for (;;) {
    interpreter_.spend(lua_, 1);
    if (p == pattern_end_) break;
    if (*p == '(') {
      const bool position = p + 1 < pattern_end_ && p[1] == ')';
      found = position ? start_capture(s, p + 2, kPosition) : start_capture(s, p + 1, kOpen);
      break;
    }
    if (*p == ')') {
      found = end_capture(s, p + 1);
      break;
    }
    if (*p == '$' && p + 1 == pattern_end_) {
      found = s == end_ ? s : nullptr;
      break;
    }
    if (*p == kEscape && p + 1 < pattern_end_) {
      const int kind = byte_at(p + 1);
      if (kind == 'f') {
        found = frontier(s, p + 2);
        break;
      }
      if (kind == 'b' || std::isdigit(kind)) {
        s = kind == 'b' ? balance(s, p + 2) : repeat_capture(s, kind);
        found = s;
        if (s == nullptr) break;
        p += kind == 'b' ? 4 : 2;
        continue;
      }
    }
    const char* const end = class_end(p);
    const char suffix = end < pattern_end_ ? *end : '\0';
    const bool here = s < end_ && one(s, p, end);
    if (suffix == '*' || suffix == '-') {
      found = suffix == '*' ? most(s, p, end) : fewest(s, p, end);
      break;
    }
    if (suffix == '+') {
      found = here ? most(s + 1, p, end) : nullptr;
      break;
    }
    if (suffix == '?') {
      if (here) {
        found = step(s + 1, end + 1);
        if (found != nullptr) break;
      }
      p = end + 1;
      found = s;
      continue;
    }
    found = nullptr;
    if (!here) break;
    found = ++s;
    p = end;
  }
  --depth_;
  return found;
}

void Pattern::push_capture(int index, const char* from, const char* end) {
  if (index >= level_) {
    if (index != 0) luaL_error(lua_, "invalid capture index");
    return push(lua_, View(from, static_cast<size_t>(end - from)));
  }
  const Capture& capture = captures_[static_cast<size_t>(index)];
  if (capture.size == kOpen) luaL_error(lua_, "unfinished capture");
  if (capture.size == kPosition) return lua_pushinteger(lua_, capture.start - begin_ + 1);
  push(lua_, View(capture.start, static_cast<size_t>(capture.size)));
}

int Pattern::push_captures(const char* from, const char* end) {
  const int count = level_ == 0 ? 1 : level_;
  luaL_checkstack(lua_, count, "too many captures");
  for (int i = 0; i < count; ++i) push_capture(i, from, end);
  return count;
}

int Pattern::push_own_captures() { return level_ == 0 ? 0 : push_captures(nullptr, nullptr); }

}  // namespace leat
