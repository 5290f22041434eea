// SPDX-License-Identifier: Apache-2.0
// lifetimes.h: when fields of a hash end: those that do, in a map beside the hash's own.
//
// Used by: Hash, which has one while a field of it has a lifetime.
// Always:  - a field is here with one time, and among the deadlines with the same;
//          - it knows no clock: who asks says what time it is;
//          - a hash without lifetimes has none of this and pays a null pointer for it.
// Bytes:   entry := field entry, at_ms: i64 entry, as byte_map.h and chunk.h have them, in chunks of kind
// kHashLifetimes. Why so:  beside, not within the entries of the hash: the first HEXPIRE on a hash of a million fields
// must not rewrite
//          them all, and every other hash stays as short and as quick as it was.
#pragma once

#include <vector>

#include "broker/keyspace/byte_map.h"
#include "consumers/deadlines.h"

namespace leat {

class Lifetimes {
 public:
  Lifetimes(ChunkStore& chunks, ValueId owner) : times_(chunks, owner, ByteMap::Holds::kTimes) {}
  Lifetimes(const Lifetimes& other, ValueId owner) : times_(other.times_, owner), deadlines_(other.deadlines_) {}

  TimeMs of(View field) const;  // 0: it has none
  void set(View field, TimeMs at_ms);
  void drop(View field);  // which may have none

  bool empty() const { return deadlines_.empty(); }
  size_t size() const { return deadlines_.size(); }
  TimeMs earliest_ms() const { return deadlines_.earliest_ms(); }
  TimeMs latest_ms() const { return deadlines_.latest_ms(); }
  size_t count_due(TimeMs now_ms) const { return deadlines_.count_due(now_ms); }
  std::vector<Bytes> due(TimeMs now_ms, size_t limit) const;  // fields whose time has come, earliest first

  template <typename Visit>  // visit(View field, TimeMs)
  void for_each(Visit visit) const {
    times_.for_each([&](View field, View time) { visit(field, time_in(time)); });
  }

  size_t memory() const { return sizeof *this + times_.memory() + deadlines_.memory(); }
  // Frees up to `chunks` chunks; true when nothing is left. In between it must not be used for anything else.
  bool free_some(size_t chunks) { return times_.clear_some(chunks) && deadlines_.clear_some(chunks); }
  // Out of a snapshot; false when the chunks do not fit together, or hold what is no time.
  bool load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause);

 private:
  static TimeMs time_in(View time) { return get_fixed<TimeMs>(time.data()); }

  ByteMap times_;
  consumers::Deadlines<uint32_t> deadlines_;  // payload: the high bits of the field's hash
};

}  // namespace leat
