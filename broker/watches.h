// SPDX-License-Identifier: Apache-2.0
// watches.h: which clients WATCH which keys.
//
// Used by: WATCH, UNWATCH, EXEC; MIGRATE, for the keys that are to go; Batch touches a key whenever an effect is
//          about it.
// Always:  - a touch marks the client, EXEC looks at the mark; nothing is ever unmarked but by forget();
//          - a key whose time has come is as good as none: that one is purged, flushed, or swapped for another, is
//            no change;
//          - a client is in every key's list it watches, or in none.
// Source:  https://redis.io/docs/interact/transactions/
#pragma once

#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat {

class Watches {
 public:
  bool any() const { return !by_key_.empty(); }
  struct Watched {
    DbIndex db;
    Bytes key;
    bool there;            // when it was watched: held a value whose time had not come
    bool readers = false;  // who reads a stream counts as well: its groups, and what is pending in them
  };
  void watch(Ticket client, Watched watched);
  void touch(DbIndex db, View key);
  void touch_readers(DbIndex db, View key);
  void expire(DbIndex db, View key);  // what was due is purged
  // It is flushed or swapped: who watched a key that was not there looks at EXEC whether it is now.
  void replace(DbIndex db);
  bool broken(Ticket client) const;
  const std::vector<Watched>& of(Ticket client) const;
  size_t bytes_of(Ticket client) const;  // of memory, about
  void forget(Ticket client);  // idempotent
  size_t clients() const { return by_client_.size(); }
  size_t keys() const { return by_key_.size(); }

 private:
  struct Client {
    std::vector<Watched> keys;
    size_t key_bytes = 0;
    bool broken = false;
  };
  using Place = std::pair<DbIndex, Bytes>;
  struct Concern {
    bool there, readers;
  };
  using Watchers = std::unordered_map<Ticket, Concern>;
  void break_where_there(const Watchers& watchers);
  std::map<Place, Watchers> by_key_;
  std::unordered_map<Ticket, Client> by_client_;
};

}  // namespace leat
