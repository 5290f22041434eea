// SPDX-License-Identifier: Apache-2.0
// deadlines.h: one ordered queue of times.
//
// Used by: each database for key expiry (payload: the high bits of the key's hash), hashes for their fields' lifetimes,
//          the executor for waits (payload: the ticket).
// Always:  - ordered by time, then payload; the same pair may be in it more than once;
//          - what is wider than the payload is refused by the compiler: its high bits would be lost without a word;
//          - with a payload of 32 bits about 9 bytes each, else about 18; adding and removing cost the same wherever in
//            the queue, and never long: the largest step moves half a block.
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

template <typename Payload>  // uint32_t or uint64_t
class Deadlines {
 public:
  void add(TimeMs at_ms, Payload payload);
  bool remove(TimeMs at_ms, Payload payload);  // one of them; false: there is none
  template <typename Wider> requires(sizeof(Wider) > sizeof(Payload))
  void add(TimeMs at_ms, Wider payload) = delete;
  template <typename Wider> requires(sizeof(Wider) > sizeof(Payload))
  bool remove(TimeMs at_ms, Wider payload) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t memory() const;
  TimeMs earliest_ms() const { return empty() ? kNever : blocks_.begin()->second.front().at_ms; }
  TimeMs latest_ms() const { return empty() ? kNever : std::prev(blocks_.end())->second.back().at_ms; }
  TimeMs average_ms() const { return empty() ? 0 : static_cast<TimeMs>(sum_ms_ / static_cast<Sum>(size_)); }
  size_t count_due(TimeMs now_ms) const;  // a step for each block of some hundred

  // Those whose time has come (at_ms <= now_ms), earliest first, while `visit(Deadline)` says true; equal pairs once.
  template <typename Visit>
  void for_due(TimeMs now_ms, Visit visit) const {
    for (const auto& [first, block] : blocks_) {
      const Item* last = nullptr;
      for (const Item& item : block.items) {
        if (last != nullptr && *last == item) continue;
        last = &item;
        const Deadline deadline = block.deadline(item);
        if (deadline.at_ms > now_ms || !visit(deadline)) return;
      }
    }
  }
  std::optional<Deadline> pop_due(TimeMs now_ms);

  bool clear_some(size_t blocks);  // true when nothing is left

 private:
  struct Item {
    uint32_t after_ms;
    Payload payload;
    friend auto operator<=>(const Item&, const Item&) = default;
  };
  struct Block {
    TimeMs base_ms;  // not above any of its times, and none is further away than 49 days
    std::vector<Item> items;
    Deadline deadline(const Item& item) const { return {base_ms + item.after_ms, item.payload}; }
    Deadline front() const { return deadline(items.front()); }
    Deadline back() const { return deadline(items.back()); }
    bool covers(TimeMs at_ms) const {
      return at_ms >= base_ms && static_cast<uint64_t>(at_ms) - static_cast<uint64_t>(base_ms) <= UINT32_MAX;
    }
    Item item(TimeMs at_ms, Payload payload) const { return {static_cast<uint32_t>(at_ms - base_ms), payload}; }
    void grow();  // before an insertion, if it must
    void reserve(size_t wanted);
  };
  // Sorted blocks under a sorted index. A key is not above its block's items and above all items of the block before,
  // so equal pairs lie in one block, and removing the first of a block leaves its key as it is.
  using Blocks = std::map<Deadline, Block>;
  using Sum = __int128;  // of times up to the largest
  typename Blocks::iterator block_for(const Deadline& deadline);
  typename Blocks::iterator make_room(typename Blocks::iterator full, const Deadline& deadline);
  typename Blocks::iterator relieve(typename Blocks::iterator full, const Deadline& deadline);
  static size_t whole_pairs(const Block& block, size_t count);
  typename Blocks::iterator cover(typename Blocks::iterator block, const Deadline& deadline);
  void tidy(typename Blocks::iterator block);

  Blocks blocks_;
  size_t size_ = 0;
  Sum sum_ms_ = 0;
};

}  // namespace leat::consumers
