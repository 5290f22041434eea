// SPDX-License-Identifier: Apache-2.0
#include "broker/client_memory.h"

#include <algorithm>

namespace leat {

namespace {
constexpr TimeMs kLookAgainMs = 100;  // when nobody who holds too much may be closed

size_t limit_of(const Config& config) {
  const int64_t limit = config.clients_bytes_max;
  if (limit >= 0) return static_cast<size_t>(limit);
  return static_cast<size_t>(static_cast<double>(config.maxmemory) / 100 * static_cast<double>(-limit));
}

bool may_go(const Client& client) { return !client.gone && !client.no_evict; }
}  // namespace

size_t memory_of(const Client& client, const Watches& watches) {
  size_t bytes = sizeof(Client) + client.input.capacity() + client.input_later.capacity() + client.output.capacity() +
                 client.transport.unsent() + client.queued_bytes + client.names_bytes + watches.bytes_of(client.id);
  if (client.parked != nullptr) bytes += sizeof(Parked) + client.parked->args.bytes();
  if (client.tracking != nullptr) {
    bytes += sizeof(TrackingMode);
    for (const Bytes& prefix : client.tracking->prefixes) bytes += Client::name_bytes(prefix);
  }
  return bytes;
}

void ClientMemory::follow_config() {
  bytes_max_ = limit_of(config_);
  next_look_ms_ = 0;
  if (bytes_max_ != 0) count_all();
}

void ClientMemory::count(Client& client) {
  const size_t bytes = client.gone ? 0 : memory_of(client, watches_);
  sum_ += bytes - client.counted_bytes;
  client.counted_bytes = bytes;
}

void ClientMemory::count_all() {
  for (const auto& [id, client] : clients_.all()) count(*client);
}

std::vector<Client*> ClientMemory::look(TimeMs now_ms) {
  count_all();
  std::vector<Client*> all;
  if (sum_ <= bytes_max_) return all;
  for (const auto& [id, client] : clients_.all()) {
    if (may_go(*client)) all.push_back(client.get());
  }
  std::sort(all.begin(), all.end(),
            [](const Client* a, const Client* b) { return a->counted_bytes > b->counted_bytes; });
  size_t left = sum_, count = 0;
  while (left > bytes_max_ && count < all.size()) left -= all[count++]->counted_bytes;
  if (left > bytes_max_) next_look_ms_ = now_ms + kLookAgainMs;
  all.resize(count);
  return all;
}

}  // namespace leat
