// SPDX-License-Identifier: Apache-2.0
// keyspace.h: the databases, the keys in them, and the values they own.
//
// Used by: handlers, through Context::find (const), and apply, which alone changes it.
// Always:  - a short string, a small hash and a small set lie in their key's table row, everything else is a Value that
//            the row names by id; a hash or set that has outgrown its row stays a Value when it shrinks, so that it is
//            not moved to and fro;
//          - a logical database is a pointer to a physical one: swap and flush move pointers;
//          - erase leaves a dead value behind if it is large; free_some() frees the dead in slices;
//          - an empty list, hash, set or sorted set does not exist: apply erases its key;
//          - the libraries of functions lie in a database of their own that no client can choose: the name is the key,
//            the text the value. So they are saved, mended and compared as keys are. It is there once there was a
//            library, or a user;
//          - users lie in another such database: the name is the key, the rules are the value;
//          - no View handed in may point into the keyspace: effects borrow from the record (DESIGN.md section 2).
#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "broker/keyspace/encoding_limits.h"
#include "broker/keyspace/key_table.h"
#include "broker/keyspace/sight.h"
#include "broker/keyspace/value.h"
#include "chunks/chunk_store.h"
#include "consumers/deadlines.h"
#include "schemas/status.h"

namespace leat {

constexpr DbIndex kDatabases = 16;
// In a snapshot: behind the databases, the table of the libraries of functions.
constexpr DbIndex kLibraries = kDatabases;
constexpr DbIndex kUsers = kLibraries + 1;   // and that of the users

// What a look-up found; it looks into the table, so it dies with the next change of the database.
struct Found {
  Type type;
  bool written;         // a string changed in place (APPEND, SETRANGE …): OBJECT ENCODING says "raw"
  Encoding label;       // of a hash or set in its row; see encoding()
  TimeMs expire_at_ms;  // 0: never
  TimeMs field_due_ms;  // of a hash: when the first of its fields is due; INT64_MAX: none of them ever is
  View text;            // the string, when type is kString (short or long); else the entries, when they lie in the row
  Value* value;         // nullptr for what lies in the row
  uint32_t* use;        // the number beside the row (key_use.h), to read and to write. nullptr: there is none

  Encoding encoding() const { return value == nullptr ? label : value->encoding; }  // of all but strings
};

// Whether all fields of a hash are due: then there is no such key. Asked when one is (Found::field_due_ms).
bool is_due_whole(const Found& hash, TimeMs now_ms);

class Database {
 public:
  Database(ChunkStore& chunks, ValueId id);  // chunks must outlive this; the id owns the key table's
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // Keys that are due are still found here: hiding them is the caller's part, who knows the time.
  std::optional<Found> find(View key) const;
  void prefetch(Views keys) const { table_.rows().prefetch(keys); }  // see byte_map.h
  void prefetch_members(View key, Views members) const;  // of a large hash or set; of others nothing
  bool may_be_far() const { return table_.rows().size() > kNearKeys; }  // so many that prefetching them is of use
  // What was found, to look at.
  template <typename T>
  Seen<T> see(const Found& found) const {
    CHECK(found.type == T::kType);
    if constexpr (FitsRow<T>) {
      if (found.value == nullptr) return Sight<T>(chunks_, found.text, found.label);
    }
    return Seen<T>(static_cast<const T*>(found.value));
  }
  template <typename T>
  Seen<T> see(View key) const {  // "nullptr" when absent
    const auto found = find(key);
    return found ? see<T>(*found) : Seen<T>();
  }
  template <typename T>
  T* find_as(View key) const {  // to change, what is always a Value; nullptr when absent; CHECKs the type
    static_assert(!FitsRow<T>, "edit() it");
    const auto found = find(key);
    if (!found) return nullptr;
    CHECK(found->type == T::kType && found->value != nullptr);
    return static_cast<T*>(found->value);
  }

