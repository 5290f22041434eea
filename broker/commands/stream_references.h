// SPDX-License-Identifier: Apache-2.0
// stream_references.h: which groups still hold on to an entry, and what becomes of that when the entry is to go
// (KEEPREF, DELREF, ACKED). https://redis.io/docs/latest/commands/xdelex/
//
// Used by: XDELEX, XACKDEL, and the trimming of XADD and XTRIM.
// Always:  - a group holds an entry that is pending in it, and one that it has still to be given (behind last
//            delivered); without groups nothing is held;
//          - what it says is spent before an effect exists: acknowledgements and deletions of the ids chosen here.
// Cost:    an id is looked up once in each group's pending entries: groups * log(pending). Trimming walks the entries
//          from the oldest on, and each group's pending entries beside them, so that each of them is looked at once.
//          Nothing is kept for it: a count of references by entry would be paid by every delivery and acknowledgement.
#pragma once

#include "broker/commands/context.h"
#include "broker/keyspace/stream.h"

namespace leat {

enum class References : uint8_t { kKeep, kDrop, kAcked };  // KEEPREF, DELREF, ACKED

// Takes one of the three words, at most once; false when the word is none of them.
Result<bool> parse_references(View word, std::optional<References>& references);

class Holders {
 public:
  explicit Holders(const Stream& stream);  // dies with the next change of it
  // Whether a group holds it; of the group `acked` only what it has still to be given counts.
  bool hold(StreamId id, const consumers::Group* acked = nullptr) const;
  // The oldest entries that no group holds. Those that come before all that are held are only counted: there may be
  // many. The ids of the others come a portion at a time, so that they may be deleted before the walk goes on.
  struct Walk {
    StreamId end;          // not as far as here
    uint64_t left;         // so many at most
    uint64_t looks;        // among so many entries
    StreamId from = {};    // where it goes on
    bool held_any = false;
    uint64_t run = 0;      // those before all that are held
  };
  static constexpr size_t kPortion = 4096;
  std::vector<StreamId> next_free(Walk& walk) const;  // fewer than kPortion: it is over

 private:
  const Stream& stream_;
  StreamId given_;  // up to here every group has been given what there is
};

// No group has any of these pending any more (sorted; whether they are in the stream or not), or any of the stream's
// `count` oldest entries. Both look the stream up anew.
void drop_references(Context& ctx, View key, StreamIds ids);
void drop_references_to_oldest(Context& ctx, View key, uint64_t count);

}  // namespace leat
