// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/memory_figures.h"

namespace leat {

namespace {
size_t of_clients(const Clients& clients) {
  size_t bytes = 0;
  for (const auto& [id, client] : clients.all()) {
    bytes += sizeof(Client) + client->input.capacity() + client->output.capacity() + client->transport.unsent() +
             client->queued_bytes;
  }
  return bytes;
}
}  // namespace

MemoryFigures memory_figures(const Rooms& rooms) {
  MemoryFigures figures{.use = memory_use(rooms.keyspace.memory_unused()), .pages = allocator_use()};
  rooms.stats.memory_peak = std::max(rooms.stats.memory_peak, figures.use.allocated);
  figures.peak = rooms.stats.memory_peak;
  figures.dataset = rooms.keyspace.memory();
  figures.overhead = figures.use.allocated - std::min(figures.dataset, figures.use.allocated);
  figures.clients = of_clients(rooms.clients);
  figures.scripts = rooms.scripts.memory() + rooms.functions.memory();
  return figures;
}

}  // namespace leat
