// SPDX-License-Identifier: Apache-2.0
#include "broker/config/config_words.h"

#include <algorithm>
#include <cstdio>

#include "broker/protocol/numbers.h"
#include "broker/protocol/words.h"

namespace leat {

std::optional<int64_t> parse_bytes(View text) {
  struct Unit {
    View name;
    int64_t factor;
  };
  constexpr Unit kUnits[] = {{"kb", 1 << 10}, {"mb", 1 << 20}, {"gb", 1 << 30}, {"k", 1000},
                             {"m", 1000000},  {"g", 1000000000}, {"b", 1}};
  for (const Unit& unit : kUnits) {
    if (text.size() > unit.name.size() && same_word(text.substr(text.size() - unit.name.size()), unit.name)) {
      const auto number = parse_integer(text.substr(0, text.size() - unit.name.size()));
      int64_t bytes;
      if (!number || __builtin_mul_overflow(*number, unit.factor, &bytes)) return std::nullopt;
      return bytes;
    }
  }
  return parse_integer(text);
}

std::optional<DurabilityMode> durability_named(View word) {
  for (const auto& [name, mode] : kDurabilityWords) {
    if (same_word(name, word)) return mode;
  }
  return std::nullopt;
}

std::optional<EvictionPolicy> policy_named(View word) {
  for (const auto& [name, policy] : kPolicyWords) {
    if (same_word(name, word)) return policy;
  }
  return std::nullopt;
}

View name_of(DurabilityMode mode) { return kDurabilityWords[static_cast<size_t>(mode)].name; }
View name_of(EvictionPolicy policy) { return kPolicyWords[static_cast<size_t>(policy)].name; }

Bytes percent_text(double percent) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", percent);
  return text;
}

size_t distance(View a, View b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace leat
