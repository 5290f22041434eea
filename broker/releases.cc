// SPDX-License-Identifier: Apache-2.0
#include "broker/releases.h"

#include "broker/broker.h"

namespace leat {

void Releases::add(Client& client) {
  if (client.queued_to_release) return;
  client.queued_to_release = true;
  line_.push_back(client.id);
}

void Releases::release(const Stamp& reached) {
  // One round: who still holds output afterwards waits for the next commit.
  for (size_t left = line_.size(); left > 0; --left) {
    const Ticket id = line_.front();
    line_.pop_front();
    Client* const client = rooms_.clients.find(id);
    if (client == nullptr) continue;
    client->queued_to_release = release(*client, reached);
    if (client->queued_to_release) line_.push_back(id);
  }
}

// True: it holds more.
bool Releases::release(Client& client, const Stamp& reached) {
  if (client.gone) return false;
  if (client.output.releasable(reached) && !send(client, reached)) return false;
  memory_.touch(client);
  if (client.output.held() > 0) return true;
  if (client.closing) {
    client.transport.close_when_sent();
    rooms_.broker.hang_up(client);
  }
  return false;
}

// False: it was closed, for it does not read.
bool Releases::send(Client& client, const Stamp& reached) {
  const bool was_held_back = client.held_back();
  Bytes out = client.output.release(reached);
  if (client.output.held() == 0) {
    client.unreleased = 0;
    client.pipeline_full = false;
  }
  if (was_held_back) rooms_.broker.to_run(client);
  client.bytes_out += out.size();
  rooms_.stats.output_bytes += out.size();
  ++rooms_.stats.writes;
  client.transport.write(out);
  outputs_.take_back(out);
  if (limits_.check(client, rooms_.time.monotonic_ms()) == OutputLimits::Verdict::kFine) return true;
  close_slow(client);
  return false;
}

void Releases::close_slow() {
  for (const Ticket slow : limits_.slow()) {
    Client* const client = rooms_.clients.find(slow);
    if (client == nullptr || client->gone) limits_.forget(slow);
    else if (limits_.check(*client, rooms_.time.monotonic_ms()) != OutputLimits::Verdict::kFine) close_slow(*client);
  }
}

void Releases::close_slow(Client& client) {
  ++rooms_.stats.output_limit_disconnections;
  rooms_.events.warning("client_closed", {{"id", client.id},
                                          {"why", "it does not read its replies"},
                                          {"limit", limits_.name_for(client)},
                                          {"unsent", client.transport.unsent()}});
  rooms_.broker.kill(client);
}

}  // namespace leat
