// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/scan.h"

namespace leat {

namespace {

std::optional<Type> type_of(View name) {
  for (uint8_t type = 0; type <= static_cast<uint8_t>(Type::kStream); ++type) {
    if (same_word(name, name_of(static_cast<Type>(type)))) return static_cast<Type>(type);
  }
  return std::nullopt;
}

}  // namespace

Result<ScanOptions> parse_scan(Args args, size_t cursor_at, ScanOf what) {
  ScanOptions options;
  const auto cursor = parse_unsigned(args[cursor_at]);
  if (!cursor) return Status::error("ERR invalid cursor");
  options.cursor = *cursor;
  const bool of_keys = what == ScanOf::kKeys || what == ScanOf::kKeysOverRest;
  if (what == ScanOf::kKeysOverRest) options.count = kRestPage;
  for (size_t i = cursor_at + 1; i < args.size(); ++i) {
    const bool has_value = i + 1 < args.size();
    if (same_word(args[i], "COUNT") && has_value) {
      const auto count = integer_of(args[++i]);
      if (!count.ok()) return count.status();
      if (*count < 1) return kSyntaxError;
      options.count = static_cast<size_t>(*count);
      options.exact = what == ScanOf::kKeysOverRest;
    } else if (same_word(args[i], "MATCH") && has_value) {
      options.pattern = args[++i];
    } else if (of_keys && same_word(args[i], "TYPE") && has_value) {
      options.type = type_of(args[++i]);
      options.unknown_type = !options.type;
    } else if (what == ScanOf::kKeysOverRest && same_word(args[i], "WITHTYPE")) {
      options.with_type = true;
    } else if (what == ScanOf::kHash && same_word(args[i], "NOVALUES")) {
      options.no_values = true;
    } else {
      return kSyntaxError;
    }
  }
  return options;
}

Replied reply_scan(ReplySink& reply, uint64_t cursor, const std::vector<Bytes>& items) {
  reply.array(2);
  reply.bulk(std::to_string(cursor));
  reply.array(items.size());
  for (const Bytes& item : items) reply.bulk(item);
  return {};
}

}  // namespace leat
