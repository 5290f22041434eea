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

}  // namespace leat
