// SPDX-License-Identifier: Apache-2.0
// words.h: the words of a text, as people write lists of them: with blanks between.
//
// Used by: settings that are lists, tables that are written as one text.
#pragma once

#include <algorithm>
#include <vector>

#include "schemas/bytes.h"

namespace leat {

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
