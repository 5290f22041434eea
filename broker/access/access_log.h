// SPDX-License-Identifier: Apache-2.0
// access_log.h: what was refused to whom: the newest first, like refusals counted together.
//
// Used by: the guard and AUTH, which note; ACL LOG.
// Always:  - never more than the setting acllog-max-len; no password is in it.
#pragma once

#include <deque>

#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat::access {

struct Refusal {
  View reason;   // "auth", "command", "key", "channel"
  View context;  // "toplevel", "multi", "lua"
  Bytes object, user, client;
  uint64_t count = 1, number = 0;
  TimeMs first_ms = 0, last_ms = 0;  // of the wall clock
};

class AccessLog {
 public:
  void note(Refusal refusal, TimeMs now_ms, size_t entries_max);
  void clear() { entries_.clear(); }
  const std::deque<Refusal>& entries() const { return entries_; }

 private:
  static constexpr size_t kLooks = 10;                // so many of the newest may count one more
  static constexpr TimeMs kTogetherMs = 60 * 1000;    // if they are not older
  std::deque<Refusal> entries_;
  uint64_t numbers_ = 0;
};

}  // namespace leat::access
