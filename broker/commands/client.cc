// SPDX-License-Identifier: Apache-2.0
// client.cc: CLIENT's sub-commands. https://redis.io/docs/latest/commands/client/
#include "broker/broker.h"
#include "broker/client_memory.h"
#include "broker/commands/client_commands.h"
#include "broker/commands/help.h"
#include "broker/commands/parse.h"
#include "broker/config/config_words.h"
#include "broker/config/door.h"

namespace leat {

namespace {

bool listens(const Client& client) { return client.subscriptions() + client.shard_channels.size() > 0; }

Bytes flags_of(const Client& client) {
  Bytes flags;
  if (client.monitors) flags += 'O';
  if (listens(client)) flags += 'P';
  if (client.in_multi) flags += 'x';
  if (client.parked != nullptr || client.paused) flags += 'b';
  if (client.tracking != nullptr) {
    flags += 't';
    if (client.tracking->redirect_broken) flags += 'R';
    if (client.tracking->broadcasts()) flags += 'B';
  }
  if (client.closing) flags += 'c';
  if (is_file(client.transport.peer())) flags += 'U';
  if (client.no_evict) flags += 'e';
  if (client.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

}  // namespace

// One line of CLIENT LIST: key=value, split by blanks.
Bytes client_line(const Rooms& rooms, const Client& client) {
  Bytes line;
  const auto field = [&](View name, const Bytes& value) {
    if (!line.empty()) line += ' ';
    line += Bytes(name) + "=" + value;
  };
  const auto number = [&](View name, int64_t value) { field(name, integer_text(value)); };
  const TimeMs now_ms = rooms.time.monotonic_ms();
  const size_t held = client.output.held(), unsent = client.transport.unsent();
  number("id", static_cast<int64_t>(client.id));
  field("addr", client.transport.peer());
  field("laddr", client.transport.local());
  number("fd", client.transport.descriptor());
  field("name", client.name);
  number("age", (now_ms - client.created_ms) / 1000);
  number("idle", (now_ms - client.active_ms) / 1000);
  field("flags", flags_of(client));
  number("db", client.db);
  number("sub", static_cast<int64_t>(client.channels.size()));
  number("psub", static_cast<int64_t>(client.patterns.size()));
  number("ssub", static_cast<int64_t>(client.shard_channels.size()));
  number("multi", client.in_multi ? static_cast<int64_t>(client.queued.size()) : -1);
  number("watch", static_cast<int64_t>(rooms.watches.of(client.id).size()));
  number("qbuf", static_cast<int64_t>(client.input.size() - client.parsed));
  number("qbuf-free", static_cast<int64_t>(client.input.capacity() - client.input.size()));
  number("argv-mem", client.in_round ? static_cast<int64_t>(client.parser.consumed()) : 0);
  number("multi-mem", static_cast<int64_t>(client.queued_bytes));
  number("rbs", static_cast<int64_t>(client.output.capacity()));
  number("rbp", static_cast<int64_t>(client.output.held()));
  number("obl", static_cast<int64_t>(held));
  number("oll", 0);
  number("omem", static_cast<int64_t>(unsent));
  number("tot-mem", static_cast<int64_t>(memory_of(client, rooms.watches)));
  field("events", unsent > 0 ? "rw" : "r");
  field("cmd", client.last_command == nullptr ? "NULL" : lower(client.last_command->row.name));
  field("user", client.user->name());
  number("redir", client.tracking == nullptr ? -1 : static_cast<int64_t>(client.tracking->redirect));
  number("resp", client.protocol);
  field("lib-name", client.lib_name);
  field("lib-ver", client.lib_version);
  return line;
}

void end_connections(Context& ctx, const std::function<bool(const Client&)>& doomed) {
  std::vector<Client*> ending;
  for (const auto& [id, client] : ctx.rooms.clients.all()) {
    if (!client->gone && doomed(*client)) ending.push_back(client.get());
  }
  for (Client* const client : ending) {
    ctx.rooms.doorkeeper.turn_out(*client);
    end_connection(ctx, *client);
  }
}

void end_connection(Context& ctx, Client& client) {
  if (&client == &ctx.client) ctx.rooms.broker.close_after_reply(client);
  else ctx.rooms.broker.kill(client);
}

namespace {

enum class ClientType : uint8_t { kNormal, kMaster, kReplica, kPubsub };

std::optional<ClientType> client_type(View word) {
  if (same_word(word, "NORMAL")) return ClientType::kNormal;
  if (same_word(word, "MASTER")) return ClientType::kMaster;
  if (same_word(word, "REPLICA") || same_word(word, "SLAVE")) return ClientType::kReplica;
  if (same_word(word, "PUBSUB")) return ClientType::kPubsub;
  return std::nullopt;
}

ClientType type_of(const Client& client) { return listens(client) ? ClientType::kPubsub : ClientType::kNormal; }

struct KillFilter {
  std::optional<Ticket> id;
  std::optional<ClientType> type;
  std::optional<View> user, address, local;
  std::optional<int64_t> age_max_s;
  bool skip_me = true;
};

bool matches(Context& ctx, const KillFilter& filter, const Client& client) {
  if (filter.id && client.id != *filter.id) return false;
  if (filter.type && type_of(client) != *filter.type) return false;
  if (filter.user && client.user->name() != *filter.user) return false;
  if (filter.address && client.transport.peer() != *filter.address) return false;
  if (filter.local && client.transport.local() != *filter.local) return false;
  if (filter.age_max_s && (ctx.rooms.time.monotonic_ms() - client.created_ms) / 1000 < *filter.age_max_s) return false;
  return !(filter.skip_me && client.id == ctx.client.id);
}

Result<KillFilter> parse_kill(const Context& ctx, Args args) {
  KillFilter filter;
  for (size_t i = 2; i < args.size(); i += 2) {
    if (i + 1 >= args.size()) return kSyntaxError;
    const View value = args[i + 1];
    if (same_word(args[i], "ID")) {
      const auto id = parse_integer(value);
      if (!id || *id <= 0) return Status::error("ERR client-id should be greater than 0");
      filter.id = static_cast<Ticket>(*id);
    } else if (same_word(args[i], "TYPE")) {
      filter.type = client_type(value);
      if (!filter.type) return Status::error("ERR Unknown client type '" + Bytes(value) + "'");
    } else if (same_word(args[i], "USER")) {
      if (ctx.rooms.doorkeeper.users().find(value) == nullptr)
        return Status::error("ERR No such user '" + Bytes(value) + "'");
      filter.user = value;
    } else if (same_word(args[i], "ADDR")) {
      filter.address = value;
    } else if (same_word(args[i], "LADDR")) {
      filter.local = value;
    } else if (same_word(args[i], "MAXAGE")) {
      const auto age = parse_integer(value);
      if (!age) return Status::error("ERR maxage is not an integer or out of range");
      if (*age <= 0) return Status::error("ERR maxage should be greater than 0");
      filter.age_max_s = *age;
    } else if (same_word(args[i], "SKIPME") && (same_word(value, "YES") || same_word(value, "NO"))) {
      filter.skip_me = same_word(value, "YES");
    } else {
      return kSyntaxError;
    }
  }
  return filter;
}

int64_t kill_matching(Context& ctx, const KillFilter& filter) {
  std::vector<Client*> doomed;
  for (const auto& [id, client] : ctx.rooms.clients.all()) {
    if (!client->gone && matches(ctx, filter, *client)) doomed.push_back(client.get());
  }
  for (Client* client : doomed) end_connection(ctx, *client);
  return static_cast<int64_t>(doomed.size());
}

Result<bool> on_off(View word) {
  if (same_word(word, "ON")) return true;
  if (same_word(word, "OFF")) return false;
  return kSyntaxError;
}

}  // namespace

Status check_client_word(View what, View word) {
  for (const char c : word) {
    if (c < '!' || c > '~') {
      return Status::error("ERR " + Bytes(what) + " cannot contain spaces, newlines or special characters.");
    }
  }
  return Status::fine();
}

Outcome client_container(Context& ctx, Args) { return arity_error(ctx.command); }
Outcome client_id(Context& ctx, Args) { return ctx.reply.integer(static_cast<int64_t>(ctx.client.id)); }
Outcome client_info(Context& ctx, Args) { return ctx.reply.verbatim(client_line(ctx.rooms, ctx.client) + "\n"); }
Outcome client_getname(Context& ctx, Args) {
  return ctx.client.name.empty() ? ctx.reply.null() : ctx.reply.bulk(ctx.client.name);
}

// CLIENT SETNAME name; an empty one takes it away
Outcome client_setname(Context& ctx, Args args) {
  if (const Status fit = check_client_word("Client names", args[2]); !fit.ok()) return fit;
  ctx.client.name = Bytes(args[2]);
  return ctx.reply.ok();
}

// CLIENT SETINFO LIB-NAME name | LIB-VER version
Outcome client_setinfo(Context& ctx, Args args) {
  const bool name = same_word(args[2], "LIB-NAME");
  if (!name && !same_word(args[2], "LIB-VER")) return Status::error("ERR Unrecognized option '" + Bytes(args[2]) + "'");
  if (const Status fit = check_client_word(args[2], args[3]); !fit.ok()) return fit;
  (name ? ctx.client.lib_name : ctx.client.lib_version) = Bytes(args[3]);
  return ctx.reply.ok();
}

// CLIENT LIST [TYPE type | ID id [id ...]]
Outcome client_list(Context& ctx, Args args) {
  std::optional<ClientType> type;
  std::vector<Ticket> ids;
  if (args.size() == 4 && same_word(args[2], "TYPE")) {
    type = client_type(args[3]);
    if (!type) return Status::error("ERR Unknown client type '" + Bytes(args[3]) + "'");
  } else if (args.size() > 3 && same_word(args[2], "ID")) {
    for (const View word : args.from(3)) {
      const auto id = parse_integer(word);
      if (!id) return Status::error("ERR Invalid client ID");
      ids.push_back(static_cast<Ticket>(*id));
    }
  } else if (args.size() != 2) {
    return kSyntaxError;
  }
  Bytes lines;
  for (const Ticket id : ids) {  // as they were asked for
    const Client* const client = ctx.rooms.clients.find(id);
    if (client != nullptr && !client->gone) lines += client_line(ctx.rooms, *client) + "\n";
  }
  for (const auto& [id, client] : ctx.rooms.clients.all()) {
    if (!ids.empty() || client->gone || (type && type_of(*client) != *type)) continue;
    lines += client_line(ctx.rooms, *client) + "\n";
  }
  return ctx.reply.verbatim(lines);
}

// CLIENT KILL addr:port, or CLIENT KILL filter value [filter value ...]
Outcome client_kill(Context& ctx, Args args) {
  if (args.size() == 3) {
    KillFilter filter;
    filter.address = args[2];
    filter.skip_me = false;
    return kill_matching(ctx, filter) > 0 ? Outcome(ctx.reply.ok()) : Outcome(Status::error("ERR No such client"));
  }
  const auto filter = parse_kill(ctx, args);
  if (!filter.ok()) return filter.status();
  return ctx.reply.integer(kill_matching(ctx, *filter));
}

// CLIENT NO-EVICT ON|OFF: such a client stays when the clients hold too much (client_memory.h)
Outcome client_no_evict(Context& ctx, Args args) {
  const auto on = on_off(args[2]);
  if (!on.ok()) return on.status();
  ctx.client.no_evict = *on;
  return ctx.reply.ok();
}

Outcome client_no_touch(Context& ctx, Args args) {
  const auto on = on_off(args[2]);
  if (!on.ok()) return on.status();
  ctx.client.no_touch = *on;
  return ctx.reply.ok();
}

// CLIENT PAUSE milliseconds [WRITE | ALL]
Outcome client_pause(Context& ctx, Args args) {
  bool writes_only = false;
  if (args.size() > 4) return subcommand_error(args);
  if (args.size() == 4) {
    writes_only = same_word(args[3], "WRITE");
    if (!writes_only && !same_word(args[3], "ALL")) return Status::error("ERR CLIENT PAUSE mode must be WRITE or ALL");
  }
  const auto timeout = parse_integer(args[2]);
  if (!timeout) return Status::error("ERR timeout is not an integer or out of range");
  if (*timeout < 0) return Status::error("ERR timeout is negative");
  Executor::Pause& pause = ctx.rooms.executor.pause;
  const bool running = ctx.rooms.executor.paused();
  if (*timeout > INT64_MAX - ctx.rooms.time.monotonic_ms()) return Status::error("ERR timeout is out of range");
  const TimeMs until_ms = ctx.rooms.time.monotonic_ms() + *timeout;
  pause.writes_only = writes_only && (!running || pause.writes_only);  // the stricter of the two
  pause.until_ms = running ? std::max(pause.until_ms, until_ms) : until_ms;
  return ctx.reply.ok();
}

Outcome client_unpause(Context& ctx, Args) {
  ctx.rooms.executor.pause.until_ms = 0;
  return ctx.reply.ok();
}

// CLIENT DURABILITY [always | interval | never | default]: what its replies wait for. A key's class sets a floor: below
// it a choice counts as the floor. Without a word: the choice as it stands.
Outcome client_durability(Context& ctx, Args args) {
  DurabilityChoice& choice = ctx.client.durability;
  if (args.size() == 2) return ctx.reply.bulk(choice ? name_of(*choice) : "default");
  if (args.size() > 3) return kSyntaxError;
  const auto mode = durability_named(args[2]);
  if (!mode && !same_word(args[2], "default")) {
    return Status::error("ERR CLIENT DURABILITY is always, interval, never or default, not '" +
                         Bytes(args[2].substr(0, 128)) + "'");
  }
  choice = mode;
  // Where nobody was as strict yet, what was settled for the others is no longer told from what was not: all of
  // it counts.
  if (mode && *mode < ctx.rooms.classes.strictest_in_use()) {
    ctx.rooms.classes.use(*mode);
    ctx.footing.join({.index = ctx.rooms.batch.last_index(), .level = *mode});
  }
  return ctx.reply.ok();
}

// CLIENT REPLY ON|OFF|SKIP
Outcome client_reply(Context& ctx, Args args) {
  if (same_word(args[2], "ON")) {
    ctx.client.reply_mode = ReplyMode::kOn;
    return ctx.reply.ok();
  }
  if (same_word(args[2], "OFF")) ctx.client.reply_mode = ReplyMode::kOff;
  else if (!same_word(args[2], "SKIP")) return kSyntaxError;
  else if (ctx.client.reply_mode == ReplyMode::kOn) ctx.client.reply_mode = ReplyMode::kSkipNext;
  return Replied();
}

// CLIENT UNBLOCK id [TIMEOUT | ERROR]  →  1, or 0 when it does not wait
Outcome client_unblock(Context& ctx, Args args) {
  bool with_error = false;
  if (args.size() > 4) return subcommand_error(args);
  if (args.size() == 4) {
    with_error = same_word(args[3], "ERROR");
    if (!with_error && !same_word(args[3], "TIMEOUT")) {
      return Status::error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
  }
  const auto id = integer_of(args[2]);
  if (!id.ok()) return id.status();
  Client* const client = ctx.rooms.clients.find(static_cast<Ticket>(*id));
  if (client == nullptr || client->gone || client->parked == nullptr) return ctx.reply.integer(0);
  ctx.rooms.executor.unblock(*client, with_error ? "UNBLOCKED client unblocked via CLIENT UNBLOCK" : "");
  return ctx.reply.integer(1);
}

}  // namespace leat
