// SPDX-License-Identifier: Apache-2.0
// target.h: what a request's target names: "/set/a%20b?EX=10" is the words set, a b, and the pair EX, 10.
//
// Used by: RestSession.
// Always:  - each segment is decoded by itself, so %2F may be inside a word; a slash at the very end says nothing;
//          - in the query a plus is a blank, as forms have it; `_token` is kept apart from the other pairs.
// Source:  ../shared/REST.md 1.1; RFC 3986
#pragma once

#include <optional>
#include <vector>

#include "schemas/bytes.h"

namespace leat {

struct Target {
  struct Pair {
    Bytes name, value;  // "?NX" and "?NX=" have no value
  };
  std::vector<Bytes> words;
  std::vector<Pair> query;
  std::optional<Bytes> token;

  View word(size_t at) const { return at < words.size() ? View(words[at]) : View(); }
  std::optional<View> parameter(View name) const;
};

// nullopt: it is none, or a percent sign is not followed by two hexadecimal digits.
std::optional<Target> parse_target(View text);

}  // namespace leat
