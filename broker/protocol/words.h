// SPDX-License-Identifier: Apache-2.0
// words.h: words as people write them: in any case, and in lists with blanks between.
//
// Used by: whoever compares names and options; settings that are lists, tables that are written as one text.
// Always:  only the 26 letters of ASCII have two cases.
#pragma once

#include <strings.h>

#include <algorithm>
#include <vector>

#include "schemas/bytes.h"

namespace leat {

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

inline Bytes lower(View text) {
  Bytes out(text);
  for (char& c : out) c = lower(c);
  return out;
}

inline Bytes upper(View text) {
  Bytes out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

// Whether the two are one word, each in any case. leat's locale is always "C".
inline bool same_word(View a, View b) {
  if (a.size() != b.size()) return false;
  if (a.empty()) return true;
  // The bit in which "A" and "a" differ: most words differ in another one of their first letter.
  constexpr char kCase = 0x20;
  return (a[0] | kCase) == (b[0] | kCase) && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

inline std::vector<View> words_of(View text, View blanks = " ") {
  std::vector<View> words;
  for (size_t at = text.find_first_not_of(blanks); at != View::npos; at = text.find_first_not_of(blanks, at)) {
    const size_t end = std::min(text.find_first_of(blanks, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

// Whether the list holds that word, which holds no blank itself. Allocates nothing.
inline bool has_word(View text, View word) {
  const auto parts = [&](size_t at) { return at >= text.size() || text[at] == ' '; };
  for (size_t at = text.find(word); at != View::npos; at = text.find(word, at + 1)) {
    if (parts(at + word.size()) && (at == 0 || parts(at - 1))) return true;
  }
  return false;
}

}  // namespace leat
