// SPDX-License-Identifier: Apache-2.0
// migrate.cc: MIGRATE: keys move to another server. https://redis.io/docs/latest/commands/migrate/
//
// Redis lets everybody wait until the target has answered. Here only who asked waits, and others may change a key while
// it is on its way: such a key stays, with what they made of it, and the answer says so. Keys that are not changed are
// deleted here when the target has acknowledged them; a crash in between leaves a key in both places, and in no case in
// none. In a transaction or a script, where nothing can be waited for, it answers an error.
#include "broker/broker.h"
#include "broker/commands/dump_commands.h"
#include "broker/commands/parse.h"
#include "broker/keyspace/hash_sight.h"
#include "broker/protocol/request.h"
#include "broker/rdb/dump_writer.h"

namespace leat {

namespace {

constexpr TimeMs kTimeoutMs = 1000;                      // when none is given
constexpr TimeMs kTimeoutMaxMs = 365LL * 24 * 3600 * 1000;

struct Options {
  bool copy = false, replace = false;
  std::vector<View> secrets;  // what AUTH is sent with
  Views keys;
  int64_t db = 0;
  TimeMs timeout_ms = 0;
};

Result<Options> parse_options(Args args) {
  Options given;
  given.keys = args.slice(3, 4);
  for (size_t i = 6; i < args.size(); ++i) {
    const size_t more = args.size() - i - 1;
    if (same_word(args[i], "COPY")) {
      given.copy = true;
    } else if (same_word(args[i], "REPLACE")) {
      given.replace = true;
    } else if (same_word(args[i], "AUTH") && more >= 1) {
      given.secrets = {args[i + 1]};
      i += 1;
    } else if (same_word(args[i], "AUTH2") && more >= 2) {
      given.secrets = {args[i + 1], args[i + 2]};
      i += 2;
    } else if (same_word(args[i], "KEYS")) {
      if (!args[3].empty()) {
        return Status::error("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
      }
      given.keys = args.from(i + 1);
      break;
    } else {
      return kSyntaxError;
    }
  }
  const auto timeout_ms = integer_of(args[5]);
  if (!timeout_ms.ok()) return timeout_ms.status();
  const auto db = integer_of(args[4]);
  if (!db.ok()) return db.status();
  given.db = *db;
  given.timeout_ms = *timeout_ms <= 0 ? kTimeoutMs : std::min(*timeout_ms, kTimeoutMaxMs);
  return given;
}

// What is no port cannot be connected to, and that is what the caller hears.
uint16_t port_of(View text) {
  const auto port = parse_integer(text);
  return port && *port > 0 && *port <= UINT16_MAX ? static_cast<uint16_t>(*port) : 0;
}

// Requests to the target.

void introduce(const Options& given, Migration::Order& order) {
  if (given.secrets.size() == 1) append_request(order.introduction, {"AUTH", given.secrets[0]});
  if (given.secrets.size() == 2) append_request(order.introduction, {"AUTH", given.secrets[0], given.secrets[1]});
  order.introductions += !given.secrets.empty();
  if (given.db == 0) return;  // where every connection begins
  append_request(order.introduction, {"SELECT", integer_text(given.db)});
  order.introductions += 1;
}

void append_restore(Context& ctx, const Options& given, View key, const Found& found, Bytes& out) {
  const TimeMs ttl_ms = found.expire_at_ms == kNoExpiry ? 0 : std::max<TimeMs>(found.expire_at_ms - ctx.now_ms, 1);
  Bytes payload;
  rdb::append_dump(payload, ctx.database(), found, ctx.now_ms);
  append_request_head(out, given.replace ? 5 : 4);
  append_request_word(out, "RESTORE");
  append_request_word(out, key);
  append_request_word(out, integer_text(ttl_ms));
  append_request_word(out, payload);
  if (given.replace) append_request_word(out, "REPLACE");
}

// The keys that are here, as they are now.
void pack(Context& ctx, const Options& given, Migration::Order& order) {
  for (const View key : given.keys) {
    const auto found = ctx.look(key);
    if (!found) continue;
    if (found->type == Type::kHash) static_cast<void>(ctx.show<Hash>(ctx.db, *found));  // what is due is left out
    order.keys.emplace_back(key);
    order.expiries.push_back(found->expire_at_ms);
    if (!ctx.nested) append_restore(ctx, given, key, *found, order.letter);
  }
}

Outcome begin(Context& ctx, Args args) {
  const auto given = parse_options(args);
  if (!given.ok()) return given.status();
  Migration::Order order{.host = Bytes(args[1]), .port = port_of(args[2]), .timeout_ms = given->timeout_ms};
  pack(ctx, *given, order);
  if (order.keys.empty()) return ctx.reply.simple("NOKEY");
  if (ctx.nested) {
    return Status::error("ERR MIGRATE waits for the other server: it cannot be run inside a transaction or a script");
  }
  introduce(*given, order);
  Migrations& migrations = ctx.rooms.migrations;
  if (!given->copy) {
    for (const Bytes& key : order.keys) order.watches.push_back(migrations.watch(ctx.db, key));
  }
  order.stamp = ctx.footing.stamp();
  ctx.rooms.executor.wait_for(order.stamp);
  migrations.begin(ctx.client.id, std::move(order));
  return Wait{.on_timeout = OnTimeout::kHandler};  // for no key: the tick that sees it answered runs this again
}

// Deletes what the target has taken, but for what was changed or deleted here since: so many. A key whose time has come
// meanwhile is no such: it goes there as it went here.
size_t delete_taken(Context& ctx, const Migration& migration) {
  const Migration::Order& order = migration.order();
  std::vector<View> gone;
  size_t changed = 0;
  for (size_t i = 0; i < order.watches.size(); ++i) {
    const View key = order.keys[i];
    const bool is_here = ctx.look(key).has_value();
    const bool over = !is_here && order.expiries[i] != kNoExpiry && order.expiries[i] <= ctx.now_ms;
    if (!migration.taken(i) || over) continue;
    if (ctx.rooms.migrations.changed(order.watches[i])) ++changed;
    else gone.push_back(key);
  }
  for (const View key : gone) {  // named twice, it goes once
    if (ctx.database().find(key)) ctx.emit(KeyDelete{.key = key});
  }
  return changed;
}

Status changed_error(size_t changed, size_t keys) {
  return Status::error(
      "ERR " + std::to_string(changed) + " of " + std::to_string(keys) +
      " keys were changed or deleted here while they were on their way: here they stay as they are now, "
      "and the target has them as they were");
}

Status failure(const Migration& migration) {
  switch (migration.end()) {
    case Migration::End::kNotConnected:
      return Status::error("IOERR error or timeout connecting to the client");
    case Migration::End::kWriting:
      return Status::error("IOERR error or timeout writing to target instance");
    case Migration::End::kReading:
      return Status::error("IOERR error or timeout reading from target instance");
    default:
      return Status::fine();
  }
}

Outcome finish(Context& ctx, const Migration& migration) {
  const size_t changed = delete_taken(ctx, migration);
  if (!migration.refusal().empty()) {
    return Status::error("ERR Target instance replied with error: " + Bytes(migration.refusal()));
  }
  if (Status failed = failure(migration); !failed.ok()) return failed;
  if (changed > 0) return changed_error(changed, migration.order().keys.size());
  return ctx.reply.ok();
}

}  // namespace

// MIGRATE host port key|"" destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 username password]
// [KEYS key ...]  →  OK, or NOKEY when there is none of them
Outcome migrate(Context& ctx, Args args) {
  if (ctx.resumed == nullptr) return begin(ctx, args);
  const Migration* const migration = ctx.rooms.migrations.of(ctx.client.id);
  if (migration != nullptr && migration->end() != Migration::End::kNone) return finish(ctx, *migration);
  if (!ctx.time_is_up) return Wait{.on_timeout = OnTimeout::kHandler};
  return ctx.reply.error("IOERR given up before the target instance had answered: the keys were kept here");
}

}  // namespace leat
