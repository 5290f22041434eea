// SPDX-License-Identifier: Apache-2.0
// info.cc: INFO: Redis' sections and field names, true values; what leat does not do, or does not count, is 0.
// https://redis.io/docs/latest/commands/info/
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "broker/broker.h"
#include "broker/commands/info_lines.h"
#include "broker/commands/parse.h"
#include "broker/commands/server_commands.h"
#include "broker/config/config_words.h"
#include "broker/protocol/words.h"
#include "broker/version.h"

namespace leat {

namespace {

// As wide as Redis' ids: zeros behind the server's own, which is permanent.
Bytes replication_id(const wal::Log* log) {
  char id[17];
  const uint64_t server_id = log == nullptr ? 0 : log->recovery().server_id;
  std::snprintf(id, sizeof id, "%016llx", static_cast<unsigned long long>(server_id));
  return Bytes(id) + Bytes(24, '0');
}

Bytes executable() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return Bytes(path, length > 0 ? static_cast<size_t>(length) : 0);
}

// A line for each door: its addresses and port, or its path.
void listeners(Context& ctx, Lines& out) {
  const Config& config = ctx.rooms.config;
  Bytes addresses;
  for (const View word : words_of(config.bind)) addresses += ",bind=" + Bytes(word);
  int number = 0;
  const auto line = [&](View name, const Bytes& where) {
    out.field("listener" + std::to_string(number++), "name=" + Bytes(name) + where);
  };
  const auto tcp = [&](View name, uint64_t port) {
    if (port != 0) line(name, addresses + ",port=" + std::to_string(port));
  };
  tcp("tcp", ctx.rooms.broker.port);
  if (!config.unix_socket.empty()) line("unix", ",bind=" + config.unix_socket);
  tcp("tls", ctx.rooms.broker.tls_door.port);
}

void server(Context& ctx, Lines& out) {
  utsname system{};
  uname(&system);
  const TimeMs up_s = (ctx.rooms.time.monotonic_ms() - ctx.rooms.broker.started_ms()) / 1000;
  out.field("redis_version", kRedisVersion);
  out.field("leat_version", kLeatVersion);
  out.field("redis_git_sha1", "00000000");
  out.field("redis_git_dirty", 0);
  out.field("redis_build_id", kLeatVersion);
  out.field("redis_mode", "standalone");
  out.field("os", Bytes(system.sysname) + " " + system.release + " " + system.machine);
  out.field("arch_bits", sizeof(void*) * 8);
  out.field("monotonic_clock", "POSIX clock_gettime");
  out.field("multiplexing_api", "libuv");
  out.field("atomicvar_api", "c11-builtin");
  out.field("gcc_version", __VERSION__);
  out.field("process_id", getpid());
  out.field("run_id", replication_id(ctx.rooms.broker.log()));
  const Broker::TlsDoor& tls = ctx.rooms.broker.tls_door;
  out.field("tcp_port", ctx.rooms.broker.port);
  listeners(ctx, out);
  if (ctx.rooms.broker.http_port != 0) out.field("http_port", ctx.rooms.broker.http_port);
  if (!tls.subject.empty()) {
    out.field("tls_certificate", tls.subject);
    out.field("tls_certificate_expires", tls.expires_ms / 1000);
  }
  out.field("server_time_usec", ctx.rooms.time.now_us());
  out.field("uptime_in_seconds", up_s);
  out.field("uptime_in_days", up_s / 86400);
  out.field("process_supervised", "no");
  const Bytes hz = find_config_key("hz")->get(ctx.rooms.config);  // remembered: nothing here happens so often
  out.field("hz", hz);
  out.field("configured_hz", hz);
  out.field("lru_clock", ctx.now_ms / 1000 & 0xffffff);
  out.field("executable", executable());
  out.field("io_threads_active", 0);
  out.field("config_file", ctx.rooms.config.file);
}

void clients(Context& ctx, Lines& out) {
  size_t connected = 0, listening = 0, input_largest = 0, output_largest = 0, timed = 0, paused = 0;
  for (const auto& [id, client] : ctx.rooms.clients.all()) {
    if (client->gone) continue;
    ++connected;
    listening += client->subscriptions() + client->shard_channels.size() > 0;
    input_largest = std::max(input_largest, client->input.size());
    output_largest = std::max(output_largest, client->output.held() + client->transport.unsent());
    paused += client->paused;
    timed += client->parked != nullptr && client->parked->wait.deadline_ms != 0;
  }
  out.field("connected_clients", connected);
  out.field("cluster_connections", 0);
  out.field("maxclients", ctx.rooms.config.clients_max);
  out.field("client_recent_max_input_buffer", input_largest);
  out.field("client_recent_max_output_buffer", output_largest);
  out.field("blocked_clients", ctx.rooms.executor.blocked() + paused);
  out.field("pubsub_clients", listening);
  out.field("watching_clients", ctx.rooms.watches.clients() - ctx.rooms.migrations.watched());
  out.field("tracking_clients", ctx.rooms.tracking.clients());
  out.field("clients_in_timeout_table", timed);
  out.field("total_watched_keys", ctx.rooms.watches.keys());
  out.field("total_blocking_keys", ctx.rooms.waiters.keys());
  out.field("total_blocking_keys_on_nokey", ctx.rooms.waiters.keys_of_stayers());
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
    const auto done = static_cast<double>(loading.bytes_done), total = static_cast<double>(loading.bytes_total);
    out.fraction("loading_loaded_perc", total == 0 ? 0 : 100 * done / total);
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
  out.none({"aof_rewrite_in_progress", "aof_rewrite_scheduled", "aof_rewrites", "aof_rewrites_consecutive_failures",
            "aof_last_cow_size", "rdb_last_cow_size", "current_cow_peak", "current_cow_size", "current_cow_size_age",
            "current_fork_perc", "current_save_keys_processed", "current_save_keys_total", "rdb_last_load_keys_expired",
            "rdb_last_load_keys_loaded", "module_fork_in_progress", "module_fork_last_cow_size"});
  out.field("aof_last_rewrite_time_sec", -1);
  out.field("aof_current_rewrite_time_sec", -1);
  out.field("aof_last_bgrewrite_status", "ok");
  const wal::Log* const log = ctx.rooms.broker.log();
  if (log == nullptr) return;
  const wal::Stats stats = log->stats();
  out.field("aof_current_size", stats.bytes);
  out.field("aof_base_size", stats.bytes - std::min<uint64_t>(saves.log_bytes, stats.bytes));
  out.field("aof_buffer_length", ctx.rooms.batch.size());
  out.none({"aof_pending_rewrite", "aof_pending_bio_fsync", "aof_delayed_fsync"});
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
  out.field("total_reads_processed", stats.reads);
  out.field("total_writes_processed", stats.writes);
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
  out.field("client_query_buffer_limit_disconnections", stats.input_limit_disconnections);
  out.field("client_output_buffer_limit_disconnections", stats.output_limit_disconnections);
  out.field("eventloop_cycles", stats.ticks);
  out.field("acl_access_denied_auth", stats.denied_passwords);
  out.field("acl_access_denied_cmd", stats.denied_commands);
  out.field("acl_access_denied_key", stats.denied_keys);
  out.field("acl_access_denied_channel", stats.denied_channels);
  out.fraction("expired_stale_perc", 0);
  out.field("expired_time_cap_reached_count", stats.purges_cut);
  out.field("expire_cycle_cpu_milliseconds", stats.purge_us / 1000);
  out.field("evicted_clients", stats.evicted_clients);
  out.none({"current_eviction_exceeded_time", "total_eviction_exceeded_time", "sync_full", "sync_partial_ok",
            "sync_partial_err", "total_forks", "latest_fork_usec", "migrate_cached_sockets",
            "slave_expires_tracked_keys", "active_defrag_hits", "active_defrag_misses", "active_defrag_key_hits",
            "active_defrag_key_misses", "total_active_defrag_time", "current_active_defrag_time",
            "unexpected_error_replies", "dump_payload_sanitizations", "io_threaded_reads_processed",
            "io_threaded_writes_processed", "reply_buffer_shrinks", "reply_buffer_expands",
            "total_net_repl_input_bytes", "total_net_repl_output_bytes", "instantaneous_input_repl_kbps",
            "instantaneous_output_repl_kbps"});
  if (!ctx.rooms.config.tls.wanted()) return;
  out.field("tls_handshakes", stats.tls_handshakes);
  out.field("tls_sessions_resumed", stats.tls_resumed);
  out.field("tls_handshakes_failed", stats.tls_handshakes_failed);
  out.field("tls_connections_broken", stats.tls_broken);
  out.field("tls_refused_plain", stats.tls_refused_plain);
}

// Nobody replicates; the offset is how far the log is, as ROLE tells it.
void replication(Context& ctx, Lines& out) {
  const wal::Log* const log = ctx.rooms.broker.log();
  out.field("role", "master");
  out.field("connected_slaves", 0);
  out.field("master_failover_state", "no-failover");
  out.field("master_replid", replication_id(log));
  out.field("master_replid2", Bytes(40, '0'));
  out.field("master_repl_offset", log == nullptr ? 0 : log->committed());
  out.field("second_repl_offset", -1);
  out.none({"repl_backlog_active", "repl_backlog_size", "repl_backlog_first_byte_offset", "repl_backlog_histlen"});
}

void cpu(Context&, Lines& out) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  out.fraction("used_cpu_sys", seconds(use.ru_stime), "%.6f");
  out.fraction("used_cpu_user", seconds(use.ru_utime), "%.6f");
  rusage loop{};
  getrusage(RUSAGE_THREAD, &loop);
  out.fraction("used_cpu_sys_main_thread", seconds(loop.ru_stime), "%.6f");
  out.fraction("used_cpu_user_main_thread", seconds(loop.ru_utime), "%.6f");
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
    Bytes line;
    for (const double percent : ctx.rooms.config.latency_percentiles) {
      char text[64];
      std::snprintf(text, sizeof text, "=%.3f", static_cast<double>(latency.percentile_us(percent)));
      line += (line.empty() ? "p" : ",p") + percent_text(percent) + text;
    }
    out.field("latency_percentiles_usec_" + lower(command.row.name), line);
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
                                             ",avg_ttl=" + std::to_string(average_ttl_ms(ctx, database)) +
                                             ",subexpiry=" + std::to_string(database.with_field_expiry()));
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
    {"Memory", info_memory, true},      {"Persistence", persistence, true},
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
