// SPDX-License-Identifier: Apache-2.0
// families.h: the families that the table gathers; each is defined at the bottom of its own file.
#pragma once

#include "broker/commands/command.h"

namespace leat {

extern const Family kAclFamily;
extern const Family kBitmapFamily;
extern const Family kClassFamily;
extern const Family kClusterFamily;
extern const Family kConnectionFamily;
extern const Family kDebugFamily;
extern const Family kFunctionFamily;
extern const Family kGeoFamily;
extern const Family kHashFamily;
extern const Family kHashLifetimeFamily;
extern const Family kHyperLogLogFamily;
extern const Family kKeyFamily;
extern const Family kLatencyFamily;
extern const Family kLeatFamily;
extern const Family kListFamily;
extern const Family kLolwutFamily;
extern const Family kMemoryFamily;
extern const Family kModuleFamily;
extern const Family kMonitorFamily;
extern const Family kPubSubFamily;
extern const Family kReplicationFamily;
extern const Family kScriptFamily;
extern const Family kServerFamily;
extern const Family kSetFamily;
extern const Family kSlowLogFamily;
extern const Family kSortFamily;
extern const Family kSortedSetFamily;
extern const Family kStreamFamily;
extern const Family kStreamGroupFamily;
extern const Family kStringFamily;
extern const Family kTransactionFamily;

}  // namespace leat
