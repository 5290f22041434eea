// SPDX-License-Identifier: Apache-2.0
#include "broker/memory.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

// Present when the binary is linked with jemalloc; sanitizer builds are not.
extern "C" int mallctl(const char* name, void* old, size_t* old_size, void* fresh, size_t fresh_size)
    __attribute__((weak));
extern "C" void malloc_stats_print(void (*write)(void*, const char*), void* to, const char* options)
    __attribute__((weak));

namespace leat {

MemoryUse memory_use(size_t unused) {
  MemoryUse use;
  if (FILE* file = std::fopen("/proc/self/statm", "r")) {
    size_t pages = 0;
    if (std::fscanf(file, "%*u %zu", &pages) == 1) use.resident = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
    std::fclose(file);
  }
  use.allocated = use.resident;
  if (mallctl != nullptr) {
    uint64_t epoch = 1;  // jemalloc's figures are as old as the last epoch
    size_t size = sizeof epoch;
    mallctl("epoch", &epoch, &size, &epoch, size);
    size_t allocated = 0;
    size = sizeof allocated;
    use.jemalloc = mallctl("stats.allocated", &allocated, &size, nullptr, 0) == 0;
    if (use.jemalloc) use.allocated = allocated - std::min(allocated, unused);
  }
  return use;
}

namespace {
size_t jemalloc_figure(const char* name) {
  size_t value = 0, size = sizeof value;
  return mallctl != nullptr && mallctl(name, &value, &size, nullptr, 0) == 0 ? value : 0;
}
}  // namespace

AllocatorUse allocator_use() {
  return {.active = jemalloc_figure("stats.active"), .resident = jemalloc_figure("stats.resident"),
          .retained = jemalloc_figure("stats.retained")};
}

void purge_memory() {
  if (mallctl != nullptr) mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);  // MALLCTL_ARENAS_ALL
}

Bytes allocator_text() {
  Bytes text;
  if (malloc_stats_print == nullptr) return text;
  malloc_stats_print([](void* to, const char* part) { *static_cast<Bytes*>(to) += part; }, &text, "ma");
  return text;
}

size_t total_memory() {
  return static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace leat
