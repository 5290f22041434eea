// SPDX-License-Identifier: Apache-2.0
// stream.cc: the stream family, without its groups. https://redis.io/docs/latest/commands/?group=stream
#include "broker/keyspace/stream.h"

#include <algorithm>

#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/parse.h"
#include "broker/commands/stream_commands.h"
#include "broker/commands/stream_ids.h"
#include "broker/commands/stream_producers.h"
#include "broker/commands/stream_trim.h"

namespace leat {

Status subcommand_syntax_error(Args args) {
  return Status::error("ERR unknown subcommand or wrong number of arguments for '" + Bytes(args[1].substr(0, 128)) +
                       "'. Try " + upper(args[0]) + " HELP.");
}

namespace {

uint64_t size_of(const Stream* stream) { return stream == nullptr ? 0 : stream->size(); }

// XADD.

struct AddRequest {
  Trim trim;
  Sender sender;
  bool may_create = true;
  NewId id;
  size_t id_at = 0;  // the pairs follow it
};

Status parse_add(Args args, AddRequest& request) {
  size_t i = 2;
  for (; i < args.size() && args[i] != "*"; ++i) {
    const auto taken = parse_trim_word(args, i, request.trim);
    if (!taken.ok()) return taken.status();
    if (*taken) continue;
    if (same_word(args[i], "NOMKSTREAM")) {
      request.may_create = false;
      continue;
    }
    const auto sender = parse_sender_word(args, i, request.sender);
    if (!sender.ok()) return sender.status();
    if (*sender) continue;
    const auto id = new_id_of(args[i]);
    if (!id.ok()) return id.status();
    if (request.sender.named()) {
      return Status::error("ERR IDMP/IDMPAUTO can be used only with auto-generated IDs");
    }
    request.id = *id;
    break;
  }
  request.id_at = i;
  return Status::fine();
}

const Status kIdTooSmall =
    Status::error("ERR The ID specified in XADD is equal or smaller than the target stream top item");

// The id of the next entry: generated ones never go back, whatever the clock does.
Result<StreamId> choose_id(const NewId& wanted, StreamId last, TimeMs now_ms) {
  if (last.is_max()) {
    return Status::error("ERR The stream has exhausted the last possible ID, unable to add more items");
  }
  if (!wanted.ms) {
    const auto ms = static_cast<uint64_t>(now_ms);
    return ms > last.ms ? StreamId{ms, 0} : last.next();
  }
  StreamId id{*wanted.ms, wanted.seq.value_or(0)};
  if (!wanted.seq && id.ms == last.ms) {
    if (last.seq == UINT64_MAX) return kIdTooSmall;
    id = last.next();
  }
  if (id <= last) return kIdTooSmall;
  return id;
}

// XADD key [NOMKSTREAM] [KEEPREF|DELREF|ACKED] [IDMP producer id|IDMPAUTO producer] [MAXLEN|MINID [=|~] threshold
//   [LIMIT count]] *|id field value [field value ...]  →  the id
Outcome xadd(Context& ctx, Args args) {
  AddRequest request;
  if (Status wrong = parse_add(args, request); !wrong.ok()) return wrong;
  const Trim& trim = request.trim;
  if (trim.limit) {
    if (Status wrong = check_trim(trim); !wrong.ok()) return wrong;
    if (Status wrong = check_limit(trim); !wrong.ok()) return wrong;
  }
  const size_t words = args.size() - std::min(args.size(), request.id_at + 1);
  if (words < 2 || words % 2 != 0) return arity_error(ctx.command);
  if (request.id.ms == 0u && request.id.seq == 0u) {
    return Status::error("ERR The ID specified in XADD must be greater than 0-0");
  }

  const View key = args[1];
  const auto found = ctx.find<Stream>(key);
  if (!found.ok()) return found.status();
  const Stream* const stream = *found;
  if (stream == nullptr && !request.may_create) return ctx.reply.null();
  std::optional<StreamRemember> sent;
  if (request.sender.named()) [[unlikely]] {
    sent = remember_effect(args, request.sender, args.from(request.id_at + 1), ctx.now_ms);
    if (const auto before = added_before(stream, *sent, ctx.now_ms)) return reply_id(ctx.reply, *before);
  }
  const auto id = choose_id(request.id, stream == nullptr ? StreamId{} : stream->last_id(), ctx.now_ms);
  if (!id.ok()) return id.status();

  uint64_t dropped = 0;
  bool asks = false;
  if (trim.by != Trim::By::kNothing) {
    asks = stream != nullptr && asks_groups(trim, *stream);
    uint64_t older = 0;
    if (trim.by == Trim::By::kId) older = (stream == nullptr ? 0 : stream->count_before(trim.min)) + (*id < trim.min);
    dropped = drop_count(ctx, trim, size_of(stream) + 1, older);
  }
  ctx.emit(StreamAdd{.key = key, .id = *id, .pairs = args.from(request.id_at + 1)});
  if (sent) [[unlikely]] sent->id = *id, remember(ctx, *sent);
  if (dropped > 0 && asks) trim_stream(ctx, key, trim);
  else if (dropped > 0) ctx.emit(StreamTrim{.key = key, .count = dropped});
  return reply_id(ctx.reply, *id);
}

// XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT count] [KEEPREF|DELREF|ACKED]  →  how many entries went
Outcome xtrim(Context& ctx, Args args) {
  Trim trim;
  for (size_t i = 2; i < args.size(); ++i) {
    const auto taken = parse_trim_word(args, i, trim);
    if (!taken.ok()) return taken.status();
    if (!*taken) return kSyntaxError;
  }
  if (const Status wrong = check_trim(trim); !wrong.ok()) return wrong;
  if (trim.by == Trim::By::kNothing) {
    return Status::error("ERR syntax error, XTRIM must be called with a trimming strategy");
  }
  if (const Status wrong = check_limit(trim); !wrong.ok()) return wrong;

  const auto found = ctx.find<Stream>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return ctx.reply.integer(0);
  return ctx.reply.integer(static_cast<int64_t>(trim_stream(ctx, args[1], trim)));
}

// XDEL key id [id ...]  →  how many were there
Outcome xdel(Context& ctx, Args args) {
  const auto found = ctx.find<Stream>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return ctx.reply.integer(0);
  auto ids = stream_ids_of(args.from(2));
  if (!ids.ok()) return ids.status();
  std::sort(ids->begin(), ids->end());
  ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  std::erase_if(*ids, [&](StreamId id) { return !(*found)->contains(id); });
  if (!ids->empty()) ctx.emit(StreamDelete{.key = args[1], .ids = *ids});
  return ctx.reply.integer(static_cast<int64_t>(ids->size()));
}

// XLEN key
Outcome xlen(Context& ctx, Args args) {
  const auto found = ctx.find<Stream>(args[1]);
  if (!found.ok()) return found.status();
  return ctx.reply.integer(static_cast<int64_t>(size_of(*found)));
}

// [entry ...], from the last one backwards.
Replied reply_backwards(ReplySink& reply, Stream::Cursor at, StreamId first, uint64_t count) {
  std::vector<View> scratch;
  const auto mark = reply.reserve_array();
  uint64_t written = 0;
  for (; at.valid() && at.id() >= first && written < count; at.previous(), ++written) reply_entry(reply, at, scratch);
  reply.fill_array(mark, written);
  return {};
}

enum class Direction : uint8_t { kForwards, kBackwards };

// XRANGE key start end [COUNT count], XREVRANGE key end start [COUNT count]
template <Direction kDirection>
Outcome range(Context& ctx, Args args) {
  constexpr bool kForwards = kDirection == Direction::kForwards;
  const auto first = range_start_of(args[kForwards ? 2 : 3]);
  if (!first.ok()) return first.status();
  const auto last = range_end_of(args[kForwards ? 3 : 2]);
  if (!last.ok()) return last.status();
  uint64_t count = UINT64_MAX;
  for (size_t i = 4; i < args.size(); i += 2) {
    if (!same_word(args[i], "COUNT") || i + 1 == args.size()) return kSyntaxError;
    const auto given = integer_of(args[i + 1]);
    if (!given.ok()) return given.status();
    count = static_cast<uint64_t>(std::max<int64_t>(*given, 0));
  }
  const auto found = ctx.find<Stream>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return ctx.reply.array(0);
  if (count == 0) return ctx.reply.null_array();
  if (*first > *last) return ctx.reply.array(0);
  if (kForwards) return reply_entries(ctx.reply, (*found)->cursor(*first), *last, count);
  return reply_backwards(ctx.reply, (*found)->cursor_back(*last), *first, count);
}

// XSETID.

struct SetIdRequest {
  StreamId last_id;
  std::optional<uint64_t> entries_added;
  std::optional<StreamId> max_deleted_id;
};

Result<SetIdRequest> parse_set_id(Args args) {
  SetIdRequest request;
  const auto last_id = stream_id_of(args[2]);
  if (!last_id.ok()) return last_id.status();
  request.last_id = *last_id;
  for (size_t i = 3; i < args.size(); i += 2) {
    if (i + 1 == args.size()) return kSyntaxError;
    if (same_word(args[i], "ENTRIESADDED")) {
      const auto added = integer_of(args[i + 1]);
      if (!added.ok()) return added.status();
      if (*added < 0) return Status::error("ERR entries_added must be positive");
      request.entries_added = static_cast<uint64_t>(*added);
    } else if (same_word(args[i], "MAXDELETEDID")) {
      const auto deleted = stream_id_of(args[i + 1]);
      if (!deleted.ok()) return deleted.status();
      if (request.last_id < *deleted) {
        return Status::error("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
      }
      request.max_deleted_id = *deleted;
    } else {
      return kSyntaxError;
    }
  }
  return request;
}

Status check_set_id(const SetIdRequest& request, const Stream& stream) {
  if (request.last_id < stream.max_deleted_id()) {
    return Status::error("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
  }
  if (stream.size() == 0) return Status::fine();
  if (request.last_id < stream.cursor_back(kStreamIdMax).id()) {
    return Status::error("ERR The ID specified in XSETID is smaller than the target stream top item");
  }
  if (request.entries_added && *request.entries_added < stream.size()) {
    return Status::error("ERR The entries_added specified in XSETID is smaller than the target stream length");
  }
  return Status::fine();
}

// XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]
Outcome xsetid(Context& ctx, Args args) {
  const auto request = parse_set_id(args);
  if (!request.ok()) return request.status();
  const auto found = ctx.find<Stream>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return kNoSuchKey;
  const Stream& stream = **found;
  if (const Status wrong = check_set_id(*request, stream); !wrong.ok()) return wrong;
  const StreamId deleted = request->max_deleted_id.value_or(StreamId{});  // 0-0 leaves what was there
  ctx.emit(StreamSetId{.key = args[1],
                       .last_id = request->last_id,
                       .entries_added = request->entries_added.value_or(stream.entries_added()),
                       .max_deleted_id = deleted.is_zero() ? stream.max_deleted_id() : deleted});
  return ctx.reply.ok();
}

Outcome xinfo(Context& ctx, Args) { return arity_error(ctx.command); }

constexpr CommandRow kRows[] = {
    // name            arity keys             traits                             handler
    {"XADD",            -5,  Keys::at(1),     kWrite | kDenyOom | kFast,         xadd},
    {"XCFGSET",         -2,  Keys::at(1),     kWrite | kFast,                    xcfgset},
    {"XDEL",            -3,  Keys::at(1),     kWrite | kFast,                    xdel},
    {"XDELEX",          -5,  Keys::at(1),     kWrite | kFast,                    xdelex},
    {"XINFO",           -2,  Keys::none(),    kContainer,                        xinfo},
    {"XINFO|CONSUMERS", 4,   Keys::at(2),     kReadOnly,                         xinfo_consumers},
    {"XINFO|GROUPS",    3,   Keys::at(2),     kReadOnly,                         xinfo_groups},
    {"XINFO|HELP",      2,   Keys::none(),    kLoading | kStale,                 subcommand_help},
    {"XINFO|STREAM",    -3,  Keys::at(2),     kReadOnly,                         xinfo_stream},
    {"XLEN",            2,   Keys::at(1),     kReadOnly | kFast,                 xlen},
    {"XRANGE",          -4,  Keys::at(1),     kReadOnly,                         range<Direction::kForwards>},
    {"XREAD",           -4,  Keys::streams(), kReadOnly | kBlocks | kMovableKeys, xread},
    {"XREVRANGE",       -4,  Keys::at(1),     kReadOnly,                         range<Direction::kBackwards>},
    {"XSETID",          -3,  Keys::at(1),     kWrite | kDenyOom | kFast,         xsetid},
    {"XTRIM",           -4,  Keys::at(1),     kWrite,                            xtrim},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kStreamFamily{"stream", kRows};

}  // namespace leat
