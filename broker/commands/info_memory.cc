// SPDX-License-Identifier: Apache-2.0
// info_memory.cc: INFO's section about memory. https://redis.io/docs/latest/commands/info/
#include <algorithm>

#include "broker/broker.h"
#include "broker/commands/info_lines.h"
#include "broker/commands/memory_figures.h"
#include "broker/config/config_words.h"

namespace leat {

namespace {

Bytes human(size_t bytes) {
  constexpr const char* kUnits[] = {"B", "K", "M", "G", "T"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) value /= 1024, ++unit;
  char text[64];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f%s" : "%.2f%s", value, kUnits[unit]);
  return text;
}

// BullMQ looks for `noeviction` and warns without it: as long as its keys are of a class of which nothing goes, it may
// have that. The true table stands in INFO classes.
EvictionPolicy policy_to_tell(const Classes& classes) {
  const ClassId of_jobs = classes.of("bull:");
  const bool kept = of_jobs != kDefaultClass && classes[of_jobs].policy == EvictionPolicy::kNone;
  return kept ? EvictionPolicy::kNone : classes[kDefaultClass].policy;
}

// What it is for, and what the allocator and the kernel lose of it.
void purposes(const MemoryFigures& figures, Lines& out) {
  const auto lost = [&](View what, size_t from, size_t to) {
    out.fraction(Bytes(what) + "_ratio", ratio(to, from));
    out.field(Bytes(what) + "_bytes", difference(to, from));
  };
  const size_t allocated = figures.use.allocated;
  out.fraction("used_memory_peak_perc", percentage(allocated, figures.peak), "%.2f%%");
  out.field("used_memory_overhead", figures.overhead);
  out.field("used_memory_startup", figures.startup());
  out.field("used_memory_dataset", figures.dataset);
  out.fraction("used_memory_dataset_perc", std::min(100.0, percentage(figures.dataset, allocated)), "%.2f%%");
  out.field("allocator_allocated", allocated);
  out.field("allocator_active", figures.pages.active);
  out.field("allocator_resident", figures.pages.resident);
  lost("allocator_frag", allocated, figures.pages.active);
  lost("allocator_rss", figures.pages.active, figures.pages.resident);
  lost("rss_overhead", figures.pages.resident, figures.use.resident);
  lost("mem_fragmentation", allocated, figures.use.resident);
}

}  // namespace

void info_memory(Context& ctx, Lines& out) {
  const MemoryFigures figures = memory_figures(ctx.rooms);
  const MemoryUse& use = figures.use;
  out.field("used_memory", use.allocated);
  out.field("used_memory_human", human(use.allocated));
  out.field("used_memory_rss", use.resident);
  out.field("used_memory_rss_human", human(use.resident));
  out.field("used_memory_peak", figures.peak);
  out.field("used_memory_peak_human", human(figures.peak));
  purposes(figures, out);
  const ScriptHost& scripts = ctx.rooms.scripts;
  const FunctionHost& functions = ctx.rooms.functions;
  const size_t in_lua = figures.scripts, cached = scripts.cache_memory() + functions.cache_memory();
  out.field("used_memory_lua", in_lua);
  out.field("used_memory_lua_human", human(in_lua));
  out.field("used_memory_vm_eval", ctx.rooms.scripts.memory());
  out.field("used_memory_scripts_eval", ctx.rooms.scripts.cache_memory());
  out.field("number_of_cached_scripts", ctx.rooms.scripts.scripts());
  out.field("number_of_functions", functions.functions());
  out.field("number_of_libraries", functions.libraries().size());
  out.field("used_memory_vm_functions", functions.memory());
  out.field("used_memory_vm_total", in_lua);
  out.field("used_memory_vm_total_human", human(in_lua));
  out.field("used_memory_functions", functions.cache_memory());
  out.field("used_memory_scripts", cached);
  out.field("used_memory_scripts_human", human(cached));
  out.field("total_system_memory", total_memory());
  out.field("total_system_memory_human", human(total_memory()));
  const Config& config = ctx.rooms.config;
  out.field("maxmemory", config.maxmemory);
  out.field("maxmemory_human", human(static_cast<size_t>(config.maxmemory)));
  out.field("maxmemory_policy", name_of(policy_to_tell(ctx.rooms.classes)));
  out.field("mem_clients_normal", figures.clients);
  out.field("mem_aof_buffer", ctx.rooms.batch.size());
  out.none({"mem_not_counted_for_evict", "mem_replication_backlog", "mem_total_replication_buffers",
            "mem_clients_slaves", "mem_cluster_links", "mem_overhead_db_hashtable_rehashing", "active_defrag_running"});
  out.field("mem_allocator", use.jemalloc ? "jemalloc" : "libc");
  out.field("lazyfree_pending_objects", ctx.rooms.keyspace.dead());
  out.field("lazyfreed_objects", ctx.rooms.keyspace.freed_dead() - ctx.rooms.stats.freed_before);
  out.field("keyspace_chunks", ctx.rooms.keyspace.chunks().chunks());
}

}  // namespace leat
