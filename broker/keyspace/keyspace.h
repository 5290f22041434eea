// SPDX-License-Identifier: Apache-2.0
// keyspace.h: the databases, the keys in them, and the values they own.
//
// Used by: handlers, through Context::find (const), and apply, which alone changes it.
// Always:  - a short string lies in its key's table row, everything else is a Value the row names by id;
//          - a logical database is a pointer to a physical one: swap and flush move pointers;
//          - erase leaves a dead value behind if it is large; free_some() frees the dead in slices;
//          - an empty list, hash, set or sorted set does not exist: apply erases its key.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "broker/keyspace/chunk.h"
#include "broker/keyspace/key_table.h"
#include "broker/keyspace/value.h"
#include "consumers/deadlines.h"

namespace leat {

constexpr DbIndex kDatabases = 16;

// What a look-up found; a View into the table, so it dies with the next change of the database.
struct Found {
  Type type;
  TimeMs expire_at_ms;  // 0: never
  View text;            // the string, when type is kString (short or long)
  Value* value;         // nullptr for a short string
};

class Database {
 public:
  Database(ChunkStore& chunks, uint64_t hash_seed);  // chunks must outlive this
  ~Database();

  // Keys that are due are still found here: hiding them is the caller's part, who knows the time.
  std::optional<Found> find(View key) const;
  template <typename T>
  T* find_as(View key) const;  // nullptr when absent; CHECKs the type

  // Creates or replaces; the expiry is cleared. Strings long and short.
  void set_string(View key, View value);
  // In place, for APPEND and SETRANGE: zero-filled up to offset; keeps the expiry, creates if absent.
  void write_string(View key, size_t offset, View bytes);
  // The value of that type, created empty where there is none.
  template <typename T>
  T& open(View key);
  void adopt(View key, std::unique_ptr<Value> value, TimeMs expire_at_ms);  // replaces what was there
  bool erase(View key);
  void set_expiry(View key, TimeMs at_ms);  // 0 clears; the key must exist
  // Moves the row; `to` is replaced.  Both may be the same database.
  void rename(View from, View to);
  void move(View key, Database& to, View to_key);
  void copy(View key, Database& to, View to_key);

  size_t size() const;
  size_t with_expiry() const;
  // Visits whole table segments from `cursor` until at least `count` keys were seen; returns where to go on, 0: done.
  // A key that is there from the first call to the last is visited; see byte_map.h.
  uint64_t scan(uint64_t cursor, size_t count, const std::function<void(View key, const Found&)>& visit) const;
  std::optional<Bytes> random_key(uint64_t dice) const;
  // Keys whose time has come, earliest first, at most `limit` of them, as owned bytes.
  std::vector<Bytes> due(TimeMs now_ms, size_t limit) const;
  TimeMs next_expiry_ms() const;  // INT64_MAX when none has one

  // When was it last looked at: seconds, wrapping; handlers touch on reads, OBJECT IDLETIME asks.
  void touch(View key, uint32_t now_s);
  uint32_t touched_s(View key) const;

  uint64_t digest() const;  // of keys, values and expiries
};

class Keyspace {
 public:
  explicit Keyspace(uint64_t hash_seed);
  ~Keyspace();

  Database& database(DbIndex db);
  const Database& database(DbIndex db) const;
  void swap(DbIndex a, DbIndex b);
  void flush(DbIndex db);
  ChunkStore& chunks();
  const ChunkStore& chunks() const;
  // Frees up to `chunks` chunks of what is dead; true when nothing is left.
  bool free_some(size_t chunks);
  size_t memory() const;
  uint64_t digest() const;
};

}  // namespace leat
