// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/secrets.h"

#include <algorithm>

#include "broker/commands/table.h"

namespace leat {

namespace {

constexpr View kRedacted = "(redacted)";
constexpr View kSecretSettings[] = {"http.readonly_token", "http.token",      "masterauth", "masteruser", "requirepass",
                                    "tls-client-key-file-pass", "tls-key-file-pass"};

void hide(std::vector<View>& words, size_t first, size_t count) {
  for (size_t i = first; i < words.size() && i - first < count; ++i) words[i] = kRedacted;
}

// What follows `word`, in the words from `first` on.
void hide_behind(std::vector<View>& words, size_t first, View word, size_t count) {
  for (size_t i = first; i < words.size(); ++i) {
    if (same_word(words[i], word)) hide(words, i + 1, count);
  }
}

void hide_settings(std::vector<View>& words) {
  for (size_t i = 2; i + 1 < words.size(); i += 2) {
    const bool secret = std::any_of(std::begin(kSecretSettings), std::end(kSecretSettings),
                                    [&](View name) { return same_word(name, words[i]); });
    if (secret) words[i + 1] = kRedacted;
  }
}

}  // namespace

std::vector<View> without_secrets(const Command& command, Args args) {
  std::vector<View> words(args.all().begin(), args.all().end());
  const View name = command.row.name;
  if (name == "AUTH") {
    hide(words, 1, words.size());
  } else if (name == "HELLO") {
    hide_behind(words, 2, "AUTH", 2);
  } else if (name == "MIGRATE") {
    hide_behind(words, 6, "AUTH", 1);
    hide_behind(words, 6, "AUTH2", 2);
  } else if (name == "CONFIG|SET") {
    hide_settings(words);
  } else if (name == "ACL|SETUSER" || name == "ACL|GETUSER" || name == "ACL|DELUSER" || name == "ACL|GENTOKEN" ||
             name == "ACL|RESTTOKEN" || name == "ACL|TOKENS") {
    hide(words, 2, words.size());
  }
  return words;
}

}  // namespace leat
