// SPDX-License-Identifier: Apache-2.0
#include "broker/notifications.h"

#include <algorithm>
#include <optional>

namespace leat {

namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;  // clang 14 does not find that out by itself

// The key that an effect may make, and where.
struct Target {
  DbIndex db;
  View key;
};
std::optional<Target> target_of(DbIndex db, const Effect& effect) {
  return std::visit(
      [db](const auto& one) -> std::optional<Target> {
        if constexpr (requires { one.to; one.to_db; }) return Target{one.to_db, one.to};
        else if constexpr (requires { one.to; }) return Target{db, one.to};
        else if constexpr (requires { one.to_db; }) return Target{one.to_db, one.key};
        else if constexpr (requires { one.key; }) return Target{db, one.key};
        else return std::nullopt;
      },
      effect);
}

bool is_removal(const Effect& effect) {
  return std::holds_alternative<KeyDelete>(effect) || std::holds_alternative<KeyExpire>(effect) ||
         std::holds_alternative<KeyEvict>(effect);
}

View by_side(Side side, View left, View right) { return side == Side::kLeft ? left : right; }

}  // namespace

// Commands whose changes of a value have another name than their effects by themselves. Sorted.
auto Notifications::named(View command) -> Named {
  constexpr Named kSilent{.event = "", .silent = true};  // it only remembers something beside the value
  static constexpr std::pair<View, Named> kNamed[] = {
      {"APPEND", {"append"}},
      {"BITFIELD", {"setbit", true}},
      {"BITOP", {"set", true}},
      {"DECR", {"incrby"}},
      {"DECRBY", {"incrby"}},
      {"GEORADIUS", {"georadiusstore", true}},
      {"GEORADIUSBYMEMBER", {"georadiusstore", true}},
      {"GEOSEARCHSTORE", {"geosearchstore", true}},
      {"HINCRBY", {"hincrby"}},
      {"HINCRBYFLOAT", {"hincrbyfloat"}},
      {"INCR", {"incrby"}},
      {"INCRBY", {"incrby"}},
      {"INCRBYFLOAT", {"incrbyfloat"}},
      {"LREM", {"lrem", true}},
      {"LTRIM", {"ltrim", true}},
      {"PFADD", {"pfadd", true}},
      {"PFCOUNT", kSilent},
      {"PFDEBUG", kSilent},
      {"PFMERGE", {"pfadd", true}},
      {"RESTORE", {.event = "restore", .once = true, .whole = true}},
      {"SDIFFSTORE", {"sdiffstore", true}},
      {"SETBIT", {"setbit"}},
      {"SETRANGE", {"setrange"}},
      {"SINTERSTORE", {"sinterstore", true}},
      {"SORT", {"sortstore", true}},
      {"SPOP", {"spop", true}},
      {"SUNIONSTORE", {"sunionstore", true}},
      {"XCLAIM", kSilent},
      {"ZDIFFSTORE", {"zdiffstore", true}},
      {"ZINCRBY", {"zincr"}},
      {"ZINTERSTORE", {"zinterstore", true}},
      {"ZRANGESTORE", {"zrangestore", true}},
      {"ZREMRANGEBYLEX", {"zremrangebylex", true}},
      {"ZREMRANGEBYRANK", {"zremrangebyrank", true}},
      {"ZREMRANGEBYSCORE", {"zremrangebyscore", true}},
      {"ZUNIONSTORE", {"zunionstore", true}},
  };
  static_assert(std::is_sorted(std::begin(kNamed), std::end(kNamed),
                               [](const auto& a, const auto& b) { return a.first < b.first; }));
  const auto found = std::lower_bound(std::begin(kNamed), std::end(kNamed), command,
                                      [](const auto& one, View name) { return one.first < name; });
  return found != std::end(kNamed) && found->first == command ? found->second : Named();
}

void Notifications::begin_command(View name) { named_ = named(name); }

void Notifications::before(DbIndex db, const Effect& effect) {
  const auto target = target_of(db, effect);
  const bool replaces = std::holds_alternative<KeyRename>(effect) || std::holds_alternative<KeyCopy>(effect);
  was_there_ = !target || (!replaces && keyspace_.database(target->db).find(target->key).has_value());
}

