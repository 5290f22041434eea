// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/vocabulary.h"

#include <algorithm>

namespace leat::testing {

namespace {

constexpr View kIds[] = {
    "*", "$", ">", "-", "+", "0", "0-0", "0-1", "1-1", "2-1", "3-1", "(1-1", "3-0", "5-*", "100", "5-5", "9-9",
    "18446744073709551615-18446744073709551615", "18446744073709551615-*", "1-18446744073709551615", "1-", "abc",
    "1700000000000-0", "lost"};
constexpr View kBounds[] = {
    "-", "+", "[a", "(a", "[b", "(c", "[", "(", "a", "0", "-1", "1", "2", "(1", "-inf", "+inf", "(inf", "[m5", "0-0",
    "(1-1", "3-1", "nan", "-3"};
constexpr View kTimeouts[] = {"0", "0.001", "0.01", "1", "0.5", "-1", "1e30", "inf", "nan", "abc", "9223372036854775807"};
constexpr View kBlocks[] = {"0", "1", "10", "1000", "-1", "9223372036854775807", "abc"};
constexpr View kGroups[] = {"g", "g", "g", "other", "", "a"};
constexpr View kConsumers[] = {"c", "d", "new", ""};
constexpr View kEncodings[] = {"u8", "i8", "u1", "i1", "u63", "i64", "u64", "i65", "u16", "i5", "x8", "u", "u0"};
constexpr View kOffsets[] = {
    "0", "1", "7", "8", "#0", "#1", "#100", "100", "8191", "-1", "#-1", "#", "4294967295", "9223372036854775807",
    "#9223372036854775807"};
constexpr View kTypes[] = {"string", "list", "set", "zset", "hash", "stream", "nosuch"};
constexpr View kCursors[] = {"0", "0", "0", "1", "2", "17", "4611686018427387904", "18446744073709551615", "abc", ""};
constexpr View kParameters[] = {
    "maxmemory", "maxmemory-policy", "maxmemory-samples", "notify-keyspace-events", "tracking-table-max-keys",
    "list-max-listpack-size", "hash-max-listpack-entries", "hash-max-ziplist-value", "set-max-intset-entries",
    "set-max-listpack-entries", "zset-max-listpack-entries", "zset-max-listpack-value", "hll-sparse-max-bytes",
    "stream-node-max-bytes", "stream-node-max-entries", "slowlog-log-slower-than", "slowlog-max-len",
    "latency-monitor-threshold", "latency-tracking", "lfu-log-factor", "lfu-decay-time", "save", "appendonly",
    "appendfsync", "durability", "timeout", "dir", "port", "nosuch", "*", "max*"};
constexpr View kSettings[] = {
    "0", "1", "10", "64", "1000", "100mb", "yes", "no", "KEA", "AKEn", "", "allkeys-lru", "volatile-ttl", "noeviction",
    "always", "everysec", "never", "-1", "-2", "3600 1", "x"};
constexpr View kSubcommands[] = {
    "OBJECT", "DIGEST", "DIGEST-VALUE", "PROTOCOL", "QUICKLIST-PACKED-THRESHOLD", "SET-ACTIVE-EXPIRE", "STRINGMATCH-LEN",
    "CHANGE-REPL-ID", "JMAP", "HELP", "SLEEP", "GETREG", "DECODE", "ENCODING", "TODENSE", "RELOAD"};
constexpr View kEvents[] = {"command", "fast-command", "expire-cycle", "nosuch"};
constexpr View kSections[] = {
    "all", "everything", "default", "server", "clients", "memory", "keyspace", "commandstats", "errorstats",
    "latencystats", "modules", "nosuch"};
constexpr View kClients[] = {"1", "2", "3", "4", "5", "0", "-1", "999", "abc"};
constexpr View kFunctions[] = {"f", "r", "g", "F", "nosuch"};
constexpr View kLibraryNames[] = {"lib", "other", "l*", "nosuch"};
// Of "return 1", and of nothing.
constexpr View kDigests[] = {
    "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "E0E1F9FABFC9D4800C877A703B823AC0578FF8DB",
    "ffffffffffffffffffffffffffffffffffffffff", "abc"};
constexpr View kChannels[] = {"news", "jobs", "__keyspace@0__:s1", "s1"};
constexpr View kLongitudes[] = {"13.361389", "15.087269", "0", "180", "-180", "181", "-0.0001", "nan", "abc"};
constexpr View kLatitudes[] = {"38.115556", "37.502669", "0", "85.05112878", "-85.05112878", "86", "0.0001", "inf"};
constexpr View kLengths[] = {"0", "1", "200", "1000000", "inf", "-1", "1e308", "nan", "20000", "0.0001"};
constexpr View kTtls[] = {"0", "1", "500", "-1", "1700000001000", "9223372036854775807"};
constexpr View kProtocols[] = {"2", "3", "1", "4", "abc"};
constexpr View kCategories[] = {"string", "keyspace", "dangerous", "nosuch"};
constexpr View kDatabases[] = {"0", "0", "0", "1", "1", "15", "16", "-1"};
constexpr View kUsers[] = {"default", "nosuch"};
constexpr View kHosts[] = {"127.0.0.1", "NO", "localhost"};

struct Entry {
  View argument;
  Words words;
};
const Entry kEntries[] = {
    {"id", kIds}, {"lastid", kIds}, {"last-id", kIds}, {"max-deleted-id", kIds}, {"threshold", kIds}, {"start", kBounds},
    {"end", kBounds}, {"stop", kBounds}, {"min", kBounds}, {"max", kBounds}, {"timeout", kTimeouts}, {"milliseconds",
    kBlocks}, {"min-idle-time", kBlocks}, {"ms", kBlocks}, {"group", kGroups}, {"consumer", kConsumers}, {"encoding",
    kEncodings}, {"offset", kOffsets}, {"type", kTypes}, {"cursor", kCursors}, {"parameter", kParameters}, {"subcommand",
    kSubcommands}, {"event", kEvents}, {"section", kSections}, {"client-id", kClients}, {"function", kFunctions},
    {"library-name", kLibraryNames}, {"library-name-pattern", kLibraryNames}, {"function-code", kLibraries}, {"script",
    kScripts}, {"sha1", kDigests}, {"channel", kChannels}, {"shardchannel", kChannels}, {"longitude", kLongitudes},
    {"latitude", kLatitudes}, {"radius", kLengths}, {"width", kLengths}, {"height", kLengths}, {"ttl", kTtls},
    {"protover", kProtocols}, {"category", kCategories}, {"db", kDatabases}, {"destination-db", kDatabases}, {"index1",
    kDatabases}, {"index2", kDatabases}, {"username", kUsers}, {"host", kHosts}, {"setting", kSettings}};

constexpr View kFamilies[][2] = {
    {"string", "s"}, {"bitmap", "s"}, {"list", "l"}, {"hash", "h"}, {"set", "t"}, {"sortedset", "z"}, {"stream", "x"},
    {"hyperloglog", "p"}, {"geo", "g"}};

}  // namespace

Words keys_of(View family) {
  for (const auto& one : kFamilies) {
    if (one[0] != family) continue;
    const auto begins = [&](View key) { return key.starts_with(one[1]) && key.size() == 2; };
    const auto first = std::find_if(std::begin(kKeys), std::end(kKeys), begins);
    return {first, std::find_if_not(first, std::end(kKeys), begins)};
  }
  return {};
}

Words words_for(View argument) {
  for (const Entry& one : kEntries) {
    if (one.argument == argument) return one.words;
  }
  return {};
}

bool is_kind_of_push(View word) {
  constexpr View kKinds[] = {"message", "pmessage", "smessage", "subscribe", "unsubscribe", "psubscribe", "punsubscribe",
                             "ssubscribe", "sunsubscribe"};
  return std::find(std::begin(kKinds), std::end(kKinds), word) != std::end(kKinds);
}

}  // namespace leat::testing
