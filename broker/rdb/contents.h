// SPDX-License-Identifier: Apache-2.0
// contents.h: what a dump holds, told piece by piece.
//
// Used by: the dump's reader, which tells; RESTORE, which first checks and counts, and then makes effects of it.
// Always:  - what is told is well-formed by itself: scores are numbers, ids rise, what is pending is pending for one
//            consumer; whether members or names are all different is for who listens;
//          - Views die with the call;
//          - who listens returns false to hear no more: the dump is then refused.
#pragma once

#include <span>

#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat::rdb {

constexpr TimeMs kNoLifetime = 0;

// Told behind the entries.
struct StreamEnd {
  StreamId last_id, max_deleted_id;
  uint64_t entries_added;
};
struct GroupHead {
  View name;
  StreamId last_delivered;
  int64_t entries_read;  // -1: not known
  bool counted;          // false: Redis before 7.0 wrote it, and did not say how many were read
};
struct ConsumerHead {
  View group, name;
  TimeMs seen_ms;
  TimeMs active_ms;  // -1: never
};
struct PendingOne {
  View group, consumer;
  StreamId id;
  TimeMs delivered_at_ms;
  uint64_t deliveries;
};

class Contents {
 public:
  virtual ~Contents() = default;
  virtual bool text(View value) = 0;  // a string, whole
  virtual bool element(View value) = 0;
  virtual bool member(View member) = 0;
  virtual bool scored(View member, double score) = 0;
  virtual bool field(View name, View value, TimeMs expire_at_ms) = 0;  // or kNoLifetime
  // A stream: entries, its end, then each group, each of its consumers, and behind each what is pending for it.
  virtual bool entry(StreamId id, std::span<const View> pairs) = 0;
  virtual bool stream(const StreamEnd& end) = 0;
  virtual bool group(const GroupHead& group) = 0;
  virtual bool consumer(const ConsumerHead& consumer) = 0;
  virtual bool pending(const PendingOne& one) = 0;
};

}  // namespace leat::rdb
