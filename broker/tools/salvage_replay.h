// SPDX-License-Identifier: Apache-2.0
// salvage_replay.h: the batches of a damaged log: what still fits is carried out, the rest is told.
//
// Used by: salvage.
// Always:  - a batch that lacks a part, or does not decode to its end, is left out whole;
//          - of one that is whole, an effect that does not fit the state is left out alone. A batch is the commands of
//            a tick, of many clients: to drop all of it for one of them would lose more, and there is no undo;
//          - what cannot be told apart is said so: after a gap as long as a record may be, the first batch may lack its
//            beginning. If it decodes all the same, it is carried out.
#pragma once

#include "broker/tools/doubts.h"
#include "broker/tools/finding.h"
#include "wal/log_scan.h"

namespace leat {

class SalvageReplay {
 public:
  // Both must outlive this. Records up to `synced` are known to have been on disk, so they may have been acknowledged.
  SalvageReplay(Keyspace& keyspace, Index synced, const Tell& tell)
      : keyspace_(keyspace), synced_(synced), tell_(tell) {}

  Status record(const wal::RecordHeader& header, View body);
  Status hole(const wal::Hole& hole);
  void end(bool is_torn);  // of the log; a batch without its end is trimmed like a torn tail where one may be

  struct Figures {
    uint64_t records_lost = 0;
    bool open_end = false;  // and nobody knows how many behind the last
    uint64_t batches = 0, batches_lost = 0;
    uint64_t effects = 0, effects_lost = 0;
  };
  const Figures& figures() const { return figures_; }
  const Doubts& doubts() const { return doubts_; }

 private:
  void batch(TimeMs time_ms, View bytes);
  void effect(TimeMs time_ms, DbIndex db, const Effect& effect);
  void drop_batch(TimeMs time_ms, View why);

  Keyspace& keyspace_;
  const Index synced_;
  const Tell& tell_;
  EffectDecoder decoder_;
  Doubts doubts_;
  Bytes parts_;      // of a batch whose end has not come yet
  Index first_ = 0;  // its first record; 0: there is none
  Index last_ = 0;   // the last record that came
  TimeMs time_ms_ = 0;
  Figures figures_;
};

}  // namespace leat
