// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/admission.h"

#include <algorithm>

#include "broker/commands/table.h"

namespace leat {

namespace {

using ClassSet = std::bitset<kClassesMax + 1>;

const Status kOutOfMemory = Status::error("OOM command not allowed when used memory > 'maxmemory'.");

bool is_rename(const Command& command) { return command.row.name == "RENAME" || command.row.name == "RENAMENX"; }

// The keys that something may come to: of two keys (COPY, LMOVE …) the second; what stores a result has its key first.
std::vector<size_t> added_to(const Command& command, Args args) {
  const Keys& keys = command.row.keys;
  if (command.row.name.ends_with("STORE") || command.row.name == "PFMERGE") return {1};
  if (command.row.name == "BITOP") return {2};
  if (keys.kind == Keys::Kind::kRange && keys.first == 1 && keys.last == 2) return {2};
  auto positions = key_positions(command.row, args).value_or(std::vector<size_t>{});
  if (keys.kind == Keys::Kind::kStored) positions.erase(positions.begin());  // which is only read
  return positions;
}

void add_classes(const Classes& classes, const Command& command, Args args, ClassSet& set) {
  if (is_rename(command) && classes.of(args[1]) == classes.of(args[2])) return;
  if (!command.is(kDenyOom) && !is_rename(command)) return;
  for (const size_t at : added_to(command, args)) set.set(classes.of(args[at]));
}

Status value_too_long(const KeyClass& one, uint64_t size) {
  return Status::error("ERR value of " + std::to_string(size) + " bytes is longer than class '" + one.name +
                       "' allows: its max_value_bytes is " + std::to_string(one.max_value_bytes));
}

}  // namespace

// Without classes: with a limit to memory keys go, or what may add is refused, as Redis does. A transaction is refused
// while it grows.
Status Admission::make_room(const Client& client, const Command& command) {
  out_of_memory_ = !rooms_.eviction.make_room(kDefaultClass);
  if (!out_of_memory_) return Status::fine();
  const bool queued = client.in_multi && !command.is(kRunsInMulti);
  const bool adds_at_exec = command.row.name == "EXEC" &&
                            std::any_of(client.queued.begin(), client.queued.end(),
                                        [](const QueuedCommand& one) { return one.command->is(kDenyOom); });
  return queued || adds_at_exec || command.is(kDenyOom) ? refuse(kDefaultClass) : Status::fine();
}

Status Admission::refuse(ClassId id) {
  ++rooms_.stats.by_class[id].oom_refusals;
  return kOutOfMemory;
}

// What the request may add to: of a script as far as it says, of EXEC what was queued.
Admission::ClassSet Admission::classes_of(const Client& client, const Command& command, Args args) const {
  ClassSet set;
  if (command.row.name == "EXEC") {
    for (const QueuedCommand& one : client.queued) add_classes(rooms_.classes, *one.command, one.args.args(), set);
  } else if (command.family == "scripting") {
    for (const size_t at : key_positions(command.row, args).value_or(std::vector<size_t>{}))
      set.set(rooms_.classes.of(args[at]));
  } else {
    add_classes(rooms_.classes, command, args, set);
  }
  return set;
}

Status Admission::make_room(const ClassSet& wanted, bool may_refuse) {
  Status room;
  for (ClassId id = 0; id < rooms_.classes.size(); ++id) {
    if (!wanted[id]) continue;
    made_.set(id);
    if (rooms_.eviction.make_room(id)) continue;
    full_.set(id);
    if (may_refuse && room.ok()) room = refuse(id);
  }
  return room;
}

Status Admission::admit(const Client& client, const Command& command, Args args, bool may_evict) {
  checks_ = may_evict && rooms_.eviction.limited();
  out_of_memory_ = false;
  full_.reset();
  effects_before_ = rooms_.batch.effects();
  if (!rooms_.classes.any()) return checks_ ? make_room(client, command) : Status::fine();
  if (const Status fit = fits(command, args); !fit.ok()) return fit;
  made_.reset();
  if (!checks_) return Status::fine();
  return make_room(classes_of(client, command, args), command.family != "scripting");
}

// Keys of classes that the script did not announce cannot go in the middle of it: they go behind it.
Status Admission::admit_nested(const Command& command, Args args, bool allow_oom) {
  const bool may_refuse = !allow_oom && rooms_.batch.effects() == effects_before_;
  if (!rooms_.classes.any())
    return out_of_memory_ && command.is(kDenyOom) && may_refuse ? refuse(kDefaultClass) : Status::fine();
  if (const Status fit = fits(command, args); !fit.ok()) return fit;
  if (!checks_) return Status::fine();
  ClassSet wanted;
  add_classes(rooms_.classes, command, args, wanted);
  for (ClassId id = 0; id < rooms_.classes.size(); ++id) {
    if (!wanted[id]) continue;
    const bool room = made_[id] ? !full_[id] : rooms_.eviction.may_add(id);
    if (!room && may_refuse) return refuse(id);
  }
  return Status::fine();
}

// Whether all that it brings is short enough for its keys' classes: with MSET each value for its own key, else every
// word for all keys.
Status Admission::fits(const Command& command, Args args) const {
  if (!rooms_.classes.limit_values() || !command.is(kWrite) || command.family == "scripting") return Status::fine();
  if (command.row.name == "RESTORE") return Status::fine();  // it looks at what is in the dump (restored_value.h)
  const auto keys = key_positions(command.row, args);
  if (!keys) return Status::fine();  // the handler says what is wrong
  const bool pairs = command.row.keys.kind == Keys::Kind::kRange && command.row.keys.step == 2;
  for (const size_t key : *keys) {
    const KeyClass& one = rooms_.classes[rooms_.classes.of(args[key])];
    if (one.max_value_bytes == 0) continue;
    const size_t first = pairs ? key + 1 : 1, last = pairs ? key + 1 : args.size() - 1;
    for (size_t at = first; at <= last && at < args.size(); ++at) {
      if (args[at].size() <= one.max_value_bytes || std::find(keys->begin(), keys->end(), at) != keys->end()) continue;
      return value_too_long(one, args[at].size());
    }
  }
  return Status::fine();
}

uint64_t string_bytes_max(const Context& ctx, View key) {
  const auto most = static_cast<uint64_t>(ctx.rooms.config.bulk_bytes_max);
  if (!ctx.rooms.classes.limit_values()) return most;
  const uint64_t of_class = ctx.rooms.classes[ctx.rooms.classes.of(key)].max_value_bytes;
  return of_class == 0 ? most : std::min(most, of_class);
}

Status string_too_long(const Context& ctx, View key) {
  const KeyClass& one = ctx.rooms.classes[ctx.rooms.classes.of(key)];
  if (string_bytes_max(ctx, key) == static_cast<uint64_t>(ctx.rooms.config.bulk_bytes_max)) {
    return Status::error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  }
  return Status::error("ERR string would be longer than class '" + one.name + "' allows: its max_value_bytes is " +
                       std::to_string(one.max_value_bytes));
}

}  // namespace leat
