// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/applicable.h"

#include "broker/keyspace/hash.h"
#include "broker/keyspace/list.h"
#include "broker/keyspace/sorted_set.h"
#include "broker/keyspace/stream.h"

namespace leat {

namespace {

// No row of a snapshot is longer (wal/snapshot.h); no handler lets a string grow so far, whatever proto-max-bulk-len
// says.
constexpr uint64_t kBytesMax = 999'999'000;

Status misfit(Bytes why) { return Status::error(std::move(why)); }
Status no_key() { return misfit("there is no such key"); }
Status no_group() { return misfit("there is no such group"); }
Status no_database() { return misfit("there is no such database"); }

// ---- what an effect is about

Status check_type(const std::optional<Found>& found, Type type) {
  if (!found || found->type == type) return Status::fine();
  return misfit("the key holds a " + Bytes(name_of(found->type)) + ", not a " + Bytes(name_of(type)));
}

Status may_open(const Keyspace& keyspace, DbIndex db, View key, Type type) {
  return check_type(keyspace.database(db).find(key), type);
}

Status must_hold(const Keyspace& keyspace, DbIndex db, View key, Type type) {
  const auto found = keyspace.database(db).find(key);
  return found ? check_type(found, type) : no_key();
}

Status must_exist(const Keyspace& keyspace, DbIndex db, View key) {
  return keyspace.database(db).find(key) ? Status::fine() : no_key();
}

// Null when the key is absent or holds something else: must_hold() says which.
template <typename T>
const T* existing(const Keyspace& keyspace, DbIndex db, View key) {
  const auto found = keyspace.database(db).find(key);
  return found && found->type == T::kType ? static_cast<const T*>(found->value) : nullptr;
}

template <typename E>
Status check_group(const Keyspace& keyspace, DbIndex db, const E& effect) {
  if (Status held = must_hold(keyspace, db, effect.key, Type::kStream); !held.ok()) return held;
  return existing<Stream>(keyspace, db, effect.key)->find_group(effect.group) != nullptr ? Status::fine() : no_group();
}

Status check_expiry(TimeMs at_ms) { return at_ms >= 0 ? Status::fine() : misfit("the expiry lies before 1970"); }

Status check_pairs(Views pairs) {
  if (pairs.empty()) return misfit("it brings nothing");
  return pairs.size() % 2 == 0 ? Status::fine() : misfit("a name has no value");
}

template <typename Items>
Status check_brings(const Items& items) {
  return items.empty() ? misfit("it brings nothing") : Status::fine();
}

Status holds_only(uint64_t size) { return misfit("it holds " + std::to_string(size)); }

// ---- what it asks of the state

Status check(const Keyspace&, DbIndex, const StringSet& set) {
  return set.expire_at_ms == kKeepExpiry ? Status::fine() : check_expiry(set.expire_at_ms);
}

Status check(const Keyspace& keyspace, DbIndex db, const StringWrite& write) {
  if (write.offset > kBytesMax - write.bytes.size()) return misfit("the string would grow too long");
  return may_open(keyspace, db, write.key, Type::kString);
}

Status check(const Keyspace& keyspace, DbIndex db, const ListPush& push) {
  const Status brings = check_brings(push.values);
  return brings.ok() ? may_open(keyspace, db, push.key, Type::kList) : brings;
}

// Of `count` elements from `from` on.
Status check_range(const Keyspace& keyspace, DbIndex db, View key, uint64_t from, uint64_t count) {
  if (Status held = must_hold(keyspace, db, key, Type::kList); !held.ok()) return held;
  const uint64_t size = existing<List>(keyspace, db, key)->size();
  return from <= size && count <= size - from ? Status::fine() : holds_only(size);
}

Status check(const Keyspace& keyspace, DbIndex db, const ListPop& pop) {
  return check_range(keyspace, db, pop.key, 0, pop.count);
}
Status check(const Keyspace& keyspace, DbIndex db, const ListSet& set) {
  return check_range(keyspace, db, set.key, set.index, 1);
}
Status check(const Keyspace& keyspace, DbIndex db, const ListInsert& insert) {
  return check_range(keyspace, db, insert.key, insert.index, 0);
}
Status check(const Keyspace& keyspace, DbIndex db, const ListErase& erase) {
  if (Status held = check_range(keyspace, db, erase.key, erase.index, 1); !held.ok()) return held;
  return check_range(keyspace, db, erase.key, erase.index, erase.count);
}

Status check(const Keyspace& keyspace, DbIndex db, const HashSet& set) {
  const Status pairs = check_pairs(set.pairs);
  return pairs.ok() ? may_open(keyspace, db, set.key, Type::kHash) : pairs;
}
Status check(const Keyspace& keyspace, DbIndex db, const HashDelete& erase) {
  return must_hold(keyspace, db, erase.key, Type::kHash);
}
Status check(const Keyspace& keyspace, DbIndex db, const HashRevise& revise) {
  const Status pairs = check_pairs(revise.pairs);
  return pairs.ok() ? may_open(keyspace, db, revise.key, Type::kHash) : pairs;
}
Status check(const Keyspace& keyspace, DbIndex db, const HashSetExpiry& set) {
  if (Status brings = check_brings(set.names); !brings.ok()) return brings;
  if (Status later = check_expiry(set.at_ms); !later.ok()) return later;
  if (Status held = must_hold(keyspace, db, set.key, Type::kHash); !held.ok()) return held;
  const auto hash = keyspace.database(db).see<Hash>(set.key);
  for (const View name : set.names) {
    if (!hash->contains(name)) return misfit("the hash has no such field");
  }
  return Status::fine();
}
Status check(const Keyspace& keyspace, DbIndex db, const HashExpire& expire) {
  return must_hold(keyspace, db, expire.key, Type::kHash);
}
Status check(const Keyspace& keyspace, DbIndex db, const SetAdd& add) {
  const Status brings = check_brings(add.members);
  return brings.ok() ? may_open(keyspace, db, add.key, Type::kSet) : brings;
}
Status check(const Keyspace& keyspace, DbIndex db, const SetRemove& remove) {
  return must_hold(keyspace, db, remove.key, Type::kSet);
}

Status check(const Keyspace& keyspace, DbIndex db, const SortedSetAdd& add) {
  for (const ScoredMember& entry : add.entries) {
    if (entry.score != entry.score) return misfit("a score is not a number");
  }
  const Status brings = check_brings(add.entries);
  return brings.ok() ? may_open(keyspace, db, add.key, Type::kSortedSet) : brings;
}
Status check(const Keyspace& keyspace, DbIndex db, const SortedSetRemove& remove) {
  return must_hold(keyspace, db, remove.key, Type::kSortedSet);
}
Status check(const Keyspace& keyspace, DbIndex db, const SortedSetErase& erase) {
  if (Status held = must_hold(keyspace, db, erase.key, Type::kSortedSet); !held.ok()) return held;
  const uint64_t size = existing<SortedSet>(keyspace, db, erase.key)->size();
  return erase.rank < size && erase.count <= size - erase.rank ? Status::fine() : holds_only(size);
}

Status check(const Keyspace& keyspace, DbIndex db, const StreamCreate& create) {
  return may_open(keyspace, db, create.key, Type::kStream);
}
Status check(const Keyspace& keyspace, DbIndex db, const StreamAdd& add) {
  if (Status pairs = check_pairs(add.pairs); !pairs.ok()) return pairs;
  if (Status held = may_open(keyspace, db, add.key, Type::kStream); !held.ok()) return held;
  const Stream* stream = existing<Stream>(keyspace, db, add.key);
  return add.id > (stream == nullptr ? StreamId{} : stream->last_id()) ? Status::fine()
                                                                       : misfit("its id does not rise");
}
Status check(const Keyspace& keyspace, DbIndex db, const StreamDelete& erase) {
  return must_hold(keyspace, db, erase.key, Type::kStream);
}
Status check(const Keyspace& keyspace, DbIndex db, const StreamTrim& trim) {
  if (Status held = must_hold(keyspace, db, trim.key, Type::kStream); !held.ok()) return held;
  const uint64_t size = existing<Stream>(keyspace, db, trim.key)->size();
  return trim.count <= size ? Status::fine() : holds_only(size);
}
Status check(const Keyspace& keyspace, DbIndex db, const StreamSetId& set) {
  if (Status held = must_hold(keyspace, db, set.key, Type::kStream); !held.ok()) return held;
  const auto last = existing<Stream>(keyspace, db, set.key)->cursor_back(kStreamIdMax);
  const bool fits = !last.valid() || set.last_id >= last.id();
  return fits ? Status::fine() : misfit("an entry has a greater id");
}

Status check(const Keyspace& keyspace, DbIndex db, const StreamConfigure& configure) {
  using consumers::Producers;
  if (configure.duration_ms == 0 || configure.duration_ms > Producers::kDurationMax_s * 1000) {
    return misfit("no stream remembers for so long");
  }
  if (configure.ids_max == 0 || configure.ids_max > Producers::kIdsMax) return misfit("no stream remembers so many");
  return must_hold(keyspace, db, configure.key, Type::kStream);
}
Status check(const Keyspace& keyspace, DbIndex db, const StreamRemember& remember) {
  if (Status held = must_hold(keyspace, db, remember.key, Type::kStream); !held.ok()) return held;
  if (remember.at_ms < 0) return misfit("it came before 1970");
  const bool fits = existing<Stream>(keyspace, db, remember.key)->producers() != nullptr;
  return fits ? Status::fine() : misfit("the stream remembers nobody's ids");
}

Status check(const Keyspace& keyspace, DbIndex db, const GroupCreate& create) {
  if (Status held = must_hold(keyspace, db, create.key, Type::kStream); !held.ok()) return held;
  const bool fits = existing<Stream>(keyspace, db, create.key)->find_group(create.group) == nullptr;
  return fits ? Status::fine() : misfit("there is such a group");
}
Status check(const Keyspace& keyspace, DbIndex db, const GroupDestroy& effect) {
  return check_group(keyspace, db, effect);
}
Status check(const Keyspace& keyspace, DbIndex db, const GroupSetId& effect) {
  return check_group(keyspace, db, effect);
}
Status check(const Keyspace& keyspace, DbIndex db, const ConsumerCreate& effect) {
  return check_group(keyspace, db, effect);
}
Status check(const Keyspace& keyspace, DbIndex db, const ConsumerDelete& effect) {
  return check_group(keyspace, db, effect);
}
Status check(const Keyspace& keyspace, DbIndex db, const GroupDeliver& effect) {
  return check_group(keyspace, db, effect);
}
Status check(const Keyspace& keyspace, DbIndex db, const PendingAck& effect) {
  return check_group(keyspace, db, effect);
}
Status check(const Keyspace& keyspace, DbIndex db, const PendingClaim& effect) {
  return check_group(keyspace, db, effect);
}

Status check(const Keyspace& keyspace, DbIndex db, const KeyDelete& erase) {
  return must_exist(keyspace, db, erase.key);
}
Status check(const Keyspace& keyspace, DbIndex db, const KeyExpire& expire) {
  return must_exist(keyspace, db, expire.key);
}
Status check(const Keyspace& keyspace, DbIndex db, const KeyEvict& evict) {
  return must_exist(keyspace, db, evict.key);
}
Status check(const Keyspace& keyspace, DbIndex db, const KeySetExpiry& set) {
  const Status later = check_expiry(set.at_ms);
  return later.ok() ? must_exist(keyspace, db, set.key) : later;
}
Status check(const Keyspace& keyspace, DbIndex db, const KeyRename& rename) {
  return must_exist(keyspace, db, rename.key);
}
Status check(const Keyspace& keyspace, DbIndex db, const KeyCopy& copy) {
  return copy.to_db < kDatabases ? must_exist(keyspace, db, copy.key) : no_database();
}
Status check(const Keyspace& keyspace, DbIndex db, const KeyMove& move) {
  return move.to_db < kDatabases ? must_exist(keyspace, db, move.key) : no_database();
}
Status check(const Keyspace&, DbIndex, const DatabaseFlush&) { return Status::fine(); }
Status check(const Keyspace&, DbIndex, const DatabaseSwap& swap) {
  return swap.other < kDatabases ? Status::fine() : no_database();
}
Status check(const Keyspace&, DbIndex, const KeyDigest&) { return Status::fine(); }
Status check(const Keyspace&, DbIndex, const LibrarySet&) { return Status::fine(); }
Status check(const Keyspace& keyspace, DbIndex, const LibraryDelete& erase) {
  return keyspace.library(erase.library) ? Status::fine() : misfit("there is no such library");
}
Status check(const Keyspace&, DbIndex, const LibrariesFlush&) { return Status::fine(); }
Status check(const Keyspace&, DbIndex, const UserSet&) { return Status::fine(); }
Status check(const Keyspace& keyspace, DbIndex, const UserDelete& erase) {
  return keyspace.user(erase.user) ? Status::fine() : misfit("there is no such user");
}

// ---- how long it is

uint64_t bytes_of(View field) { return field.size(); }
uint64_t bytes_of(Views field) {
  uint64_t bytes = 0;
  for (const View one : field) bytes += one.size();
  return bytes;
}
uint64_t bytes_of(ScoredMembers field) {
  uint64_t bytes = 0;
  for (const ScoredMember& one : field) bytes += one.member.size();
  return bytes;
}
template <typename Other>
uint64_t bytes_of(const Other&) {
  return 0;
}

// A stream's entry is one blob, so its fields count together; elsewhere a batch is not nearly so long.
template <typename E>
Status check_size(const E& effect) {
  uint64_t bytes = 0;
  std::apply([&bytes](const auto&... field) { ((bytes += bytes_of(field)), ...); }, effect.fields());
  return bytes <= kBytesMax ? Status::fine() : misfit("it is too long");
}

}  // namespace

Status fits_state(const Keyspace& keyspace, DbIndex db, const Effect& effect) {
  if (db >= kDatabases) return no_database();
  return std::visit(
      [&](const auto& one) {
        const Status size = check_size(one);
        return size.ok() ? check(keyspace, db, one) : size;
      },
      effect);
}

}  // namespace leat
