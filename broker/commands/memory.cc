// SPDX-License-Identifier: Apache-2.0
// memory.cc: MEMORY: who uses how much. https://redis.io/docs/latest/commands/memory-usage/
#include "broker/memory.h"

#include <algorithm>

#include "broker/commands/executor.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/memory_figures.h"
#include "broker/commands/parse.h"

namespace leat {

namespace {

Outcome memory(Context& ctx, Args) { return arity_error(ctx.command); }

// MEMORY USAGE key [SAMPLES count]  →  bytes of its row, its value and its expiry; exact, so there is nothing to sample
Outcome memory_usage(Context& ctx, Args args) {
  for (size_t i = 3; i < args.size(); i += 2) {
    if (!same_word(args[i], "SAMPLES") || i + 1 >= args.size()) return kSyntaxError;
    const auto samples = integer_of(args[i + 1]);
    if (!samples.ok()) return samples.status();
    if (*samples < 0) return kSyntaxError;
  }
  if (!ctx.look(args[2])) return ctx.reply.null();
  return ctx.reply.integer(static_cast<int64_t>(ctx.database().weight_of(args[2]).bytes));
}

// The fields of MEMORY STATS, gathered first: their number is said before them.
class Fields {
 public:
  void number(View name, int64_t value) { fields_.push_back({name, value, 0, false}); }
  void size(View name, size_t value) { number(name, static_cast<int64_t>(value)); }
  void real(View name, double value) { fields_.push_back({name, 0, value, true}); }
  size_t count() const { return fields_.size(); }
  void tell(ReplySink& reply) const {
    for (const Field& field : fields_) {
      reply.bulk(field.name);
      if (field.is_real) reply.real(field.real);
      else reply.integer(field.integer);
    }
  }

