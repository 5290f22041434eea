// SPDX-License-Identifier: Apache-2.0
// effect.h: the closed list of what can change a keyspace. effect.md holds the tag table.
//
// Used by: handlers, which emit them; the codec, which lays them into a batch; apply, which carries them out.
// Always:  - one struct a kind of change; its tag is on disk: never renumber, never reuse, never reorder fields;
//          - deterministic: clock, dice and configuration are spent before an effect exists;
//          - they borrow: emit encodes first and applies from views into the encoding, so an effect may borrow
//            anything, also what it is about to change.
// `fields` lists what is on disk, in order; the first field of an effect on one key is that key.
#pragma once

#include <span>
#include <tuple>
#include <type_traits>
#include <variant>

#include "schemas/bytes.h"
#include "schemas/ids.h"
#include "schemas/side.h"

namespace leat {

using StreamIds = std::span<const StreamId>;

struct ScoredMember {
  double score;
  View member;
};
using ScoredMembers = std::span<const ScoredMember>;

constexpr TimeMs kNoExpiry = 0;     // the key lives until somebody deletes it
constexpr TimeMs kKeepExpiry = -1;  // StringSet only: as it was

#define LEAT_FIELDS(...)                             \
  auto fields() const { return std::tie(__VA_ARGS__); } \
  auto fields() { return std::tie(__VA_ARGS__); }

struct StringSet {
  static constexpr uint8_t kTag = 1;
  View key;
  View value;
  TimeMs expire_at_ms = kNoExpiry;
  LEAT_FIELDS(key, value, expire_at_ms)
};
struct StringWrite {  // APPEND, SETRANGE: zero-filled up to offset
  static constexpr uint8_t kTag = 2;
  View key;
  uint64_t offset;
  View bytes;
  LEAT_FIELDS(key, offset, bytes)
};
struct ListPush {  // one after the other, so the last value ends up outermost
  static constexpr uint8_t kTag = 3;
  View key;
  Side side;
  Views values;
  LEAT_FIELDS(key, side, values)
};
struct ListPop {
  static constexpr uint8_t kTag = 4;
  View key;
  Side side;
  uint64_t count;  // never more than the list holds; the handler looked
  LEAT_FIELDS(key, side, count)
};
struct ListSet {
  static constexpr uint8_t kTag = 5;
  View key;
  uint64_t index;
  View value;
  LEAT_FIELDS(key, index, value)
};
struct ListInsert {
  static constexpr uint8_t kTag = 6;
  View key;
  uint64_t index;  // of the new element
  View value;
  LEAT_FIELDS(key, index, value)
};
struct ListErase {
  static constexpr uint8_t kTag = 7;
  View key;
  uint64_t index;
  uint64_t count;
  LEAT_FIELDS(key, index, count)
};
struct HashSet {
  static constexpr uint8_t kTag = 8;
  View key;
  Views pairs;  // field, value, field, value …
  LEAT_FIELDS(key, pairs)
};
struct HashDelete {
  static constexpr uint8_t kTag = 9;
  View key;
  Views names;
  LEAT_FIELDS(key, names)
};
struct SetAdd {
  static constexpr uint8_t kTag = 10;
  View key;
  Views members;
  LEAT_FIELDS(key, members)
};
struct SetRemove {
  static constexpr uint8_t kTag = 11;
  View key;
  Views members;
  LEAT_FIELDS(key, members)
};
struct SortedSetAdd {  // adds, or moves to the new score
  static constexpr uint8_t kTag = 12;
  View key;
  ScoredMembers entries;
  LEAT_FIELDS(key, entries)
};
struct SortedSetRemove {
  static constexpr uint8_t kTag = 13;
  View key;
  Views members;
  LEAT_FIELDS(key, members)
};
struct SortedSetErase {
  static constexpr uint8_t kTag = 14;
  View key;
  uint64_t rank;  // ascending, of the first
  uint64_t count;
  LEAT_FIELDS(key, rank, count)
};
struct StreamCreate {  // XGROUP CREATE … MKSTREAM: an empty stream is a stream
  static constexpr uint8_t kTag = 15;
  View key;
  LEAT_FIELDS(key)
};
struct StreamAdd {
  static constexpr uint8_t kTag = 16;
  View key;
  StreamId id;
  Views pairs;  // field, value, field, value …
  LEAT_FIELDS(key, id, pairs)
};
struct StreamDelete {
  static constexpr uint8_t kTag = 17;
  View key;
  StreamIds ids;
  LEAT_FIELDS(key, ids)
};
struct StreamTrim {
  static constexpr uint8_t kTag = 18;
  View key;
  uint64_t count;  // of the oldest entries
  LEAT_FIELDS(key, count)
};
struct StreamSetId {
  static constexpr uint8_t kTag = 19;
  View key;
  StreamId last_id;
  uint64_t entries_added;
  StreamId max_deleted_id;
  LEAT_FIELDS(key, last_id, entries_added, max_deleted_id)
};
struct GroupCreate {
  static constexpr uint8_t kTag = 20;
  View key;
  View group;
  StreamId last_delivered;
  int64_t entries_read;  // -1: not known
  LEAT_FIELDS(key, group, last_delivered, entries_read)
};
struct GroupDestroy {
  static constexpr uint8_t kTag = 21;
  View key;
  View group;
  LEAT_FIELDS(key, group)
};
struct GroupSetId {
  static constexpr uint8_t kTag = 22;
  View key;
  View group;
  StreamId last_delivered;
  int64_t entries_read;
  LEAT_FIELDS(key, group, last_delivered, entries_read)
};
struct ConsumerCreate {
  static constexpr uint8_t kTag = 23;
  View key;
  View group;
  View consumer;
  TimeMs at_ms;
  LEAT_FIELDS(key, group, consumer, at_ms)
};
struct ConsumerDelete {  // and what it had pending
  static constexpr uint8_t kTag = 24;
  View key;
  View group;
  View consumer;
  LEAT_FIELDS(key, group, consumer)
};
struct GroupDeliver {  // XREADGROUP >: the cursor moves, and the ids become pending (none with NOACK)
  static constexpr uint8_t kTag = 25;
  View key;
  View group;
  View consumer;
  StreamIds ids;
  TimeMs at_ms;
  StreamId last_delivered;
  int64_t entries_read;
  LEAT_FIELDS(key, group, consumer, ids, at_ms, last_delivered, entries_read)
};
struct PendingAck {
  static constexpr uint8_t kTag = 26;
  View key;
  View group;
  StreamIds ids;  // each is pending; the handler looked
  LEAT_FIELDS(key, group, ids)
};
struct PendingClaim {  // pending for this consumer from now on; made pending if it was not (XCLAIM FORCE)
  static constexpr uint8_t kTag = 27;
  View key;
  View group;
  View consumer;
  StreamId id;
  TimeMs delivered_at_ms;
  uint64_t deliveries;
  LEAT_FIELDS(key, group, consumer, id, delivered_at_ms, deliveries)
};
struct KeyDelete {
  static constexpr uint8_t kTag = 28;
  View key;
  LEAT_FIELDS(key)
};
struct KeyExpire {  // deleted because its time had come
  static constexpr uint8_t kTag = 29;
  View key;
  LEAT_FIELDS(key)
};
struct KeySetExpiry {
  static constexpr uint8_t kTag = 30;
  View key;
  TimeMs at_ms;  // kNoExpiry clears
  LEAT_FIELDS(key, at_ms)
};
struct KeyRename {  // what `to` held is gone
  static constexpr uint8_t kTag = 31;
  View key;
  View to;
  LEAT_FIELDS(key, to)
};
struct KeyCopy {
  static constexpr uint8_t kTag = 32;
  View key;
  DbIndex to_db;
  View to;
  LEAT_FIELDS(key, to_db, to)
};
struct KeyMove {
  static constexpr uint8_t kTag = 33;
  View key;
  DbIndex to_db;
  LEAT_FIELDS(key, to_db)
};
struct DatabaseFlush {
  static constexpr uint8_t kTag = 34;
  LEAT_FIELDS()
};
struct DatabaseSwap {
  static constexpr uint8_t kTag = 35;
  DbIndex other;
  LEAT_FIELDS(other)
};
// Changes nothing: what the key's content has come to, so that replay can tell when it makes something else of it.
struct KeyDigest {
  static constexpr uint8_t kTag = 36;
  View key;
  uint64_t digest;  // 0: there is no such key
  LEAT_FIELDS(key, digest)
};
struct KeyEvict {  // deleted to make room (maxmemory)
  static constexpr uint8_t kTag = 37;
  View key;
  LEAT_FIELDS(key)
};
struct HashRevise {  // like HashSet, but a field that has a lifetime keeps it: HINCRBY, HSETEX KEEPTTL
  static constexpr uint8_t kTag = 38;
  View key;
  Views pairs;
  LEAT_FIELDS(key, pairs)
};
struct HashSetExpiry {
  static constexpr uint8_t kTag = 39;
  View key;
  TimeMs at_ms;  // kNoExpiry clears
  Views names;   // each is there; the handler looked
  LEAT_FIELDS(key, at_ms, names)
};
struct HashExpire {  // fields deleted because their time had come
  static constexpr uint8_t kTag = 40;
  View key;
  Views names;
  LEAT_FIELDS(key, names)
};
// XCFGSET, or the first XADD … IDMP: for how long a stream remembers its producers' ids, and how many of each. It
// forgets those that it has.
struct StreamConfigure {
  static constexpr uint8_t kTag = 41;
  View key;
  uint64_t duration_ms;
  uint64_t ids_max;
  LEAT_FIELDS(key, duration_ms, ids_max)
};
struct StreamRemember {  // the entry was added for an id of a producer's (consumers/producers.h)
  static constexpr uint8_t kTag = 42;
  View key;
  StreamId id;
  TimeMs at_ms;
  uint64_t producer;    // a digest of its name
  uint64_t print_high;  // of a digest of both
  uint64_t print_low;
  LEAT_FIELDS(key, id, at_ms, producer, print_high, print_low)
};

// Libraries of functions. They are of no database: FLUSHALL keeps them.
struct LibrarySet {  // makes it, or puts this text in the place of the one it had
  static constexpr uint8_t kTag = 43;
  View library;
  View code;
  LEAT_FIELDS(library, code)
};
struct LibraryDelete {
  static constexpr uint8_t kTag = 44;
  View library;
  LEAT_FIELDS(library)
};
struct LibrariesFlush {
  static constexpr uint8_t kTag = 45;
  LEAT_FIELDS()
};

// Users. They are of no database either, and name no password: only digests (broker/access/user.h).
struct UserSet {  // makes it, or puts these rules in the place of those it had
  static constexpr uint8_t kTag = 46;
  View user;
  View rules;  // words split at blanks
  LEAT_FIELDS(user, rules)
};
struct UserDelete {
  static constexpr uint8_t kTag = 47;
  View user;
  LEAT_FIELDS(user)
};

#undef LEAT_FIELDS

template <typename E>
constexpr bool kOfLibraries =
    std::is_same_v<E, LibrarySet> || std::is_same_v<E, LibraryDelete> || std::is_same_v<E, LibrariesFlush>;

template <typename E>
constexpr bool kOfUsers = std::is_same_v<E, UserSet> || std::is_same_v<E, UserDelete>;

// What a reader yields.
using Effect =
    std::variant<StringSet, StringWrite, ListPush, ListPop, ListSet, ListInsert, ListErase, HashSet, HashDelete, SetAdd,
                 SetRemove, SortedSetAdd, SortedSetRemove, SortedSetErase, StreamCreate, StreamAdd, StreamDelete,
                 StreamTrim, StreamSetId, GroupCreate, GroupDestroy, GroupSetId, ConsumerCreate, ConsumerDelete,
                 GroupDeliver, PendingAck, PendingClaim, KeyDelete, KeyExpire, KeySetExpiry, KeyRename, KeyCopy,
                 KeyMove, DatabaseFlush, DatabaseSwap, KeyDigest, KeyEvict, HashRevise, HashSetExpiry, HashExpire,
                 StreamConfigure, StreamRemember, LibrarySet, LibraryDelete, LibrariesFlush, UserSet, UserDelete>;

// "ListPush": for `leat dump`, metrics and messages.
View name_of(const Effect& effect);

}  // namespace leat
