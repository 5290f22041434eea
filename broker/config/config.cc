// SPDX-License-Identifier: Apache-2.0
#include "broker/config/config.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "broker/config/bind_addresses.h"
#include "broker/config/class_config.h"
#include "broker/config/config_redis.h"
#include "broker/config/config_tls.h"
#include "broker/config/config_words.h"
#include "broker/config/door.h"
#include "broker/config/http_tokens.h"
#include "broker/config/networks.h"
#include "broker/config/user_config.h"
#include "broker/protocol/numbers.h"
#include "broker/protocol/words.h"

namespace leat {

namespace {

ConfigKey number(View toml_name, View redis_name, bool at_run_time, int64_t Config::*member, int64_t min, int64_t max) {
  return {toml_name, redis_name, at_run_time, [=](const Config& config) { return integer_text(config.*member); },
          [=](Config& config, View text) {
            const auto value = parse_bytes(text);
            if (!value) return Status::error("argument couldn't be parsed into an integer");
            if (*value < min || *value > max) {
              return Status::error("argument must be between " + integer_text(min) + " and " + integer_text(max) +
                                   " inclusive");
            }
            config.*member = *value;
            return Status::fine();
          }};
}

ConfigKey limit(View toml_name, View redis_name, int64_t EncodingLimits::*member) {
  return {toml_name, redis_name, true, [=](const Config& config) { return integer_text(config.encodings.*member); },
          [=](Config& config, View text) {
            const auto value = parse_bytes(text);
            if (!value) return Status::error("argument couldn't be parsed into an integer");
            config.encodings.*member = *value;
            return Status::fine();
          }};
}

ConfigKey text(View toml_name, View redis_name, bool at_run_time, Bytes Config::*member) {
  return {toml_name, redis_name, at_run_time, [=](const Config& config) { return config.*member; },
          [=](Config& config, View value) {
            config.*member = Bytes(value);
            return Status::fine();
          }};
}

template <typename Enum>
ConfigKey choice(View toml_name, View redis_name, bool at_run_time, Enum Config::*member,
                 std::vector<std::pair<View, Enum>> names) {
  return {toml_name, redis_name, at_run_time,
          [=](const Config& config) {
            for (const auto& [name, value] : names) {
              if (config.*member == value) return Bytes(name);
            }
            return Bytes();
          },
          [=](Config& config, View given) {
            Bytes known;
            for (const auto& [name, value] : names) {
              if (same_word(name, given)) return config.*member = value, Status::fine();
              known += (known.empty() ? "" : ", ") + Bytes(name);
            }
            return Status::error("argument(s) must be one of the following: " + known);
          }};
}

// "300 1 60 10000": pairs of seconds and changes; empty: none.
std::optional<std::vector<SaveRule>> parse_save_rules(View text) {
  std::vector<int64_t> numbers;
  for (size_t at = text.find_first_not_of(' '); at != View::npos; at = text.find_first_not_of(' ', at)) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const auto number = parse_integer(text.substr(at, end - at));
    if (!number || *number < 1 || *number > INT32_MAX) return std::nullopt;
    numbers.push_back(*number);
    at = end;
  }
  if (numbers.size() % 2 != 0) return std::nullopt;
  std::vector<SaveRule> rules;
  for (size_t i = 0; i < numbers.size(); i += 2) rules.push_back({.seconds = numbers[i], .changes = numbers[i + 1]});
  return rules;
}

ConfigKey save_rules(View toml_name, View redis_name, std::vector<SaveRule> Config::*member) {
  return {toml_name, redis_name, true,
          [=](const Config& config) {
            Bytes text;
            for (const SaveRule& rule : config.*member) {
              text += (text.empty() ? "" : " ") + integer_text(rule.seconds) + ' ' + integer_text(rule.changes);
            }
            return text;
          },
          [=](Config& config, View text) {
            auto rules = parse_save_rules(text);
            if (!rules) return Status::error("Invalid save parameters");
            config.*member = std::move(*rules);
            return Status::fine();
          }};
}

ConfigKey event_classes(View toml_name, View redis_name, EventClasses Config::*member) {
  return {toml_name, redis_name, true, [=](const Config& config) { return (config.*member).text(); },
          [=](Config& config, View letters) {
            const auto classes = EventClasses::parse(letters);
            if (!classes) return Status::error("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
            config.*member = *classes;
            return Status::fine();
          }};
}

ConfigKey networks(View toml_name, View redis_name, Networks Config::*member) {
  return {toml_name, redis_name, true, [=](const Config& config) { return (config.*member).text(); },
          [=](Config& config, View text) {
            auto found = Networks::parse(text);
            if (!found.ok()) return found.status();
            config.*member = std::move(*found);
            return Status::fine();
          }};
}

// Bytes, or "5%" of memory.max_bytes, which is kept as -5.
ConfigKey memory_share(View toml_name, View redis_name, int64_t Config::*member) {
  return {toml_name, redis_name, true,
          [=](const Config& config) {
            return config.*member < 0 ? integer_text(-(config.*member)) + "%" : integer_text(config.*member);
          },
          [=](Config& config, View text) {
            const bool percent = text.ends_with('%');
            const auto value = percent ? parse_integer(text.substr(0, text.size() - 1)) : parse_bytes(text);
            if (!value || *value < 0) return Status::error("argument must be a memory or percent value");
            if (percent && *value > 100) return Status::error("percentage argument must be less or equal to 100");
            return config.*member = percent ? -*value : *value, Status::fine();
          }};
}

ConfigKey addresses(View toml_name, View redis_name, Bytes Config::*member) {
  return {toml_name, redis_name, true, [=](const Config& config) { return config.*member; },
          [=](Config& config, View text) {
            if (bind_addresses(text).size() > kBindAddressesMax) {
              return Status::error("at most " + integer_text(kBindAddressesMax) + " addresses are listened at");
            }
            for (const BindAddress& address : bind_addresses(text)) {
              if (IpAddress::parse(address.host)) continue;
              return Status::error("'" + Bytes(address.host) +
                                   "' is no address: bind wants those of this machine, with blanks between them, as in "
                                   "127.0.0.1 ::1, or * for all");
            }
            return config.*member = Bytes(text), Status::fine();
          }};
}

// Octal, as chmod takes it: 770.
ConfigKey file_mode(View toml_name, View redis_name, int64_t Config::*member) {
  return {toml_name, redis_name, false,
          [=](const Config& config) {
            char digits[24];
            return Bytes(digits, std::to_chars(digits, std::end(digits), config.*member, 8).ptr);
          },
          [=](Config& config, View text) {
            int64_t mode = 0;
            const auto read = std::from_chars(text.begin(), text.end(), mode, 8);
            const bool fits = read.ec == std::errc() && read.ptr == text.end() && mode >= 0 && mode <= 0777;
            if (!fits) return Status::error("argument must be the mode of a file, octal: 0 to 777");
            return config.*member = mode, Status::fine();
          }};
}

// The same, of memory: "100mb".
ConfigKey bytes(View toml_name, View redis_name, int64_t Config::*member, int64_t min, int64_t max) {
  ConfigKey key = number(toml_name, redis_name, true, member, min, max);
  key.set = [set = std::move(key.set)](Config& config, View text) {
    const auto value = parse_bytes(text);
    return value && *value >= 0 ? set(config, text) : Status::error("argument must be a memory value");
  };
  return key;
}

std::vector<ConfigKey> make_keys() {
  using D = DurabilityMode;
  using E = EvictionPolicy;
  using F = DurabilityFloor;
  constexpr int64_t kHuge = int64_t{1} << 40;
  std::vector<std::pair<View, E>> policies;
  for (const View name : {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lru",
                          "allkeys-lfu", "allkeys-random", "noeviction"}) {  // an error tells them as Redis' does
    policies.emplace_back(name, *policy_named(name));
  }
  std::vector<ConfigKey> keys = {
      addresses("bind", "bind", &Config::bind),
      number("port", "port", true, &Config::port, 0, 65535),
      text("unix_socket", "unixsocket", false, &Config::unix_socket),
      file_mode("unix_socket_mode", "unixsocketperm", &Config::unix_socket_mode),
      number("tcp_backlog", "tcp-backlog", false, &Config::tcp_backlog, 1, 65535),
      number("tcp_keepalive_s", "tcp-keepalive", true, &Config::tcp_keepalive_s, 0, INT32_MAX),
      networks("allow", "", &Config::allow),
      text("data_dir", "dir", false, &Config::data_dir),
      choice<D>("durability", "", true, &Config::durability,
                {{"always", D::kAlways}, {"interval", D::kInterval}, {"never", D::kNever}}),
      choice<F>("durability_floor", "", true, &Config::durability_floor,
                {{"same", F::kSame}, {"always", F::kAlways}, {"interval", F::kInterval}, {"never", F::kNever}}),
      choice<D>("", "appendfsync", true, &Config::durability,
                {{"everysec", D::kInterval}, {"always", D::kAlways}, {"no", D::kNever}}),
      number("sync_interval_ms", "", true, &Config::sync_interval_ms, 1, 3600 * 1000),
      choice<LogThreadMode>(
          "log_thread", "", true, &Config::log_thread,
          {{"auto", LogThreadMode::kAuto}, {"always", LogThreadMode::kAlways}, {"never", LogThreadMode::kNever}}),
      number("segment_bytes", "", false, &Config::segment_bytes, 4 << 20, int64_t{4} << 30),
      number("unsynced_bytes_max", "", false, &Config::unsynced_bytes_max, 1 << 20, kHuge),
      number("snapshot.kept_bytes", "", true, &Config::snapshot_kept_bytes_max, 1 << 20, kHuge),
      number("snapshot.log_bytes", "", true, &Config::snapshot_log_bytes, 0, kHuge),
      save_rules("snapshot.save", "save", &Config::save),
      choice<bool>("snapshot.on_shutdown", "", true, &Config::snapshot_on_shutdown, {{"yes", true}, {"no", false}}),
      number("snapshot.retain_log_hours", "", true, &Config::retain_log_hours, 0, 24 * 366 * 10),
      text("snapshot.backup_dir", "", true, &Config::backup_dir),
      number("snapshot.backup_every_hours", "", true, &Config::backup_every_hours, 0, 24 * 366),
      number("snapshot.backup_keep", "", true, &Config::backup_keep, 1, 100000),
      bytes("memory.max_bytes", "maxmemory", &Config::maxmemory, 0, INT64_MAX),
      choice<E>("memory.policy", "maxmemory-policy", true, &Config::maxmemory_policy, policies),
      number("memory.samples", "maxmemory-samples", true, &Config::maxmemory_samples, 1, 64),
      number("memory.tenacity", "maxmemory-eviction-tenacity", true, &Config::maxmemory_tenacity, 0, 100),
      number("memory.lfu_log_factor", "lfu-log-factor", true, &Config::lfu_log_factor, 0, INT32_MAX),
      number("memory.lfu_decay_minutes", "lfu-decay-time", true, &Config::lfu_decay_minutes, 0, INT32_MAX),
      event_classes("keyspace_events", "notify-keyspace-events", &Config::keyspace_events),
      number("tracking_keys", "tracking-table-max-keys", true, &Config::tracking_keys_max, 0, INT64_MAX),
      text("log.level", "", true, &Config::log_level),
      text("log.file", "logfile", false, &Config::log_file),
      number("slow.log_us", "slowlog-log-slower-than", true, &Config::slowlog_slower_than_us, -1, INT64_MAX),
      number("slow.log_entries", "slowlog-max-len", true, &Config::slowlog_entries_max, 0, kHuge),
      number("slow.latency_ms", "latency-monitor-threshold", true, &Config::latency_threshold_ms, 0, INT64_MAX / 1000),
      choice<bool>("slow.histograms", "latency-tracking", true, &Config::latency_tracking,
                   {{"yes", true}, {"no", false}}),
      choice<DebugAccess>("debug_commands", "enable-debug-command", false, &Config::debug_commands,
                          {{"no", DebugAccess::kNo}, {"local", DebugAccess::kLocal}, {"yes", DebugAccess::kYes}}),
      text("requirepass", "requirepass", true, &Config::requirepass),
      text("aclfile", "aclfile", false, &Config::aclfile),
      choice<bool>("protected_mode", "protected-mode", true, &Config::protected_mode, {{"yes", true}, {"no", false}}),
      choice<bool>("acl_pubsub_default", "acl-pubsub-default", true, &Config::acl_pubsub_default,
                   {{"allchannels", true}, {"resetchannels", false}}),
      number("acllog_max_len", "acllog-max-len", true, &Config::acllog_max_len, 0, kHuge),
      number("http.port", "", false, &Config::http_port, 0, 65535),
      choice<DebugAccess>("protected_configs", "enable-protected-configs", false, &Config::protected_configs,
                          {{"no", DebugAccess::kNo}, {"local", DebugAccess::kLocal}, {"yes", DebugAccess::kYes}}),
      choice<DebugAccess>("module_commands", "enable-module-command", false, &Config::module_commands,
                          {{"no", DebugAccess::kNo}, {"local", DebugAccess::kLocal}, {"yes", DebugAccess::kYes}}),
      choice<bool>("http.token_in_query", "", true, &Config::http_token_in_query, {{"yes", true}, {"no", false}}),
      networks("http.allow", "", &Config::http_allow),
      number("http.header_bytes", "", true, &Config::http_header_bytes_max, 1 << 10, 1 << 20),
      number("http.body_bytes", "", true, &Config::http_body_bytes_max, 1 << 10, 1 << 30),
      number("http.command_bytes", "", true, &Config::http_command_bytes_max, 1 << 10, 1 << 30),
      number("http.request_timeout_s", "", true, &Config::http_request_timeout_s, 1, 24 * 3600),
      number("http.idle_timeout_s", "", true, &Config::http_idle_timeout_s, 1, INT32_MAX),
      number("http.wait_s", "", true, &Config::http_wait_s, 1, 24 * 3600),
      number("http.streams", "", true, &Config::http_streams_max, 0, INT32_MAX),
      number("limits.clients", "maxclients", true, &Config::clients_max, 1, INT32_MAX),
      number("limits.idle_timeout_s", "timeout", true, &Config::idle_timeout_s, 0, INT32_MAX),
      number("limits.auth_failures", "", true, &Config::auth_failures_max, 0, INT32_MAX),
      number("limits.auth_window_s", "", true, &Config::auth_window_s, 1, 24 * 3600),
      number("limits.clients_per_address", "", true, &Config::clients_per_address_max, 0, INT32_MAX),
      number("limits.blocked_clients", "", true, &Config::blocked_clients_max, 0, INT32_MAX),
      number("limits.arguments", "", true, &Config::arguments_max, 16, INT32_MAX),
      number("limits.pipeline_requests", "", true, &Config::pipeline_requests_max, 1, INT32_MAX),
      bytes("limits.bulk_bytes", "proto-max-bulk-len", &Config::bulk_bytes_max, 1 << 20, INT64_MAX),
      bytes("limits.query_buffer_bytes", "client-query-buffer-limit", &Config::query_buffer_bytes_max, 1 << 20,
            INT64_MAX),
      memory_share("limits.clients_bytes", "maxmemory-clients", &Config::clients_bytes_max),
      number("limits.output_bytes", "", true, &Config::output_bytes_max, 0, kHuge),
      number("limits.output_soft_bytes", "", true, &Config::output_soft_bytes_max, 0, kHuge),
      number("limits.output_soft_seconds", "", true, &Config::output_soft_s, 0, INT32_MAX),
      number("limits.pubsub_output_bytes", "", true, &Config::pubsub_output_bytes_max, 0, kHuge),
      number("limits.pubsub_output_soft_bytes", "", true, &Config::pubsub_output_soft_bytes_max, 0, kHuge),
      number("limits.pubsub_output_soft_seconds", "", true, &Config::pubsub_output_soft_s, 0, INT32_MAX),
      number("limits.rest_output_bytes", "", true, &Config::rest_output_bytes_max, 0, kHuge),
      number("limits.rest_output_soft_bytes", "", true, &Config::rest_output_soft_bytes_max, 0, kHuge),
      number("limits.rest_output_soft_seconds", "", true, &Config::rest_output_soft_s, 0, INT32_MAX),
      number("limits.multi_bytes", "", true, &Config::multi_bytes_max, 1 << 10, kHuge),
      number("script.busy_reply_threshold_ms", "busy-reply-threshold", true, &Config::busy_reply_threshold_ms, 0,
             INT32_MAX),
      number("", "lua-time-limit", true, &Config::busy_reply_threshold_ms, 0, INT32_MAX),
      number("script.memory_bytes", "", false, &Config::script_memory_bytes_max, 1 << 20, kHuge),
      limit("encoding.hash_entries", "hash-max-listpack-entries", &EncodingLimits::hash_entries),
      limit("encoding.hash_value_bytes", "hash-max-listpack-value", &EncodingLimits::hash_value_bytes),
      limit("encoding.set_entries", "set-max-listpack-entries", &EncodingLimits::set_entries),
      limit("encoding.set_value_bytes", "set-max-listpack-value", &EncodingLimits::set_value_bytes),
      limit("encoding.set_intset_entries", "set-max-intset-entries", &EncodingLimits::set_intset_entries),
      limit("encoding.sorted_set_entries", "zset-max-listpack-entries", &EncodingLimits::sorted_set_entries),
      limit("encoding.sorted_set_value_bytes", "zset-max-listpack-value", &EncodingLimits::sorted_set_value_bytes),
      limit("encoding.list_size", "list-max-listpack-size", &EncodingLimits::list_size),
      number("stream.node_entries", "stream-node-max-entries", true, &Config::stream_node_entries_max, 0, INT64_MAX),
      number("stream.node_bytes", "stream-node-max-bytes", true, &Config::stream_node_bytes_max, 0, INT64_MAX),
      number("hyperloglog.sparse_bytes", "hll-sparse-max-bytes", true, &Config::hll_sparse_bytes_max, 0, INT64_MAX),
      limit("", "hash-max-ziplist-entries", &EncodingLimits::hash_entries),
      limit("", "hash-max-ziplist-value", &EncodingLimits::hash_value_bytes),
      limit("", "zset-max-ziplist-entries", &EncodingLimits::sorted_set_entries),
      limit("", "zset-max-ziplist-value", &EncodingLimits::sorted_set_value_bytes),
      limit("", "list-max-ziplist-size", &EncodingLimits::list_size),
  };
  append_token_keys(keys);
  append_tls_keys(keys);
  append_redis_keys(keys);
  return keys;
}

Bytes unknown_key(View name) {
  const ConfigKey* nearest = nullptr;
  size_t best = SIZE_MAX;
  for (const ConfigKey& key : config_keys()) {
    if (key.toml_name.empty()) continue;
    if (const size_t far = distance(name, key.toml_name); far < best) best = far, nearest = &key;
  }
  return "unknown key '" + Bytes(name) + "'; the nearest known key is '" + Bytes(nearest->toml_name) + "'";
}

Status set_by_name(View name, View value, Config& config) {
  const ConfigKey* key = find_config_key(name);
  if (key == nullptr) return Status::error(unknown_key(name));
  Status set = key->set(config, value);
  // As TOML says it.
  if (!set.ok() && (value == "true" || value == "false")) set = key->set(config, value == "true" ? "yes" : "no");
  if (!set.ok()) {
    const Bytes shown = key->secret ? "(redacted)" : "'" + Bytes(value) + "'";
    return Status::error("bad value " + shown + " for '" + Bytes(name) + "': " + Bytes(set.text()));
  }
  return Status::fine();
}

// What a value says, as --set would have it; nullopt: it is no single value.
std::optional<Bytes> text_of(const toml::node& node) {
  if (const auto* one = node.as_string()) return Bytes(one->get());
  if (const auto* one = node.as_integer()) return integer_text(one->get());
  if (const auto* one = node.as_boolean()) return Bytes(one->get() ? "yes" : "no");
  return std::nullopt;
}

Bytes place_of(const Bytes& path, const toml::node& node) {
  return path + ":" + std::to_string(node.source().begin.line);
}

Status read_prefixes(View name, const toml::node& node, const Bytes& place, Config& config) {
  std::vector<Bytes> prefixes;
  if (const toml::array* array = node.as_array()) {
    for (const toml::node& one : *array) {
      if (!one.is_string()) return Status::error("every prefix must be a text, as in prefixes = [\"cache:\"]");
      prefixes.emplace_back(one.as_string()->get());
    }
    return set_class_prefixes(name, std::move(prefixes), place, config);
  }
  return Status::error("prefixes must be a list of texts, as in prefixes = [\"cache:\"]");
}

Status read_class(View name, const toml::table& table, const Bytes& path, Config& config) {
  for (const auto& [key, node] : table) {
    const Bytes place = place_of(path, node);
    const auto value = text_of(node);
    Status set;
    if (key.str() == "prefixes") set = read_prefixes(name, node, place, config);
    else if (value) set = set_class_key(name, key.str(), *value, place, config);
    else set = Status::error("'class." + Bytes(name) + "." + Bytes(key.str()) + "' must be a text or a whole number");
    if (!set.ok()) return Status::error(place + ": " + Bytes(set.text()));
  }
  if (table.empty()) return set_class_prefixes(name, {}, place_of(path, table), config);  // which check_config refuses
  return Status::fine();
}

Status read_classes(const toml::table& table, const Bytes& path, Config& config) {
  for (const auto& [name, node] : table) {
    if (!node.is_table()) {
      return Status::error(place_of(path, node) + ": 'class." + Bytes(name.str()) + "' must be a table: write [class." +
                           Bytes(name.str()) + "] and its keys below");
    }
    if (Status read = read_class(name.str(), *node.as_table(), path, config); !read.ok()) return read;
  }
  return Status::fine();
}

Status read_user(const Bytes& name, const toml::table& table, const Bytes& path, Config& config) {
  std::vector<Bytes> rules;
  for (const auto& [key, node] : table) {
    const Bytes place = place_of(path, node) + ": ";
    const toml::array* array = node.as_array();
    if (key.str() != "rules" || array == nullptr) {
      return Status::error(place + "user." + name +
                           " has rules only, a list of texts, as in rules = [\"on\", \"#…\", \"~jobs:*\", \"+@all\"]");
    }
    for (const toml::node& one : *array) {
      if (!one.is_string()) return Status::error(place + "every rule of user." + name + " must be a text");
      rules.emplace_back(one.as_string()->get());
    }
  }
  return set_user_rules(name, std::move(rules), place_of(path, table), config);
}

Status read_users(const toml::table& table, const Bytes& path, Config& config) {
  for (const auto& [name, node] : table) {
    if (!node.is_table())
      return Status::error(place_of(path, node) + ": write [user." + Bytes(name.str()) + "] and its rules below");
    if (Status read = read_user(Bytes(name.str()), *node.as_table(), path, config); !read.ok()) return read;
  }
  return Status::fine();
}

Status read_table(const toml::table& table, const Bytes& prefix, const Bytes& path, Config& config) {
  for (const auto& [key, node] : table) {
    const Bytes name = prefix + Bytes(key.str());
    const Bytes place = place_of(path, node) + ": ";
    if (const toml::table* inner = node.as_table()) {
      if (name == "class" || name == "user") {
        const Status read = name == "class" ? read_classes(*inner, path, config) : read_users(*inner, path, config);
        if (!read.ok()) return read;
        continue;
      }
      if (Status read = read_table(*inner, name + ".", path, config); !read.ok()) return read;
      continue;
    }
    const auto value = text_of(node);
    if (!value) return Status::error(place + "'" + name + "' must be a text, a whole number or a boolean");
    if (Status set = set_by_name(name, *value, config); !set.ok()) return Status::error(place + Bytes(set.text()));
  }
  return Status::fine();
}

}  // namespace

const std::vector<ConfigKey>& config_keys() {
  static const std::vector<ConfigKey> keys = make_keys();
  return keys;
}

const ConfigKey* find_config_key(View name) {
  for (const ConfigKey& key : config_keys()) {
    if ((!key.toml_name.empty() && same_word(key.toml_name, name)) ||
        (!key.redis_name.empty() && same_word(key.redis_name, name))) {
      return &key;
    }
  }
  return nullptr;
}

Status read_config_file(const Bytes& path, Config& config) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return Status::error(path + " is a folder: name the file in it");
  std::ifstream file(path);
  if (!file.is_open()) return Status::error("cannot read " + path + " (" + std::strerror(errno) + ")");
  const toml::parse_result parsed = toml::parse(file, path);
  if (!parsed) {
    const auto& error = parsed.error();
    return Status::error(path + ":" + std::to_string(error.source().begin.line) + ": " + Bytes(error.description()) +
                         ". The file is TOML: key = value, with quotes around a text, as in bind = \"127.0.0.1\"");
  }
  config.file = path;
  return read_table(parsed.table(), "", path, config);
}

