// SPDX-License-Identifier: Apache-2.0
// zipmap.h: small hashes as Redis 2.4 kept them; Redis 2.6 and later still read them.
//
// Used by: the dump's reader. Nothing writes it.
// Always:  - every entry is checked as it is met, and in the end that they were as many as the head says.
// Bytes:   zipmap := fields: u8 (254 or more: count them), (length bytes, length unused: u8, bytes, unused bytes)*, ff
//          length := u8, up to 253 | fe u32
#pragma once

#include "broker/rdb/packed_entry.h"

namespace leat::rdb {

class Zipmap {
 public:
  explicit Zipmap(View bytes);
  // A name, its value, the next name … False at the end, and at the first thing that is wrong: ok() tells which.
  bool next(PackedEntry& entry);
  bool ok() const { return ended_; }

 private:
  bool read_length(uint64_t& length);

  View rest_;  // from the next entry to the end mark
  uint8_t claimed_ = 0;
  uint64_t seen_ = 0;  // names and values
  bool ended_ = false;
};

}  // namespace leat::rdb
