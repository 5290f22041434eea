// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/apply.h"

#include "broker/keyspace/encoding.h"
#include "broker/keyspace/hash.h"
#include "broker/keyspace/list.h"
#include "broker/keyspace/set.h"
#include "broker/keyspace/sorted_set.h"
#include "broker/keyspace/stream.h"

namespace leat {

namespace {

template <typename T>
T& existing(Keyspace& keyspace, DbIndex db, View key) {
  T* const value = keyspace.database(db).find_as<T>(key);
  CHECK(value != nullptr);  // the handler emits only what it has seen
  return *value;
}

template <typename T>
void erase_if_empty(Keyspace& keyspace, DbIndex db, View key, const T& value) {
  if (value.empty()) keyspace.database(db).erase(key);  // an empty list and no list are one thing
}

template <typename E>
consumers::Group& existing_group(Keyspace& keyspace, DbIndex db, const E& effect) {
  consumers::Group* const group = existing<Stream>(keyspace, db, effect.key).find_group(effect.group);
  CHECK(group != nullptr);
  return *group;
}

}  // namespace

// Strings.

void apply_one(Keyspace& keyspace, DbIndex db, const StringSet& set) {
  Database& database = keyspace.database(db);
  TimeMs expire_at_ms = set.expire_at_ms;
  if (expire_at_ms == kKeepExpiry) {
    const auto found = database.find(set.key);
    expire_at_ms = found ? found->expire_at_ms : kNoExpiry;
  }
  database.set_string(set.key, set.value);
  if (expire_at_ms != kNoExpiry) database.set_expiry(set.key, expire_at_ms);
}

void apply_one(Keyspace& keyspace, DbIndex db, const StringWrite& write) {
  keyspace.database(db).write_string(write.key, write.offset, write.bytes);
}

// Lists.

void apply_one(Keyspace& keyspace, DbIndex db, const ListPush& push) {
  List& list = keyspace.database(db).open<List>(push.key);
  for (const View value : push.values) list.push(push.side, value);
  relabel(list, keyspace.encodings);
}

void apply_one(Keyspace& keyspace, DbIndex db, const ListPop& pop) {
  List& list = existing<List>(keyspace, db, pop.key);
  CHECK(pop.count <= list.size());
  list.drop(pop.side, pop.count);
  relabel(list, keyspace.encodings);
  erase_if_empty(keyspace, db, pop.key, list);
}

void apply_one(Keyspace& keyspace, DbIndex db, const ListSet& set) {
  List& list = existing<List>(keyspace, db, set.key);
  CHECK(set.index < list.size());
  list.set(set.index, set.value);
  relabel(list, keyspace.encodings);
}

void apply_one(Keyspace& keyspace, DbIndex db, const ListInsert& insert) {
  List& list = existing<List>(keyspace, db, insert.key);
  CHECK(insert.index <= list.size());
  list.insert(insert.index, insert.value);
  relabel(list, keyspace.encodings);
}

void apply_one(Keyspace& keyspace, DbIndex db, const ListErase& erase) {
  List& list = existing<List>(keyspace, db, erase.key);
  CHECK(erase.index < list.size() && erase.count <= list.size() - erase.index);
  list.erase(erase.index, erase.count);
  relabel(list, keyspace.encodings);
  erase_if_empty(keyspace, db, erase.key, list);
}

// Hashes and sets.

// HashSet or HashRevise: `write` puts a field and its value into the hash.
template <typename E, typename Write>
void write_fields(Keyspace& keyspace, DbIndex db, const E& effect, Write write) {
  CHECK(effect.pairs.size() % 2 == 0);
  keyspace.database(db).edit<Hash>(effect.key, effect.pairs, [&](Hash& hash) {
    for (size_t i = 0; i < effect.pairs.size(); i += 2) write(hash, effect.pairs[i], effect.pairs[i + 1]);
    relabel(hash, effect.pairs, keyspace.encodings);
  });
}

void apply_one(Keyspace& keyspace, DbIndex db, const HashSet& set) {
  write_fields(keyspace, db, set, [](Hash& hash, View field, View value) { hash.put(field, value); });
}

void apply_one(Keyspace& keyspace, DbIndex db, const HashDelete& erase) {
  keyspace.database(db).edit<Hash>(erase.key, {}, [&](Hash& hash) {
    for (const View name : erase.names) hash.erase(name);
  });
}

void apply_one(Keyspace& keyspace, DbIndex db, const HashRevise& revise) {
  write_fields(keyspace, db, revise, [](Hash& hash, View field, View value) { hash.revise(field, value); });
}

void apply_one(Keyspace& keyspace, DbIndex db, const HashSetExpiry& set) {
  keyspace.database(db).move_out<Hash>(set.key);
  keyspace.database(db).edit<Hash>(set.key, {}, [&](Hash& hash) {
    for (const View name : set.names) hash.set_lifetime(name, set.at_ms);
    relabel(hash);
  });
}

void apply_one(Keyspace& keyspace, DbIndex db, const HashExpire& expire) {
  keyspace.database(db).edit<Hash>(expire.key, {}, [&](Hash& hash) {
    for (const View name : expire.names) hash.erase(name);
  });
}

void apply_one(Keyspace& keyspace, DbIndex db, const SetAdd& add) {
  keyspace.database(db).edit<Set>(add.key, add.members, [&](Set& set) {
    const bool created = set.empty();
    for (const View member : add.members) set.add(member);
    relabel(set, add.members, created, keyspace.encodings);
  });
}

void apply_one(Keyspace& keyspace, DbIndex db, const SetRemove& remove) {
  keyspace.database(db).edit<Set>(remove.key, {}, [&](Set& set) {
    for (const View member : remove.members) set.remove(member);
  });
}

// Sorted sets.

void apply_one(Keyspace& keyspace, DbIndex db, const SortedSetAdd& add) {
  SortedSet& set = keyspace.database(db).open<SortedSet>(add.key);
  for (const ScoredMember& entry : add.entries) set.add(entry.member, entry.score);
  relabel(set, add.entries, keyspace.encodings);
}

void apply_one(Keyspace& keyspace, DbIndex db, const SortedSetRemove& remove) {
  SortedSet& set = existing<SortedSet>(keyspace, db, remove.key);
  for (const View member : remove.members) set.remove(member);
  erase_if_empty(keyspace, db, remove.key, set);
}

void apply_one(Keyspace& keyspace, DbIndex db, const SortedSetErase& erase) {
  SortedSet& set = existing<SortedSet>(keyspace, db, erase.key);
  CHECK(erase.rank < set.size() && erase.count <= set.size() - erase.rank);
  set.erase_range(erase.rank, erase.count);
  erase_if_empty(keyspace, db, erase.key, set);
}

// Streams and their groups.

void apply_one(Keyspace& keyspace, DbIndex db, const StreamCreate& create) {
  keyspace.database(db).open<Stream>(create.key).encoding = Encoding::kStream;
}

void apply_one(Keyspace& keyspace, DbIndex db, const StreamAdd& add) {
  CHECK(add.pairs.size() % 2 == 0);
  Stream& stream = keyspace.database(db).open<Stream>(add.key);
  stream.encoding = Encoding::kStream;
  CHECK(add.id > stream.last_id());
  stream.append(add.id, add.pairs);
}

void apply_one(Keyspace& keyspace, DbIndex db, const StreamDelete& erase) {
  Stream& stream = existing<Stream>(keyspace, db, erase.key);
  for (const StreamId id : erase.ids) stream.erase(id);
}

void apply_one(Keyspace& keyspace, DbIndex db, const StreamTrim& trim) {
  Stream& stream = existing<Stream>(keyspace, db, trim.key);
  CHECK(trim.count <= stream.size());
  stream.drop_front(trim.count);
}

void apply_one(Keyspace& keyspace, DbIndex db, const StreamSetId& set) {
  existing<Stream>(keyspace, db, set.key).set_last(set.last_id, set.entries_added, set.max_deleted_id);
}

void apply_one(Keyspace& keyspace, DbIndex db, const StreamConfigure& configure) {
  existing<Stream>(keyspace, db, configure.key).open_producers().configure(configure.duration_ms, configure.ids_max);
}

void apply_one(Keyspace& keyspace, DbIndex db, const StreamRemember& remember) {
  existing<Stream>(keyspace, db, remember.key)
      .open_producers()
      .remember({.id = remember.id,
                 .at_ms = remember.at_ms,
                 .producer = remember.producer,
                 .print = {remember.print_high, remember.print_low}});
}

void apply_one(Keyspace& keyspace, DbIndex db, const GroupCreate& create) {
  Stream& stream = existing<Stream>(keyspace, db, create.key);
  CHECK(stream.find_group(create.group) == nullptr);
  stream.create_group(create.group, create.last_delivered, create.entries_read);
}

void apply_one(Keyspace& keyspace, DbIndex db, const GroupDestroy& destroy) {
  CHECK(existing<Stream>(keyspace, db, destroy.key).destroy_group(destroy.group));
}

void apply_one(Keyspace& keyspace, DbIndex db, const GroupSetId& set) {
  existing_group(keyspace, db, set).set_last(set.last_delivered, set.entries_read);
}

void apply_one(Keyspace& keyspace, DbIndex db, const ConsumerCreate& create) {
  existing_group(keyspace, db, create).create_consumer(create.consumer, create.at_ms);
}

void apply_one(Keyspace& keyspace, DbIndex db, const ConsumerDelete& erase) {
  existing_group(keyspace, db, erase).remove_consumer(erase.consumer);
}

void apply_one(Keyspace& keyspace, DbIndex db, const GroupDeliver& deliver) {
  consumers::Group& group = existing_group(keyspace, db, deliver);
  group.deliver(deliver.ids, deliver.consumer, deliver.at_ms);
  group.set_last(deliver.last_delivered, deliver.entries_read);
}

void apply_one(Keyspace& keyspace, DbIndex db, const PendingAck& ack) {
  consumers::Group& group = existing_group(keyspace, db, ack);
  for (const StreamId id : ack.ids) group.ack(id);
}

void apply_one(Keyspace& keyspace, DbIndex db, const PendingClaim& claim) {
  existing_group(keyspace, db, claim).claim(claim.id, claim.consumer, claim.delivered_at_ms, claim.deliveries);
}

// Keys.

void apply_one(Keyspace& keyspace, DbIndex db, const KeyDelete& erase) {
  CHECK(keyspace.database(db).erase(erase.key));
}
void apply_one(Keyspace& keyspace, DbIndex db, const KeyExpire& expire) {
  CHECK(keyspace.database(db).erase(expire.key));
}
void apply_one(Keyspace& keyspace, DbIndex db, const KeyEvict& evict) { CHECK(keyspace.database(db).erase(evict.key)); }
void apply_one(Keyspace& keyspace, DbIndex db, const KeySetExpiry& set) {
  keyspace.database(db).set_expiry(set.key, set.at_ms);
}
void apply_one(Keyspace& keyspace, DbIndex db, const KeyRename& rename) {
  keyspace.database(db).rename(rename.key, rename.to);
}
void apply_one(Keyspace& keyspace, DbIndex db, const KeyCopy& copy) {
  keyspace.database(db).copy(copy.key, keyspace.database(copy.to_db), copy.to);
}
void apply_one(Keyspace& keyspace, DbIndex db, const KeyMove& move) {
  keyspace.database(db).move(move.key, keyspace.database(move.to_db), move.key);
}
void apply_one(Keyspace& keyspace, DbIndex db, const DatabaseFlush&) { keyspace.flush(db); }
void apply_one(Keyspace& keyspace, DbIndex db, const DatabaseSwap& swap) { keyspace.swap(db, swap.other); }

// Libraries.

void apply_one(Keyspace& keyspace, DbIndex, const LibrarySet& set) { keyspace.set_library(set.library, set.code); }
void apply_one(Keyspace& keyspace, DbIndex, const LibraryDelete& erase) { keyspace.delete_library(erase.library); }
void apply_one(Keyspace& keyspace, DbIndex, const LibrariesFlush&) { keyspace.flush_libraries(); }

// Users.

void apply_one(Keyspace& keyspace, DbIndex, const UserSet& set) { keyspace.set_user(set.user, set.rules); }
void apply_one(Keyspace& keyspace, DbIndex, const UserDelete& erase) { keyspace.delete_user(erase.user); }

void apply_one(Keyspace&, DbIndex, const KeyDigest&) {}

void apply_effect(Keyspace& keyspace, DbIndex db, const Effect& effect) {
  std::visit([&](const auto& one) { apply_one(keyspace, db, one); }, effect);
}

}  // namespace leat
