// SPDX-License-Identifier: Apache-2.0
// users_file.h: the file of users (aclfile): one line each, as ACL LIST tells them.
//
// Used by: the doorkeeper: at the start, ACL LOAD, ACL SAVE.
// Always:  - it is read whole or not at all: one wrong line, and nothing comes of it but what is wrong with each;
//          - no error tells a rule that could be a password;
//          - it is written beside, synced, and renamed.
#pragma once

#include "broker/access/users.h"

namespace leat::access {

Result<std::vector<User>> read_users_file(const Bytes& path, const Vocabulary& words, bool channels_by_default);
// What such a file holds; `path` is only told.
Result<std::vector<User>> parse_users_file(View text, View path, const Vocabulary& words, bool channels_by_default);
Status write_users_file(const Bytes& path, const Users& users);

}  // namespace leat::access
