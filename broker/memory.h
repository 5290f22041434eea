// SPDX-License-Identifier: Apache-2.0
// memory.h: what this process uses, as the allocator and the kernel tell.                    [jemalloc, /proc]
#pragma once

#include <cstddef>
#include <cstdint>

#include "schemas/bytes.h"

namespace leat {

struct MemoryUse {
  size_t allocated = 0;  // bytes handed out by the allocator; resident where the allocator does not tell
  size_t resident = 0;   // bytes the kernel keeps for us
  bool jemalloc = false;
};
// `unused`: bytes that were handed out and have no pages, or nothing in them.
MemoryUse memory_use(size_t unused);
// What jemalloc has beside what it handed out; all nothing without it.
struct AllocatorUse {
  size_t active = 0, resident = 0, retained = 0;  // bytes of pages in use; in memory; kept as address space only
};
AllocatorUse allocator_use();
void purge_memory();      // pages that are free go back to the kernel
Bytes allocator_text();   // what the allocator tells about itself; empty where it does not
size_t total_memory();  // of the machine

}  // namespace leat
