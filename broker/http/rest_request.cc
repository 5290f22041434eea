// SPDX-License-Identifier: Apache-2.0
#include "broker/http/rest_request.h"

#include "broker/protocol/numbers.h"
#include "broker/protocol/request.h"
#include "broker/protocol/words.h"

namespace leat {

namespace {
constexpr int64_t kEntriesAtOnce = 100, kEntriesAtOnceMax = 10'000;
constexpr int64_t kClaimMsMin = 1000;  // less, and an entry that nobody acknowledges would be delivered without end
}  // namespace

RestKind kind_of(HttpMethod method, const Target& target) {
  if (method == HttpMethod::kOptions) return RestKind::kPreflight;
  const bool reads = method == HttpMethod::kGet || method == HttpMethod::kHead;
  const View first = target.word(0);
  if (target.words.empty()) return reads ? RestKind::kWelcome : RestKind::kCommand;
  if (same_word(first, "subscribe") || same_word(first, "psubscribe")) return RestKind::kMessages;
  if (target.words.size() == 2 && first == "consume") return RestKind::kEntries;
  if (target.words.size() > 1) return RestKind::kCommand;
  if (same_word(first, "monitor")) return RestKind::kMessages;
  if (first == "pipeline" && !reads) return RestKind::kRows;
  if (first == "multi-exec" && !reads) return RestKind::kTransaction;
  if (first == "health" && reads) return RestKind::kHealth;
  if (first == "metrics" && reads) return RestKind::kMetrics;
  return RestKind::kCommand;
}

std::optional<Refusal> read_path(const Target& target, View body, const JsonRows::Limits& limits, Rows& rows) {
  std::vector<View> words(target.words.begin(), target.words.end());
  if (!body.empty()) words.push_back(body);
  for (const Target::Pair& pair : target.query) {
    words.push_back(pair.name);
    if (!pair.value.empty()) words.push_back(pair.value);
  }
  size_t bytes = 0;
  for (const View word : words) bytes += word.size();
  if (bytes > limits.command_bytes_max) return too_large(limits.command_bytes_max, bytes);
  if (words.size() > limits.words_max) return Refusal{400, "ERR a command has more words than limits.arguments allows"};
  append_request(rows.requests, words);
  rows.count = 1;
  return std::nullopt;
}

std::optional<Refusal> read_consumer(const Target& target, const std::optional<Bytes>& last_event_id,
                                     Consumer& consumer) {
  const auto group = target.parameter("group"), name = target.parameter("consumer"), count = target.parameter("count"),
             claim = target.parameter("claim");
  if (!group || group->empty() || !name || name->empty()) {
    return Refusal{400, "ERR /consume/{key} needs ?group=…&consumer=…; count and claim (milliseconds) may follow"};
  }
  const auto number = count ? parse_integer(*count) : kEntriesAtOnce;
  if (!number || *number < 1 || *number > kEntriesAtOnceMax) {
    return Refusal{400, "ERR count must be a number from 1 to 10000"};
  }
  const auto idle_ms = claim ? parse_integer(*claim) : kClaimMsMin;
  if (!idle_ms || *idle_ms < kClaimMsMin)
    return Refusal{400, "ERR claim must be a number of milliseconds, 1000 at least"};
  // It would wait before it says anything; what else is no id XREADGROUP refuses.
  if (last_event_id == ">") return Refusal{400, "ERR Last-Event-ID must be the id of an entry"};
  consumer = {Bytes(target.word(1)), Bytes(*group),           Bytes(*name), integer_text(*number),
              claim ? Bytes(*claim) : Bytes(), last_event_id && !last_event_id->empty() ? *last_event_id : Bytes("0")};
  return std::nullopt;
}

Rows next_entries(const Consumer& consumer) {
  std::vector<View> words = {"XREADGROUP", "GROUP",        consumer.group, consumer.name,
                             "COUNT",      consumer.count, "BLOCK",        "0"};
  if (!consumer.claim_ms.empty() && consumer.from == ">") words.insert(words.end(), {"CLAIM", consumer.claim_ms});
  words.insert(words.end(), {"STREAMS", consumer.key, consumer.from});
  Rows rows;
  append_request(rows.requests, words);
  rows.count = 1;
  return rows;
}

}  // namespace leat
