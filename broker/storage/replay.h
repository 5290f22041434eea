// SPDX-License-Identifier: Apache-2.0
// replay.h: the batches of a log, carried out on a keyspace.
//
// Used by: the start, `leat check`.
// Always:  - what the log says of a key's content (KeyDigest) is compared with what replay has made of it;
//          - a start trusts an effect to fit, as its checksum fits, and the effects before it; whoever asks for kAsked
//            has each looked at first, and hears of one that does not fit instead of dying of it.
#pragma once

#include "broker/keyspace/keyspace.h"
#include "chunks/pause.h"
#include "schemas/effect_codec.h"

namespace leat {

class Replay {
 public:
  enum class Fit : uint8_t { kTrusted, kAsked };
  // The keyspace must outlive this. `rest` is called now and then within a batch: one may be of millions of effects.
  Replay(Keyspace& keyspace, Fit fit, std::function<void()> rest = [] {})
      : keyspace_(keyspace), fit_(fit), rest_(std::move(rest)) {}

  Status batch(Index index, View batch);  // `index` is that of its last record
  uint64_t effects() const { return effects_; }
  uint64_t digests() const { return digests_; }  // among them: compared, and the same

 private:
  Status effect(Index index, DbIndex db, const Effect& effect);

  Keyspace& keyspace_;
  const Fit fit_;
  Pause rest_;
  EffectDecoder decoder_;
  uint64_t effects_ = 0, digests_ = 0;
};

}  // namespace leat
