// SPDX-License-Identifier: Apache-2.0
// info.cc: INFO: Redis' sections and field names, true values; what has no meaning here is left out.
// https://redis.io/docs/latest/commands/info/
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "broker/broker.h"
#include "broker/commands/parse.h"
#include "broker/commands/server_commands.h"
#include "broker/config_words.h"
#include "broker/memory.h"
#include "broker/version.h"

namespace leat {

namespace {

class Lines {
 public:
  void section(View name) { text_ += (text_.empty() ? "# " : "\r\n# ") + Bytes(name) + "\r\n"; }
  void field(View name, View value) { text_ += Bytes(name) + ":" + Bytes(value) + "\r\n"; }
  template <typename Int, std::enable_if_t<std::is_integral_v<Int>, int> = 0>
  void field(View name, Int value) {
    field(name, std::to_string(value));
  }
  void fraction(View name, double value, const char* format = "%.2f") {
    char text[64];
    std::snprintf(text, sizeof text, format, value);
    field(name, View(text));
  }
  const Bytes& text() const { return text_; }

 private:
  Bytes text_;
};

Bytes human(size_t bytes) {
  constexpr const char* kUnits[] = {"B", "K", "M", "G", "T"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) value /= 1024, ++unit;
  char text[64];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f%s" : "%.2f%s", value, kUnits[unit]);
  return text;
}

void server(Context& ctx, Lines& out) {
  utsname system{};
  uname(&system);
  const TimeMs up_s = (ctx.rooms.time.monotonic_ms() - ctx.rooms.broker.started_ms()) / 1000;
  out.field("redis_version", kRedisVersion);
  out.field("leat_version", kLeatVersion);
  out.field("redis_mode", "standalone");
  out.field("os", Bytes(system.sysname) + " " + system.release + " " + system.machine);
  out.field("arch_bits", sizeof(void*) * 8);
  out.field("monotonic_clock", "POSIX clock_gettime");
  out.field("multiplexing_api", "libuv");
  out.field("gcc_version", __VERSION__);
  out.field("process_id", getpid());
  if (const wal::Log* log = ctx.rooms.broker.log()) {
    char id[17];
    std::snprintf(id, sizeof id, "%016llx", static_cast<unsigned long long>(log->recovery().server_id));
    out.field("run_id", View(id));
  }
  const Broker::TlsDoor& tls = ctx.rooms.broker.tls_door;
  const Bytes listens = ",bind=" + ctx.rooms.config.bind + ",port=";
  out.field("tcp_port", ctx.rooms.broker.port);
  out.field("listener0", "name=tcp" + listens + std::to_string(ctx.rooms.broker.port));
  if (tls.port != 0) out.field("listener1", "name=tls" + listens + std::to_string(tls.port));
  if (ctx.rooms.broker.http_port != 0) out.field("http_port", ctx.rooms.broker.http_port);
  if (!tls.subject.empty()) {
    out.field("tls_certificate", tls.subject);
    out.field("tls_certificate_expires", tls.expires_ms / 1000);
  }
  out.field("server_time_usec", ctx.rooms.time.now_us());
  out.field("uptime_in_seconds", up_s);
  out.field("uptime_in_days", up_s / 86400);
  out.field("config_file", ctx.rooms.config.file);
}

void clients(Context& ctx, Lines& out) {
  size_t connected = 0, listening = 0, input_largest = 0;
  for (const auto& [id, client] : ctx.rooms.clients.all()) {
    if (client->gone) continue;
    ++connected;
    listening += client->subscriptions() + client->shard_channels.size() > 0;
    input_largest = std::max(input_largest, client->input.size());
  }
  out.field("connected_clients", connected);
  out.field("cluster_connections", 0);
  out.field("maxclients", ctx.rooms.config.clients_max);
  out.field("client_recent_max_input_buffer", input_largest);
  out.field("blocked_clients", ctx.rooms.executor.blocked());
  out.field("pubsub_clients", listening);
  out.field("watching_clients", ctx.rooms.watches.clients() - ctx.rooms.migrations.watched());
  out.field("tracking_clients", ctx.rooms.tracking.clients());
  out.field("total_blocking_keys", ctx.rooms.waiters.keys());
}

// BullMQ looks for `noeviction` and warns without it: as long as its keys are of a class of which nothing goes, it may have
// that. The true table stands in INFO classes.
EvictionPolicy policy_to_tell(const Classes& classes) {
  const ClassId of_jobs = classes.of("bull:");
  const bool kept = of_jobs != kDefaultClass && classes[of_jobs].policy == EvictionPolicy::kNone;
  return kept ? EvictionPolicy::kNone : classes[kDefaultClass].policy;
}

void memory(Context& ctx, Lines& out) {
  const MemoryUse use = memory_use(ctx.rooms.keyspace.memory_unused());
  ctx.rooms.stats.memory_peak = std::max(ctx.rooms.stats.memory_peak, use.allocated);
  out.field("used_memory", use.allocated);
  out.field("used_memory_human", human(use.allocated));
  out.field("used_memory_rss", use.resident);
  out.field("used_memory_rss_human", human(use.resident));
  out.field("used_memory_peak", ctx.rooms.stats.memory_peak);
  out.field("used_memory_peak_human", human(ctx.rooms.stats.memory_peak));
  out.field("used_memory_dataset", ctx.rooms.keyspace.memory());
  const ScriptHost& scripts = ctx.rooms.scripts;
  const FunctionHost& functions = ctx.rooms.functions;
  const size_t in_lua = scripts.memory() + functions.memory(), cached = scripts.cache_memory() + functions.cache_memory();
  out.field("used_memory_lua", in_lua);
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
  out.fraction("mem_fragmentation_ratio", static_cast<double>(use.resident) / static_cast<double>(std::max<size_t>(use.allocated, 1)));
  out.field("mem_allocator", use.jemalloc ? "jemalloc" : "libc");
  out.field("keyspace_chunks", ctx.rooms.keyspace.chunks().chunks());
}

void backups(const Backups& backups, Lines& out) {
  const auto& last = backups.last();
  out.field("backup_in_progress", backups.under_way() ? 1 : 0);
  out.field("backup_last_status", !last ? "none" : last->status.ok() ? "ok" : "err");
  out.field("backup_last_time", last ? last->at_ms / 1000 : 0);
  out.field("backup_last_index", last ? last->report.meta.index : 0);
  out.field("backup_last_bytes", last ? last->report.bytes : 0);
  out.field("backup_last_took_ms", last ? last->took_ms : 0);
  out.field("backup_last_folder", last ? last->folder : Bytes());
  if (last && !last->status.ok()) out.field("backup_last_error", last->status.text());
  out.field("backup_next_time", backups.next_ms() / 1000);
}

void persistence(Context& ctx, Lines& out) {
  const Broker::Loading& loading = ctx.rooms.broker.loading();
  out.field("loading", ctx.rooms.executor.loading ? 1 : 0);
  if (ctx.rooms.executor.loading) {
    out.field("loading_start_time", loading.started_ms / 1000);
    out.field("loading_total_bytes", loading.bytes_total);
    out.field("loading_loaded_bytes", loading.bytes_done);
    out.fraction("loading_loaded_perc", loading.bytes_total == 0 ? 0 : 100.0 * static_cast<double>(loading.bytes_done) / static_cast<double>(loading.bytes_total));
    out.field("loading_eta_seconds", 1);
  }
  out.field("async_loading", 0);
  const Snapshots::Figures saves = ctx.rooms.broker.snapshots().figures(ctx.rooms.batch.effects());
  out.field("rdb_changes_since_last_save", saves.changes);
  out.field("rdb_bgsave_in_progress", saves.under_way_us >= 0 ? 1 : 0);
  out.field("rdb_last_save_time", saves.last_save_ms / 1000);
  out.field("rdb_last_bgsave_status", ctx.rooms.broker.snapshots().status().ok() ? "ok" : "err");
  out.field("rdb_last_bgsave_time_sec", saves.last_took_us < 0 ? -1 : saves.last_took_us / 1000000);
  out.field("rdb_current_bgsave_time_sec", saves.under_way_us < 0 ? -1 : saves.under_way_us / 1000000);
  out.field("rdb_saves", saves.taken);
  out.field("snapshot_index", saves.index);
  out.field("snapshot_last_rows", saves.rows);
  out.field("snapshot_longest_pause_us", saves.longest_pause.us);
  out.field("snapshot_longest_pause_cpu_us", saves.longest_pause.cpu_us);
  out.field("snapshot_last_bytes_written", saves.bytes_written);
  backups(ctx.rooms.broker.backups(), out);
  out.field("aof_enabled", 1);  // the log is what an append-only file is to Redis
  out.field("aof_rewrite_in_progress", 0);
  const wal::Log* const log = ctx.rooms.broker.log();
  if (log == nullptr) return;
  const wal::Stats stats = log->stats();
  out.field("aof_last_write_status", log->status().ok() ? "ok" : "err");
  out.field("log_proposed_index", log->proposed());
  out.field("log_committed_index", log->committed());
  out.field("log_synced_index", log->synced());
  out.field("log_records", stats.records);
  out.field("log_bytes", stats.bytes);
  out.field("log_segments", stats.segments);
  out.field("log_syncs", stats.syncs);
  out.field("log_sync_us_average", stats.sync_us_average);
  out.field("log_sync_us_max", stats.sync_us_max);
  out.field("log_unsynced_bytes", stats.unsynced_bytes);
  out.field("log_threaded", stats.threaded ? 1 : 0);
}

void statistics(Context& ctx, Lines& out) {
  const Stats& stats = ctx.rooms.stats;
  out.field("total_connections_received", stats.connections);
  out.field("total_commands_processed", stats.commands);
  out.field("instantaneous_ops_per_sec", stats.command_rate.per_second());
  out.field("total_net_input_bytes", stats.input_bytes);
  out.field("total_net_output_bytes", stats.output_bytes);
  out.fraction("instantaneous_input_kbps", static_cast<double>(stats.input_rate.per_second()) / 1024);
  out.fraction("instantaneous_output_kbps", static_cast<double>(stats.output_rate.per_second()) / 1024);
  out.field("rejected_connections", stats.rejected_connections);
  out.field("expired_subkeys", stats.expired_fields);
  out.field("expired_keys", stats.expired_keys);
  out.field("evicted_keys", stats.evicted_keys);
  out.field("evicted_scripts", ctx.rooms.scripts.evicted());
  out.field("vanished_queues", stats.vanished_queues);
  out.field("keyspace_hits", stats.hits);
  out.field("keyspace_misses", stats.misses);
  out.field("pubsub_channels", ctx.rooms.pubsub.channels().size());
  out.field("pubsub_patterns", ctx.rooms.pubsub.patterns().size());
  out.field("pubsubshard_channels", ctx.rooms.pubsub.shards().size());
  out.field("tracking_total_keys", ctx.rooms.tracking.keys());
  out.field("tracking_total_items", ctx.rooms.tracking.items());
  out.field("tracking_total_prefixes", ctx.rooms.tracking.prefixes());
  out.field("total_error_replies", stats.error_replies);
  out.field("client_output_buffer_limit_disconnections", stats.output_limit_disconnections);
  out.field("acl_access_denied_auth", stats.denied_passwords);
  out.field("acl_access_denied_cmd", stats.denied_commands);
  out.field("acl_access_denied_key", stats.denied_keys);
  out.field("acl_access_denied_channel", stats.denied_channels);
  if (!ctx.rooms.config.tls.wanted()) return;
  out.field("tls_handshakes", stats.tls_handshakes);
  out.field("tls_sessions_resumed", stats.tls_resumed);
  out.field("tls_handshakes_failed", stats.tls_handshakes_failed);
  out.field("tls_connections_broken", stats.tls_broken);
  out.field("tls_refused_plain", stats.tls_refused_plain);
}

void replication(Context&, Lines& out) {
  out.field("role", "master");
  out.field("connected_slaves", 0);
}

void cpu(Context&, Lines& out) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  out.fraction("used_cpu_sys", seconds(use.ru_stime), "%.6f");
  out.fraction("used_cpu_user", seconds(use.ru_utime), "%.6f");
  getrusage(RUSAGE_CHILDREN, &use);
  out.fraction("used_cpu_sys_children", seconds(use.ru_stime), "%.6f");
  out.fraction("used_cpu_user_children", seconds(use.ru_utime), "%.6f");
}

void commandstats(Context& ctx, Lines& out) {
  for (const Command& command : ctx.rooms.table.all()) {
    const CommandStats& one = ctx.rooms.stats.by_command[command.number];
    if (one.calls == 0 && one.rejected == 0) continue;
    char text[160];
    std::snprintf(text, sizeof text, "calls=%llu,usec=%llu,usec_per_call=%.2f,rejected_calls=%llu,failed_calls=%llu",
                  static_cast<unsigned long long>(one.calls), static_cast<unsigned long long>(one.microseconds),
                  one.calls == 0 ? 0.0 : static_cast<double>(one.microseconds) / static_cast<double>(one.calls),
                  static_cast<unsigned long long>(one.rejected), static_cast<unsigned long long>(one.failed));
    out.field("cmdstat_" + lower(command.row.name), View(text));
  }
}

void latencystats(Context& ctx, Lines& out) {
  for (const Command& command : ctx.rooms.table.all()) {
    const LatencyHistogram& latency = ctx.rooms.stats.by_command[command.number].latency;
    if (latency.calls() == 0) continue;
    char text[96];
    std::snprintf(text, sizeof text, "p50=%.3f,p99=%.3f,p99.9=%.3f", static_cast<double>(latency.percentile_us(50)),
                  static_cast<double>(latency.percentile_us(99)), static_cast<double>(latency.percentile_us(99.9)));
    out.field("latency_percentiles_usec_" + lower(command.row.name), View(text));
  }
}

void errorstats(Context& ctx, Lines& out) {
  for (const auto& [kind, count] : ctx.rooms.stats.by_error) {
    out.field("errorstat_" + kind, "count=" + std::to_string(count));
  }
}

void cluster(Context&, Lines& out) { out.field("cluster_enabled", 0); }

// Exact, not of a sample as in Redis.
TimeMs average_ttl_ms(const Context& ctx, const Database& database) {
  return database.with_expiry() == 0 ? 0 : std::max<TimeMs>(database.average_expiry_ms() - ctx.now_ms, 0);
}

void keyspace(Context& ctx, Lines& out) {
  for (DbIndex db = 0; db < kDatabases; ++db) {
    const Database& database = ctx.rooms.keyspace.database(db);
    if (database.size() == 0) continue;
    out.field("db" + std::to_string(db), "keys=" + std::to_string(database.size()) +
                                             ",expires=" + std::to_string(database.with_expiry()) +
                                             ",avg_ttl=" + std::to_string(average_ttl_ms(ctx, database)) + ",subexpiry=" + std::to_string(database.with_field_expiry()));
  }
}

void classes(Context& ctx, Lines& out) {
  for (ClassId id = 0; id < ctx.rooms.classes.size(); ++id) {
    const KeyClass& one = ctx.rooms.classes[id];
    const ClassUsage::Figures use = ctx.rooms.usage.of(id);
    const ClassStats stats = stats_of_class(ctx.rooms, id);
    Bytes line;
    const auto figure = [&](View name, uint64_t value) { line += Bytes(name) + "=" + std::to_string(value) + ","; };
    figure("keys", use.keys);
    figure("bytes", use.bytes);
    figure("quota", one.quota);
    figure("reserve", one.reserve);
    line += "policy=" + Bytes(name_of(one.policy)) + ",durability=" + Bytes(name_of(one.durability)) + ",";
    figure("hits", stats.hits);
    figure("misses", stats.misses);
    figure("evicted", stats.evicted);
    figure("expired", stats.expired);
    figure("oom_refusals", stats.oom_refusals);
    line.pop_back();
    out.field("class_" + one.name, line);
  }
}

struct Section {
  View name;
  void (*write)(Context&, Lines&);
  bool by_default;
};
constexpr Section kSections[] = {
    {"Server", server, true},           {"Clients", clients, true},
    {"Memory", memory, true},           {"Persistence", persistence, true},
    {"Stats", statistics, true},        {"Replication", replication, true},
    {"CPU", cpu, true},                 {"Commandstats", commandstats, false},
    {"Errorstats", errorstats, true},   {"Latencystats", latencystats, false},
    {"Cluster", cluster, true},         {"Keyspace", keyspace, true},
    {"Classes", classes, false},
};

}  // namespace

// INFO [section [section ...]]
Outcome info(Context& ctx, Args args) {
  const Views names = args.from(1);
  const auto named = [&](View word) {
    return std::any_of(names.begin(), names.end(), [&](View name) { return same_word(name, word); });
  };
  const bool all = named("all") || named("everything");
  const bool defaults = names.empty() || named("default");
  Lines out;
  for (const Section& section : kSections) {
    if (!all && !(defaults && section.by_default) && !named(section.name)) continue;
    out.section(section.name);
    section.write(ctx, out);
  }
  return ctx.reply.verbatim(out.text());
}

}  // namespace leat
