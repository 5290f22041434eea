// SPDX-License-Identifier: Apache-2.0
// Rules about users, as anybody with ACL SETUSER or a file of users may write them: whatever is taken says the same
// again when it is stored and restored, and when it goes through a file.
#include <cstdint>
#include <cstdlib>

#include "broker/access/users_file.h"

namespace {

using namespace leat;
using namespace leat::access;

const Vocabulary& vocabulary() {
  static const Vocabulary words = [] {
    Vocabulary made;
    constexpr View kNames[] = {"get",         "set",    "select",     "client", "client|list",
                               "client|kill", "config", "config|get", "debug"};
    Categories category = 1;
    for (const View name : kNames) made.add(name, category = category << 1 | category >> 20);
    return made;
  }();
  return words;
}

void require(bool holds) {
  if (!holds) abort();
}

void check(const User& user) {
  const auto restored = User::restored(user.name(), user.stored(), vocabulary());
  require(restored.ok());
  require(restored->stored() == user.stored() && restored->text() == user.text());
  const auto filed = parse_users_file(user.line(), "file", vocabulary(), true);
  require(filed.ok() && filed->size() == 1 && filed->front().stored() == user.stored());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const View input(reinterpret_cast<const char*>(data), size);
  std::vector<View> rules;
  for (size_t at = 0; at < input.size();) {
    const size_t end = std::min(input.find('\n', at), input.size());
    rules.push_back(input.substr(at, end - at));
    at = end + 1;
  }
  Users users(vocabulary());
  users.channels_by_default = size % 2 == 1;
  const auto user = users.changed("u", rules, 0);
  if (user.ok()) {
    check(*user);
    const KeyUse key{input, kReads, 1};
    const ChannelUse channel{input, false, 1};
    static_cast<void>(
        user->judge({.command = 0, .for_anyone = false, .first_word = input, .keys = {&key, 1}, .channels = {&channel, 1}}));
  }
  const auto filed = parse_users_file(input, "file", vocabulary(), false);
  for (size_t i = 0; filed.ok() && i < filed->size(); ++i) check((*filed)[i]);
  return 0;
}
