// SPDX-License-Identifier: Apache-2.0
// debug.cc: DEBUG: what test suites ask a server for; nobody may, unless enable-debug-command says so.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "broker/broker.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/parse.h"
#include "broker/config/config_words.h"
#include "broker/config/door.h"
#include "broker/keyspace/encoding.h"
#include "broker/rdb/dump_writer.h"

namespace leat {

namespace {

// DEBUG SLEEP seconds: nobody is served meanwhile
Outcome sleep(Context& ctx, Args args) {
  constexpr double kSecondsMax = 3600;
  const double seconds = parse_real(args[2]).value_or(0);
  if (seconds > 0) ctx.rooms.time.hold_us(static_cast<int64_t>(std::min(seconds, kSecondsMax) * 1e6));
  return ctx.reply.ok();
}

// DEBUG SET-ACTIVE-EXPIRE 0|1
Outcome set_active_expire(Context& ctx, Args args) {
  ctx.rooms.broker.purge().active = parse_integer(args[2]).value_or(0) != 0;
  return ctx.reply.ok();
}

Encoding encoding_of(const Found& found) {
  if (found.type != Type::kString) return found.encoding();
  return found.written ? Encoding::kRaw : encoding_of_text(found.text);
}

// " ql_nodes:…": what Redis adds for a list of more than one node.
Bytes of_list(const Context& ctx, const Found& found) {
  if (encoding_of(found) != Encoding::kQuicklist) return {};
  constexpr size_t kNodeBytes = 4096;  // about what a chunk takes
  const auto depth = ctx.rooms.config.remembered.find("list-compress-depth");
  const bool compressed = depth != ctx.rooms.config.remembered.end() && depth->second != "0";
  const Value& list = *found.value;
  const size_t nodes = list.memory() / kNodeBytes + 1;
  char line[160];
  std::snprintf(line, sizeof line,
                " ql_nodes:%zu ql_avg_node:%.2f ql_listpack_max:%lld ql_compressed:%d ql_uncompressed_size:%zu", nodes,
                static_cast<double>(list.size()) / static_cast<double>(nodes),
                static_cast<long long>(ctx.rooms.config.encodings.list_size), compressed ? 1 : 0, list.memory());
  return line;
}

// DEBUG OBJECT key  →  one line of Redis' fields; serializedlength is what the key takes in memory
Outcome object(Context& ctx, Args args) {
  const auto found = ctx.look(args[2]);
  if (!found) return kNoSuchKey;
  const TimeMs idle_ms = found->use == nullptr ? 0 : ctx.rooms.eviction.idle_ms(*found->use);
  constexpr int64_t kLruMask = (1 << 24) - 1;
  Bytes dumped;
  rdb::append_dump(dumped, ctx.database(), *found, ctx.now_ms);
  constexpr size_t kDumpFrame = 11;  // the type before a value; the version and the check behind it
  char line[256];
  std::snprintf(
      line, sizeof line, "Value at:%p refcount:1 encoding:%s serializedlength:%zu lru:%lld lru_seconds_idle:%lld",
      static_cast<const void*>(found->value), Bytes(name_of(encoding_of(*found))).c_str(), dumped.size() - kDumpFrame,
      static_cast<long long>(((ctx.now_ms - idle_ms) / 1000) & kLruMask), static_cast<long long>(idle_ms / 1000));
  return ctx.reply.simple(line + of_list(ctx, *found));
}

// DEBUG LISTPACK key: what it is kept in
Outcome listpack(Context& ctx, Args args) {
  const auto found = ctx.look(args[2]);
  if (!found) return kNoSuchKey;
  if (!name_of(encoding_of(*found)).starts_with("listpack")) return Status::error("ERR Not a listpack encoded object.");
  return ctx.reply.simple("its entries take " + std::to_string(ctx.database().weight_of(args[2]).bytes) + " bytes");
}

Outcome table_text(Context& ctx, View what, size_t entries, size_t bytes) {
  return ctx.reply.verbatim("[" + Bytes(what) + "]\nentries: " + std::to_string(entries) +
                            "\nbytes: " + std::to_string(bytes) +
                            "\nIt grows a segment at a time, and is never rehashed as a whole.\n");
}

// DEBUG HTSTATS db  →  of the table of its keys
Outcome htstats(Context& ctx, Args args) {
  const auto db = parse_integer(args[2]);
  if (!db || *db < 0 || *db >= kDatabases) return Status::error("ERR Out of range database");
  ctx.rest_on_everything();
  const Database& database = ctx.rooms.keyspace.database(static_cast<DbIndex>(*db));
  return table_text(ctx, "keys of database " + std::to_string(*db), database.size(), database.index_memory());
}

// DEBUG HTSTATS-KEY key  →  of the table of its fields or members
Outcome htstats_key(Context& ctx, Args args) {
  const auto found = ctx.look(args[2]);
  if (!found) return kNoSuchKey;
  const Encoding encoding = encoding_of(*found);
  if (encoding != Encoding::kHashtable && encoding != Encoding::kSkiplist) {
    return Status::error("ERR The value stored at the specified key is not represented using an hash table");
  }
  return table_text(ctx, name_of(encoding), found->value->size(), ctx.database().weight_of(args[2]).bytes);
}

// DEBUG SET-DISABLE-DENY-SCRIPTS 0|1: scripts may call DEBUG, and ask about clients
Outcome set_disable_deny_scripts(Context& ctx, Args args) {
  ctx.rooms.executor.scripts_debug = parse_integer(args[2]).value_or(0) != 0;
  return ctx.reply.ok();
}

// DEBUG RELOAD [MERGE] [NOFLUSH] [NOSAVE], DEBUG LOADAOF: the disk's content is rebuilt beside the live one, as a start
// would, must be the same, and takes its place; RELOAD takes a snapshot first, unless NOSAVE. (MERGE and NOFLUSH are
// about what is not in Redis' file; here the disk has everything.)
Outcome reload(Context& ctx, Args args) {
  bool save = same_word(args[1], "RELOAD");
  for (const View word : args.from(2)) {
    if (same_word(word, "NOSAVE")) save = false;
    if (!same_word(word, "MERGE") && !same_word(word, "NOFLUSH") && !same_word(word, "NOSAVE")) {
      return Status::error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    }
  }
  if (ctx.nested) return Status::error("ERR DEBUG RELOAD and LOADAOF cannot run inside a transaction");
  const Status done = ctx.rooms.broker.reload(save);
  return done.ok() ? Outcome(ctx.reply.ok()) : Outcome(Status::error("ERR " + Bytes(done.text())));
}

// DEBUG QUICKLIST-PACKED-THRESHOLD size: leat has no such nodes
Outcome quicklist_packed_threshold(Context& ctx, Args args) {
  const auto bytes = parse_bytes(args[2]);
  if (!bytes || *bytes < 0 || *bytes > (int64_t{4} << 30)) {
    return Status::error("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
  }
  return ctx.reply.ok();
}

Outcome numbers(Context& ctx) {
  for (int i = 0; i < 3; ++i) ctx.reply.integer(i);
  return Replied();
}

// DEBUG PROTOCOL type: a value of that type
Outcome protocol(Context& ctx, Args args) {
  const auto is = [&](View type) { return same_word(args[2], type); };
  ReplySink& reply = ctx.reply;
  if (is("string")) return reply.bulk("Hello World");
  if (is("integer")) return reply.integer(12345);
  if (is("double")) return reply.real(3.141);
  if (is("null")) return reply.null();
  if (is("true") || is("false")) return reply.boolean(is("true"));
  if (is("bignum")) return reply.big_number("1234567999999999999999999999999999999");
  if (is("verbatim")) return reply.verbatim("This is a verbatim\nstring");
  if (is("array")) return reply.array(3), numbers(ctx);
  if (is("set")) return reply.set(3), numbers(ctx);
  if (is("map")) {
    reply.map(3);
    for (int i = 0; i < 3; ++i) reply.integer(i), reply.boolean(i == 1);
    return Replied();
  }
  if (is("attrib")) {
    if (reply.attribute(1)) {
      reply.bulk("key-popularity");
      reply.array(2);
      reply.bulk("key:123");
      reply.integer(90);
    }
    return reply.bulk("Some real reply following the attribute");
  }
  if (is("push")) {
    if (!reply.resp3()) return Status::error("ERR RESP2 is not supported by this command");
    reply.push(2);
    reply.bulk("server-cpu-usage");
    reply.integer(42);
    return reply.bulk("Some real reply following the push reply");
  }
  return Status::error("ERR Wrong protocol type name. Please use one of the following: "
                       "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

Outcome jmap(Context&, Args) { return Status::error("ERR DEBUG JMAP dumps the heap of a Java machine: leat has none"); }

// DEBUG STRINGMATCH-LEN pattern string  →  whether it matches, as KEYS would have it
Outcome stringmatch_len(Context& ctx, Args args) { return ctx.reply.integer(glob_match(args[2], args[3])); }

// DEBUG POPULATE count [prefix] [size]: prefix:0 and on, each with the value "value:0", cut or filled with zero bytes
// to the size that is asked for; what is there already stays
Outcome populate(Context& ctx, Args args) {
  constexpr int64_t kKeysMax = 10'000'000, kSizeMax = int64_t{512} << 20, kBytesMax = int64_t{4} << 30;
  const auto count = parse_integer(args[2]);
  const auto size = args.size() > 4 ? parse_integer(args[4]) : 0;
  if (!count || *count < 0 || !size || *size < 0) return kNotAnInteger;
  if (*count > kKeysMax || *size > kSizeMax || *count * *size > kBytesMax) {
    return Status::error("ERR DEBUG POPULATE makes at most 10,000,000 keys of at most 512 MiB, and 4 GiB of them");
  }
  const Bytes prefix = Bytes(args.size() > 3 ? args[3] : "key") + ":";
  for (int64_t i = 0; i < *count; ++i) {
    const Bytes key = prefix + std::to_string(i);
    if (ctx.look(key)) continue;
    Bytes value = "value:" + std::to_string(i);
    if (*size > 0) value.resize(static_cast<size_t>(*size), '\0');
    ctx.emit(StringSet{.key = key, .value = value});
  }
  return ctx.reply.ok();
}

// DEBUG LOG text: into the broker's own log
Outcome log(Context& ctx, Args args) {
  ctx.rooms.events.warning("debug_log", {{"text", args[2]}});
  return ctx.reply.ok();
}

// DEBUG ERROR text: that error
Outcome error(Context&, Args args) {
  Bytes text(args[2]);
  for (char& c : text) c = c == '\r' || c == '\n' ? ' ' : c;
  return Status::error(text);
}

// What is about the inside of Redis: there is nothing here that it could change.
Outcome nothing(Context& ctx, Args) { return ctx.reply.ok(); }

// Forty digits, as of a SHA-1; nothing is all zeros.
Bytes digest_text(uint64_t digest) {
  char text[41];
  const auto part = static_cast<unsigned long long>(digest);
  std::snprintf(text, sizeof text, "%016llx%016llx%08x", part, part * 0x9e3779b97f4a7c15ull,
                static_cast<uint32_t>(digest >> 32));
  return text;
}

// DEBUG DIGEST: of everything
Outcome digest(Context& ctx, Args) {
  ctx.rest_on_everything();
  bool empty = true;
  for (DbIndex db = 0; db < kDatabases; ++db) empty = empty && ctx.rooms.keyspace.database(db).size() == 0;
  return ctx.reply.simple(digest_text(empty ? 0 : ctx.rooms.keyspace.digest()));
}

// DEBUG DIGEST-VALUE key [key ...]: of each value by itself, whatever its key is called
Outcome digest_value(Context& ctx, Args args) {
  const Views keys = args.from(2);
  ctx.reply.array(keys.size());
  for (const View key : keys) {
    const bool there = ctx.look(key).has_value();
    ctx.reply.simple(digest_text(there ? ctx.database().value_digest_of(key) : 0));
  }
  return Replied();
}

struct SubCommand {
  View name;
  size_t words_min, words_max;  // DEBUG and its name among them
  Handler handler;
};
constexpr size_t kMany = SIZE_MAX;
constexpr SubCommand kSubCommands[] = {
    {"CHANGE-REPL-ID", 2, 2, nothing},
    {"DICT-RESIZING", 3, 3, nothing},  // tables grow a segment at a time
    {"DIGEST", 2, 2, digest},
    {"DIGEST-VALUE", 2, kMany, digest_value},
    {"ERROR", 3, 3, error},
    {"HTSTATS", 3, 4, htstats},
    {"HTSTATS-KEY", 3, 4, htstats_key},
    {"JMAP", 2, kMany, jmap},
    {"LISTPACK", 3, 3, listpack},
    {"LOADAOF", 2, 2, reload},
    {"LOG", 3, 3, log},
    {"OBJECT", 3, 3, object},
    {"PAUSE-CRON", 3, 3, nothing},     // what is due is looked at in each tick
    {"POPULATE", 3, 5, populate},
    {"PROTOCOL", 3, 3, protocol},
    {"QUICKLIST-PACKED-THRESHOLD", 3, 3, quicklist_packed_threshold},
    {"RELOAD", 2, kMany, reload},
    {"REPLYBUFFER", 4, 4, nothing},    // output grows and shrinks by itself
    {"SET-ACTIVE-EXPIRE", 3, 3, set_active_expire},
    {"SET-DISABLE-DENY-SCRIPTS", 3, 3, set_disable_deny_scripts},
    {"SLEEP", 3, 3, sleep},
    {"STRINGMATCH-LEN", 4, 4, stringmatch_len},
};

Outcome help(Context& ctx) {
  ctx.reply.array(1 + std::size(kSubCommands));
  ctx.reply.simple("DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const SubCommand& one : kSubCommands) ctx.reply.simple(one.name);
  return Replied();
}

// DEBUG sub-command [argument ...]
Outcome debug(Context& ctx, Args args) {
  if (const Status may = may_run("DEBUG", ctx.rooms.config.debug_commands, ctx.client.transport.peer()); !may.ok())
    return may;
  if (args.size() == 2 && same_word(args[1], "HELP")) return help(ctx);
  for (const SubCommand& one : kSubCommands) {
    if (!same_word(one.name, args[1]) || args.size() < one.words_min || args.size() > one.words_max) continue;
    return one.handler(ctx, args);
  }
  return subcommand_error(args);
}

constexpr CommandRow kRows[] = {
    // name  arity keys          traits                                  handler
    {"DEBUG", -2,  Keys::none(), kAdmin | kNoScript | kLoading | kStale, debug},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kDebugFamily{"server", kRows};

}  // namespace leat