 private:
  struct Field {
    View name;
    int64_t integer;
    double real;
    bool is_real;
  };
  std::vector<Field> fields_;
};

void tell_databases(Context& ctx) {
  for (DbIndex db = 0; db < kDatabases; ++db) {
    const Database& database = ctx.rooms.keyspace.database(db);
    if (database.size() == 0) continue;
    ctx.reply.bulk("db." + std::to_string(db));
    ctx.reply.map(2);
    ctx.reply.bulk("overhead.hashtable.main");
    ctx.reply.integer(static_cast<int64_t>(database.index_memory()));
    ctx.reply.bulk("overhead.hashtable.expires");
    ctx.reply.integer(static_cast<int64_t>(database.with_expiry() * sizeof(TimeMs) * 2));
  }
}

// MEMORY STATS: Redis' names; what has no meaning here is nothing
Outcome memory_stats(Context& ctx, Args) {
  const MemoryFigures figures = memory_figures(ctx.rooms);
  const MemoryUse& use = figures.use;
  const AllocatorUse& allocator = figures.pages;
  const size_t dataset = figures.dataset;
  size_t keys = 0, databases = 0;
  for (DbIndex db = 0; db < kDatabases; ++db) {
    const size_t size = ctx.rooms.keyspace.database(db).size();
    keys += size;
    databases += size > 0;
  }
  Fields head, tail;
  head.size("peak.allocated", figures.peak);
  head.size("total.allocated", use.allocated);
  head.size("startup.allocated", figures.startup());
  head.number("replication.backlog", 0);
  head.number("clients.slaves", 0);
  head.size("clients.normal", figures.clients);
  head.number("cluster.links", 0);
  head.size("aof.buffer", ctx.rooms.batch.size());
  head.size("lua.caches", figures.scripts);
  head.number("functions.caches", 0);
  tail.number("overhead.db.hashtable.lut", 0);
  tail.number("overhead.db.hashtable.rehashing", 0);
  tail.number("db.dict.rehashing.count", 0);
  tail.size("overhead.total", figures.overhead);
  tail.size("keys.count", keys);
  tail.size("keys.bytes-per-key", keys == 0 ? 0 : dataset / keys);
  tail.size("dataset.bytes", dataset);
  tail.real("dataset.percentage", std::min(100.0, percentage(dataset, use.allocated)));
  tail.real("peak.percentage", percentage(use.allocated, figures.peak));
  tail.size("allocator.allocated", use.allocated);
  tail.size("allocator.active", allocator.active);
  tail.size("allocator.resident", allocator.resident);
  tail.number("allocator.muzzy", 0);
  tail.real("allocator-fragmentation.ratio", ratio(allocator.active, use.allocated));
  tail.number("allocator-fragmentation.bytes", difference(allocator.active, use.allocated));
  tail.real("allocator-rss.ratio", ratio(allocator.resident, allocator.active));
  tail.number("allocator-rss.bytes", difference(allocator.resident, allocator.active));
  tail.real("rss-overhead.ratio", ratio(use.resident, allocator.resident));
  tail.number("rss-overhead.bytes", difference(use.resident, allocator.resident));
  tail.real("fragmentation", ratio(use.resident, use.allocated));
  tail.number("fragmentation.bytes", difference(use.resident, use.allocated));
  ctx.rest_on_everything();
  ctx.reply.map(head.count() + databases + tail.count());
  head.tell(ctx.reply);
  tell_databases(ctx);
  tail.tell(ctx.reply);
  return Replied();
}

// MEMORY DOCTOR: what stands out, in words
Outcome memory_doctor(Context& ctx, Args) {
  constexpr size_t kLittle = 5 << 20;
  const MemoryFigures figures = memory_figures(ctx.rooms);
  const MemoryUse& use = figures.use;
  if (use.allocated < kLittle)
    return ctx.reply.verbatim("This broker uses too little memory for anything to stand out.\n");
  Bytes text;
  if (ratio(figures.peak, use.allocated) > 1.5) {
    text += "- It used to use more: the peak was " + std::to_string(figures.peak) + " bytes. Pages may stay "
            "with the process until they are needed again; MEMORY PURGE asks the allocator to give them back.\n";
  }
  if (ratio(use.resident, use.allocated) > 1.4 && use.resident - use.allocated > (size_t{10} << 20)) {
    text += "- The kernel keeps " + std::to_string(use.resident) + " bytes for the process, and " +
            std::to_string(use.allocated) + " are in use: the memory is fragmented, or was just given up. "
            "MEMORY MALLOC-STATS has the details.\n";
  }
  if (figures.clients > ctx.rooms.clients.size() * (200 << 10)) {
    text +=
        "- Clients have large buffers: somebody reads slowly, or sends far ahead. CLIENT LIST shows who (omem, qbuf).\n";
  }
  if (text.empty()) return ctx.reply.verbatim("Nothing stands out.\n");
  return ctx.reply.verbatim("This stands out:\n" + text);
}

Outcome memory_purge(Context& ctx, Args) {
  purge_memory();
  return ctx.reply.ok();
}

Outcome memory_malloc_stats(Context& ctx, Args) {
  const Bytes text = allocator_text();
  return ctx.reply.verbatim(text.empty() ? "The allocator of this build tells nothing about itself.\n" : text);
}

constexpr CommandRow kRows[] = {
    // name                arity keys          traits                handler
    {"MEMORY",              -2,  Keys::none(), kContainer,           memory},
    {"MEMORY|DOCTOR",       2,   Keys::none(), 0,                    memory_doctor},
    {"MEMORY|HELP",         2,   Keys::none(), kLoading | kStale,    subcommand_help},
    {"MEMORY|MALLOC-STATS", 2,   Keys::none(), 0,                    memory_malloc_stats},
    {"MEMORY|PURGE",        2,   Keys::none(), 0,                    memory_purge},
    {"MEMORY|STATS",        2,   Keys::none(), 0,                    memory_stats},
    {"MEMORY|USAGE",        -3,  Keys::at(2),  kReadOnly | kNoTouch | kNoMiss, memory_usage},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kMemoryFamily{"server", kRows};

}  // namespace leat
