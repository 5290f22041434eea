// SPDX-License-Identifier: Apache-2.0
#include "broker/storage/replay.h"

#include "broker/keyspace/applicable.h"
#include "broker/keyspace/apply.h"
#include "broker/storage/digests.h"

namespace leat {

namespace {
constexpr size_t kEffectWorth = 512;  // some 1.5 us
}

Status Replay::batch(Index index, View batch) {
  return decoder_.decode(batch, [&](DbIndex db, const Effect& one) { return effect(index, db, one); });
}

Status Replay::effect(Index index, DbIndex db, const Effect& effect) {
  if (db >= kDatabases) return Status::error("an effect on database " + std::to_string(db) + ", which does not exist");
  if (fit_ == Fit::kAsked) {
    const Status fits = fits_state(keyspace_, db, effect);
    if (!fits.ok()) return Status::error(Bytes(fits.text()) + ": " + effect_text(db, effect));
  }
  apply_effect(keyspace_, db, effect);
  ++effects_;
  rest_.after(kEffectWorth);
  const auto* stated = std::get_if<KeyDigest>(&effect);
  if (stated == nullptr) return Status::fine();
  ++digests_;
  return compare(keyspace_, db, *stated, index);
}

}  // namespace leat
