// SPDX-License-Identifier: Apache-2.0
// deadlines.h: one ordered queue of times.
//
// Used by: each database for key expiry (payload: the key's hash), the broker for waits (payload: the ticket) and
// leases. Always:  - ordered by time, then payload; the same pair may be in it more than once;
//          - about 20 bytes each; adding and removing cost the same wherever in the queue, and never long: the largest
//            step moves half a block.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "schemas/ids.h"

namespace leat::consumers {

constexpr TimeMs kNever = INT64_MAX;

struct Deadline {
  TimeMs at_ms;
  uint64_t payload;
  friend auto operator<=>(const Deadline&, const Deadline&) = default;
};

class Deadlines {
 public:
  void add(TimeMs at_ms, uint64_t payload);
  bool remove(TimeMs at_ms, uint64_t payload);  // one of them; false: there is none

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t memory() const;
  TimeMs earliest_ms() const;  // kNever when empty

  // Those whose time has come (at_ms <= now_ms), earliest first, while `visit(Deadline)` says true.
  template <typename Visit>
  void for_due(TimeMs now_ms, Visit visit) const {
    for (const auto& [first, block] : blocks_) {
      for (const Deadline& deadline : block) {
        if (deadline.at_ms > now_ms || !visit(deadline)) return;
      }
    }
  }
  std::optional<Deadline> pop_due(TimeMs now_ms);

  bool clear_some(size_t blocks);  // true when nothing is left

 private:
  // Sorted blocks under a sorted index. A key is not above its block's items and above all items of the block before,
  // so equal pairs lie in one block, and removing the first of a block leaves its key as it is.
  using Block = std::vector<Deadline>;
  using Blocks = std::map<Deadline, Block>;
  Blocks::iterator block_for(const Deadline& deadline);
  Blocks::iterator make_room(Blocks::iterator full, const Deadline& deadline);
  void tidy(Blocks::iterator block);

  Blocks blocks_;
  size_t size_ = 0;
};

}  // namespace leat::consumers