void Notifications::after(DbIndex db, const Effect& effect) {
  if (named_.whole && !is_removal(effect)) return note_whole(db, target_of(db, effect)->key);
  if (!was_there_) {
    const Target target = *target_of(db, effect);
    if (keyspace_.database(target.db).find(target.key)) note(EventClass::kNew, target.db, "new", target.key);
  }
  using C = EventClass;
  const auto change = [&](C of, View event, View key) { note_change(of, db, event, key); };
  const auto taken = [&](C of, View event, View key) { note_change(of, db, event, key), note_if_emptied(db, key); };
  const auto generic = [&](View event, View key) { note(C::kGeneric, db, event, key); };
  std::visit(Overloaded{
      [&](const StringSet& set) {
        change(C::kString, "set", set.key);
        if (set.expire_at_ms > 0) generic("expire", set.key);
      },
      [&](const StringWrite& write) { change(C::kString, "setrange", write.key); },
      [&](const ListPush& push) { change(C::kList, by_side(push.side, "lpush", "rpush"), push.key); },
      [&](const ListPop& pop) { taken(C::kList, by_side(pop.side, "lpop", "rpop"), pop.key); },
      [&](const ListSet& set) { change(C::kList, "lset", set.key); },
      [&](const ListInsert& insert) { change(C::kList, "linsert", insert.key); },
      [&](const ListErase& erase) { taken(C::kList, "lrem", erase.key); },
      [&](const HashSet& set) { change(C::kHash, "hset", set.key); },
      [&](const HashRevise& set) { change(C::kHash, "hset", set.key); },
      [&](const HashSetExpiry& set) { note(C::kHash, db, set.at_ms == kNoExpiry ? "hpersist" : "hexpire", set.key); },
      [&](const HashExpire& gone) { note(C::kHash, db, "hexpired", gone.key), note_if_emptied(db, gone.key); },
      [&](const HashDelete& gone) { taken(C::kHash, "hdel", gone.key); },
      [&](const SetAdd& add) { change(C::kSet, "sadd", add.key); },
      [&](const SetRemove& gone) { taken(C::kSet, "srem", gone.key); },
      [&](const SortedSetAdd& add) { change(C::kSortedSet, "zadd", add.key); },
      [&](const SortedSetRemove& gone) { taken(C::kSortedSet, "zrem", gone.key); },
      [&](const SortedSetErase& erase) { taken(C::kSortedSet, erase.rank == 0 ? "zpopmin" : "zpopmax", erase.key); },
      [&](const StreamAdd& add) { note(C::kStream, db, "xadd", add.key); },
      [&](const StreamDelete& gone) { note(C::kStream, db, "xdel", gone.key); },
      [&](const StreamTrim& trim) { note(C::kStream, db, "xtrim", trim.key); },
      [&](const StreamSetId& set) { note(C::kStream, db, "xsetid", set.key); },
      [&](const GroupCreate& made) { note(C::kStream, db, "xgroup-create", made.key); },
      [&](const GroupDestroy& gone) { note(C::kStream, db, "xgroup-destroy", gone.key); },
      [&](const GroupSetId& set) {
        if (!named_.silent) note(C::kStream, db, "xgroup-setid", set.key);
      },
      [&](const ConsumerCreate& made) { note(C::kStream, db, "xgroup-createconsumer", made.key); },
      [&](const ConsumerDelete& gone) { note(C::kStream, db, "xgroup-delconsumer", gone.key); },
      [&](const KeyDelete& gone) { generic("del", gone.key); },
      [&](const KeyExpire& gone) { note(C::kExpired, db, "expired", gone.key); },
      [&](const KeyEvict& gone) { note(C::kEvicted, db, "evicted", gone.key); },
      [&](const KeySetExpiry& set) { generic(set.at_ms == kNoExpiry ? "persist" : "expire", set.key); },
      [&](const KeyRename& renamed) { generic("rename_from", renamed.key), generic("rename_to", renamed.to); },
      [&](const KeyCopy& copied) { note(C::kGeneric, copied.to_db, "copy_to", copied.to); },
      [&](const KeyMove& moved) {
        generic("move_from", moved.key);
        note(C::kGeneric, moved.to_db, "move_to", moved.key);
      },
      // Nothing that Redis has an event for.
      [](const StreamCreate&) {}, [](const StreamConfigure&) {}, [](const StreamRemember&) {},
      [](const GroupDeliver&) {}, [](const PendingAck&) {}, [](const PendingClaim&) {},
      [](const DatabaseFlush&) {}, [](const DatabaseSwap&) {}, [](const KeyDigest&) {}, [](const LibrarySet&) {},
      [](const LibraryDelete&) {}, [](const LibrariesFlush&) {}, [](const UserSet&) {}, [](const UserDelete&) {}},
      effect);
}

void Notifications::missed(DbIndex db, View key) { note(EventClass::kMiss, db, "keymiss", key); }

void Notifications::note(EventClass of, DbIndex db, View event, View key) {
  noted_.push_back({of, {db, event, Bytes(key)}});
}

void Notifications::note_change(EventClass of, DbIndex db, View event, View key) {
  if (named_.silent) return;
  if (named_.event.empty()) return note(of, db, event, key);
  const auto same = [&](const Noted& one) {
    return one.what.event == named_.event && one.what.key == key && one.what.db == db;
  };
  if (named_.once && std::any_of(noted_.begin(), noted_.end(), same)) return;
  note(of, db, named_.event, key);
}

// The key is new, whatever there was.
void Notifications::note_whole(DbIndex db, View key) {
  const auto is_new = [](const Noted& one) { return one.of == EventClass::kNew; };
  const bool noted = std::any_of(noted_.begin(), noted_.end(), is_new);
  if (!noted) note(EventClass::kNew, db, "new", key);
  note_change(EventClass::kGeneric, db, "", key);
}

void Notifications::note_if_emptied(DbIndex db, View key) {
  if (!keyspace_.database(db).find(key)) note(EventClass::kGeneric, db, "del", key);
}

std::vector<Notification> Notifications::take() {
  std::vector<Notification> told;
  Noted* made = nullptr;  // what the command has made anew: one key at the most
  for (auto one = noted_.rbegin(); one != noted_.rend(); ++one) {
    if (one->of == EventClass::kNew) made = &*one;
    if (one->what.event != "del" || made == nullptr) continue;
    if (made->what.db != one->what.db || made->what.key != one->what.key) continue;
    one->of = EventClass::kNone;
    if (!named_.whole) made->of = EventClass::kNone;
  }
  for (Noted& one : noted_) {
    if (classes_.has(one.of)) told.push_back(std::move(one.what));
  }
  noted_.clear();
  named_ = {};
  return told;
}

}  // namespace leat
