// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/hash_sight.h"

namespace leat {

Hash::Field HashSight::random(uint64_t dice) const {
  if (hidden_ms_ == 0) return hash_->random(dice);
  constexpr int kTries = 100;  // when nearly all are due
  for (int tries = 0; tries < kTries; ++tries) {
    const Hash::Field picked = hash_->random(ByteMap::next_roll(dice));
    if (!is_hidden(picked.key)) return picked;
  }
  Hash::Field only;
  sample(1, dice, [&](View field, View value) { only = {field, value}; });
  return only;
}

}  // namespace leat
