// SPDX-License-Identifier: Apache-2.0
// config.h: every setting, with its default, in one struct; etc/leat.toml says the same with units and
// reasons. [toml++]
//
// Used by: main (file and --set), the rooms that read their values at every use, CONFIG GET/SET.
// Always:  - one table of keys (config.cc) serves the file, --set and CONFIG: a key cannot exist in one and
//            not another;
//          - an unknown key or a bad value stops the start with the place and the nearest known key;
//          - a key that cannot change while running refuses CONFIG SET.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "broker/config/event_classes.h"
#include "broker/config/networks.h"
#include "broker/config/tls_settings.h"
#include "broker/keyspace/encoding_limits.h"
#include "schemas/bytes.h"
#include "schemas/ids.h"
#include "schemas/status.h"

namespace leat {

enum class DurabilityMode : uint8_t { kAlways, kInterval, kNever };  // the strictest first
constexpr DurabilityMode stricter(DurabilityMode a, DurabilityMode b) { return a < b ? a : b; }
using DurabilityChoice = std::optional<DurabilityMode>;  // of a client; none: as the classes say
enum class DurabilityFloor : uint8_t { kAlways, kInterval, kNever, kSame };
enum class DebugAccess : uint8_t { kNo, kLocal, kYes };  // who may DEBUG
enum class LogThreadMode : uint8_t { kAuto, kAlways, kNever };

// What goes when memory is short. The volatile ones take only keys that expire.
enum class EvictionPolicy : uint8_t {
  kNone, kAllLru, kAllLfu, kAllRandom, kVolatileLru, kVolatileLfu, kVolatileRandom, kVolatileTtl
};

// "after so many seconds, if there were so many changes": Redis' `save`.
struct SaveRule {
  int64_t seconds = 0, changes = 0;
};

// [class.NAME]: what keys that begin with one of the prefixes are given. What is not set goes by the broker's own
// settings, but the policy: of a class that names none nothing goes, so that no job is lost to a setting meant
// for caches.
struct ClassConfig {
  Bytes name;
  std::vector<Bytes> prefixes;
  std::optional<DurabilityMode> durability;
  std::optional<DurabilityMode> durability_floor;  // the weakest a client may choose; not set: the durability
  EvictionPolicy policy = EvictionPolicy::kNone;
  int64_t quota = 0, reserve = 0, max_value_bytes = 0;  // 0: none
  std::map<Bytes, Bytes, std::less<>> places;           // by key: where it was set; "": where the class begins
};
// [user.NAME]: rules as ACL SETUSER takes them.
struct UserConfig {
  Bytes name;
  std::vector<Bytes> rules;
  Bytes place;  // where it was set
};
// Of one of the two users who come in by HTTP (http_tokens.h).
struct HttpTokens {
  Bytes words;        // http.token …: split by blanks; they win
  Bytes file;         // http.token_file …: where others stand, one a line; empty: nowhere
  Bytes given_words;  // out of that file or the environment, as they were at the start
  const Bytes& in_force() const { return words.empty() ? given_words : words; }
};
// Each is looked at when memory is counted: the cost of a write stays small.
constexpr size_t kClassesMax = 64;
constexpr size_t kClassPrefixesMax = 1024;   // ten comparisons find a key's class
constexpr size_t kClassPrefixBytesMax = 512;
constexpr size_t kClassNameBytesMax = 64;

struct Config {
  Bytes bind = "127.0.0.1";  // bind_addresses.h takes it apart
  int64_t port = 6379;  // 0: any that is free; with a unix_socket: none
  Bytes unix_socket;    // a path; empty: no such door
  int64_t unix_socket_mode = 0;  // as in chmod; 0: as the umask says
  int64_t tcp_backlog = 511;
  int64_t tcp_keepalive_s = 300;
  Networks allow;  // who may connect; empty: everybody
  TlsSettings tls;
  Bytes data_dir = "data";

  DurabilityMode durability = DurabilityMode::kAlways;
  DurabilityFloor durability_floor = DurabilityFloor::kSame;
  int64_t sync_interval_ms = 1000;
  LogThreadMode log_thread = LogThreadMode::kAuto;
  int64_t segment_bytes = 64 << 20;
  int64_t unsynced_bytes_max = 64 << 20;
  int64_t snapshot_kept_bytes_max = 64 << 20;  // beyond, sockets are throttled (DESIGN.md section 5)

  int64_t snapshot_log_bytes = 256 << 20;  // 0: not by the log's growth
  std::vector<SaveRule> save;
  bool snapshot_on_shutdown = false;
  int64_t retain_log_hours = 0;
  Bytes backup_dir;
  int64_t backup_every_hours = 0;  // 0: never by itself
  int64_t backup_keep = 7;

  int64_t maxmemory = 0;  // bytes; 0: no limit
  EvictionPolicy maxmemory_policy = EvictionPolicy::kNone;
  int64_t maxmemory_samples = 5, maxmemory_tenacity = 10;
  int64_t lfu_log_factor = 10, lfu_decay_minutes = 1;

