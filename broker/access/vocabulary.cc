// SPDX-License-Identifier: Apache-2.0
#include "broker/access/vocabulary.h"

#include <strings.h>

#include "schemas/check.h"

namespace leat::access {

Bytes lower_case(View text) {
  Bytes out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

bool same_in_any_case(View a, View b) { return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0; }

std::optional<Categories> category_named(View name) {
  for (size_t i = 0; i < kCategoryNames.size(); ++i) {
    if (same_in_any_case(kCategoryNames[i], name)) return Categories{1} << i;
  }
  return std::nullopt;
}

void Vocabulary::add(View name, Categories categories) {
  const size_t number = words_.size();
  CHECK(number + 1 < kCommandsMax);  // the last bit of a CommandSet stands for commands that are yet to come
  Word word{.name = lower_case(name), .categories = categories, .container = {}, .subcommands = {}};
  if (const size_t bar = word.name.find('|'); bar != Bytes::npos) {
    word.container = find(View(word.name).substr(0, bar));
    CHECK(word.container.has_value());
    words_[*word.container].subcommands.push_back(number);
  }
  numbers_.emplace(word.name, number);
  words_.push_back(std::move(word));
}

std::optional<size_t> Vocabulary::find(View name) const {
  const auto found = numbers_.find(lower_case(name));
  if (found == numbers_.end()) return std::nullopt;
  return found->second;
}

}  // namespace leat::access
