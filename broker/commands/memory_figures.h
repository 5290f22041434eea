// SPDX-License-Identifier: Apache-2.0
// memory_figures.h: what the memory is for, and what the allocator and the kernel lose of it.
//
// Used by: INFO's section about memory, MEMORY STATS and MEMORY DOCTOR, which name the same figures in their own ways.
// Always:  bytes; they are of the moment of asking, which costs a walk over all clients.
#pragma once

#include <algorithm>

#include "broker/memory.h"
#include "broker/rooms.h"

namespace leat {

struct MemoryFigures {
  MemoryUse use;
  AllocatorUse pages;
  size_t peak = 0;      // of what was seen in use
  size_t dataset = 0;   // the keyspace
  size_t overhead = 0;  // in use beside it
  size_t clients = 0;   // of that, buffers and queued commands
  size_t scripts = 0;   // of that, the Lua states
  size_t startup() const { return overhead - std::min(overhead, clients + scripts); }
};
MemoryFigures memory_figures(const Rooms& rooms);  // notes the peak

inline double ratio(size_t part, size_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<size_t>(whole, 1));
}
inline double percentage(size_t part, size_t whole) { return 100 * ratio(part, whole); }
inline int64_t difference(size_t a, size_t b) { return static_cast<int64_t>(a) - static_cast<int64_t>(b); }

}  // namespace leat
