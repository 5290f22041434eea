// SPDX-License-Identifier: Apache-2.0
// restored_value.h: what RESTORE makes of a dump: first a judgement, then effects.
//
// Used by: RESTORE; Rollback, for what a DUMP of ours holds.
// Always:  - the dump is read twice: all that can be wrong with it is found before the first effect;
//          - it becomes effects that the log has anyway, of at most about 64 KB or one long element each: neither the log
//            nor a replay knows of dumps.
#pragma once

#include "broker/commands/context.h"
#include "broker/keyspace/stream.h"
#include "broker/rdb/distinct.h"
#include "broker/rdb/dump_reader.h"

namespace leat {

// Whether it may be restored to that key.
class DumpCheck final : public rdb::Contents {
 public:
  DumpCheck(const Context& ctx, View key, View dump);  // which must outlive this
  // Fine, or what RESTORE answers.
  Status check(View object);
  const rdb::Input::Limits& limits() const { return limits_; }

  bool text(View value) override { return fits(value, 0); }
  bool element(View value) override { return fits(value, each_); }
  bool member(View member) override { return fits(member, each_) && differs(member); }
  bool scored(View member, double) override { return fits(member, each_ + sizeof(double)) && differs(member); }
  bool field(View name, View value, TimeMs expire_at_ms) override;
  bool entry(StreamId id, Views pairs) override;
  bool stream(const rdb::StreamEnd&) override { return true; }
  bool group(const rdb::GroupHead& group) override { return fits(group.name, whole_); }
  bool consumer(const rdb::ConsumerHead& one) override { return fits(one.name, whole_ + one.group.size()); }
  bool pending(const rdb::PendingOne& one) override { return adds(whole_ + one.group.size() + one.consumer.size()); }

 private:
  bool fits(View part, uint64_t beside);
  bool adds(uint64_t bytes);
  bool differs(View one) { return different_.add(one); }

  const Context& ctx_;
  const View key_;
  const uint64_t part_max_;    // bytes
  const uint64_t logged_max_;  // bytes: a few may stand for many, where names are said once for all
  const rdb::Input::Limits limits_;
  const uint64_t each_, whole_;  // what an element takes in an effect with many, and an effect of its own
  uint64_t logged_ = 0;
  rdb::Distinct different_;
  Status why_;
};

// Emits what makes the key, which must be absent.
class DumpEffects final : public rdb::Contents {
 public:
  DumpEffects(Context& ctx, View key, TimeMs expire_at_ms) : ctx_(ctx), key_(key), expire_at_ms_(expire_at_ms) {}
  void emit(View object, const rdb::Input::Limits& limits);

  bool text(View value) override;
  bool element(View value) override { return gather({value}); }
  bool member(View member) override { return gather({member}); }
  bool scored(View member, double score) override;
  bool field(View name, View value, TimeMs expire_at_ms) override;
  bool entry(StreamId id, Views pairs) override;
  bool stream(const rdb::StreamEnd& end) override;
  bool group(const rdb::GroupHead& group) override;
  bool consumer(const rdb::ConsumerHead& one) override;
  bool pending(const rdb::PendingOne& one) override;

 private:
  bool gather(std::initializer_list<View> parts);
  void flush();
  void emit_parts(Views parts);
  void emit_endings();
  const Stream& made() const { return *ctx_.database().see<Stream>(key_); }

  Context& ctx_;
  const View key_;
  const TimeMs expire_at_ms_;
  Type type_ = Type::kString;
  Bytes bytes_;  // of the parts gathered: reserved once, so that it never moves
  std::vector<View> parts_;
  std::vector<double> scores_;
  std::vector<std::pair<TimeMs, Bytes>> endings_;  // of a hash's fields that have a lifetime
  std::vector<ScoredMember> members_;
};

}  // namespace leat
