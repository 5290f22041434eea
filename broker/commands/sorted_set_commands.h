// SPDX-License-Identifier: Apache-2.0
// sorted_set_commands.h: the sorted-set family's handlers that stand in files of their own, and what those files share.
// The rows of all stand in sorted_set.cc.
#pragma once

#include "broker/commands/context.h"
#include "broker/keyspace/sorted_set.h"

namespace leat {

// sorted_set_range.cc: by rank, by score, by member
Outcome zcount(Context&, Args);
Outcome zlexcount(Context&, Args);
Outcome zrange(Context&, Args);
Outcome zrangebylex(Context&, Args);
Outcome zrangebyscore(Context&, Args);
Outcome zrangestore(Context&, Args);
Outcome zremrangebylex(Context&, Args);
Outcome zremrangebyrank(Context&, Args);
Outcome zremrangebyscore(Context&, Args);
Outcome zrevrange(Context&, Args);
Outcome zrevrangebylex(Context&, Args);
Outcome zrevrangebyscore(Context&, Args);

// sorted_set_pop.cc: taken from either end, at once or when something comes
Outcome bzmpop(Context&, Args);
Outcome bzpopmax(Context&, Args);
Outcome bzpopmin(Context&, Args);
Outcome zmpop(Context&, Args);
Outcome zpopmax(Context&, Args);
Outcome zpopmin(Context&, Args);

// sorted_set_algebra.cc: of several sets
Outcome zdiff(Context&, Args);
Outcome zdiffstore(Context&, Args);
Outcome zinter(Context&, Args);
Outcome zintercard(Context&, Args);
Outcome zinterstore(Context&, Args);
Outcome zunion(Context&, Args);
Outcome zunionstore(Context&, Args);

// Members alone, or with their scores: flat in RESP2, a pair each in RESP3.
enum class Scores : uint8_t { kWithout, kWith };
void begin_entries(ReplySink& reply, uint64_t count, Scores scores);
void write_entry(ReplySink& reply, View member, double score, Scores scores);

// Puts `entries` in place of whatever `to` holds; replies with their number. They may be borrowed from `to` itself.
Outcome store_entries(Context& ctx, View to, ScoredMembers entries);

// ZADD's options, and what GEOADD knows of them.
struct AddOptions {
  bool only_new = false, only_existing = false;      // NX, XX
  bool only_greater = false, only_less = false;      // GT, LT
  bool count_changed = false;                        // CH
  bool increment = false;                            // INCR, ZINCRBY: of one entry
};
// Adds, or moves to the score; replies as ZADD does.
Outcome add_entries(Context& ctx, View key, const AddOptions& options, ScoredMembers entries);

// For tables of members that clients chose: seeded, so that nobody can choose them to collide.
struct MemberHash {
  const ChunkStore& chunks;
  size_t operator()(View member) const { return chunks.hash_of(member); }
};

}  // namespace leat
