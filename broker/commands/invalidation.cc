// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/invalidation.h"

#include "broker/commands/executor.h"

namespace leat {

namespace {

constexpr View kChannel = "__redis__:invalidate";

// Who hears what is meant for a client: it, or whom it redirects to. Null: nobody can.
Client* receiver(Rooms& rooms, const Client* self, const Stamp& stamp, Client& client) {
  TrackingMode& mode = *client.tracking;
  if (mode.redirect == 0) return &client;
  Client* const other = rooms.clients.find(mode.redirect);
  if (other != nullptr && !other->gone) return other;
  mode.redirect_broken = true;
  if (client.protocol == 3) {
    rooms.executor.push(client, self, stamp, [&](ReplySink& sink) {
      sink.push(2);
      sink.bulk("tracking-redir-broken");
      sink.integer(static_cast<int64_t>(mode.redirect));
    });
  }
  return nullptr;
}

// No keys: all of them.
void invalidate(Rooms& rooms, const Client* self, const Stamp& stamp, Client& client, std::span<const Bytes> keys) {
  Client* const to = receiver(rooms, self, stamp, client);
  if (to == nullptr) return;
  const bool listens = to->protocol == 3 || (to != &client && to->channels.contains(kChannel));
  if (!listens) return;  // RESP2 has no way to tell a client that does not
  rooms.executor.push(*to, self, stamp, [&](ReplySink& sink) {
    sink.push(to->protocol == 3 ? 2 : 3);
    if (to->protocol == 3) {
      sink.bulk("invalidate");
    } else {
      sink.bulk("message");
      sink.bulk(kChannel);
    }
    if (keys.empty()) {
      sink.null();
      return;
    }
    sink.array(keys.size());
    for (const Bytes& key : keys) sink.bulk(key);
  });
}

}  // namespace

void remember_reads(Context& ctx, Args args) {
  if (ctx.client.tracking == nullptr || !ctx.client.tracking->remembers() || !ctx.command.is(kReadOnly)) return;
  if (ctx.command.is(kRunsScript)) return;  // what its commands read counts, not what was declared
  const auto positions = key_positions(ctx.command.row, args);
  if (!positions) return;
  for (const size_t at : *positions) ctx.rooms.tracking.remember(ctx.client.id, args[at]);
}

void send_invalidations(Rooms& rooms, const Client* self, const Stamp& stamp) {
  const int64_t keys_max = rooms.config.tracking_keys_max;
  if (keys_max > 0) rooms.tracking.limit(static_cast<size_t>(keys_max));
  if (rooms.tracking.empty()) return;
  const Tracking::Due due = rooms.tracking.take();
  if (due.everything) {
    for (const auto& [id, client] : rooms.clients.all()) {
      if (client->tracking != nullptr && !client->gone) invalidate(rooms, self, stamp, *client, {});
    }
  }
  const auto tracks = [&](Ticket id, bool broadcast) -> Client* {  // still, and in the same way
    Client* const client = rooms.clients.find(id);
    if (client == nullptr || client->gone || client->tracking == nullptr) return nullptr;
    return client->tracking->broadcasts() == broadcast ? client : nullptr;
  };
  const auto is_news = [&](const Client& client) { return &client != self || !client.tracking->no_loop; };
  for (const auto& [id, key] : due.remembered) {
    if (Client* const client = tracks(id, false); client != nullptr && is_news(*client))
      invalidate(rooms, self, stamp, *client, {&key, 1});
  }
  for (const auto& [id, key] : due.given_up) {  // by us: also who made us do it has to hear of it
    if (Client* const client = tracks(id, false)) invalidate(rooms, self, stamp, *client, {&key, 1});
  }
  for (const auto& [id, keys] : due.told) {
    if (Client* const client = tracks(id, true); client != nullptr && is_news(*client))
      invalidate(rooms, self, stamp, *client, keys);
  }
}

void stop_tracking(Rooms& rooms, Client& client) {
  if (client.tracking == nullptr) return;
  rooms.tracking.end(client.id, *client.tracking);
  client.tracking.reset();
}

}  // namespace leat
