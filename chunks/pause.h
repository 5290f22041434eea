// SPDX-License-Identifier: Apache-2.0
// pause.h: long work in stretches, between which the loop gets its turn.
//
// Used by: the loading of a snapshot, down to each structure's: a start answers PING while it builds a value
//          of millions.
// Always:  - a stretch is kStretchBytes of content looked through, which takes between one millisecond (a list) and
//            five (what is hashed); who does something else per item says what it is worth.
#pragma once

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace leat {

class Pause {
 public:
  static constexpr size_t kStretchBytes = 512 << 10;

  explicit Pause(std::function<void()> rest) : rest_(std::move(rest)) {}
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

  void after(size_t bytes) {
    worked_ += bytes;
    if (worked_ < kStretchBytes) return;
    worked_ = 0;
    rest_();
  }

 private:
  const std::function<void()> rest_;
  size_t worked_ = 0;
};

constexpr size_t kSortedRun = 1024;
constexpr size_t kSortedWorth = 64;  // of an item: what it is compared by is mostly not in the cache

// Merges items [low, middle) and [middle, end), each of them sorted, to the end of `to`.
template <typename Item, typename Less>
void merge_with_pauses(std::vector<Item>& items, size_t low, size_t middle, size_t end, const Less& less, Pause& pause,
                       std::vector<Item>& to) {
  for (size_t high = middle; low < middle || high < end;) {
    const bool takes_high = low == middle || (high < end && less(items[high], items[low]));
    to.push_back(std::move(items[takes_high ? high++ : low++]));
    pause.after(kSortedWorth);
  }
}

// std::stable_sort for millions: short runs, then merged until they are one. What is sorted already is not moved.
template <typename Item, typename Less>
void sort_with_pauses(std::vector<Item>& items, const Less& less, Pause& pause) {
  const size_t size = items.size();
  for (size_t at = 0; at < size; at += kSortedRun) {
    const auto begin = items.begin() + at, end = items.begin() + std::min(at + kSortedRun, size);
    if (!std::is_sorted(begin, end, less)) std::stable_sort(begin, end, less);
    pause.after((end - begin) * kSortedWorth);
  }
  for (size_t width = kSortedRun; width < size; width *= 2) {
    bool is_sorted = true;
    for (size_t at = width; at < size && is_sorted; at += width) is_sorted = !less(items[at], items[at - 1]);
    if (is_sorted) return;
    std::vector<Item> merged;
    merged.reserve(size);
    for (size_t at = 0; at < size; at += 2 * width)
      merge_with_pauses(items, at, std::min(at + width, size), std::min(at + 2 * width, size), less, pause, merged);
    items.swap(merged);
  }
}

}  // namespace leat
