// SPDX-License-Identifier: Apache-2.0
// user_config.h: the [user.NAME] tables of the configuration.
//
// Used by: config.cc. What the rules mean is found out at the start, when the commands are known (doorkeeper.h).
// Always:  - a refusal names no rule: it could be a password.
#pragma once

#include "broker/config/config.h"

namespace leat {

Status set_user_rules(View name, std::vector<Bytes> rules, const Bytes& place, Config& config);
Status set_user_rules(View name, View rules, const Bytes& place, Config& config);  // split at blanks
Status check_users(const Config& config);

}  // namespace leat
