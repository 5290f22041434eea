// SPDX-License-Identifier: Apache-2.0
// expiry.h: how commands say when a key ends: SET EX, GETEX PXAT, EXPIRE …, all made into an absolute time.
#pragma once

#include "broker/commands/command.h"
#include "broker/commands/parse.h"

namespace leat {

enum class TimeUnit : uint8_t { kSeconds, kMilliseconds };
enum class TimeBase : uint8_t { kFromNow, kAbsolute };

struct ExpiryForm {
  TimeUnit unit;
  TimeBase base;
};

// EX PX EXAT PXAT; nullopt for any other word.
std::optional<ExpiryForm> expiry_form(View word);

// The absolute time in ms. "ERR invalid expire time in 'set' command" when it overflows, or is not positive where
// `must_be_positive`.
Result<TimeMs> expiry_at_ms(View text, ExpiryForm form, TimeMs now_ms, const Command& command, bool must_be_positive);

}  // namespace leat
