// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/value.h"

namespace leat {

View name_of(Type type) {
  constexpr View kNames[] = {"string", "list", "set", "zset", "hash", "stream"};
  return kNames[static_cast<size_t>(type)];
}

View name_of(Encoding encoding) {
  constexpr View kNames[] = {"int",    "embstr",    "raw",      "listpack", "quicklist",
                             "intset", "hashtable", "skiplist", "stream",   "listpackex"};
  return kNames[static_cast<size_t>(encoding)];
}

}  // namespace leat