  // Creates or replaces; the expiry is cleared.
  void set_string(View key, View value);
  // In place, for APPEND and SETRANGE: zero-filled up to offset; keeps the expiry, creates if absent.
  void write_string(View key, size_t offset, View bytes);
  // The value of that type, created empty where there is none.
  template <typename T>
  T& open(View key) {
    if (T* const there = find_as<T>(key)) return *there;
    auto made = make<T>();
    T& value = *made;
    adopt(key, std::move(made), 0);
    return value;
  }
  // The one way to change a hash or a set: `change(T&)` gets it wherever it lies, empty where there is none, and it is
  // put where it fits afterwards; an empty one is gone. `added` are all bytes that the change may bring; with none the
  // key must exist.
  template <FitsRow T, typename Change>
  void edit(View key, Views added, Change change);
  // Out of its key's row, to stay a Value; the key must exist.
  template <FitsRow T>
  void move_out(View key);
  // An empty value that no key points to yet, for adopt().
  template <typename T>
  std::unique_ptr<T> make() {
    const ValueId id = chunks_.next_value_id();
    if constexpr (std::is_constructible_v<T, ChunkStore&, ValueId>)
      return std::make_unique<T>(chunks_, id);
    else
      return std::make_unique<T>(chunks_, id, chunks_.hash_seed());
  }
  void adopt(View key, std::unique_ptr<Value> value, TimeMs expire_at_ms);  // replaces what was there
  bool erase(View key);
  void set_expiry(View key, TimeMs at_ms);  // 0 clears; the key must exist
  // The key must exist; what `to` held is replaced; the expiry goes along. A key may be renamed to itself.
  void rename(View from, View to) { move(from, *this, to); }
  void move(View key, Database& to, View to_key);
  void copy(View key, Database& to, View to_key) const;

  size_t size() const { return table_.rows().size(); }
  size_t with_expiry() const { return expiries_.size(); }
  // `visit(View key, const Found&)`. Whole table segments from `cursor` until at least `count` keys were seen, or exact
  // pages; returns where to go on, 0: done. A key that is there from the first call to the last is visited exactly once
  // (byte_map.h).
  template <typename Visit>
  uint64_t scan(uint64_t cursor, size_t count, Visit visit, ByteMap::Pages pages = ByteMap::Pages::kOfSegments) const {
    return table_.rows().scan(cursor, count, [&](View key, View row) { visit(key, found_in(row)); }, pages);
  }
  template <typename Visit>
  void for_each(Visit visit) const {
    table_.rows().for_each([&](View key, View row) { visit(key, found_in(row)); });
  }
  std::optional<Bytes> random_key(uint64_t dice) const;
  // Keys whose time has come, earliest first, at most `limit` of them.
  struct Due {
    Bytes key;
    Type type;
  };
  std::vector<Due> due(TimeMs now_ms, size_t limit) const;
  TimeMs average_expiry_ms() const { return expiries_.average_ms(); }  // of those that have one; 0: none has
  TimeMs next_expiry_ms() const { return expiries_.earliest_ms(); }  // INT64_MAX when none has one
  // The same for fields of hashes: of the hash whose first field is due earliest, at most `limit` of those that are.
  struct DueFields {
    Bytes key;
    std::vector<Bytes> fields;
  };
  std::optional<DueFields> due_fields(TimeMs now_ms, size_t limit) const;
  TimeMs next_field_expiry_ms() const { return field_expiries_.earliest_ms(); }
  size_t with_field_expiry() const { return field_expiries_.size(); }  // hashes

  // The rows of one segment of the table, picked by chance: `visit(View key, bool expires, uint32_t use)`.
  template <typename Visit>
  void visit_some(uint64_t dice, Visit visit) const {
    table_.rows().visit_some(dice, [&](View key, View row, uint32_t use) { visit(key, KeyTable::expires(row), use); });
  }
  // What is noted beside rows that are made, and replaced, from now on (key_use.h); 0: these keep what they have.
  void forget_places() { table_.forget_place(); }  // chunks have moved
  void note_writes_as(uint32_t made, uint32_t replaced) { table_.note_writes_as(made, replaced); }

