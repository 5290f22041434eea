// SPDX-License-Identifier: Apache-2.0
// secrets.h: which words of a request nobody may read but the broker: passwords, and what is said about users.
//
// Used by: the executor, before a request goes into the slow log or to who monitors.
// Always:  - a word that may be a password is taken for one, also in a request that was refused.
#pragma once

#include <vector>

#include "broker/commands/command.h"

namespace leat {

// The words, with "(redacted)" in the place of the secret ones. Views of `args`.
std::vector<View> without_secrets(const Command& command, Args args);

}  // namespace leat
