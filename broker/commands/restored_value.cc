// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/restored_value.h"

#include <algorithm>

#include "broker/commands/admission.h"
#include "broker/commands/stream_progress.h"

namespace leat {

namespace {

constexpr size_t kPieceParts = 1024, kPieceBytes = 64 << 10;
constexpr uint64_t kEffectBytes = 64;    // of an effect, beside its names and values, about
constexpr uint64_t kGrowth = 16;         // as much as a dump's bytes may stand for many times over, beyond a string's limit

const Status kBadFormat = Status::error("ERR Bad data format");
const Status kModule = Status::error("ERR Bad data format: it is of a module, and leat has none");

uint64_t growth_max(const Context& ctx, View dump) {
  return static_cast<uint64_t>(ctx.rooms.config.bulk_bytes_max) + kGrowth * dump.size();
}

// As long as the key, so that a key is not logged many times for few bytes of its value.
size_t piece_bytes(View key) { return std::max(kPieceBytes, key.size()); }

}  // namespace

// ---- the judgement

DumpCheck::DumpCheck(const Context& ctx, View key, View dump)
    : ctx_(ctx),
      key_(key),
      part_max_(string_bytes_max(ctx, key)),
      logged_max_(growth_max(ctx, dump)),
      limits_{static_cast<uint64_t>(ctx.rooms.config.bulk_bytes_max), logged_max_},
      each_(key.size() / kPieceParts + sizeof(uint32_t)),
      whole_(key.size() + kEffectBytes),
      why_(kBadFormat) {}

Status DumpCheck::check(View object) {
  if (rdb::is_of_module(object)) return kModule;
  if (!rdb::type_of(object) || !rdb::read_object(object, limits_, *this) || !different_.look()) return why_;
  return Status::fine();
}

bool DumpCheck::adds(uint64_t bytes) {
  logged_ += bytes;
  if (logged_ <= logged_max_) return true;
  why_ = Status::error("ERR the value would take more than the " + std::to_string(logged_max_) +
                       " bytes that so short a dump may");
  return false;
}

bool DumpCheck::fits(View part, uint64_t beside) {
  if (part.size() <= part_max_) return adds(part.size() + beside);
  why_ = string_too_long(ctx_, key_);
  return false;
}

bool DumpCheck::field(View name, View value, TimeMs expire_at_ms) {
  const uint64_t lifetime = expire_at_ms == rdb::kNoLifetime ? 0 : name.size() + sizeof(TimeMs) + whole_;
  return fits(name, each_) && fits(value, each_ + lifetime) && differs(name);
}

bool DumpCheck::entry(StreamId, Views pairs) {
  for (const View part : pairs) {
    if (!fits(part, sizeof(uint32_t))) return false;
  }
  return adds(whole_);
}

// ---- the effects

void DumpEffects::emit(View object, const rdb::Input::Limits& limits) {
  type_ = *rdb::type_of(object);
  if (type_ != Type::kString) bytes_.reserve(piece_bytes(key_));
  if (type_ == Type::kStream) ctx_.emit(StreamCreate{.key = key_});
  CHECK(rdb::read_object(object, limits, *this));  // as it was when it was looked through
  flush();
  emit_endings();
  if (type_ != Type::kString && expire_at_ms_ != kNoExpiry) ctx_.emit(KeySetExpiry{.key = key_, .at_ms = expire_at_ms_});
}

bool DumpEffects::text(View value) {
  ctx_.emit(StringSet{.key = key_, .value = value, .expire_at_ms = expire_at_ms_});
  return true;
}

// What is short is copied until there is enough for an effect; what is long is an effect of its own.
bool DumpEffects::gather(std::initializer_list<View> parts) {
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

void DumpEffects::flush() {
  if (parts_.empty()) return;
  emit_parts(parts_);
  parts_.clear();
  bytes_.clear();
}

void DumpEffects::emit_parts(Views parts) {
  switch (type_) {
    case Type::kList:
      return ctx_.emit(ListPush{.key = key_, .side = Side::kRight, .values = parts});
    case Type::kSet:
      return ctx_.emit(SetAdd{.key = key_, .members = parts});
    case Type::kHash:
      return ctx_.emit(HashSet{.key = key_, .pairs = parts});
    case Type::kSortedSet:
      members_.clear();
      for (size_t i = 0; i < parts.size(); ++i) members_.push_back({scores_[i], parts[i]});
      scores_.clear();
      return ctx_.emit(SortedSetAdd{.key = key_, .entries = members_});
    case Type::kString:
    case Type::kStream:
      break;
  }
  CHECK(false);  // they are never gathered
}

bool DumpEffects::scored(View member, double score) {
  // Its score must not be among those of an effect that gather() emits first.
  if (bytes_.size() + member.size() > bytes_.capacity() || parts_.size() >= kPieceParts) flush();
  scores_.push_back(score);
  return gather({member});
}

bool DumpEffects::field(View name, View value, TimeMs expire_at_ms) {
  if (expire_at_ms != rdb::kNoLifetime) endings_.emplace_back(expire_at_ms, name);
  return gather({name, value});
}

// Fields that end at one time are one effect, of a bounded size. What is due already is hidden from now on, and purged.
void DumpEffects::emit_endings() {
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
    ctx_.emit(HashSetExpiry{.key = key_, .at_ms = at_ms, .names = parts_});
  }
  parts_.clear();
}

bool DumpEffects::entry(StreamId id, Views pairs) {
  ctx_.emit(StreamAdd{.key = key_, .id = id, .pairs = pairs});
  return true;
}

bool DumpEffects::stream(const rdb::StreamEnd& end) {
  ctx_.emit(StreamSetId{.key = key_,
                        .last_id = end.last_id,
                        .entries_added = end.entries_added,
                        .max_deleted_id = end.max_deleted_id});
  return true;
}

bool DumpEffects::group(const rdb::GroupHead& group) {
  const int64_t read = group.counted ? group.entries_read : entries_until(made(), group.last_delivered);
  ctx_.emit(GroupCreate{.key = key_, .group = group.name, .last_delivered = group.last_delivered, .entries_read = read});
  return true;
}

bool DumpEffects::consumer(const rdb::ConsumerHead& one) {
  ctx_.emit(ConsumerCreate{.key = key_, .group = one.group, .consumer = one.name, .at_ms = one.seen_ms});
  // No content, and in no log: group.h.
  made().find_group(one.group)->find_consumer(one.name)->active_time_ms = one.active_ms;
  return true;
}

bool DumpEffects::pending(const rdb::PendingOne& one) {
  ctx_.emit(PendingClaim{.key = key_,
                         .group = one.group,
                         .consumer = one.consumer,
                         .id = one.id,
                         .delivered_at_ms = one.delivered_at_ms,
                         .deliveries = one.deliveries});
  return true;
}

}  // namespace leat