  ValueId id() const { return id_; }
  // An empty one, out of a snapshot: its table's chunks, and all values by their ids, of which it takes its own.
  Status load(std::vector<std::unique_ptr<Chunk>> table, IdTable<std::unique_ptr<Value>>& values,
              Pause& pause);

  uint64_t digest() const;             // of keys, values and expiries
  uint64_t digest_of(View key) const;  // of one key; 0 when absent
  uint64_t value_digest_of(View key) const;  // the same without its name, and when it expires
  size_t index_memory() const;         // beyond chunks and blobs, about
  // What a key takes: its row, its value, its place among the expiries. Constant time. Changes only with an effect
  // on it.
  struct Weight {
    size_t bytes = 0;  // 0: there is no such key
    bool expires = false;
  };
  Weight weight_of(View key) const;
  // Frees up to `chunks` chunks of what is dead; true when nothing is left.
  bool free_dead(size_t chunks);
  size_t dead() const { return dead_.size(); }  // values
  // The same for everything there is: the database must not be used for anything else any more.
  bool free_all(size_t chunks);

 private:
  struct Held;  // a row on its way to another key
  static constexpr size_t kNearKeys = 4096;  // of whose rows most stay in the cache

  // Where a small hash or set is changed: what a row may hold, and as much again that comes to it or takes its place.
  static constexpr size_t kBenchBytes = 2 * kRowTextMax, kBenchAddedMax = 2 * ByteMap::kFewMax;
  static bool fits_bench(View entries, Views added);

  Found found_in(View row) const;
  uint64_t digest_of(View key, const Found& found) const;
  uint64_t content_digest(const Found& found) const;
  void set_row(View key, uint64_t hash, const std::optional<KeyTable::Place>& place, const Row& row);
  void point_row(View key, uint64_t hash, const std::optional<KeyTable::Place>& place, Row row,
                 std::unique_ptr<Value> value);
  void erase_row(uint64_t hash, const std::optional<KeyTable::Place>& place);
  void forget(const Row& row, uint64_t hash);
  void bury(std::unique_ptr<Value> value);
  void forget_fields(const Value& value, uint64_t hash);
  void await_fields(const Value& value, uint64_t hash);
  void install(View key, Held held);
  class String& long_string(const Row& row) const;

  ChunkStore& chunks_;
  const ValueId id_;
  KeyTable table_;
  IdTable<std::unique_ptr<Value>> values_;
  consumers::Deadlines<uint32_t> expiries_;  // payload: the high bits of the key's hash
  consumers::Deadlines<uint32_t> field_expiries_;  // of hashes, each with the earliest of its fields' times; the same
  std::vector<std::unique_ptr<Value>> dead_;
  size_t values_alive_ = 0;
};

template <FitsRow T, typename Change>
void Database::edit(View key, Views added, Change change) {
  const uint64_t hash = table_.hash_of(key);
  const auto place = table_.locate(key, hash);
  Row row = place ? KeyTable::unpack(place->value) : Row{.type = T::kType};
  CHECK(row.type == T::kType);
  if (row.value != 0) {
    T& value = static_cast<T&>(**values_.find(row.value));
    if constexpr (requires { value.next_due_ms(); }) {
      const TimeMs before_ms = value.next_due_ms();
      change(value);
      if (value.next_due_ms() != before_ms) {
        if (before_ms != consumers::kNever) CHECK(field_expiries_.remove(before_ms, ByteMap::high_bits(hash)));
        await_fields(value, hash);
      }
    } else {
      change(value);
    }
    if (value.empty()) erase_row(hash, place);
    return;
  }
  if (!fits_bench(row.text, added)) {  // then it will not fit the row either, but for a request that repeats itself
    auto grown = T(chunks_, LentEntries(row.text), row.label).clone(chunks_.next_value_id());
    change(static_cast<T&>(*grown));
    return point_row(key, hash, place, row, std::move(grown));
  }
  char bench[kBenchBytes];
  T small(chunks_, LentEntries(row.text, bench, sizeof bench), row.label);
  change(small);
  row.text = small.lent_bytes();
  row.label = small.encoding;
  if (row.text.empty()) return erase_row(hash, place);
  if (row.text.size() <= kRowTextMax && small.size() <= ByteMap::kFewMax) return set_row(key, hash, place, row);
  point_row(key, hash, place, row, small.clone(chunks_.next_value_id()));
}

template <FitsRow T>
void Database::move_out(View key) {
  const uint64_t hash = table_.hash_of(key);
  const auto place = table_.locate(key, hash);
  CHECK(place.has_value());
  const Row row = KeyTable::unpack(place->value);
  CHECK(row.type == T::kType);
  if (row.value != 0) return;
  point_row(key, hash, place, row, T(chunks_, LentEntries(row.text), row.label).clone(chunks_.next_value_id()));
}

class Keyspace {
 public:
  explicit Keyspace(uint64_t hash_seed);
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;
  ~Keyspace();

