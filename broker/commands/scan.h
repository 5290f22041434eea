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
  bool matches(View name) const { return !pattern || glob_match(*pattern, name); }
};

enum class ScanOf : uint8_t { kKeys, kHash, kOther };

// The words from the cursor on.
Result<ScanOptions> parse_scan(Args args, size_t cursor_at, ScanOf what);

// [cursor, [item ...]]
Replied reply_scan(ReplySink& reply, uint64_t cursor, const std::vector<Bytes>& items);

}  // namespace leat
