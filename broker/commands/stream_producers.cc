// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/stream_producers.h"

#include <algorithm>

#include "broker/commands/parse.h"
#include "broker/commands/stream_commands.h"
#include "broker/script/sha1.h"
#include "chunks/digest.h"

namespace leat {

using consumers::Print;
using consumers::Producers;

namespace {

void append_sized(Bytes& text, View part) {
  const uint64_t size = part.size();
  text.append(reinterpret_cast<const char*>(&size), sizeof size);
  text.append(part);
}

// The fields in an order of their own, so that a client that keeps them in a map may send them as they come.
std::vector<std::pair<View, View>> sorted_pairs(Views pairs) {
  std::vector<std::pair<View, View>> sorted;
  sorted.reserve(pairs.size() / 2);
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) sorted.emplace_back(pairs[i], pairs[i + 1]);
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// A cryptographic digest: with a weaker one a producer could be made to take a new message for an old one.
Print print_of(Args args, const Sender& sender, Views pairs) {
  Bytes text(1, sender.by_fields ? 'f' : 'i');
  append_sized(text, args[sender.at + 1]);
  if (!sender.by_fields) {
    append_sized(text, args[sender.at + 2]);
  } else {
    for (const auto& [name, value] : sorted_pairs(pairs)) append_sized(text, name), append_sized(text, value);
  }
  const Sha1::Digest digest = Sha1().digest(text);
  Print print;
  static_assert(sizeof print <= sizeof digest);
  std::memcpy(&print, digest.data(), sizeof print);
  return print;
}

}  // namespace

Result<bool> parse_sender_word(Args args, size_t& i, Sender& sender) {
  const size_t more = args.size() - i - 1;
  const bool by_fields = same_word(args[i], "IDMPAUTO");
  if (!by_fields && !same_word(args[i], "IDMP")) return false;
  if (more < (by_fields ? 1 : 2)) return false;
  if (sender.named()) return Status::error("ERR IDMP/IDMPAUTO specified multiple times");
  sender = {static_cast<uint32_t>(i), by_fields};
  if (args[++i].empty()) {
    return Status::error(by_fields ? "ERR IDMPAUTO requires a non-empty producer ID"
                                   : "ERR IDMP requires a non-empty producer ID");
  }
  if (by_fields) return true;
  if (args[++i].empty()) return Status::error("ERR IDMP requires a non-empty idempotent ID");
  return true;
}

StreamRemember remember_effect(Args args, const Sender& sender, Views pairs, TimeMs now_ms) {
  const Print print = print_of(args, sender, pairs);
  return {.key = args[1],
          .id = {},
          .at_ms = now_ms,
          .producer = digest::of(args[sender.at + 1]),
          .print_high = print.high,
          .print_low = print.low};
}

std::optional<StreamId> added_before(const Stream* stream, const StreamRemember& sent, TimeMs now_ms) {
  const Producers* const producers = stream == nullptr ? nullptr : stream->producers();
  if (producers == nullptr) return std::nullopt;
  const auto id = producers->find({sent.print_high, sent.print_low}, now_ms);
  producers->twice += id.has_value();
  return id;
}

void remember(Context& ctx, const StreamRemember& sent) {
  const auto found = ctx.find<Stream>(sent.key);
  if ((*found)->producers() == nullptr) {  // spelled out, so that no later default changes what replay makes of it
    ctx.emit(StreamConfigure{
        .key = sent.key, .duration_ms = Producers::kDurationDefault_s * 1000, .ids_max = Producers::kIdsDefault});
  }
  ctx.emit(sent);
}

namespace {

struct ConfigureRequest {
  std::optional<uint64_t> duration_s, ids_max;
};

Result<uint64_t> bounded(View text, uint64_t max, const char* error) {
  const auto number = integer_of(text);
  if (!number.ok()) return number.status();
  if (*number < 1 || static_cast<uint64_t>(*number) > max) return Status::error(error);
  return static_cast<uint64_t>(*number);
}

Result<ConfigureRequest> parse_configure(Args args) {
  ConfigureRequest request;
  if (args.size() == 2) return Status::error("ERR At least one parameter must be specified");
  for (size_t i = 2; i < args.size(); i += 2) {
    const bool duration = same_word(args[i], "IDMP-DURATION");
    if ((!duration && !same_word(args[i], "IDMP-MAXSIZE")) || i + 1 == args.size()) return kSyntaxError;
    const auto number =
        duration
            ? bounded(args[i + 1], Producers::kDurationMax_s, "ERR IDMP-DURATION must be between 1 and 86400 seconds")
            : bounded(args[i + 1], Producers::kIdsMax, "ERR IDMP-MAXSIZE must be between 1 and 10000 entries");
    if (!number.ok()) return number.status();
    (duration ? request.duration_s : request.ids_max) = *number;
  }
  return request;
}

}  // namespace

// XCFGSET key [IDMP-DURATION seconds] [IDMP-MAXSIZE count]
Outcome xcfgset(Context& ctx, Args args) {
  const auto request = parse_configure(args);
  if (!request.ok()) return request.status();
  const auto found = ctx.find<Stream>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return kNoSuchKey;
  const Producers* const producers = (*found)->producers();
  const uint64_t duration_ms = producers == nullptr ? Producers::kDurationDefault_s * 1000 : producers->duration_ms();
  const uint64_t ids_max = producers == nullptr ? Producers::kIdsDefault : producers->ids_max();
  const StreamConfigure wanted{.key = args[1],
                               .duration_ms = request->duration_s ? *request->duration_s * 1000 : duration_ms,
                               .ids_max = request->ids_max.value_or(ids_max)};
  // Saying again what is so forgets nothing.
  if (producers == nullptr || wanted.duration_ms != duration_ms || wanted.ids_max != ids_max) ctx.emit(wanted);
  return ctx.reply.ok();
}

}  // namespace leat
