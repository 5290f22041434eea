// SPDX-License-Identifier: Apache-2.0
// waiters.h: clients parked on keys until data, a deadline, or a hang-up comes.
//
// Used by: the executor (park, serve, forget) and Batch, which touches a key whenever an effect is about it.
// Always:  - a ticket is in every queue it waits on, or in none;
//          - within one key, service order is arrival order, also after a failed attempt: it keeps its place;
//          - holds tickets, never connections: a closed client costs one forget();
//          - a key that nobody waits on costs one look-up when touched, and none at all while nobody waits.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat::consumers {

class Waiters {
 public:
  struct Key {
    DbIndex db;
    Bytes name;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Waiter {
    uint64_t arrival;
    Ticket ticket;
  };

  bool any() const { return !queues_.empty(); }
  size_t size() const { return places_.size(); }
  size_t keys() const { return queues_.size(); }
  size_t keys_of_stayers() const;

  // `stays_when_gone`: must be offered a key also when it is gone (XREADGROUP hears of it).
  void park(Ticket ticket, DbIndex db, std::span<const Bytes> keys, bool stays_when_gone);
  bool has_stayers() const { return stayers_ > 0; }
  size_t lookers = 0;  // of the parked, those that also wait for what is pending to be idle: the executor counts them
  void forget(Ticket ticket);  // idempotent

  void touch(DbIndex db, View key);  // something about the key changed: its waiters become ready
  void touch_database(DbIndex db);   // flushed or swapped
  bool touched() const { return !touched_.empty(); }
  std::optional<Key> next_touched();  // in the order of touching
  // The first waiter of a key that arrived after `after` (0: the first of all).
  std::optional<Waiter> next_waiter(const Key& key, uint64_t after) const;

 private:
  struct Hash {
    size_t operator()(const Key& key) const { return std::hash<View>()(key.name) * 31 + key.db; }
  };
  using Queue = std::map<uint64_t, Ticket>;  // by arrival
  struct Place {
    uint64_t arrival;
    std::vector<Key> keys;
    bool stays_when_gone;
  };
  std::unordered_map<Key, Queue, Hash> queues_;
  std::unordered_map<Ticket, Place> places_;
  std::deque<Key> touched_;
  uint64_t last_arrival_ = 0;
  size_t stayers_ = 0;
};

}  // namespace leat::consumers
