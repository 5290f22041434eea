// SPDX-License-Identifier: Apache-2.0
// scan.h: what SCAN, HSCAN, SSCAN and ZSCAN share: the options, and the shape of the reply.
// Source: https://redis.io/docs/latest/commands/scan/
#pragma once

#include "broker/commands/context.h"
#include "broker/commands/parse.h"

namespace leat {

struct ScanOptions {
  uint64_t cursor = 0;
  std::optional<View> pattern;
  size_t count = 10;              // a minimum page, as long as there is so much
  std::optional<Type> type;       // SCAN only
  bool unknown_type = false;      // SCAN TYPE with a name no key has: an empty answer
  bool no_values = false;         // HSCAN only
  bool with_type = false;         // SCAN over REST: each key is followed by the name of its type
  bool exact = false;             // SCAN over REST with a COUNT, which there is the page and no minimum
  bool matches(View name) const { return !pattern || glob_match(*pattern, name); }
};

enum class ScanOf : uint8_t { kKeys, kKeysOverRest, kHash, kOther };
constexpr size_t kRestPage = 100;  // for who asks over REST and gives no COUNT: each page is an HTTP request

// [cursor, [item ...]]
Replied reply_scan(ReplySink& reply, uint64_t cursor, const std::vector<Bytes>& items);

// SCAN's words from the cursor on.
Result<ScanOptions> parse_scan(Args args, size_t cursor_at, ScanOf what);

// HSCAN, SSCAN, ZSCAN: the cursor is read before the key is looked up, the options after it, as in Redis. `visit_all`
// is called with the value, the options and the items to fill, and returns the next cursor.
template <typename T, typename VisitAll>
Outcome scan_value(Context& ctx, Args args, ScanOf what, VisitAll visit_all) {
  if (!parse_unsigned(args[2])) return Status::error("ERR invalid cursor");
  const auto found = ctx.find<T>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return reply_scan(ctx.reply, 0, {});
  const auto options = parse_scan(args, 2, what);
  if (!options.ok()) return options.status();
  std::vector<Bytes> items;
  const uint64_t next = visit_all(**found, *options, items);
  return reply_scan(ctx.reply, next, items);
}

}  // namespace leat
