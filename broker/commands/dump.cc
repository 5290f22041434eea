// SPDX-License-Identifier: Apache-2.0
// dump.cc: values on their way between servers. https://redis.io/docs/latest/commands/dump/, …/restore/
#include "broker/commands/admission.h"
#include "broker/commands/dump_commands.h"
#include "broker/commands/parse.h"
#include "broker/commands/restored.h"
#include "broker/keyspace/hash_sight.h"
#include "broker/rdb/dump_writer.h"
#include "broker/rdb/restored_value.h"

namespace leat {

namespace {

constexpr size_t kDumpOverhead = 64;  // about what a dump has beside the value
// As much as a dump's bytes may stand for many times over, beyond a string's limit.
constexpr uint64_t kGrowth = 16;

struct RestoreOptions {
  bool replace = false, absolute = false;
  std::optional<int64_t> idle_s, frequency;
};

Result<RestoreOptions> parse_restore(Args args) {
  RestoreOptions given;
  for (size_t i = 4; i < args.size(); ++i) {
    const bool more = i + 1 < args.size();
    if (same_word(args[i], "REPLACE")) {
      given.replace = true;
    } else if (same_word(args[i], "ABSTTL")) {
      given.absolute = true;
    } else if (same_word(args[i], "IDLETIME") && more && !given.frequency) {
      const auto seconds = integer_of(args[++i]);
      if (!seconds.ok()) return seconds.status();
      if (*seconds < 0) return Status::error("ERR Invalid IDLETIME value, must be >= 0");
      given.idle_s = *seconds;
    } else if (same_word(args[i], "FREQ") && more && !given.idle_s) {
      const auto frequency = integer_of(args[++i]);
      if (!frequency.ok()) return frequency.status();
      if (*frequency < 0 || *frequency > UINT8_MAX) {
        return Status::error("ERR Invalid FREQ value, must be >= 0 and <= 255");
      }
      given.frequency = *frequency;
    } else {
      return kSyntaxError;
    }
  }
  return given;
}

// The absolute time, kNoExpiry for 0.
Result<TimeMs> restored_expiry(const Context& ctx, View ttl, bool absolute) {
  const auto given = integer_of(ttl);
  if (!given.ok()) return given.status();
  if (*given < 0) return Status::error("ERR Invalid TTL value, must be >= 0");
  int64_t at_ms = *given;
  if (at_ms == 0) return kNoExpiry;
  if (!absolute && __builtin_add_overflow(at_ms, ctx.now_ms, &at_ms)) {
    return Status::error("ERR invalid expire time in 'restore' command");
  }
  return at_ms;
}

rdb::ValueCheck::Bounds bounds_of(const Context& ctx, View key, View dump) {
  const auto string_max = static_cast<uint64_t>(ctx.rooms.config.bulk_bytes_max);
  const uint64_t logged_max = string_max + kGrowth * dump.size();
  return {.part_max = string_bytes_max(ctx, key),
          .logged_max = logged_max,
          .too_long = string_too_long(ctx, key),
          .input = {.string_bytes_max = string_max, .expanded_max = logged_max}};
}

// What the policy of the key's class does not go by is not kept, as in Redis.
void note_use(const Context& ctx, View key, const RestoreOptions& given) {
  constexpr int64_t kIdleMaxS = 6 * 365 * 24 * 3600;  // key_use.h knows no longer one
  const Eviction& eviction = ctx.rooms.eviction;
  const auto found = ctx.database().find(key);
  if (!found || found->use == nullptr) return;
  const bool counts = eviction.counts(ctx.rooms.classes.of(key));
  if (counts && given.frequency) *found->use = eviction.used_as_often(static_cast<uint8_t>(*given.frequency));
  if (!counts && given.idle_s) *found->use = eviction.idle_since(std::min(*given.idle_s, kIdleMaxS) * 1000);
}

}  // namespace

// DUMP key
Outcome dump(Context& ctx, Args args) {
  const auto found = ctx.look(args[1]);
  if (!found) return ctx.reply.null();
  if (found->type == Type::kHash) static_cast<void>(ctx.show<Hash>(ctx.db, *found));  // what is due is left out
  const size_t about = found->value == nullptr ? found->text.size() : found->value->weight();
  return ctx.reply.bulk_of(about + kDumpOverhead,
                           [&](Bytes& out) { rdb::append_dump(out, ctx.database(), *found, ctx.now_ms); });
}

// RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]
Outcome restore(Context& ctx, Args args) {
  const View key = args[1];
  const auto given = parse_restore(args);
  if (!given.ok()) return given.status();
  const auto found = ctx.look(key);
  if (found && !given->replace) return Status::error("BUSYKEY Target key name already exists.");
  const auto expire_at_ms = restored_expiry(ctx, args[2], given->absolute);
  if (!expire_at_ms.ok()) return expire_at_ms.status();
  const auto object = rdb::open_dump(args[3]);
  if (!object) return Status::error("ERR DUMP payload version or checksum are wrong");
  const rdb::ValueCheck::Bounds bounds = bounds_of(ctx, key, args[3]);
  if (const Status wrong = rdb::ValueCheck(key, bounds).check(*object); !wrong.ok()) return wrong;

  const bool over = *expire_at_ms != kNoExpiry && *expire_at_ms <= ctx.now_ms;
  if (found && (over || rdb::type_of(object->layout) != Type::kString)) ctx.emit(KeyDelete{.key = key});
  if (over) return ctx.reply.ok();
  emit_restored(ctx, key, *expire_at_ms, *object, bounds.input);
  note_use(ctx, key, *given);
  return ctx.reply.ok();
}

}  // namespace leat
