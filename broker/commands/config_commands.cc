// SPDX-License-Identifier: Apache-2.0
// config_commands.cc: CONFIG GET and SET over the one table of keys. https://redis.io/docs/latest/commands/config-get/
#include <algorithm>
#include <span>
#include <vector>

#include "broker/broker.h"
#include "broker/commands/client_commands.h"
#include "broker/commands/parse.h"
#include "broker/commands/server_commands.h"
#include "broker/config/config_rewrite.h"
#include "broker/config/door.h"

namespace leat {

namespace {
// Where files are written: whoever may set that can write anywhere (enable-protected-configs).
constexpr View kProtected[] = {"dbfilename", "dir", "snapshot.backup_dir"};
// Which patterns do not find: who wants them knows their names. They slow a server down for its tests.
constexpr View kHidden[] = {"key-load-delay", "loading-process-events-interval-bytes", "rdb-key-save-delay"};
bool is_of(std::span<const View> names, View name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}
// Where connections are taken; and what TLS is spoken there. Those that a CONFIG SET names, the last of each.
struct AboutDoor {
  Bytes places, tls;
  void note(const ConfigKey& key, View name) {
    if (key.toml_name.starts_with("tls")) tls = Bytes(name);
    if (key.toml_name == "bind" || key.toml_name == "port" || key.toml_name == "tls_port") places = Bytes(name);
  }
};

Status refusal(View name, View why) {
  return Status::error("ERR CONFIG SET failed (possibly related to argument '" + Bytes(name) + "') - " + Bytes(why));
}

// The door goes first: a port that is taken, or a certificate that cannot be read, is refused, and all is as it was.
Status ask_door(Context& ctx, const Config& changed, const AboutDoor& about) {
  const Broker& broker = ctx.rooms.broker;
  if (!about.places.empty()) {
    const bool bind = same_word(about.places, "bind");
    const Bytes which = bind ? "Failed to bind to specified addresses. " : "Unable to listen on this port. ";
    if (const Status listens = broker.listen(changed); !listens.ok())
      return refusal(about.places, which + Bytes(listens.text()));
  }
  if (about.tls.empty()) return Status::fine();
  const Status used = broker.use_tls(changed.tls);  // also when nothing differs: the files may
  if (used.ok()) return used;
  if (!about.places.empty()) (void)broker.listen(ctx.rooms.config);  // back
  return refusal(about.tls, used.text());
}

// While the broker runs; what it is already may always be said again.
Status may_set(const Context& ctx, const ConfigKey& key, View value) {
  if (value == key.get(ctx.rooms.config)) return Status::fine();
  if (is_of(kProtected, key.name()) && !allows(ctx.rooms.config.protected_configs, ctx.client.transport.peer())) {
    return Status::error("can't set protected config");
  }
  return key.at_run_time ? Status::fine()
                         : Status::error("can't set immutable config: set it in the file and start again");
}

bool finds(View pattern, View name) {
  return is_of(kHidden, name) ? same_word(pattern, name) : glob_match(pattern, name, true);
}
}  // namespace

Outcome config_container(Context& ctx, Args) { return arity_error(ctx.command); }

// CONFIG GET pattern [pattern ...]: patterns find Redis' names; the file's name of a key finds it when it is given
// in full
Outcome config_get(Context& ctx, Args args) {
  const auto patterns = args.from(2);
  std::vector<std::pair<View, const ConfigKey*>> found;
  for (const ConfigKey& key : config_keys()) {
    const auto any = [&patterns](const auto& is) { return std::any_of(patterns.begin(), patterns.end(), is); };
    if (any([&](View pattern) { return finds(pattern, key.name()); })) found.emplace_back(key.name(), &key);
    if (key.name() == key.toml_name || key.toml_name.empty()) continue;
    if (any([&](View pattern) { return same_word(pattern, key.toml_name); })) found.emplace_back(key.toml_name, &key);
  }
  ctx.reply.map(found.size());
  for (const auto& [name, key] : found) {
    ctx.reply.bulk(name);
    ctx.reply.bulk(key->get(ctx.rooms.config));
  }
  return Replied();
}

// CONFIG SET parameter value [parameter value ...]: all of them, or none. Names are looked at before values, as
// in Redis.
Outcome config_set(Context& ctx, Args args) {
  if (args.size() % 2 != 0) return kSyntaxError;
  std::vector<const ConfigKey*> keys;
  for (size_t i = 2; i < args.size(); i += 2) {
    const ConfigKey* const key = find_config_key(args[i]);
    if (key == nullptr) {
      return Status::error("ERR Unknown option or number of arguments for CONFIG SET - '" + Bytes(args[i]) + "'");
    }
    // An old name is another one, as in Redis: what comes last counts.
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) return refusal(args[i], "duplicate parameter");
    if (const Status may = may_set(ctx, *key, args[i + 1]); !may.ok()) return refusal(args[i], may.text());
    keys.push_back(key);
  }
  Config changed = ctx.rooms.config;
  AboutDoor about_door;
  for (size_t i = 0; i < keys.size(); ++i) {
    const View name = args[2 + 2 * i], value = args[3 + 2 * i];
    if (const Status set = keys[i]->set(changed, value); !set.ok()) return refusal(name, set.text());
    about_door.note(*keys[i], name);
  }
  if (const Status fits = check_config(changed); !fits.ok()) return refusal(args[args.size() - 2], fits.text());
  if (const Status taken = ctx.rooms.doorkeeper.would_follow(changed); !taken.ok())
    return refusal("http.token", taken.text());
  if (const Status taken = ask_door(ctx, changed, about_door); !taken.ok()) return taken;
  ctx.rooms.config = std::move(changed);
  ctx.rooms.broker.apply_config();
  end_connections(ctx, [&](const Client& client) { return ctx.rooms.doorkeeper.is_void(client); });
  return ctx.reply.ok();
}

Outcome config_resetstat(Context& ctx, Args) {
  ctx.rooms.stats.begin_anew();
  ctx.rooms.stats.freed_before = ctx.rooms.keyspace.freed_dead();
  ctx.rooms.scripts.count_evicted_anew();
  return ctx.reply.ok();
}

// CONFIG REWRITE: into the file that the broker was started with
Outcome config_rewrite(Context& ctx, Args) {
  if (ctx.rooms.config.file.empty()) return Status::error("ERR The server is running without a config file");
  const Status written = rewrite_config_file(ctx.rooms.config);
  if (!written.ok()) return Status::error("ERR Rewriting config file: " + Bytes(written.text()));
  return ctx.reply.ok();
}

}  // namespace leat
