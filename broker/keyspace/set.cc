// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/set.h"

namespace leat {

std::unique_ptr<Value> Set::clone(ValueId id) const {
  std::unique_ptr<Set> copy(new Set(*this, id));
  copy->encoding = encoding;
  return copy;
}

uint64_t Set::digest() const {
  uint64_t digest = 0;
  for_each([&](View member) { digest = digest::mix(digest, digest::of(member)); });
  return digest;
}

}  // namespace leat
