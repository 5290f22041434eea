// SPDX-License-Identifier: Apache-2.0
// replay.h: the batches of a log, carried out on a keyspace.
//
// Used by: the start, `leat check`.
// Always:  - what the log says of a key's content (KeyDigest) is compared with what replay has made of it;
//          - a start trusts an effect to fit, as its checksum fits, and the effects before it; whoever asks for kAsked
//          has
//            each looked at first, and hears of one that does not fit instead of dying of it.
#pragma once

#include "broker/keyspace/keyspace.h"
#include "schemas/effect_codec.h"

namespace leat {

class Replay {
 public:
  enum class Fit : uint8_t { kTrusted, kAsked };
  Replay(Keyspace& keyspace, Fit fit) : keyspace_(keyspace), fit_(fit) {}  // which must outlive this

  Status batch(Index index, View batch);  // `index` is that of its last record
  uint64_t effects() const { return effects_; }
  uint64_t digests() const { return digests_; }  // among them: compared, and the same

 private:
  Status effect(Index index, DbIndex db, const Effect& effect);

  Keyspace& keyspace_;
  const Fit fit_;
  EffectDecoder decoder_;
  uint64_t effects_ = 0, digests_ = 0;
};

}  // namespace leat
