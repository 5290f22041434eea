// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/expiry.h"

namespace leat {

std::optional<ExpiryForm> expiry_form(View word) {
  if (same_word(word, "EX")) return ExpiryForm{TimeUnit::kSeconds, TimeBase::kFromNow};
  if (same_word(word, "PX")) return ExpiryForm{TimeUnit::kMilliseconds, TimeBase::kFromNow};
  if (same_word(word, "EXAT")) return ExpiryForm{TimeUnit::kSeconds, TimeBase::kAbsolute};
  if (same_word(word, "PXAT")) return ExpiryForm{TimeUnit::kMilliseconds, TimeBase::kAbsolute};
  return std::nullopt;
}

Result<TimeMs> expiry_at_ms(View text, ExpiryForm form, TimeMs now_ms, const Command& command, bool must_be_positive) {
  const auto value = integer_of(text);
  if (!value.ok()) return value.status();
  int64_t at_ms = *value;
  const bool overflows =
      (must_be_positive && at_ms <= 0) ||
      (form.unit == TimeUnit::kSeconds && __builtin_mul_overflow(at_ms, 1000, &at_ms)) ||
      (form.base == TimeBase::kFromNow && __builtin_add_overflow(at_ms, now_ms, &at_ms));
  if (overflows) return Status::error("ERR invalid expire time in '" + lower(command.row.name) + "' command");
  return at_ms;
}

}  // namespace leat
