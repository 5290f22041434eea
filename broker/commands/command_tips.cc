// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/command_tips.h"

#include "broker/protocol/words.h"

namespace leat {

namespace {

struct Tips {
  View words;
  View commands;
};
constexpr Tips kTips[] = {
    {"nondeterministic_output",
     "CLIENT|INFO CLIENT|LIST CLUSTER|BUMPEPOCH CLUSTER|COUNT-FAILURE-REPORTS CLUSTER|GETKEYSINSLOT CLUSTER|INFO CLUSTER|LINKS "
     "CLUSTER|NODES CLUSTER|REPLICAS CLUSTER|SHARDS CLUSTER|SLAVES CLUSTER|SLOTS DUMP HPTTL HRANDFIELD HSCAN HTTL LASTSAVE MIGRATE OBJECT|ENCODING OBJECT|FREQ OBJECT|IDLETIME OBJECT|REFCOUNT PTTL SPOP SRANDMEMBER SSCAN TIME TTL "
     "XADD XAUTOCLAIM XCLAIM XINFO|CONSUMERS XPENDING XTRIM ZRANDMEMBER ZSCAN"},
    {"nondeterministic_output request_policy:all_nodes response_policy:special",
     "LATENCY|DOCTOR LATENCY|GRAPH LATENCY|HISTOGRAM LATENCY|HISTORY LATENCY|LATEST"},
    {"nondeterministic_output request_policy:all_shards response_policy:special",
     "FUNCTION|STATS INFO MEMORY|DOCTOR MEMORY|MALLOC-STATS MEMORY|STATS"},
    {"nondeterministic_output request_policy:special", "SCAN"},
    {"nondeterministic_output_order",
     "COMMAND COMMAND|DOCS COMMAND|INFO COMMAND|LIST FUNCTION|LIST HGETALL HKEYS HVALS MODULE|LIST SDIFF SINTER SMEMBERS SUNION"},
    {"request_policy:all_nodes nondeterministic_output", "SLOWLOG|GET"},
    {"request_policy:all_nodes response_policy:agg_sum nondeterministic_output", "SLOWLOG|LEN"},
    {"request_policy:all_nodes response_policy:all_succeeded",
     "CONFIG|SET LATENCY|RESET SCRIPT|FLUSH SCRIPT|LOAD SLOWLOG|RESET"},
    {"request_policy:all_shards nondeterministic_output", "RANDOMKEY"},
    {"request_policy:all_shards nondeterministic_output_order", "KEYS"},
    {"request_policy:all_shards response_policy:agg_logical_and", "SCRIPT|EXISTS"},
    {"request_policy:all_shards response_policy:agg_min", "WAIT WAITAOF"},
    {"request_policy:all_shards response_policy:agg_sum", "DBSIZE"},
    {"request_policy:all_shards response_policy:all_succeeded",
     "FLUSHALL FLUSHDB FUNCTION|DELETE FUNCTION|FLUSH FUNCTION|LOAD FUNCTION|RESTORE MEMORY|PURGE PING"},
    {"request_policy:all_shards response_policy:one_succeeded", "FUNCTION|KILL SCRIPT|KILL"},
    {"request_policy:multi_shard", "MGET"},
    {"request_policy:multi_shard response_policy:agg_min", "MSETNX"},
    {"request_policy:multi_shard response_policy:agg_sum", "DEL EXISTS TOUCH UNLINK"},
    {"request_policy:multi_shard response_policy:all_succeeded", "MSET"},
};

}  // namespace

View tips_of(View command) {
  for (const Tips& tips : kTips) {
    if (has_word(tips.commands, command)) return tips.words;
  }
  return {};
}

}  // namespace leat
