// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/stream_references.h"

#include <algorithm>

#include "broker/commands/parse.h"

namespace leat {

using consumers::Group;
using consumers::Pending;

Result<bool> parse_references(View word, std::optional<References>& references) {
  std::optional<References> named;
  if (same_word(word, "KEEPREF")) named = References::kKeep;
  else if (same_word(word, "DELREF")) named = References::kDrop;
  else if (same_word(word, "ACKED")) named = References::kAcked;
  if (!named) return false;
  if (references) return kSyntaxError;
  references = named;
  return true;
}

Holders::Holders(const Stream& stream) : stream_(stream), given_(kStreamIdMax) {
  for (const auto& [name, group] : stream.groups()) given_ = std::min(given_, group->last_delivered());
}

bool Holders::hold(StreamId id, const Group* acked) const {
  if (id > given_) return true;
  for (const auto& [name, group] : stream_.groups()) {
    if (group.get() != acked && group->pending().find(id) != nullptr) return true;
  }
  return false;
}

std::vector<StreamId> Holders::next_free(Walk& walk) const {
  std::vector<StreamId> between;
  std::vector<Pending::Cursor> pending;
  for (const auto& [name, group] : stream_.groups()) pending.push_back(group->pending().from(walk.from));
  Stream::Cursor at = stream_.cursor(walk.from);
  for (; at.valid() && walk.looks > 0 && walk.left > 0 && between.size() < kPortion; at.next(), --walk.looks) {
    const StreamId id = at.id();
    if (id >= walk.end || id > given_) break;
    walk.from = id.next();
    bool held = false;
    for (Pending::Cursor& one : pending) {
      while (one.valid() && one->id < id) one.next();
      held |= one.valid() && one->id == id;
    }
    walk.held_any |= held;
    if (held) continue;
    --walk.left;
    if (walk.held_any) between.push_back(id);
    else ++walk.run;
  }
  return between;
}

namespace {

struct Dropped {
  Bytes group;
  std::vector<StreamId> ids;
};

// The shorter side is walked: a long run of ids over few pending entries, or the other way round.
std::vector<StreamId> pending_among(const Pending& pending, StreamIds ids) {
  std::vector<StreamId> found;
  if (ids.size() <= pending.size()) {
    for (const StreamId id : ids) {
      if (pending.find(id) != nullptr) found.push_back(id);
    }
    return found;
  }
  for (auto at = pending.from(ids.front()); at.valid() && at->id <= ids.back(); at.next()) {
    if (std::binary_search(ids.begin(), ids.end(), at->id)) found.push_back(at->id);
  }
  return found;
}

template <typename Choose>
void drop_from_groups(Context& ctx, View key, Choose choose) {
  std::vector<Dropped> dropped;  // owned: what `find` returns dies with the first emit
  const auto found = ctx.find<Stream>(key);
  for (const auto& [name, group] : (*found)->groups()) {
    if (auto ids = choose(**found, group->pending()); !ids.empty()) dropped.push_back({name, std::move(ids)});
  }
  for (const Dropped& one : dropped) ctx.emit(PendingAck{.key = key, .group = one.group, .ids = one.ids});
}

}  // namespace

void drop_references(Context& ctx, View key, StreamIds ids) {
  if (ids.empty()) return;
  drop_from_groups(ctx, key, [ids](const Stream&, const Pending& pending) { return pending_among(pending, ids); });
}

void drop_references_to_oldest(Context& ctx, View key, uint64_t count) {
  drop_from_groups(ctx, key, [count](const Stream& stream, const Pending& pending) {
    std::vector<StreamId> ids;
    for (auto at = pending.begin(); at.valid() && stream.count_before(at->id) < count; at.next()) {
      if (stream.contains(at->id)) ids.push_back(at->id);
    }
    return ids;
  });
}

}  // namespace leat
