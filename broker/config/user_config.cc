// SPDX-License-Identifier: Apache-2.0
#include "broker/config/user_config.h"

#include <algorithm>

namespace leat {

Status set_user_rules(View name, std::vector<Bytes> rules, const Bytes& place, Config& config) {
  if (name.empty() || name.find_first_of(View(" \t\r\n\0", 5)) != View::npos) {
    return Status::error(place + ": a user's name has no blanks in it, and is not empty");
  }
  const auto there =
      std::find_if(config.users.begin(), config.users.end(), [&](const UserConfig& one) { return one.name == name; });
  UserConfig fresh{.name = Bytes(name), .rules = std::move(rules), .place = place};
  if (there != config.users.end()) *there = std::move(fresh);
  else config.users.push_back(std::move(fresh));
  return Status::fine();
}

Status set_user_rules(View name, View rules, const Bytes& place, Config& config) {
  std::vector<Bytes> split;
  for (size_t at = rules.find_first_not_of(' '); at != View::npos; at = rules.find_first_not_of(' ', at)) {
    const size_t end = std::min(rules.find(' ', at), rules.size());
    split.emplace_back(rules.substr(at, end - at));
    at = end;
  }
  return set_user_rules(name, std::move(split), place, config);
}

Status check_users(const Config& config) {
  if (config.users.empty() || config.aclfile.empty()) return Status::fine();
  return Status::error(config.users.front().place + ": [user." + config.users.front().name +
                       "] and aclfile cannot both be: put all users into the file, or none");
}

}  // namespace leat