Status set_config(View assignment, Config& config) {
  const size_t equals = assignment.find('=');
  if (equals == View::npos) return Status::error("--set wants key=value, not '" + Bytes(assignment) + "'");
  const View name = assignment.substr(0, equals), value = assignment.substr(equals + 1);
  if (name.starts_with("class.")) {
    const View in_class = name.substr(6);
    const size_t dot = in_class.find('.');
    if (dot == View::npos) return Status::error("--set wants class.NAME.key=value, not '" + Bytes(assignment) + "'");
    return set_class_key(in_class.substr(0, dot), in_class.substr(dot + 1), value, "--set", config);
  }
  if (name.starts_with("user.") && name.ends_with(".rules") && name.size() > 11) {
    return set_user_rules(name.substr(5, name.size() - 11), value, "--set", config);
  }
  return set_by_name(name, value, config);
}

Status check_config(const Config& config) {
  if (config.data_dir.empty()) return Status::error("data_dir is empty: name a folder for the data");
  if (config.backup_every_hours > 0 && config.backup_dir.empty()) {
    return Status::error(
        "snapshot.backup_every_hours is set and snapshot.backup_dir is not: name a folder for the backups");
  }
  constexpr View kLevels[] = {"debug", "info", "warning", "error"};
  if (std::find(std::begin(kLevels), std::end(kLevels), View(config.log_level)) == std::end(kLevels)) {
    return Status::error("log.level must be debug, info, warning or error, not '" + config.log_level + "'");
  }
  if (Status safe = check_door(config, !names_a_password(config)); !safe.ok()) return safe;
  if (Status fits = check_users(config); !fits.ok()) return fits;
  if (floor_of(config) < config.durability) {
    return Status::error(
        "durability_floor is stricter than durability: it is the weakest that a client may choose; lower it, or "
        "raise durability");
  }
  return check_classes(config);
}

}  // namespace leat
