// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/hash.h"

namespace leat {

std::unique_ptr<Value> Hash::clone(ValueId id) const {
  std::unique_ptr<Hash> copy(new Hash(*this, id));
  copy->encoding = encoding;
  return copy;
}

uint64_t Hash::digest() const {
  uint64_t digest = 0;
  for_each([&](View field, View value) { digest = digest::mix(digest, digest::chain(digest::of(field), value)); });
  return digest;
}

}  // namespace leat
