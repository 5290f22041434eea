// SPDX-License-Identifier: Apache-2.0
// watches.h: which clients WATCH which keys.
//
// Used by: WATCH, UNWATCH, EXEC; Batch touches a key whenever an effect is about it.
// Always:  - a touch marks the client, EXEC looks at the mark; nothing is ever unmarked but by forget();
//          - a client is in every key's list it watches, or in none.
// Source:  https://redis.io/docs/interact/transactions/
#pragma once

#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat {

class Watches {
 public:
  bool any() const { return !by_key_.empty(); }
  void watch(Ticket client, DbIndex db, View key, bool was_due);
  void touch(DbIndex db, View key);
  void touch_database(DbIndex db);
  bool broken(Ticket client) const;
  struct Watched {
    DbIndex db;
    Bytes key;
    bool was_due = false;  // its time had come already when it was watched: its purge is no change
    friend bool operator<(const Watched& a, const Watched& b) { return std::tie(a.db, a.key) < std::tie(b.db, b.key); }
  };
  const std::vector<Watched>& of(Ticket client) const;
  void forget(Ticket client);  // idempotent
  size_t clients() const { return by_client_.size(); }

 private:
  struct Client {
    std::vector<Watched> keys;
    bool broken = false;
  };
  std::map<Watched, std::unordered_set<Ticket>> by_key_;
  std::unordered_map<Ticket, Client> by_client_;
};

}  // namespace leat
