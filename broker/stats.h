// SPDX-License-Identifier: Apache-2.0
// stats.h: what INFO counts. Plain numbers, raised where the thing happens.
//
// Used by: whoever has something to count; INFO, the metrics and CONFIG RESETSTAT.
// Always:  - since the start or the last reset, but for gauges; of the loop's thread alone.
#pragma once

#include <map>
#include <vector>

#include "broker/latency.h"
#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat {

struct CommandStats {
  uint64_t calls = 0, microseconds = 0, rejected = 0, failed = 0;
  LatencyHistogram latency;  // of those that came from clients: the clock is not read within scripts
};

// Of one class of keys; only counted when there is one beside the default.
struct ClassStats {
  uint64_t hits = 0, misses = 0, evicted = 0, expired = 0;
  uint64_t oom_refusals = 0;
};

// Of the HTTP door.
struct HttpStats {
  uint64_t requests = 0;
  uint64_t by_status[6] = {};  // by the status' first digit: 1xx to 5xx at 1 to 5
  uint64_t rows = 0;           // commands that requests were made of, those of pipelines one by one
  uint64_t unauthorized = 0;
  uint64_t streams_open = 0;   // now: it outlives a reset
};

struct Stats {
  uint64_t connections = 0, rejected_connections = 0, commands = 0;
  uint64_t reads = 0, writes = 0;  // of pieces that clients sent, and were sent
  uint64_t input_bytes = 0, output_bytes = 0;
  uint64_t expired_keys = 0, evicted_keys = 0, hits = 0, misses = 0;
  uint64_t expired_fields = 0;   // of hashes
  uint64_t vanished_queues = 0;  // lists, sorted sets and streams among the expired and evicted
  uint64_t error_replies = 0;
  uint64_t output_limit_disconnections = 0, input_limit_disconnections = 0, evicted_clients = 0;
  uint64_t ticks = 0;
  // What slices of the purge took; those that their time ended before all was done.
  uint64_t purge_us = 0, purges_cut = 0;
  uint64_t freed_before = 0;  // of Keyspace::freed_dead(), what was before these statistics began
  uint64_t tls_handshakes = 0, tls_resumed = 0;  // those that were done; of them, on a session from before
  uint64_t tls_handshakes_failed = 0, tls_broken = 0, tls_refused_plain = 0;
  uint64_t messages = 0;   // published
  uint64_t denied_passwords = 0, denied_commands = 0, denied_keys = 0, denied_channels = 0;
  size_t memory_peak = 0;  // of what INFO and the housekeeping saw
  std::vector<CommandStats> by_command;             // by the row's number in the table
  std::vector<ClassStats> by_class;                 // by the class's number
  std::map<Bytes, uint64_t, std::less<>> by_error;  // by the error's prefix; bounded by the executor
  // Samples of the last 16 tenths of a second, for instantaneous_*.
  struct Rate {
    uint64_t last = 0, samples[16] = {};
    size_t next = 0;
    void sample(uint64_t total, int64_t elapsed_ms) {
      samples[next++ % 16] = elapsed_ms > 0 ? (total - last) * 1000 / static_cast<uint64_t>(elapsed_ms) : 0;
      last = total;
    }
    uint64_t per_second() const {
      uint64_t sum = 0;
      for (const uint64_t one : samples) sum += one;
      return sum / 16;
    }
  };
  Rate command_rate, input_rate, output_rate;
  HttpStats http;

  void begin_anew() {  // CONFIG RESETSTAT
    Stats fresh;
    fresh.by_command.resize(by_command.size());
    fresh.by_class.resize(by_class.size());
    fresh.http.streams_open = http.streams_open;
    *this = std::move(fresh);
  }
};

}  // namespace leat
