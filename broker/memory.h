// SPDX-License-Identifier: Apache-2.0
// memory.h: what this process uses, as the allocator and the kernel tell.                    [jemalloc, /proc]
#pragma once

#include <cstddef>
#include <cstdint>

namespace leat {

struct MemoryUse {
  size_t allocated = 0;  // bytes handed out by the allocator; resident where the allocator does not tell
  size_t resident = 0;   // bytes the kernel keeps for us
  bool jemalloc = false;
};
MemoryUse memory_use();
size_t total_memory();  // of the machine

}  // namespace leat
