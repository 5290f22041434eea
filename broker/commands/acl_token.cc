// SPDX-License-Identifier: Apache-2.0
// acl_token.cc: tokens: the texts, and who has which. Upstash has the first two commands, for its REST interface; which
// database a token is for, when it ends, and the list are leat's own. https://upstash.com/docs/redis/features/acl
#include <algorithm>
#include <ctime>

#include "broker/commands/acl_commands.h"
#include "broker/commands/parse.h"
#include "broker/doorkeeper.h"

namespace leat {

namespace {

using access::Token;
using access::User;

struct Terms {
  DbIndex db = 0;
  int64_t until_s = 0;
};

// [DB n] [EXPIRE seconds], from that word on.
Result<Terms> terms_of(const Context& ctx, Args args, size_t from) {
  Terms terms;
  for (size_t i = from; i < args.size(); i += 2) {
    if (i + 1 == args.size()) return kSyntaxError;
    if (same_word(args[i], "DB")) {
      const auto db = database_of(args[i + 1]);
      if (!db.ok()) return db.status();
      terms.db = *db;
    } else if (same_word(args[i], "EXPIRE")) {
      constexpr int64_t kSecondsMax = int64_t{1} << 32;
      const auto seconds = integer_of(args[i + 1]);
      if (!seconds.ok()) return seconds.status();
      if (*seconds < 1 || *seconds > kSecondsMax)
        return Status::error("ERR invalid expire time: seconds from now, 1 to 4294967296");
      terms.until_s = ctx.now_ms / 1000 + *seconds;
    } else {
      return kSyntaxError;
    }
  }
  return terms;
}

// As Upstash words it; a password that is wrong once too often is not looked at either.
Status check_pair(Context& ctx, View name, View password) {
  const Status fits = ctx.rooms.doorkeeper.vouch(ctx.client, name, password, lower(ctx.command.row.name));
  if (fits.ok()) return fits;
  return Status::error("ERR Wrong password or user \"" + Bytes(name) + "\" does not exist");
}

Bytes moment(TimeMs at_ms) {
  const auto seconds = static_cast<time_t>(at_ms / 1000);
  tm parts;
  char text[sizeof "36812-02-20T00:36:16Z"];
  if (gmtime_r(&seconds, &parts) == nullptr || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
    return "never";
  return text;
}

void tell(ReplySink& reply, const User& user, const Token& token) {
  constexpr size_t kDigits = 12;  // enough to tell them apart, and what untoken=DIGEST takes is in ACL LIST
  reply.map(5);
  reply.bulk("user");
  reply.bulk(user.name());
  reply.bulk("digest");
  reply.bulk(View(token.digest).substr(0, kDigits));
  reply.bulk("db");
  reply.integer(token.db);
  reply.bulk("expires");
  reply.bulk(token.until_s == 0 ? "never" : moment(token.until_ms()));
  reply.bulk("last-used");
  reply.bulk(token.used_ms == 0 ? "never" : moment(token.used_ms));
}

}  // namespace

// ACL GENTOKEN username [password] [DB n] [EXPIRE seconds]  →  a text that is nobody's until ACL SETUSER username >text
Outcome acl_gentoken(Context& ctx, Args args) {
  if (args.size() < 3) return arity_error(ctx.command);
  const bool has_password = args.size() % 2 == 0;  // the rest are pairs
  const auto terms = terms_of(ctx, args, has_password ? 4 : 3);
  if (!terms.ok()) return terms.status();
  ctx.rest_on_users();
  if (const Status fits = has_password ? check_pair(ctx, args[2], args[3]) : Status::fine(); !fits.ok()) return fits;
  return ctx.reply.bulk(access::new_token(terms->db, terms->until_s));
}

// ACL RESTTOKEN username password [DB n] [EXPIRE seconds]  →  a new token of that user
Outcome acl_resttoken(Context& ctx, Args args) {
  if (args.size() < 4) return Status::error("ERR invalid syntax. Usage: ACL RESTTOKEN username password");
  if (const Status may = may_change_users(ctx); !may.ok()) return may;
  const auto terms = terms_of(ctx, args, 4);
  if (!terms.ok()) return terms.status();
  ctx.rest_on_users();
  if (const Status fits = check_pair(ctx, args[2], args[3]); !fits.ok()) return fits;
  const Bytes secret = access::new_token(terms->db, terms->until_s), rule = ">" + secret;
  const View rules[] = {rule};
  auto user = ctx.rooms.doorkeeper.users().changed(args[2], rules, ctx.now_ms);
  if (!user.ok()) return Status::error("ERR " + Bytes(access::kTooManyTokens.text()));  // the rule's text is a secret
  ctx.reply.bulk(secret);
  put_user(ctx, std::move(*user));
  return Replied();
}

// ACL TOKENS [username]
Outcome acl_tokens(Context& ctx, Args args) {
  if (args.size() > 3) return arity_error(ctx.command);
  ctx.rest_on_users();
  std::vector<std::pair<const User*, const Token*>> found;
  for (const auto& [name, user] : ctx.rooms.doorkeeper.users().all()) {
    if (args.size() == 3 && args[2] != name) continue;
    for (const auto& token : user->tokens()) found.emplace_back(user.get(), token.get());
  }
  ctx.reply.array(found.size());
  for (const auto& [user, token] : found) tell(ctx.reply, *user, *token);
  return Replied();
}

}  // namespace leat
