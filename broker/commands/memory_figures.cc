// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/memory_figures.h"

#include "broker/client_memory.h"

namespace leat {

MemoryFigures memory_figures(const Rooms& rooms) {
  MemoryFigures figures{.use = memory_use(rooms.keyspace.memory_unused()), .pages = allocator_use()};
  rooms.stats.memory_peak = std::max(rooms.stats.memory_peak, figures.use.allocated);
  figures.peak = rooms.stats.memory_peak;
  figures.dataset = rooms.keyspace.memory();
  figures.overhead = figures.use.allocated - std::min(figures.dataset, figures.use.allocated);
  for (const auto& [id, client] : rooms.clients.all()) figures.clients += memory_of(*client, rooms.watches);
  figures.scripts = rooms.scripts.memory() + rooms.functions.memory();
  return figures;
}

}  // namespace leat