  EventClasses keyspace_events;           // published; none by default
  int64_t tracking_keys_max = 1'000'000;  // that clients may have copies of; 0: no bound

  Bytes log_level = "info";
  Bytes log_file;

  int64_t slowlog_slower_than_us = 10000;  // negative: nothing is noted
  int64_t slowlog_entries_max = 128;
  int64_t latency_threshold_ms = 0;        // 0: nothing is noted
  bool latency_tracking = true;
  std::vector<double> latency_percentiles = {50, 99, 99.9};  // that INFO tells
  DebugAccess debug_commands = DebugAccess::kNo;

  Bytes requirepass;  // the default user's password; empty: it needs none
  Bytes aclfile;      // users, one a line; empty: there is none
  bool protected_mode = true;
  bool acl_pubsub_default = false;  // whether new users may listen to all channels
  int64_t acllog_max_len = 128;
  int64_t http_port = 0;  // 0: no such door
  // Tokens of the users `rest` and `default_ro`, as words of rules (token=DIGEST …): the secrets themselves are
  // not kept.
  HttpTokens http_token, http_readonly_token;
  DebugAccess protected_configs = DebugAccess::kNo, module_commands = DebugAccess::kNo;
  std::vector<UserConfig> users;  // as the file has them; they stay until the next start

  bool http_token_in_query = false;
  Networks http_allow;  // empty: as `allow`
  int64_t http_header_bytes_max = 16 << 10, http_body_bytes_max = 64 << 20;
  int64_t http_command_bytes_max = 10 << 20;  // of one command, and of what one answers
  int64_t http_request_timeout_s = 60, http_idle_timeout_s = 3600;
  int64_t http_wait_s = 300;  // no command waits longer
  int64_t http_streams_max = 1000;

  int64_t clients_max = 10000;
  int64_t clients_per_address_max = 0;  // 0: as many as clients_max
  int64_t blocked_clients_max = 0;      // the same
  int64_t idle_timeout_s = 24 * 3600;  // 0: never
  int64_t auth_failures_max = 100, auth_window_s = 60;  // from one address; 0 failures: no bound
  int64_t arguments_max = INT32_MAX;   // of one request
  int64_t pipeline_requests_max = 100'000;
  int64_t bulk_bytes_max = 512 << 20;
  int64_t clients_bytes_max = 0;       // of all clients together; negative: percent of maxmemory; 0: no bound
  int64_t query_buffer_bytes_max = 1 << 30;
  int64_t output_bytes_max = int64_t{1} << 30;  // of a plain client; 0: no bound
  int64_t output_soft_bytes_max = 256 << 20, output_soft_s = 300;  // the same for so long; 0 bytes: no such bound
  int64_t pubsub_output_bytes_max = 32 << 20;
  int64_t pubsub_output_soft_bytes_max = 8 << 20, pubsub_output_soft_s = 60;
  int64_t rest_output_bytes_max = 256 << 20;
  int64_t rest_output_soft_bytes_max = 64 << 20, rest_output_soft_s = 60;
  int64_t multi_bytes_max = 1 << 30;

  int64_t busy_reply_threshold_ms = 5000;
  int64_t script_memory_bytes_max = 256 << 20;

  std::vector<ClassConfig> classes;  // as the file has them; they stay until the next start

  EncodingLimits encodings;
  int64_t stream_node_entries_max = 100;
  int64_t stream_node_bytes_max = 4096;
  int64_t hll_sparse_bytes_max = 3000;  // a longer HyperLogLog is dense

  std::map<Bytes, Bytes, std::less<>> remembered;  // what Redis' tools set and leat does not need (config_redis.cc)

  Bytes file;  // where it was read from; empty without one
};

// The weakest durability that a client may choose for keys of no class.
constexpr DurabilityMode floor_of(const Config& config) {
  return config.durability_floor == DurabilityFloor::kSame ? config.durability
                                                           : static_cast<DurabilityMode>(config.durability_floor);
}

// One key: how it is called in the file and by CONFIG, how it is read and written.
struct ConfigKey {
  View toml_name;    // dotted; empty: only CONFIG knows it
  View redis_name;   // empty: leat's own, CONFIG uses the dotted name
  bool at_run_time;  // CONFIG SET may change it
  std::function<Bytes(const Config&)> get;
  std::function<Status(Config&, View)> set;  // parses and checks; the text names what is wrong
  bool secret = false;  // an error does not tell what it was to be set to
  View name() const { return redis_name.empty() ? toml_name : redis_name; }
};
const std::vector<ConfigKey>& config_keys();
const ConfigKey* find_config_key(View name);  // by either name, any case

// Reads a TOML file over `config`. The error says file, line, and the nearest known key.
Status read_config_file(const Bytes& path, Config& config);
// "key=value" of --set.
Status set_config(View assignment, Config& config);
// What no single key can say: combinations.
Status check_config(const Config& config);

}  // namespace leat
