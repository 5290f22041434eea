// SPDX-License-Identifier: Apache-2.0
// producers.h: what a stream remembers of its producers' ids, so that an entry that is sent twice is added once
// (XADD … IDMP).
// https://redis.io/docs/latest/develop/data-types/streams/idempotency/
//
// Used by: a stream that was ever asked to, which owns it; apply changes it, XADD, XCFGSET and XINFO look.
// Always:  - of a producer's id only a print is kept: 128 bits of a digest over the producer and the id (for IDMPAUTO:
//            and the fields), which whoever adds the entry computes. So an id of any length takes 48 bytes and
//            its look-up;
//          - a producer has at most ids_max prints: the oldest go first. One that is older than duration_ms counts no
//            more, and its memory is given back by the next few that come: a few for each, so that no XADD pays
//            for all;
//          - what is forgotten follows from what is remembered, and from its time: replay forgets the same;
//          - how many came twice is no content: not logged, in no digest; a snapshot has it as of the last change.
// Bytes:   kProducers chunk  := duration_ms: u64, ids_max: u64, added: u64, twice: u64
//          kRemembered chunk := Remembered+, as they lie in memory
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "consumers/pending.h"

namespace leat::consumers {

struct Print {
  uint64_t high = 0, low = 0;
  friend bool operator==(const Print&, const Print&) = default;
};

struct Remembered {
  StreamId id;  // the entry's; they rise, as times do
  TimeMs at_ms = 0;
  uint64_t producer = 0;  // a digest of its name
  Print print;
};
inline const StreamId& id_of(const Remembered& one) { return one.id; }
using RememberedIds = IdOrdered<Remembered, ChunkArray<Remembered>>;
extern template class IdOrdered<Remembered, ChunkArray<Remembered>>;

class Producers {
 public:
  static constexpr uint64_t kDurationDefault_s = 100, kDurationMax_s = 86'400;
  static constexpr uint64_t kIdsDefault = 100, kIdsMax = 10'000;  // of a producer

  Producers(ChunkStore& chunks, ValueId stream);  // chunks must outlive this
  ~Producers();

  uint64_t duration_ms() const { return duration_ms_; }
  uint64_t ids_max() const { return ids_max_; }
  uint64_t added() const { return added_; }           // ever
  mutable uint64_t twice = 0;                         // came again, ever
  std::optional<StreamId> find(Print print, TimeMs now_ms) const;
  struct Tracked {
    uint64_t producers = 0, ids = 0;
  };
  Tracked tracked(TimeMs now_ms) const;  // walks what has expired and was not yet forgotten, and all producers

  void configure(uint64_t duration_ms, uint64_t ids_max);  // and forgets everybody's ids
  void remember(const Remembered& one);

  std::unique_ptr<Producers> clone(ValueId stream) const;
  uint64_t digest() const;
  size_t weight() const;
  bool free_some(size_t arrays);
  // Out of a snapshot; false when the chunks do not fit together.
  bool load(std::vector<std::unique_ptr<Chunk>> rows, Pause& pause);

 private:
  struct PrintHash {
    size_t operator()(const Print& print) const { return print.low; }
  };
  // Its ids, the oldest from `first` on.
  struct Producer {
    std::vector<StreamId> ids;
    size_t first = 0;
    TimeMs last_ms = 0;
    size_t count() const { return ids.size() - first; }
  };
  bool counts(const Remembered& one, TimeMs now_ms) const {
    return now_ms - one.at_ms < static_cast<TimeMs>(duration_ms_);
  }
  void note(const Remembered& one);  // in what is derived
  void forget(StreamId id);
  void forget_all();
  void write_head();

  ChunkStore& chunks_;
  const ValueId stream_;
  std::unique_ptr<Chunk> head_;
  RememberedIds ids_;
  std::unordered_map<Print, StreamId, PrintHash> by_print_;
  std::unordered_map<uint64_t, Producer> producers_;
  uint64_t duration_ms_ = kDurationDefault_s * 1000;
  uint64_t ids_max_ = kIdsDefault;
  uint64_t added_ = 0;
};

}  // namespace leat::consumers
