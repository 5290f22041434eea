// SPDX-License-Identifier: Apache-2.0
// connection.cc: how a client introduces itself and leaves. https://redis.io/docs/latest/commands/?group=connection
// What one client may ask about the others is in client.cc.
#include "broker/broker.h"
#include "broker/commands/client_commands.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/invalidation.h"
#include "broker/commands/parse.h"
#include "broker/version.h"

namespace leat {

namespace {

// PING [message]
Outcome ping(Context& ctx, Args args) {
  if (args.size() > 2) return arity_error(ctx.command);
  const bool listens = ctx.client.subscriptions() + ctx.client.shard_channels.size() > 0;
  if (listens && ctx.client.protocol == 2) return ctx.reply.pair("pong", args.size() == 2 ? args[1] : View());
  return args.size() == 2 ? ctx.reply.bulk(args[1]) : ctx.reply.simple("PONG");
}

Outcome echo(Context& ctx, Args args) { return ctx.reply.bulk(args[1]); }

// QUIT: an answer, then the end
Outcome quit(Context& ctx, Args) {
  ctx.reply.ok();
  ctx.rooms.broker.close_after_reply(ctx.client);
  return Replied();
}

// SELECT index
Outcome select(Context& ctx, Args args) {
  const auto db = database_of(args[1]);
  if (!db.ok()) return db.status();
  ctx.db = *db;
  if (!ctx.in_script) ctx.client.db = *db;  // a script's SELECT is its own
  return ctx.reply.ok();
}

// The reply rests on the user as it is known here.
Status authenticate(Context& ctx, View command, View user, View password) {
  ctx.rest_on_users();
  return ctx.rooms.doorkeeper.let_in(ctx.client, user, password, command);
}

// AUTH [username] password
Outcome auth(Context& ctx, Args args) {
  if (args.size() > 3) return kSyntaxError;
  ctx.rest_on_users();
  const access::User& nobody = *ctx.rooms.doorkeeper.users().default_user();
  if (args.size() == 2 && nobody.no_password() && nobody.tokens().empty()) {
    return Status::error(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure "
        "your configuration is correct?");
  }
  const View user = args.size() == 2 ? access::kDefaultUser : args[1];
  if (Status known = authenticate(ctx, args[0], user, args.back()); !known.ok()) return known;
  return ctx.reply.ok();
}

const Status kHelloNeedsAuthentication = Status::error(
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> "
    "option can "
    "be used to authenticate the client and select the RESP protocol version at the same time");

void introduce_ourselves(Context& ctx) {
  ReplySink& reply = ctx.reply;
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk(kRedisVersion);
  reply.bulk("proto");
  reply.integer(ctx.client.protocol);
  reply.bulk("id");
  reply.integer(static_cast<int64_t>(ctx.client.id));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

// HELLO [protover [AUTH username password] [SETNAME clientname]]
Outcome hello(Context& ctx, Args args) {
  int protocol = ctx.client.protocol;
  if (args.size() > 1) {
    const auto version = parse_integer(args[1]);
    if (!version) return Status::error("ERR Protocol version is not an integer or out of range");
    if (*version != 2 && *version != 3) return Status::error("NOPROTO unsupported protocol version");
    protocol = static_cast<int>(*version);
  }
  std::optional<View> name, user, password;
  for (size_t i = 2; i < args.size(); ++i) {
    if (same_word(args[i], "AUTH") && i + 2 < args.size()) {
      user = args[++i];
      password = args[++i];
    } else if (same_word(args[i], "SETNAME") && i + 1 < args.size()) {
      name = args[++i];
      if (const Status fit = check_client_word("Client names", *name); !fit.ok()) return fit;
    } else {
      return Status::error("ERR Syntax error in HELLO option '" + Bytes(args[i]) + "'");
    }
  }
  if (user) {
    if (Status known = authenticate(ctx, args[0], *user, *password); !known.ok()) return known;
  }
  if (!ctx.client.admitted) return kHelloNeedsAuthentication;
  if (name) ctx.client.name = Bytes(*name);
  ctx.client.protocol = protocol;
  ctx.client.resp.set_protocol(protocol);
  introduce_ourselves(ctx);
  return Replied();
}

// RESET: as if it had just connected
Outcome reset(Context& ctx, Args) {
  Client& client = ctx.client;
  client.in_multi = client.multi_failed = false;
  client.queued.clear();
  client.queued_bytes = 0;
  ctx.rooms.watches.forget(client.id);
  ctx.rooms.pubsub.forget(client);
  ctx.rooms.monitors.forget(client.id);
  stop_tracking(ctx.rooms, client);
  client.monitors = false;
  client.db = 0;
  client.protocol = 2;
  client.resp.set_protocol(2);
  client.name.clear();
  client.no_evict = client.no_touch = false;
  client.durability.reset();
  client.reply_mode = ReplyMode::kOn;
  ctx.rooms.doorkeeper.greet(client);
  return ctx.reply.simple("RESET");
}

constexpr uint32_t kAlways = kNoScript | kLoading | kStale | kFast | kNoAuth | kBusy | kNoRest;
constexpr uint32_t kAboutClient = kNoScript | kLoading | kStale;
constexpr uint32_t kClient = kAboutClient | kNoRest;
constexpr CommandRow kRows[] = {
    // name                 arity keys          traits                    handler
    {"AUTH",                -2,   Keys::none(), kAlways,                  auth},
    {"CLIENT",              -2,   Keys::none(), kContainer,               client_container},
    {"CLIENT|CACHING",      3,    Keys::none(), kClient,                  client_caching},
    {"CLIENT|DURABILITY",   -2,   Keys::none(), kClient,                  client_durability},
    {"CLIENT|GETNAME",      2,    Keys::none(), kClient,                  client_getname},
    {"CLIENT|GETREDIR",     2,    Keys::none(), kClient,                  client_getredir},
    {"CLIENT|HELP",         2,    Keys::none(), kLoading | kStale,        subcommand_help},
    {"CLIENT|ID",           2,    Keys::none(), kClient,                  client_id},
    {"CLIENT|INFO",         2,    Keys::none(), kClient,                  client_info},
    {"CLIENT|KILL",         -3,   Keys::none(), kClient | kAdmin,         client_kill},
    {"CLIENT|LIST",         -2,   Keys::none(), kClient | kAdmin,         client_list},
    {"CLIENT|NO-EVICT",     3,    Keys::none(), kClient | kAdmin,         client_no_evict},
    {"CLIENT|NO-TOUCH",     3,    Keys::none(), kClient,                  client_no_touch},
    {"CLIENT|PAUSE",        -3,   Keys::none(), kClient | kAdmin,         client_pause},
    {"CLIENT|REPLY",        3,    Keys::none(), kClient,                  client_reply},
    {"CLIENT|SETINFO",      4,    Keys::none(), kAboutClient,             client_setinfo},
    {"CLIENT|SETNAME",      3,    Keys::none(), kClient,                  client_setname},
    {"CLIENT|TRACKING",     -3,   Keys::none(), kClient,                  client_tracking},
    {"CLIENT|TRACKINGINFO", 2,    Keys::none(), kClient,                  client_trackinginfo},
    {"CLIENT|UNBLOCK",      -3,   Keys::none(), kClient | kAdmin,         client_unblock},
    {"CLIENT|UNPAUSE",      2,    Keys::none(), kClient | kAdmin,         client_unpause},
    {"ECHO",                2,    Keys::none(), kLoading | kStale | kFast, echo},
    {"HELLO",               -1,   Keys::none(), kAlways,                  hello},
    {"PING",                -1,   Keys::none(), kLoading | kStale | kFast | kWhileSubscribed, ping},
    {"QUIT",                -1,   Keys::none(), kAlways | kWhileSubscribed | kRunsInMulti, quit},
    {"RESET",               1,    Keys::none(), kAlways | kWhileSubscribed | kRunsInMulti, reset},
    {"SELECT",              2,    Keys::none(), kLoading | kStale | kFast, select},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kConnectionFamily{"connection", kRows};

}  // namespace leat
