// SPDX-License-Identifier: Apache-2.0
// restored_value.h: what becomes of an object of a dump: first a judgement, then effects.
//
// Used by: RESTORE; Rollback, for what a DUMP of ours holds; `leat import`, for each key of a file.
// Always:  - the object is read twice: all that can be wrong with it is found before the first effect;
//          - it becomes effects that the log has anyway, of at most about 64 KB or one long element each: neither the
//            log nor a replay knows of dumps.
#pragma once

#include <functional>

#include "broker/keyspace/keyspace.h"
#include "broker/keyspace/stream.h"
#include "broker/rdb/distinct.h"
#include "broker/rdb/dump_reader.h"
#include "schemas/effect.h"

namespace leat::rdb {

// Whether it may be restored to that key.
class ValueCheck final : public Contents {
 public:
  struct Bounds {
    uint64_t part_max;    // bytes of a name, a value, an element
    uint64_t logged_max;  // bytes in all: a few may stand for many, where names are said once for all
    Status too_long;      // what to answer for a part that is longer
    Input::Limits input;
  };
  ValueCheck(View key, const Bounds& bounds);  // which must outlive this
  // Fine, or what RESTORE answers.
  Status check(const Object& object);

  bool text(View value) override { return fits(value, 0); }
  bool element(View value) override { return fits(value, each_); }
  bool member(View member) override { return fits(member, each_) && differs(member); }
  bool scored(View member, double) override { return fits(member, each_ + sizeof(double)) && differs(member); }
  bool field(View name, View value, TimeMs expire_at_ms) override;
  bool entry(StreamId id, std::span<const View> pairs) override;
  bool stream(const StreamEnd&) override { return true; }
  bool group(const GroupHead& group) override { return fits(group.name, whole_); }
  bool consumer(const ConsumerHead& one) override { return fits(one.name, whole_ + one.group.size()); }
  bool pending(const PendingOne& one) override { return adds(whole_ + one.group.size() + one.consumer.size()); }

 private:
  bool fits(View part, uint64_t beside);
  bool adds(uint64_t bytes);
  bool differs(View one) { return different_.add(one); }

  const Bounds& bounds_;
  const uint64_t each_, whole_;  // what an element takes in an effect with many, and an effect of its own
  uint64_t logged_ = 0;
  Distinct different_;
  Status why_;
};

// What makes the key, which must be absent.
class ValueEffects final : public Contents {
 public:
  using Emit = std::function<void(const Effect& effect)>;  // each is applied to `database` before the call returns
  ValueEffects(const Database& database, View key, TimeMs expire_at_ms, const Emit& emit)  // must outlive this
      : database_(database), key_(key), expire_at_ms_(expire_at_ms), emit_(emit) {}
  void emit(const Object& object, const Input::Limits& limits);

  bool text(View value) override;
  bool element(View value) override { return gather({value}); }
  bool member(View member) override { return gather({member}); }
  bool scored(View member, double score) override;
  bool field(View name, View value, TimeMs expire_at_ms) override;
  bool entry(StreamId id, std::span<const View> pairs) override;
  bool stream(const StreamEnd& end) override;
  bool group(const GroupHead& group) override;
  bool consumer(const ConsumerHead& one) override;
  bool pending(const PendingOne& one) override;

 private:
  bool gather(std::initializer_list<View> parts);
  void flush();
  void emit_parts(std::span<const View> parts);
  void emit_endings();
  const Stream& made() const { return *database_.see<Stream>(key_); }

  const Database& database_;
  const View key_;
  const TimeMs expire_at_ms_;
  const Emit& emit_;
  Type type_ = Type::kString;
  Bytes bytes_;  // of the parts gathered: reserved once, so that it never moves
  std::vector<View> parts_;
  std::vector<double> scores_;
  std::vector<std::pair<TimeMs, Bytes>> endings_;  // of a hash's fields that have a lifetime
  std::vector<ScoredMember> members_;
};

}  // namespace leat::rdb
