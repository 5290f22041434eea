// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/rollback.h"

#include "broker/broker.h"
#include "broker/commands/restored.h"
#include "broker/rdb/dump_writer.h"

namespace leat {

// What a stream remembers of its producers (XADD … IDMP) has no place there.
static bool fits_a_dump(const Database& database, const Found& found) {
  return found.type != Type::kStream || database.see<Stream>(found)->producers() == nullptr;
}

void Rollback::keep(Context& ctx, DbIndex db, View key) {
  const auto [at, is_new] = keys_.try_emplace({db, Bytes(key)});
  if (!is_new) return;
  const Database& database = ctx.rooms.keyspace.database(db);
  const auto found = database.find(key);
  if (!found || ctx.is_due(*found)) return;
  Before& before = at->second;
  const size_t about = found->value == nullptr ? found->text.size() : found->value->weight();
  before.kept = bytes_ + about <= kBytesMax && fits_a_dump(database, *found);
  if (!before.kept) return;
  rdb::append_dump(before.dump, database, *found, ctx.now_ms);
  before.expire_at_ms = found->expire_at_ms;
  bytes_ += before.dump.size();
}

void Rollback::undo(Context& script) {
  script.rollback = nullptr;  // what it emits is not to be kept again
  size_t left_out = 0;
  for (const auto& [place, before] : keys_) {
    if (!before.kept) {
      ++left_out;
      continue;
    }
    Context ctx(script.rooms, script.client, script.reply, script.command, place.first, script.now_us);
    put_back(ctx, place.second, before);
    script.footing.join(ctx.footing);
  }
  if (left_out == 0) return;
  script.rooms.broker.warn("script_not_taken_back",
                           {{"id", script.client.id},
                            {"keys", left_out},
                            {"why", "it failed, and their values could not be kept beside it"}});
}

void Rollback::put_back(Context& ctx, View key, const Before& before) {
  if (ctx.look(key)) ctx.emit(KeyDelete{.key = key});
  if (before.dump.empty()) return;
  const auto object = rdb::open_dump(before.dump);
  CHECK(object.has_value());  // we wrote it
  emit_restored(ctx, key, before.expire_at_ms, *object, {.string_bytes_max = UINT64_MAX, .expanded_max = UINT64_MAX});
}

}  // namespace leat
