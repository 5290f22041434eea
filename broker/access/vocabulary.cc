// SPDX-License-Identifier: Apache-2.0
#include "broker/access/vocabulary.h"

#include "broker/protocol/words.h"
#include "schemas/check.h"

namespace leat::access {

std::optional<Categories> category_named(View name) {
  for (size_t i = 0; i < kCategoryNames.size(); ++i) {
    if (same_word(kCategoryNames[i], name)) return Categories{1} << i;
  }
  return std::nullopt;
}

void Vocabulary::add(View name, Categories categories) {
  const size_t number = words_.size();
  CHECK(number + 1 < kCommandsMax);  // the last bit of a CommandSet stands for commands that are yet to come
  Word word{.name = lower(name), .categories = categories, .container = {}, .subcommands = {}};
  if (const size_t bar = word.name.find('|'); bar != Bytes::npos) {
    word.container = find(View(word.name).substr(0, bar));
    CHECK(word.container.has_value());
    words_[*word.container].subcommands.push_back(number);
  }
  numbers_.emplace(word.name, number);
  words_.push_back(std::move(word));
}

std::optional<size_t> Vocabulary::find(View name) const {
  const auto found = numbers_.find(lower(name));
  if (found == numbers_.end()) return std::nullopt;
  return found->second;
}

}  // namespace leat::access
