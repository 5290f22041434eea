// SPDX-License-Identifier: Apache-2.0
#include "broker/metrics.h"

#include <sys/resource.h>

#include <algorithm>
#include <map>

#include "broker/broker.h"
#include "broker/commands/server_commands.h"
#include "broker/memory.h"
#include "broker/version.h"

namespace leat {

namespace {

using Text = PrometheusText;
using Kind = Text::Kind;

double seconds(TimeMs ms) { return static_cast<double>(ms) / 1e3; }
double seconds_of_us(int64_t us) { return static_cast<double>(us) / 1e6; }
double seconds_of(const timeval& time) { return static_cast<double>(time.tv_sec) + seconds_of_us(time.tv_usec); }

void house(Rooms& rooms, Text& out) {
  out.begin(Kind::kGauge, "leat_build_info", "Always 1; which leat this is, and which Redis it behaves like.");
  out.add({{"version", kLeatVersion}, {"redis_version", kRedisVersion}}, 1);
  out.begin(Kind::kGauge, "leat_role", "Always 1; whether this broker leads or follows.");
  out.add({{"role", "master"}}, 1);
  out.gauge("leat_uptime_seconds", "Time since the start.",
            seconds(rooms.time.monotonic_ms() - rooms.broker.started_ms()));
  out.gauge("leat_loading", "1 while the keyspace is being rebuilt from the disk.", rooms.executor.loading);
  const wal::Log* const log = rooms.broker.log();
  const bool failed = !rooms.broker.failed().ok() || (log != nullptr && !log->status().ok());
  out.gauge("leat_failed", "1 when the disk has failed: nothing is acknowledged any more, and the broker ends.",
            failed);
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  out.begin(Kind::kCounter, "leat_cpu_seconds_total", "Time that all threads have spent on the processor.");
  out.add({{"mode", "user"}}, seconds_of(use.ru_utime));
  out.add({{"mode", "system"}}, seconds_of(use.ru_stime));
}

void clients(Rooms& rooms, Text& out) {
  out.gauge("leat_clients_connected", "Clients that are connected.", rooms.clients.size());
  out.gauge("leat_clients_max", "Clients that may be connected (limits.clients).", rooms.config.clients_max);
  out.gauge("leat_clients_blocked", "Clients that wait for a key, as BRPOP does.", rooms.executor.blocked());
  out.gauge("leat_clients_monitoring", "Clients that are shown all commands (MONITOR).",
            rooms.monitors.watchers().size());
  out.gauge("leat_clients_subscribed", "Clients that listen to a channel or a pattern.", rooms.pubsub.clients());
  const Stats& stats = rooms.stats;
  out.counter("leat_connections_total", "Connections accepted.", stats.connections);
  out.counter("leat_connections_refused_total", "Connections turned away: too many, or not allowed to come.",
              stats.rejected_connections);
  out.counter("leat_clients_evicted_total", "Clients closed since all together held too much memory.",
              stats.evicted_clients);
  out.counter("leat_output_limit_disconnections_total", "Clients closed since they did not read what they were sent.",
              stats.output_limit_disconnections);
  out.counter("leat_network_input_bytes_total", "Bytes received from clients.", stats.input_bytes);
  out.counter("leat_network_output_bytes_total", "Bytes sent to clients.", stats.output_bytes);
  out.counter("leat_tls_handshakes_total", "TLS handshakes that were done.", stats.tls_handshakes);
  out.counter("leat_tls_handshakes_failed_total", "TLS handshakes that failed, or took too long.",
              stats.tls_handshakes_failed);
  out.begin(Kind::kCounter, "leat_access_denied_total",
            "What users may not: wrong passwords, and requests against their rules.");
  out.add({{"reason", "password"}}, stats.denied_passwords);
  out.add({{"reason", "command"}}, stats.denied_commands);
  out.add({{"reason", "key"}}, stats.denied_keys);
  out.add({{"reason", "channel"}}, stats.denied_channels);
}

void pubsub(Rooms& rooms, Text& out) {
  out.gauge("leat_pubsub_channels", "Channels that somebody listens to.",
            rooms.pubsub.channels().size() + rooms.pubsub.shards().size());
  out.gauge("leat_pubsub_patterns", "Patterns that somebody listens to.", rooms.pubsub.patterns().size());
  out.counter("leat_pubsub_messages_total", "Messages published.", rooms.stats.messages);
}

void http(Rooms& rooms, Text& out) {
  const HttpStats& stats = rooms.stats.http;
  out.counter("leat_http_requests_total", "HTTP requests received.", stats.requests);
  out.begin(Kind::kCounter, "leat_http_responses_total", "HTTP responses, by class of status.");
  constexpr View kClasses[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  for (size_t i = 0; i < std::size(kClasses); ++i) out.add({{"status", kClasses[i]}}, stats.by_status[i + 1]);
  out.counter("leat_http_commands_total", "Commands in HTTP requests, those of pipelines one by one.", stats.rows);
  out.counter("leat_http_unauthorized_total", "HTTP requests without a valid token.", stats.unauthorized);
  out.gauge("leat_http_streams_open", "Open streams of events (SSE).", stats.streams_open);
}

struct UsedCommand {
  Bytes name;
  const CommandStats* stats;
};

std::vector<UsedCommand> used_commands(const Rooms& rooms) {
  std::vector<UsedCommand> used;
  for (const Command& command : rooms.table.all()) {
    const CommandStats& stats = rooms.stats.by_command[command.number];
    if (stats.calls + stats.rejected > 0) used.push_back({lower(command.row.name), &stats});
  }
  return used;
}

// A histogram's last bucket has whatever took longer than the bound before.
Text::Durations durations_of(const CommandStats& stats) {
  constexpr std::span kBounds(LatencyHistogram::kBounds);
  return {
      .bounds_us = kBounds.first(kBounds.size() - 1), .counts = stats.latency.counts(), .sum_us = stats.microseconds};
}

void commands(Rooms& rooms, Text& out) {
  const std::vector<UsedCommand> used = used_commands(rooms);
  out.begin(Kind::kCounter, "leat_commands_total", "Commands that were run, those in scripts and transactions too.");
  for (const auto& [name, stats] : used) out.add({{"command", name}}, stats->calls);
  out.begin(Kind::kCounter, "leat_command_errors_total",
            "Commands that failed while they ran, or were rejected before.");
  for (const auto& [name, stats] : used) {
    out.add({{"command", name}, {"reason", "failed"}}, stats->failed);
    out.add({{"command", name}, {"reason", "rejected"}}, stats->rejected);
  }
  out.begin(Kind::kCounter, "leat_command_seconds_total",
            "Time spent in commands; those in scripts are in their script's time.");
  for (const auto& [name, stats] : used)
    out.add({{"command", name}}, seconds_of_us(static_cast<int64_t>(stats->microseconds)));
  out.begin(Kind::kHistogram, "leat_command_duration_seconds",
            "How long commands from clients held the loop; the wait for the disk is not in it.");
  for (const auto& [name, stats] : used) {
    if (stats->latency.calls() > 0) out.add({{"command", name}}, durations_of(*stats));
  }
}

// A script words its errors as it likes, at any length: a kind that is hardly one is not told from others like it.
void errors(Rooms& rooms, Text& out) {
  constexpr size_t kKindBytesMax = 32;
  std::map<View, uint64_t> by_kind;
  for (const auto& [kind, count] : rooms.stats.by_error)
    by_kind[kind.size() <= kKindBytesMax ? View(kind) : "other"] += count;
  out.counter("leat_error_replies_total", "Error replies.", rooms.stats.error_replies);
  out.begin(Kind::kCounter, "leat_error_replies_by_kind_total",
            "Error replies by their first word; not more than 128 words are told.");
  for (const auto& [kind, count] : by_kind) out.add({{"kind", kind}}, count);
}

void memory(Rooms& rooms, Text& out) {
  const MemoryUse use = memory_use(rooms.keyspace.memory_unused());
  rooms.stats.memory_peak = std::max(rooms.stats.memory_peak, use.allocated);
  out.gauge("leat_memory_used_bytes", "Memory that is in use; what memory.max_bytes bounds.", use.allocated);
  out.gauge("leat_memory_peak_bytes", "The most that was ever seen in use.", rooms.stats.memory_peak);
  out.gauge("leat_memory_resident_bytes", "Memory that the system has given.", use.resident);
  out.gauge("leat_memory_max_bytes", "The bound (memory.max_bytes); 0: none.", rooms.config.maxmemory);
  out.gauge("leat_memory_dataset_bytes", "Memory of keys and values.", rooms.keyspace.memory());
}

void scripts(Rooms& rooms, Text& out) {
  out.gauge("leat_scripts_cached", "Scripts that are known by their SHA-1.", rooms.scripts.scripts());
  out.gauge("leat_functions", "Functions of libraries.", rooms.functions.functions());
  out.gauge("leat_script_memory_bytes", "Memory of the Lua states and of the texts of scripts and libraries.",
            rooms.scripts.memory() + rooms.scripts.cache_memory() + rooms.functions.memory() +
                rooms.functions.cache_memory());
}

void each_database(Rooms& rooms, Text& out, size_t (Database::*figure)() const) {
  for (DbIndex db = 0; db < kDatabases; ++db) {
    const Database& database = rooms.keyspace.database(db);
    if (db == 0 || database.size() > 0) out.add({{"db", std::to_string(db)}}, (database.*figure)());
  }
}

void keys(Rooms& rooms, Text& out) {
  out.begin(Kind::kGauge, "leat_keys", "Keys, by database; the first, and those that have any.");
  each_database(rooms, out, &Database::size);
  out.begin(Kind::kGauge, "leat_keys_with_expiry", "Of these, those that will expire.");
  each_database(rooms, out, &Database::with_expiry);
  const Stats& stats = rooms.stats;
  out.counter("leat_expired_keys_total", "Keys that have expired.", stats.expired_keys);
  out.counter("leat_expired_fields_total", "Fields of hashes that have expired.", stats.expired_fields);
  out.counter("leat_evicted_keys_total", "Keys that went since memory was short.", stats.evicted_keys);
  out.counter("leat_vanished_queues_total", "Lists, sorted sets and streams among the expired and evicted.",
              stats.vanished_queues);
  out.counter("leat_keyspace_hits_total", "Look-ups of keys that were there.", stats.hits);
  out.counter("leat_keyspace_misses_total", "Look-ups of keys that were not there.", stats.misses);
  const uint64_t looks = stats.hits + stats.misses;
  if (looks == 0) return;
  out.gauge("leat_keyspace_hit_ratio", "Hits of all look-ups since the start, 0 to 1.",
            static_cast<double>(stats.hits) / static_cast<double>(looks));
}

// One figure of each class.
template <typename Figure>
void each_class(Rooms& rooms, Text& out, Kind kind, View name, View help, Figure figure) {
  out.begin(kind, name, help);
  for (ClassId id = 0; id < rooms.classes.size(); ++id) out.add({{"class", rooms.classes[id].name}}, figure(id));
}

// Only where there are some: else all of it is said already.
void classes(Rooms& rooms, Text& out) {
  if (!rooms.classes.any()) return;
  const auto use = [&](ClassId id) { return rooms.usage.of(id); };
  const auto stats = [&](ClassId id) { return stats_of_class(rooms, id); };
  const auto gauge = [&](View name, View help, auto figure) {
    each_class(rooms, out, Kind::kGauge, name, help, figure);
  };
  const auto counter = [&](View name, View help, auto figure) {
    each_class(rooms, out, Kind::kCounter, name, help, figure);
  };
  gauge("leat_class_keys", "Keys of the class.", [&](ClassId id) { return use(id).keys; });
  gauge("leat_class_memory_bytes", "Memory of its keys and values.", [&](ClassId id) { return use(id).bytes; });
  gauge("leat_class_quota_bytes", "What it may use; 0: no bound.", [&](ClassId id) { return rooms.classes[id].quota; });
  counter("leat_class_hits_total", "Look-ups of its keys that were there.", [&](ClassId id) { return stats(id).hits; });
  counter("leat_class_misses_total", "Look-ups of its keys that were not there.",
          [&](ClassId id) { return stats(id).misses; });
  counter("leat_class_expired_keys_total", "Its keys that have expired.",
          [&](ClassId id) { return stats(id).expired; });
  counter("leat_class_evicted_keys_total", "Its keys that went since memory was short.",
          [&](ClassId id) { return stats(id).evicted; });
  counter("leat_class_oom_refusals_total", "Writes refused since it, or all, had no memory left.",
          [&](ClassId id) { return stats(id).oom_refusals; });
}

void log(Rooms& rooms, Text& out) {
  const wal::Log* const log = rooms.broker.log();
  if (log == nullptr) return;
  const wal::Stats stats = log->stats();
  out.counter("leat_log_records_total", "Records ever logged, those before this start too.", stats.records);
  out.counter("leat_log_bytes_total", "Bytes logged since the start.", stats.bytes);
  out.counter("leat_log_syncs_total", "Syncs of the log to the disk.", stats.syncs);
  out.begin(Kind::kHistogram, "leat_log_sync_duration_seconds", "How long syncs of the log took.");
  out.add({}, Text::Durations{.bounds_us = wal::SyncTimes::kBounds,
                              .counts = stats.sync_times.counts,
                              .sum_us = stats.sync_times.sum_us});
  out.gauge("leat_log_unsynced_bytes", "Bytes logged that no sync has covered yet.", stats.unsynced_bytes);
  out.gauge("leat_log_unsynced_max_bytes", "With so many of them clients are not read from any more.",
            rooms.config.unsynced_bytes_max);
  out.gauge("leat_log_proposed_index", "The last record.", log->proposed());
  out.gauge("leat_log_committed_index", "The last record that is as durable as the configuration asks.",
            log->committed());
  out.gauge("leat_log_synced_index", "The last record that is on the disk.", log->synced());
  out.gauge("leat_log_segments", "Files of the log.", stats.segments);
  out.gauge("leat_log_threaded", "1 while the disk is slow and a thread of its own writes the log.", stats.threaded);
}

void snapshots(Rooms& rooms, Text& out) {
  const Snapshots& snapshots = rooms.broker.snapshots();
  const Snapshots::Figures figures = snapshots.figures(rooms.batch.effects());
  out.counter("leat_snapshots_total", "Snapshots taken since the start.", figures.taken);
  out.gauge("leat_snapshot_last_timestamp_seconds",
            "When the last one was taken, as Unix time; the start, if there was none since.",
            seconds(figures.last_save_ms));
  if (figures.last_took_us >= 0) {
    out.gauge("leat_snapshot_last_duration_seconds", "How long the last one took.",
              seconds_of_us(figures.last_took_us));
  }
  out.gauge("leat_snapshot_last_bytes", "Bytes the last one wrote to the disk.", figures.bytes_written);
  out.gauge("leat_snapshot_index", "The record that the one on the disk is of; 0: there is none.", figures.index);
  out.gauge("leat_snapshot_running", "1 while one is being taken.", figures.under_way_us >= 0);
  out.gauge("leat_snapshot_running_seconds", "For how long it has been.",
            seconds_of_us(std::max<int64_t>(figures.under_way_us, 0)));
  out.gauge("leat_snapshot_longest_pause_seconds",
            "The longest that the one under way, or the last one, held the loop.",
            seconds_of_us(figures.longest_pause.us));
  out.gauge("leat_snapshot_changes", "Changes since the last one.", figures.changes);
  out.gauge("leat_snapshot_log_behind_bytes", "Bytes of the log since the last one: what a start would replay.",
            figures.log_bytes);
  out.gauge("leat_snapshot_log_due_bytes", "With so many of them one is taken; 0: the log's growth is no reason.",
            figures.log_bytes_due);
  out.gauge("leat_snapshot_failed", "1 when one could not be written.", !snapshots.status().ok());
}

void backups(Rooms& rooms, Text& out) {
  const auto& last = rooms.broker.backups().last();
  out.gauge("leat_backup_last_timestamp_seconds",
            "When the last backup ended, well or not, as Unix time; 0: none since the start.",
            last ? seconds(last->at_ms) : 0);
  out.gauge("leat_backup_last_failed", "1 when the last one failed.", last && !last->status.ok());
}

void disk(Rooms& rooms, Text& out) {
  const Result<uint64_t> free = rooms.broker.disk_free_bytes();
  if (!free.ok()) return;
  out.gauge("leat_disk_free_bytes", "Bytes that may still be written to the disk of the data folder.",
            static_cast<double>(*free));
}

}  // namespace

Metrics::Metrics(Rooms& rooms) {
  for (const auto section : {house, clients, pubsub, http, commands, errors, memory, scripts, keys, classes, log,
                             snapshots, backups, disk}) {
    section(rooms, text_);
  }
}

Bytes metrics_text(Rooms& rooms) {
  Metrics metrics(rooms);
  Bytes text;
  while (metrics.write_slice(text)) continue;
  return text;
}

}  // namespace leat
