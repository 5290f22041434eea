// SPDX-License-Identifier: Apache-2.0
// categories.h: which of Redis 7.4's ACL categories a command is in.
//
// Used by: the table, which puts them beside the commands.
// Source:  https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/#command-categories
#pragma once

#include "broker/access/vocabulary.h"
#include "broker/commands/command.h"

namespace leat {

access::Categories categories_of(const Command& command);

}  // namespace leat
