// SPDX-License-Identifier: Apache-2.0
#include "broker/config/bind_addresses.h"

#include "broker/protocol/words.h"

namespace leat {

namespace {
View host_of(View word) {
  if (word == "*") return "0.0.0.0";
  if (word == "::*") return "::";
  return word == "localhost" ? View("127.0.0.1") : word;
}
}  // namespace

std::vector<BindAddress> bind_addresses(View text) {
  std::vector<BindAddress> addresses;
  for (View word : words_of(text)) {
    const bool may_be_missing = word.starts_with('-');
    if (may_be_missing) word.remove_prefix(1);
    addresses.push_back({host_of(word), may_be_missing});
  }
  return addresses;
}

}  // namespace leat
