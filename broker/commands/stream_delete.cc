// SPDX-License-Identifier: Apache-2.0
// stream_delete.cc: XDELEX and XACKDEL: entries go with a word on the groups that hold them.
// https://redis.io/docs/latest/commands/xackdel/  Their rows stand in stream.cc and stream_group.cc.
#include <algorithm>

#include "broker/commands/parse.h"
#include "broker/commands/stream_commands.h"
#include "broker/commands/stream_ids.h"
#include "broker/commands/stream_references.h"

namespace leat {

using consumers::Group;

namespace {

// What each id is answered.
constexpr int64_t kNotThere = -1, kGone = 1, kStillHeld = 2;

struct DeleteRequest {
  References references = References::kKeep;
  std::vector<StreamId> ids;
};

// [KEEPREF|DELREF|ACKED] IDS count id [id ...], in any order, from word `i` on.
Result<DeleteRequest> parse_delete(Args args, size_t i) {
  std::optional<References> references;
  Views words;
  for (; i < args.size(); ++i) {
    const auto taken = parse_references(args[i], references);
    if (!taken.ok()) return taken.status();
    if (*taken) continue;
    const size_t more = args.size() - i - 1;
    if (!same_word(args[i], "IDS") || more == 0 || !words.empty()) return kSyntaxError;
    const auto count = parse_integer(args[i + 1]);
    if (!count || *count <= 0) return Status::error("ERR Number of IDs must be a positive integer");
    if (static_cast<uint64_t>(*count) > more - 1) {
      return Status::error("ERR The `numids` parameter must match the number of arguments");
    }
    words = args.slice(i + 2, i + 2 + *count);
    i += 1 + *count;
  }
  if (words.empty()) return kSyntaxError;
  auto ids = stream_ids_of(words);
  if (!ids.ok()) return ids.status();
  return DeleteRequest{references.value_or(References::kKeep), std::move(*ids)};
}

Replied reply_all(ReplySink& reply, size_t count, int64_t answer) {
  reply.array(count);
  for (size_t i = 0; i < count; ++i) reply.integer(answer);
  return {};
}

void sort_once(std::vector<StreamId>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

// The ids of a request in order, each once, and whether one has been asked about before.
class Asked {
 public:
  explicit Asked(std::vector<StreamId> ids) : sorted_(std::move(ids)) {
    sort_once(sorted_);
    seen_.resize(sorted_.size());
  }
  const std::vector<StreamId>& sorted() const { return sorted_; }
  bool again(StreamId id) {
    const size_t at = std::lower_bound(sorted_.begin(), sorted_.end(), id) - sorted_.begin();
    const bool before = seen_[at];
    seen_[at] = true;
    return before;
  }

 private:
  std::vector<StreamId> sorted_;
  std::vector<bool> seen_;
};

// What becomes of the ids, decided before anything changes.
struct Plan {
  std::vector<int64_t> answers;
  std::vector<StreamId> acked, deleted, dropped;  // of one group; of the stream; of every group

  Replied carry_out(Context& ctx, View key, View group) {
    sort_once(acked), sort_once(deleted), sort_once(dropped);
    if (!acked.empty()) ctx.emit(PendingAck{.key = key, .group = group, .ids = acked});
    drop_references(ctx, key, dropped);
    if (!deleted.empty()) ctx.emit(StreamDelete{.key = key, .ids = deleted});
    ctx.reply.array(answers.size());
    for (const int64_t answer : answers) ctx.reply.integer(answer);
    return {};
  }
};

}  // namespace

// XDELEX key [KEEPREF|DELREF|ACKED] IDS count id [id ...]  →  for each id: 1 gone, 2 still held, -1 not there
Outcome xdelex(Context& ctx, Args args) {
  const auto request = parse_delete(args, 2);
  if (!request.ok()) return request.status();
  const View key = args[1];
  const auto found = ctx.find<Stream>(key);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return reply_all(ctx.reply, request->ids.size(), kNotThere);
  const Stream& stream = **found;
  const Holders holders(stream);
  Asked asked(request->ids);
  Plan plan;
  // Also where only the references are left.
  if (request->references == References::kDrop) plan.dropped = asked.sorted();
  for (const StreamId id : request->ids) {
    const bool held = request->references == References::kAcked && holders.hold(id);
    if ((asked.again(id) && !held) || !stream.contains(id)) {
      plan.answers.push_back(kNotThere);
    } else if (held) {
      plan.answers.push_back(kStillHeld);
    } else {
      plan.answers.push_back(kGone);
      plan.deleted.push_back(id);
    }
  }
  return plan.carry_out(ctx, key, View());
}

// XACKDEL key group [KEEPREF|DELREF|ACKED] IDS count id [id ...]  →  for each id: 1 acknowledged and gone, 2
// acknowledged
//   and still held, -1 was not pending
Outcome xackdel(Context& ctx, Args args) {
  const auto request = parse_delete(args, 3);
  if (!request.ok()) return request.status();
  const View key = args[1];
  const auto found = ctx.find<Stream>(key);
  if (!found.ok()) return found.status();
  const Group* const group = *found == nullptr ? nullptr : (*found)->find_group(args[2]);
  if (group == nullptr) return reply_all(ctx.reply, request->ids.size(), kNotThere);
  const Stream& stream = **found;
  const Holders holders(stream);
  Asked asked(request->ids);
  Plan plan;
  for (const StreamId id : request->ids) {
    const bool there = stream.contains(id);
    const bool acked = !asked.again(id) && group->pending().find(id) != nullptr;
    if (request->references == References::kDrop && (acked || !there)) plan.dropped.push_back(id);
    if (!acked) {
      plan.answers.push_back(kNotThere);
      continue;
    }
    plan.acked.push_back(id);
    const bool held = request->references == References::kAcked && there && holders.hold(id, group);
    plan.answers.push_back(held ? kStillHeld : kGone);
    if (there && !held) plan.deleted.push_back(id);
  }
  return plan.carry_out(ctx, key, args[2]);
}

}  // namespace leat