  Database& database(DbIndex db) { return *databases_.at(db); }
  const Database& database(DbIndex db) const { return *databases_.at(db); }
  void swap(DbIndex a, DbIndex b);
  void flush(DbIndex db);
  // All that is in the one for all that is in the other. Where nobody holds a View.
  void swap_content(Keyspace& other);
  // Libraries of functions; the text dies with the next change.
  void set_library(View name, View code);
  void delete_library(View name);  // which must exist
  void flush_libraries();
  std::optional<View> library(View name) const;
  std::vector<Bytes> library_names() const;  // in no particular order
  // Users; the rules die with the next change.
  void set_user(View name, View rules);
  void delete_user(View name);  // which must exist
  std::optional<View> user(View name) const;
  std::vector<Bytes> user_names() const;  // in no particular order
  ChunkStore& chunks() { return *chunks_; }
  const ChunkStore& chunks() const { return *chunks_; }
  // Frees up to `chunks` chunks of what is dead; true when nothing is left.
  bool free_some(size_t chunks);
  size_t dead() const;          // values, and keys of flushed databases, that wait for that
  uint64_t freed_dead() const { return freed_; }  // since the start, how many of them are gone or going
  // Where nobody holds a View: chunks move to where less memory is lost; true when nothing is left to do.
  bool tidy_memory(size_t steps, ChunkMemory::Hour hour);
  size_t memory() const;
  size_t memory_unused() const { return chunks_->memory().unused(); }  // ours, though the allocator believes it in use
  uint64_t digest() const;
  void note_writes_as(uint32_t made, uint32_t replaced) {
    for (const auto& database : databases_) database->note_writes_as(made, replaced);
  }

  // What a snapshot must know beside chunks and blobs.
  struct State {
    uint64_t hash_seed = 0;
    ChunkStore::LastIds last;
    std::vector<ValueId> roots;  // by database; one more where there are libraries, two more where there are users
  };
  Bytes state() const;
  static Bytes encode(const State& state);
  static std::optional<State> parse(View state);
  void install(DbIndex db, std::unique_ptr<Database> database) {
    (db == kLibraries ? libraries_ : db == kUsers ? users_ : databases_.at(db)) = std::move(database);
  }

  EncodingLimits encodings;  // up to where apply labels a value as small; configuration, not state

 private:
  std::unique_ptr<ChunkStore> chunks_;
  std::vector<std::unique_ptr<Database>> databases_;
  std::unique_ptr<Database> make_database() { return std::make_unique<Database>(*chunks_, chunks_->next_value_id()); }
  std::unique_ptr<Database> libraries_;  // nullptr: there was none yet
  std::unique_ptr<Database> users_;      // the same; where it is, the libraries' is too
  std::vector<std::unique_ptr<Database>> dead_;
  bool free_dead(Database& database, size_t chunks);  // … of one, counted
  uint64_t freed_ = 0;
};

}  // namespace leat
