// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/restored_value.h"

#include <algorithm>

#include "broker/keyspace/stream_progress.h"

namespace leat::rdb {

namespace {

constexpr size_t kPieceParts = 1024, kPieceBytes = 64 << 10;
constexpr uint64_t kEffectBytes = 64;  // of an effect, beside its names and values, about

const Status kBadFormat = Status::error("ERR Bad data format");
const Status kModule = Status::error("ERR Bad data format: it is of a module, and leat has none");

// As long as the key, so that a key is not logged many times for few bytes of its value.
size_t piece_bytes(View key) { return std::max(kPieceBytes, key.size()); }

}  // namespace

// ---- the judgement

ValueCheck::ValueCheck(View key, const Bounds& bounds)
    : bounds_(bounds),
      each_(key.size() / kPieceParts + sizeof(uint32_t)),
      whole_(key.size() + kEffectBytes),
      why_(kBadFormat) {}

Status ValueCheck::check(const Object& object) {
  if (is_of_module(object.layout)) return kModule;
  if (!type_of(object.layout) || !read_object(object, bounds_.input, *this) || !different_.look()) return why_;
  return Status::fine();
}

bool ValueCheck::adds(uint64_t bytes) {
  logged_ += bytes;
  if (logged_ <= bounds_.logged_max) return true;
  why_ = Status::error("ERR the value would take more than the " + std::to_string(bounds_.logged_max) +
                       " bytes that so short a dump may");
  return false;
}

bool ValueCheck::fits(View part, uint64_t beside) {
  if (part.size() <= bounds_.part_max) return adds(part.size() + beside);
  why_ = bounds_.too_long;
  return false;
}

bool ValueCheck::field(View name, View value, TimeMs expire_at_ms) {
  const uint64_t lifetime = expire_at_ms == kNoLifetime ? 0 : name.size() + sizeof(TimeMs) + whole_;
  return fits(name, each_) && fits(value, each_ + lifetime) && differs(name);
}

bool ValueCheck::entry(StreamId, Views pairs) {
  for (const View part : pairs) {
    if (!fits(part, sizeof(uint32_t))) return false;
  }
  return adds(whole_);
}

// ---- the effects

void ValueEffects::emit(const Object& object, const Input::Limits& limits) {
  type_ = *type_of(object.layout);
  if (type_ != Type::kString) bytes_.reserve(piece_bytes(key_));
  if (type_ == Type::kStream) emit_(StreamCreate{.key = key_});
  CHECK(read_object(object, limits, *this));  // as it was when it was looked through
  flush();
  emit_endings();
  if (type_ != Type::kString && expire_at_ms_ != kNoExpiry) emit_(KeySetExpiry{.key = key_, .at_ms = expire_at_ms_});
}

bool ValueEffects::text(View value) {
  emit_(StringSet{.key = key_, .value = value, .expire_at_ms = expire_at_ms_});
  return true;
}

// What is short is copied until there is enough for an effect; what is long is an effect of its own.
bool ValueEffects::gather(std::initializer_list<View> parts) {
  size_t size = 0;
  for (const View part : parts) size += part.size();
  if (bytes_.size() + size > bytes_.capacity() || parts_.size() >= kPieceParts) flush();
  if (size > bytes_.capacity()) {
    emit_parts(Views(parts.begin(), parts.size()));
    return true;
  }
  for (const View part : parts) {
    parts_.push_back(View(bytes_.data() + bytes_.size(), part.size()));
    bytes_.append(part);
  }
  return true;
}

void ValueEffects::flush() {
  if (parts_.empty()) return;
  emit_parts(parts_);
  parts_.clear();
  bytes_.clear();
}

void ValueEffects::emit_parts(Views parts) {
  switch (type_) {
    case Type::kList:
      return emit_(ListPush{.key = key_, .side = Side::kRight, .values = parts});
    case Type::kSet:
      return emit_(SetAdd{.key = key_, .members = parts});
    case Type::kHash:
      return emit_(HashSet{.key = key_, .pairs = parts});
    case Type::kSortedSet:
      members_.clear();
      for (size_t i = 0; i < parts.size(); ++i) members_.push_back({scores_[i], parts[i]});
      scores_.clear();
      return emit_(SortedSetAdd{.key = key_, .entries = members_});
    case Type::kString:
    case Type::kStream:
      break;
  }
  CHECK(false);  // they are never gathered
}

bool ValueEffects::scored(View member, double score) {
  // Its score must not be among those of an effect that gather() emits first.
  if (bytes_.size() + member.size() > bytes_.capacity() || parts_.size() >= kPieceParts) flush();
  scores_.push_back(score);
  return gather({member});
}

bool ValueEffects::field(View name, View value, TimeMs expire_at_ms) {
  if (expire_at_ms != kNoLifetime) endings_.emplace_back(expire_at_ms, name);
  return gather({name, value});
}

// Fields that end at one time are one effect, of a bounded size. What is due already is hidden from now on, and purged.
void ValueEffects::emit_endings() {
  std::sort(endings_.begin(), endings_.end());
  for (size_t i = 0; i < endings_.size();) {
    const TimeMs at_ms = endings_[i].first;
    size_t bytes = 0;
    for (parts_.clear(); i < endings_.size() && endings_[i].first == at_ms; ++i) {
      const View name = endings_[i].second;
      if (!parts_.empty() && (parts_.size() >= kPieceParts || bytes + name.size() > piece_bytes(key_))) break;
      parts_.push_back(name);
      bytes += name.size();
    }
    emit_(HashSetExpiry{.key = key_, .at_ms = at_ms, .names = parts_});
  }
  parts_.clear();
}

bool ValueEffects::entry(StreamId id, Views pairs) {
  emit_(StreamAdd{.key = key_, .id = id, .pairs = pairs});
  return true;
}

bool ValueEffects::stream(const StreamEnd& end) {
  emit_(StreamSetId{.key = key_,
                        .last_id = end.last_id,
                        .entries_added = end.entries_added,
                        .max_deleted_id = end.max_deleted_id});
  return true;
}

bool ValueEffects::group(const GroupHead& group) {
  const int64_t read = group.counted ? group.entries_read : entries_until(made(), group.last_delivered);
  emit_(GroupCreate{.key = key_, .group = group.name, .last_delivered = group.last_delivered, .entries_read = read});
  return true;
}

bool ValueEffects::consumer(const ConsumerHead& one) {
  emit_(ConsumerCreate{.key = key_, .group = one.group, .consumer = one.name, .at_ms = one.seen_ms});
  // No content, and in no log: group.h.
  made().find_group(one.group)->find_consumer(one.name)->active_time_ms = one.active_ms;
  return true;
}

bool ValueEffects::pending(const PendingOne& one) {
  emit_(PendingClaim{.key = key_,
                         .group = one.group,
                         .consumer = one.consumer,
                         .id = one.id,
                         .delivered_at_ms = one.delivered_at_ms,
                         .deliveries = one.deliveries});
  return true;
}

}  // namespace leat::rdb
