// SPDX-License-Identifier: Apache-2.0
#include "broker/config/config_redis.h"

#include <algorithm>

#include "broker/config/config_words.h"
#include "broker/protocol/numbers.h"
#include "broker/protocol/words.h"

namespace leat {

namespace {

// What Redis' clients read and leat has only one answer for; setting that same answer is fine. Some of it Redis lets
// nobody change while it runs, whatever the answer.
struct Constant {
  View name, value;
  bool immutable = false;
};
constexpr Constant kConstants[] = {
    {"bind-source-addr", ""},
    {"cluster-enabled", "no", true},
    {"daemonize", "no", true},
    {"databases", "16", true},
    {"io-threads", "1", true},
    {"io-threads-do-reads", "no"},
    {"masterauth", ""},
    {"masteruser", ""},
    {"min-replicas-to-write", "0"},
    {"min-slaves-to-write", "0"},
    {"replicaof", ""},
    {"slaveof", ""},
    {"supervised", "no", true},
    {"syslog-enabled", "no", true},
    {"tls-cluster", "no"},
    {"tls-replication", "no"},
};

ConfigKey constant(const Constant& one) {
  const View name = one.name, value = one.value;
  const bool immutable = one.immutable;
  return {"", name, true, [=](const Config&) { return Bytes(value); },
          [=](Config&, View given) {
            if (same_word(given, value)) return Status::fine();
            const Bytes why = immutable ? "can't set immutable config: " : "";
            return Status::error(why + "leat offers only '" + Bytes(value) + "' here");
          }};
}

// What is remembered: numbers between two bounds, one or some of several words (split by '|'), or any text.
struct Remembered {
  enum class Kind : uint8_t { kNumber, kWord, kWords, kText };
  View name, fallback;
  Kind kind;
  int64_t min = 0, max = 0;
  View words = {};
};
constexpr Remembered number(View name, View fallback, int64_t min, int64_t max) {
  return {name, fallback, Remembered::Kind::kNumber, min, max};
}
constexpr Remembered word(View name, View fallback, View words) {
  return {name, fallback, Remembered::Kind::kWord, 0, 0, words};
}
constexpr Remembered some_of(View name, View fallback, View words) {
  return {name, fallback, Remembered::Kind::kWords, 0, 0, words};
}
constexpr Remembered yes(View name) { return word(name, "yes", "yes|no"); }
constexpr Remembered no(View name) { return word(name, "no", "yes|no"); }
constexpr Remembered text(View name, View fallback) { return {name, fallback, Remembered::Kind::kText}; }

constexpr int64_t kInt = INT32_MAX, kLong = INT64_MAX;
constexpr View kStopWords = "default|save|nosave|now|force";
constexpr Remembered kRemembered[] = {
    number("active-defrag-cycle-max", "25", 1, 99),
    number("active-defrag-cycle-min", "1", 1, 99),
    number("active-defrag-ignore-bytes", "104857600", 1, kLong),
    number("active-defrag-max-scan-fields", "1000", 1, kLong),
    number("active-defrag-threshold-lower", "10", 0, 1000),
    number("active-defrag-threshold-upper", "100", 0, 1000),
    number("active-expire-effort", "1", 1, 10),
    no("activedefrag"),
    yes("activerehashing"),
    no("always-show-logo"),
    no("aof-disable-auto-gc"),
    yes("aof-load-truncated"),
    yes("aof-rewrite-incremental-fsync"),
    no("aof-timestamp-enabled"),
    yes("aof-use-rdb-preamble"),
    text("aof_rewrite_cpulist", ""),
    text("appenddirname", "appendonlydir"),
    text("appendfilename", "appendonly.aof"),
    yes("appendonly"),  // whatever it says, there is a log: `durability` is what asks more or less of it
    number("auto-aof-rewrite-min-size", "67108864", 0, kLong),
    number("auto-aof-rewrite-percentage", "100", 0, kInt),
    text("bgsave_cpulist", ""),
    text("bio_cpulist", ""),
    yes("cluster-allow-pubsubshard-when-down"),
    no("cluster-allow-reads-when-down"),
    yes("cluster-allow-replica-migration"),
    number("cluster-announce-bus-port", "0", 0, 65535),
    text("cluster-announce-hostname", ""),
    text("cluster-announce-human-nodename", ""),
    text("cluster-announce-ip", ""),
    number("cluster-announce-port", "0", 0, 65535),
    number("cluster-announce-tls-port", "0", 0, 65535),
    text("cluster-config-file", "nodes.conf"),
    number("cluster-link-sendbuf-limit", "0", 0, kLong),
    number("cluster-migration-barrier", "1", 0, kInt),
    number("cluster-node-timeout", "15000", 0, kLong),
    number("cluster-ping-interval", "1000", 0, kInt),
    number("cluster-port", "0", 0, 65535),
    word("cluster-preferred-endpoint-type", "ip", "ip|hostname|unknown-endpoint"),
    no("cluster-replica-no-failover"),
    number("cluster-replica-validity-factor", "10", 0, kInt),
    yes("cluster-require-full-coverage"),
    yes("crash-log-enabled"),
    yes("crash-memcheck-enabled"),
    text("dbfilename", "dump.rdb"),
    yes("disable-thp"),
    yes("dynamic-hz"),
    number("hz", "10", 0, kInt),
    text("ignore-warnings", ""),
    yes("jemalloc-bg-thread"),
    number("key-load-delay", "0", -kInt, kInt),
    no("lazyfree-lazy-eviction"),
    no("lazyfree-lazy-expire"),
    no("lazyfree-lazy-server-del"),
    no("lazyfree-lazy-user-del"),
    no("lazyfree-lazy-user-flush"),
    number("list-compress-depth", "0", 0, kInt),
    number("loading-process-events-interval-bytes", "2097152", 1024, kInt),
    text("locale-collate", ""),
    number("max-new-connections-per-cycle", "10", 1, 1000),
    number("max-new-tls-connections-per-cycle", "1", 1, 1000),
    number("min-replicas-max-lag", "10", 0, kInt),
    no("no-appendfsync-on-rewrite"),
    word("oom-score-adj", "no", "no|yes|relative|absolute"),
    text("oom-score-adj-values", "0 200 800"),
    text("pidfile", ""),
    text("proc-title-template", "{title} {listen-addr} {server-mode}"),
    word("propagation-error-behavior", "ignore", "ignore|panic|panic-on-replicas"),
    no("rdb-del-sync-files"),
    number("rdb-key-save-delay", "0", -kInt, kInt),
    yes("rdb-save-incremental-fsync"),
    yes("rdbchecksum"),
    yes("rdbcompression"),
    number("repl-backlog-size", "1048576", 1, kLong),
    number("repl-backlog-ttl", "3600", 0, kLong),
    no("repl-disable-tcp-nodelay"),
    word("repl-diskless-load", "disabled", "disabled|on-empty-db|swapdb"),
    yes("repl-diskless-sync"),
    number("repl-diskless-sync-delay", "5", 0, kInt),
    number("repl-diskless-sync-max-replicas", "0", 0, kInt),
    number("repl-ping-replica-period", "10", 1, kInt),
    number("repl-timeout", "60", 1, kInt),
    text("replica-announce-ip", ""),
    number("replica-announce-port", "0", 0, 65535),
    yes("replica-announced"),
    no("replica-ignore-disk-write-errors"),
    yes("replica-ignore-maxmemory"),
    no("replica-lazy-flush"),
    number("replica-priority", "100", 0, kInt),
    yes("replica-read-only"),
    yes("replica-serve-stale-data"),
    word("sanitize-dump-payload", "yes", "no|yes|clients"),
    text("server_cpulist", ""),
    yes("set-proc-title"),
    some_of("shutdown-on-sigint", "default", kStopWords),
    some_of("shutdown-on-sigterm", "default", kStopWords),
    number("shutdown-timeout", "10", 0, kInt),
    number("socket-mark-id", "0", 0, UINT32_MAX),
    yes("stop-writes-on-bgsave-error"),
    word("syslog-facility", "local0", "user|local0|local1|local2|local3|local4|local5|local6|local7"),
    text("syslog-ident", "redis"),
    text("tls-client-cert-file", ""),
    text("tls-client-key-file", ""),
    text("tls-client-key-file-pass", ""),
    number("watchdog-period", "0", 0, kInt),
};

// Their names before Redis 5.
struct Alias {
  View old_name, name;
};
constexpr Alias kAliases[] = {
    {"cluster-slave-no-failover", "cluster-replica-no-failover"},
    {"cluster-slave-validity-factor", "cluster-replica-validity-factor"},
    {"min-slaves-max-lag", "min-replicas-max-lag"},
    {"repl-ping-slave-period", "repl-ping-replica-period"},
    {"slave-announce-ip", "replica-announce-ip"},
    {"slave-announce-port", "replica-announce-port"},
    {"slave-ignore-maxmemory", "replica-ignore-maxmemory"},
    {"slave-lazy-flush", "replica-lazy-flush"},
    {"slave-priority", "replica-priority"},
    {"slave-read-only", "replica-read-only"},
    {"slave-serve-stale-data", "replica-serve-stale-data"},
};

Status fits(const Remembered& one, View given) {
  if (one.kind == Remembered::Kind::kText) return Status::fine();
  if (one.kind == Remembered::Kind::kNumber) {
    const auto value = parse_bytes(given);
    if (!value) return Status::error("argument couldn't be parsed into an integer");
    if (*value >= one.min && *value <= one.max) return Status::fine();
    return Status::error("argument must be between " + integer_text(one.min) + " and " + integer_text(one.max) +
                         " inclusive");
  }
  const std::vector<View> choices = words_of(one.words, "|");
  const auto is_choice = [&](View word) {
    return std::any_of(choices.begin(), choices.end(), [&](View choice) { return same_word(choice, word); });
  };
  const std::vector<View> words = one.kind == Remembered::Kind::kWords ? words_of(given) : std::vector<View>{given};
  if (!words.empty() && std::all_of(words.begin(), words.end(), is_choice)) return Status::fine();
  if (one.words == "yes|no") return Status::error("argument must be 'yes' or 'no'");
  Bytes known;
  for (const View choice : choices) known += (known.empty() ? "" : ", ") + Bytes(choice);
  return Status::error("argument(s) must be one of the following: " + known);
}

Bytes told(const Remembered& one, View given) {
  if (one.kind == Remembered::Kind::kNumber) return integer_text(parse_bytes(given).value_or(0));
  return one.kind == Remembered::Kind::kText ? Bytes(given) : lower(given);
}

ConfigKey remembered(View name, const Remembered& one) {
  return {"", name, true,
          [&one](const Config& config) {
            const auto found = config.remembered.find(one.name);
            return found == config.remembered.end() ? Bytes(one.fallback) : found->second;
          },
          [&one](Config& config, View given) {
            if (Status fit = fits(one, given); !fit.ok()) return fit;
            config.remembered[Bytes(one.name)] = told(one, given);
            return Status::fine();
          }};
}

// Redis' levels, of which leat has fewer.
ConfigKey log_level() {
  return {"", "loglevel", true,
          [](const Config& config) {
            if (config.log_level == "debug") return Bytes("debug");
            if (config.log_level == "warning") return Bytes("warning");
            return Bytes(config.log_level == "error" ? "nothing" : "notice");
          },
          [](Config& config, View given) {
            constexpr std::pair<View, View> kLevels[] = {{"debug", "debug"}, {"verbose", "info"}, {"notice", "info"},
                                                         {"warning", "warning"}, {"nothing", "error"}};
            for (const auto& [redis, ours] : kLevels) {
              if (same_word(redis, given)) return config.log_level = Bytes(ours), Status::fine();
            }
            return Status::error("argument(s) must be one of the following: debug, verbose, notice, warning, nothing");
          }};
}

// "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60": of each kind of client the hard limit, and the
// soft one with its seconds. leat has two of the kinds; of the third it remembers what was said.
constexpr View kOutputLimits = "client-output-buffer-limit";

struct OutputLimit {
  View kind;
  int64_t hard, soft, seconds;
};
std::vector<OutputLimit> output_limits(const Config& config) {
  std::vector<OutputLimit> limits = {
      {"normal", config.output_bytes_max, config.output_soft_bytes_max, config.output_soft_s},
      {"slave", 268435456, 67108864, 60},
      {"pubsub", config.pubsub_output_bytes_max, config.pubsub_output_soft_bytes_max, config.pubsub_output_soft_s}};
  const auto found = config.remembered.find(kOutputLimits);
  if (found == config.remembered.end()) return limits;
  const std::vector<View> words = words_of(found->second);  // three numbers
  limits[1].hard = *parse_integer(words[0]);
  limits[1].soft = *parse_integer(words[1]), limits[1].seconds = *parse_integer(words[2]);
  return limits;
}

Status set_output_limits(Config& config, View text) {
  const std::vector<View> words = words_of(text);
  if (words.empty() || words.size() % 4 != 0) {
    return Status::error("Wrong number of arguments in buffer limit configuration.");
  }
  std::vector<OutputLimit> limits = output_limits(config);
  for (size_t i = 0; i < words.size(); i += 4) {
    const View kind = same_word(words[i], "replica") ? View("slave") : words[i];
    const auto is_of = [&](const OutputLimit& one) { return same_word(one.kind, kind); };
    const auto of = std::find_if(limits.begin(), limits.end(), is_of);
    if (of == limits.end()) return Status::error("Invalid client class specified in buffer limit configuration.");
    const auto hard = parse_bytes(words[i + 1]), soft = parse_bytes(words[i + 2]),
               seconds = parse_integer(words[i + 3]);
    if (!hard || !soft || !seconds || *hard < 0 || *soft < 0 || *seconds < 0) {
      return Status::error("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
    }
    *of = {of->kind, *hard, *soft, *seconds};
  }
  config.output_bytes_max = limits[0].hard;
  config.output_soft_bytes_max = limits[0].soft, config.output_soft_s = limits[0].seconds;
  config.pubsub_output_bytes_max = limits[2].hard;
  config.pubsub_output_soft_bytes_max = limits[2].soft, config.pubsub_output_soft_s = limits[2].seconds;
  Bytes rest;
  for (const int64_t one : {limits[1].hard, limits[1].soft, limits[1].seconds}) {
    rest += (rest.empty() ? "" : " ") + integer_text(one);
  }
  config.remembered[Bytes(kOutputLimits)] = rest;
  return Status::fine();
}

ConfigKey output_limits() {
  return {"", kOutputLimits, true,
          [](const Config& config) {
            Bytes text;
            for (const OutputLimit& one : output_limits(config)) {
              text += (text.empty() ? "" : " ") + Bytes(one.kind) + ' ' + integer_text(one.hard) + ' ' +
                      integer_text(one.soft) + ' ' + integer_text(one.seconds);
            }
            return text;
          },
          set_output_limits};
}

// "50 99 99.9": which percentiles INFO latencystats tells.
ConfigKey latency_percentiles() {
  return {"", "latency-tracking-info-percentiles", true,
          [](const Config& config) {
            Bytes text;
            for (const double one : config.latency_percentiles) text += (text.empty() ? "" : " ") + percent_text(one);
            return text;
          },
          [](Config& config, View given) {
            std::vector<double> percentiles;
            for (const View word : words_of(given)) {
              const auto one = parse_real(word);
              if (!one)
                return Status::error("Invalid latency-tracking-info-percentiles: they are numbers with blanks between");
              if (!(*one >= 0 && *one <= 100)) {
                return Status::error(
                    "latency-tracking-info-percentiles should contain a numeric parameter between 0 and 100");
              }
              percentiles.push_back(*one);
            }
            return config.latency_percentiles = std::move(percentiles), Status::fine();
          }};
}

}  // namespace

void append_redis_keys(std::vector<ConfigKey>& keys) {
  for (const Constant& one : kConstants) keys.push_back(constant(one));
  for (const Remembered& one : kRemembered) {
    keys.push_back(remembered(one.name, one));
    for (const Alias& alias : kAliases) {
      if (alias.name == one.name) keys.push_back(remembered(alias.old_name, one));
    }
  }
  keys.push_back(log_level());
  keys.push_back(output_limits());
  keys.push_back(latency_percentiles());
}

}  // namespace leat
