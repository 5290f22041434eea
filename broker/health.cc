// SPDX-License-Identifier: Apache-2.0
#include "broker/health.h"

#include <fmt/format.h>

#include "broker/broker.h"
#include "broker/memory.h"

namespace leat {

namespace {

// A start that is refused ends the process, so loading is all that it can be before there is a log.
bool loads(Rooms& rooms) { return rooms.executor.loading || rooms.broker.log() == nullptr; }

bool failed(Rooms& rooms) {
  const wal::Log* const log = rooms.broker.log();
  return !rooms.broker.failed().ok() || (log != nullptr && !log->status().ok());
}

View status_of(Rooms& rooms) { return failed(rooms) ? "failed" : loads(rooms) ? "loading" : "ok"; }

Bytes figures(const Rooms& rooms) {
  const Stats& stats = rooms.stats;
  const uint64_t looks = stats.hits + stats.misses;
  const double hit_rate = looks == 0 ? 0 : static_cast<double>(stats.hits) / static_cast<double>(looks);
  return fmt::format(
      R"(,"hit_rate":{:.4f},"hits":{},"misses":{},"operations_total":{},"memory_used_bytes":{},"clients":{})", hit_rate,
      stats.hits, stats.misses, stats.commands, memory_use(rooms.keyspace.memory_unused()).allocated,
      rooms.clients.size());
}

}  // namespace

bool healthy(Rooms& rooms) { return !loads(rooms) && !failed(rooms); }

Bytes health_json(Rooms& rooms, HealthCaller caller) {
  const wal::Log* const log = rooms.broker.log();
  const TimeMs up_s = (rooms.time.monotonic_ms() - rooms.broker.started_ms()) / 1000;
  return fmt::format(R"({{"status":"{}","uptime_s":{},"index":{},"durable_index":{},"loading":{},"role":"master"{}}})",
                     status_of(rooms), up_s, log == nullptr ? 0 : log->proposed(), log == nullptr ? 0 : log->synced(),
                     loads(rooms), caller == HealthCaller::kKnown ? figures(rooms) : Bytes());
}

}  // namespace leat
