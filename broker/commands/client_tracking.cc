// SPDX-License-Identifier: Apache-2.0
// client_tracking.cc: CLIENT's sub-commands about copies that clients keep.
// https://redis.io/docs/latest/commands/client-tracking/
#include "broker/commands/client_commands.h"
#include "broker/commands/invalidation.h"
#include "broker/commands/parse.h"

namespace leat {

namespace {

using Kept = TrackingMode::Keys;
using Caching = TrackingMode::Caching;

struct Options {
  bool broadcast = false, opt_in = false, opt_out = false, no_loop = false;
  Ticket redirect = 0;
  std::vector<View> prefixes;
  Kept keys() const {
    if (broadcast) return Kept::kPrefixes;
    return opt_in ? Kept::kOptIn : opt_out ? Kept::kOptOut : Kept::kAllRead;
  }
};

Result<Options> parse_options(Context& ctx, Args args) {
  Options options;
  for (size_t i = 3; i < args.size(); ++i) {
    const bool more = i + 1 < args.size();
    if (same_word(args[i], "REDIRECT") && more) {
      if (options.redirect != 0) return Status::error("ERR A client can only redirect to a single other client");
      const auto id = integer_of(args[++i]);
      if (!id.ok()) return id.status();
      options.redirect = static_cast<Ticket>(*id);
      const Client* const other = ctx.rooms.clients.find(options.redirect);
      if (other == nullptr || other->gone)
        return Status::error("ERR The client ID you want redirect to does not exist");
    } else if (same_word(args[i], "BCAST")) {
      options.broadcast = true;
    } else if (same_word(args[i], "OPTIN")) {
      options.opt_in = true;
    } else if (same_word(args[i], "OPTOUT")) {
      options.opt_out = true;
    } else if (same_word(args[i], "NOLOOP")) {
      options.no_loop = true;
    } else if (same_word(args[i], "PREFIX") && more) {
      options.prefixes.push_back(args[++i]);
    } else {
      return kSyntaxError;
    }
  }
  return options;
}

bool overlap(View a, View b) { return a.starts_with(b) || b.starts_with(a); }

Status overlapping(View given, View with, View what) {
  return Status::error("ERR Prefix '" + Bytes(given) + "' overlaps with " + Bytes(what) + " prefix '" + Bytes(with) +
                       "'. Prefixes for a single client must not overlap.");
}

Status check_prefixes(const TrackingMode* mode, const std::vector<View>& prefixes) {
  for (size_t i = 0; i < prefixes.size(); ++i) {
    if (mode != nullptr) {
      for (const Bytes& own : mode->prefixes) {
        if (overlap(prefixes[i], own)) return overlapping(prefixes[i], own, "an existing");
      }
    }
    for (size_t j = i + 1; j < prefixes.size(); ++j) {
      if (overlap(prefixes[i], prefixes[j])) return overlapping(prefixes[i], prefixes[j], "another provided");
    }
  }
  return Status::fine();
}

Status check(const TrackingMode* mode, const Options& options) {
  if (!options.broadcast && !options.prefixes.empty()) {
    return Status::error("ERR PREFIX option requires BCAST mode to be enabled");
  }
  if (mode != nullptr && mode->broadcasts() != options.broadcast) {
    return Status::error("ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then "
                         "re-enabling it with a different mode.");
  }
  if (options.broadcast && (options.opt_in || options.opt_out)) {
    return Status::error("ERR OPTIN and OPTOUT are not compatible with BCAST");
  }
  if (options.opt_in && options.opt_out) return Status::error("ERR You can't specify both OPTIN mode and OPTOUT mode");
  const bool turns_in = mode != nullptr && options.opt_in && mode->keys == Kept::kOptOut;
  const bool turns_out = mode != nullptr && options.opt_out && mode->keys == Kept::kOptIn;
  if (turns_in || turns_out) {
    return Status::error("ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then "
                         "re-enabling it with a different mode.");
  }
  return check_prefixes(mode, options.prefixes);
}

void track(Context& ctx, const Options& options) {
  Client& client = ctx.client;
  if (client.tracking == nullptr) {
    client.tracking = std::make_unique<TrackingMode>();
    ctx.rooms.tracking.begin();
  }
  TrackingMode& mode = *client.tracking;
  mode.keys = options.keys();
  mode.no_loop = options.no_loop;
  mode.redirect = options.redirect;
  mode.redirect_broken = false;
  if (!options.broadcast) return;
  const auto listen = [&](View prefix) {
    mode.prefixes.emplace(prefix);
    ctx.rooms.tracking.add_prefix(client.id, prefix);
  };
  for (const View prefix : options.prefixes) listen(prefix);
  if (options.prefixes.empty()) listen("");
}

}  // namespace

// CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]
Outcome client_tracking(Context& ctx, Args args) {
  const auto options = parse_options(ctx, args);
  if (!options.ok()) return options.status();
  if (same_word(args[2], "OFF")) {
    stop_tracking(ctx.rooms, ctx.client);
    return ctx.reply.ok();
  }
  if (!same_word(args[2], "ON")) return kSyntaxError;
  if (Status wrong = check(ctx.client.tracking.get(), *options); !wrong.ok()) return wrong;
  track(ctx, *options);
  return ctx.reply.ok();
}

// CLIENT CACHING YES|NO: about the keys that the next command reads
Outcome client_caching(Context& ctx, Args args) {
  TrackingMode* const mode = ctx.client.tracking.get();
  if (mode == nullptr) {
    return Status::error(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT "
        "mode enabled");
  }
  if (same_word(args[2], "YES")) {
    if (mode->keys != Kept::kOptIn) {
      return Status::error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    }
    mode->caching = Caching::kYes;
  } else if (same_word(args[2], "NO")) {
    if (mode->keys != Kept::kOptOut) {
      return Status::error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    }
    mode->caching = Caching::kNo;
  } else {
    return kSyntaxError;
  }
  return ctx.reply.ok();
}

// CLIENT GETREDIR  →  whom it redirects to, 0 without, -1 when it does not track
Outcome client_getredir(Context& ctx, Args) {
  return ctx.reply.integer(ctx.client.tracking == nullptr ? -1 : static_cast<int64_t>(ctx.client.tracking->redirect));
}

// CLIENT TRACKINGINFO
Outcome client_trackinginfo(Context& ctx, Args) {
  const TrackingMode* const mode = ctx.client.tracking.get();
  std::vector<View> flags{mode == nullptr ? "off" : "on"};
  if (mode != nullptr) {
    if (mode->broadcasts()) flags.push_back("bcast");
    if (mode->keys == Kept::kOptIn) flags.push_back("optin");
    if (mode->caching == Caching::kYes) flags.push_back("caching-yes");
    if (mode->keys == Kept::kOptOut) flags.push_back("optout");
    if (mode->caching == Caching::kNo) flags.push_back("caching-no");
    if (mode->no_loop) flags.push_back("noloop");
    if (mode->redirect_broken) flags.push_back("broken_redirect");
  }
  ctx.reply.map(3);
  ctx.reply.bulk("flags");
  ctx.reply.set(flags.size());
  for (const View flag : flags) ctx.reply.bulk(flag);
  ctx.reply.bulk("redirect");
  ctx.reply.integer(mode == nullptr ? -1 : static_cast<int64_t>(mode->redirect));
  ctx.reply.bulk("prefixes");
  ctx.reply.array(mode == nullptr ? 0 : mode->prefixes.size());
  if (mode != nullptr) {
    for (const Bytes& prefix : mode->prefixes) ctx.reply.bulk(prefix);
  }
  return Replied();
}

}  // namespace leat
