// SPDX-License-Identifier: Apache-2.0
// choices.h: the bytes of an input, taken for choices. Once they are used up, every choice is the first.
//
// Used by: the fuzzers that make something of their input: request_maker, script_maker.
#pragma once

#include <algorithm>
#include <iterator>
#include <utility>

#include "schemas/bytes.h"

namespace leat::testing {

class Choices {
 public:
  explicit Choices(View input) : left_(input) {}

  bool more() const { return !left_.empty(); }
  uint64_t number(size_t bytes) {
    uint64_t number = 0;
    for (; bytes > 0 && !left_.empty(); --bytes, left_.remove_prefix(1))
      number = number << 8 | static_cast<uint8_t>(left_[0]);
    return number;
  }
  size_t below(size_t bound) { return number(bound <= 256 ? 1 : 2) % bound; }
  bool one_in(size_t n) { return below(n) == n - 1; }  // no, once nothing is left
  template <typename Items>
  decltype(auto) pick(const Items& items) { return items[below(std::size(items))]; }
  View raw() {  // its length, then so many bytes
    const size_t size = std::min<size_t>(number(1), left_.size());
    const View taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  View rest() { return std::exchange(left_, View()); }

 private:
  View left_;
};

}  // namespace leat::testing
