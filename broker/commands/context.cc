// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/context.h"

#include "broker/commands/rollback.h"
#include "broker/keyspace/hash.h"

namespace leat {

const Status kWrongType = Status::error("WRONGTYPE Operation against a key holding the wrong kind of value");

std::optional<Found> Context::look_in(DbIndex where, View key) {
  footing.rest_on(rooms.stamps.of(where, key));
  const ClassId of_class = rooms.classes.of(key);
  if (rooms.classes.any()) footing.at_least(rooms.classes[of_class].level(client.durability));
  std::optional<Found> found = rooms.keyspace.database(where).find(key);
  if (found && is_due(*found)) {
    saw_due_ = true;
    found.reset();
  }
  if (command.is(kReadOnly | kLooks) || reading_) {
    count_look(found.has_value(), of_class);
    if (!found && rooms.notifications.on() && !command.is(kNoMiss)) [[unlikely]] rooms.notifications.missed(where, key);
  }
  if (found && found->use != nullptr && !command.is(kNoTouch) && (!client.no_touch || command.row.name == "TOUCH"))
    *found->use = rooms.eviction.used(*found->use, of_class);
  return found;
}

void Context::count_look(bool hit, ClassId of_class) {
  ++(hit ? rooms.stats.hits : rooms.stats.misses);
  if (!rooms.classes.any()) return;
  ClassStats& stats = rooms.stats.by_class[of_class];
  ++(hit ? stats.hits : stats.misses);
}

void Context::keep(DbIndex where, View key) { rollback->keep(*this, where, key); }

Result<std::optional<View>> Context::find_text(View key) {
  const std::optional<Found> found = look(key);
  if (!found) return std::optional<View>();
  if (found->type != Type::kString) return kWrongType;
  return std::optional<View>(found->text);
}

// All fields of the hash. So many that naming them would take long go with their key: a write waits no longer for that
// than for any other key.
void Context::expire_fields(DbIndex where, View key) {
  constexpr size_t kNamedMax = 64;
  const Database& database = rooms.keyspace.database(where);
  const std::vector<Bytes> names = database.see<Hash>(key)->due(now_ms, kNamedMax);
  rooms.batch.emit(where, HashExpire{.key = key, .names = std::vector<View>(names.begin(), names.end())},
                   client.durability);
  rooms.stats.expired_fields += names.size();
  if (database.find(key)) rooms.batch.emit(where, KeyDelete{.key = key}, client.durability);
}

void Context::expire_if_due(DbIndex where, View key) {
  const std::optional<Found> found = rooms.keyspace.database(where).find(key);
  if (!found || !is_due(*found)) return;
  if (found->expire_at_ms == kNoExpiry || found->expire_at_ms > now_ms) return expire_fields(where, key);
  rooms.vanished.note(where, key, found->type, Cause::kExpired, now_ms);
  rooms.batch.emit(where, KeyExpire{.key = key}, client.durability);
  ++rooms.stats.expired_keys;
}

}  // namespace leat
