// SPDX-License-Identifier: Apache-2.0
#include "broker/protocol/glob.h"

#include <utility>

namespace leat {

namespace {

char fold(char c, bool any_case) { return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// One element of the pattern at `at` against `c`; moves `at` past it.
bool match_one(View pattern, size_t& at, char c, bool any_case) {
  const char want = pattern[at++];
  if (want == '?') return true;
  if (want == '\\' && at < pattern.size()) return fold(pattern[at++], any_case) == fold(c, any_case);
  if (want != '[') return fold(want, any_case) == fold(c, any_case);
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool found = false;
  c = fold(c, any_case);
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      ++at;
      if (fold(pattern[at], any_case) == c) found = true;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      char low = fold(pattern[at], any_case), high = fold(pattern[at + 2], any_case);
      if (low > high) std::swap(low, high);
      at += 2;
      if (low <= c && c <= high) found = true;
    } else if (fold(pattern[at], any_case) == c) {
      found = true;
    }
    ++at;
  }
  if (at < pattern.size()) ++at;  // the bracket
  return found != negated;
}

}  // namespace

// Only the last star needs to be tried again: what an earlier one could do differently, a later one can make up for.
bool glob_match(View pattern, View text, bool any_case) {
  size_t p = 0, t = 0, star = View::npos, star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
      continue;
    }
    size_t after = p;
    if (p < pattern.size() && match_one(pattern, after, text[t], any_case)) {
      p = after;
      ++t;
    } else if (star != View::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace leat
