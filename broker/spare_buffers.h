// SPDX-License-Identifier: Apache-2.0
// spare_buffers.h: memory for outputs that goes from client to client: a reply of a few KB would else grow its own, by
// doubling, each time.
//
// Used by: the tick, which lends before a client's requests run, and takes back what was sent.
// Always:  - no more than kBuffers are kept, none over kBytesMax;
//          - a client that has nothing to send holds none.
#pragma once

#include <vector>

#include "schemas/bytes.h"

namespace leat {

class SpareBuffers {
 public:
  static constexpr size_t kBuffers = 64, kBytesMin = 512, kBytesMax = 64 * 1024;

  void lend(Bytes& to) {
    if (!to.empty() || spare_.empty() || to.capacity() >= kBytesMin) return;
    to.swap(spare_.back());
    spare_.pop_back();
  }
  // Or frees it.
  void take_back(Bytes& from) {
    if (from.capacity() >= kBytesMin && from.capacity() <= kBytesMax && spare_.size() < kBuffers) {
      from.clear();
      spare_.push_back(std::move(from));
    }
    Bytes().swap(from);
  }

  void clear() { spare_.clear(); }

 private:
  std::vector<Bytes> spare_;
};

}  // namespace leat
