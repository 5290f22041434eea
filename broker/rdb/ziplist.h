// SPDX-License-Identifier: Apache-2.0
// ziplist.h: what came before the listpack (listpack.h): Redis 2.6 to 6.2 keep small collections so.
//
// Used by: the dump's reader. Nothing writes it.
// Always:  - every entry is checked as it is met, and in the end that they were as many, and the last one where,
//            the head says.
// Bytes:   ziplist := bytes: u32, offset of the last entry: u32, entries: u16 (65535: count them), entry*, ff
//          entry := size of the one before: u8 | fe u32, then
//                   00llllll bytes | 01llllll u8 bytes | 10...... u32 bytes (both lengths big-endian) |
//                   c0 i16 | d0 i32 | e0 i64 | f0 i24 | fe i8 | 1111vvvv (1 to 13: the number, plus one)
#pragma once

#include "broker/rdb/packed_entry.h"

namespace leat::rdb {

class Ziplist {
 public:
  explicit Ziplist(View bytes);
  // False at the end, and at the first thing that is wrong: ok() tells which.
  bool next(PackedEntry& entry);
  bool ok() const { return ended_; }

 private:
  bool read_before(size_t& head) const;
  bool read(size_t head, PackedEntry& entry, size_t& size) const;

  View rest_;  // from the next entry to the end mark
  size_t offset_ = 0, last_ = 0, before_ = 0;
  uint32_t claimed_ = 0, claimed_last_ = 0, seen_ = 0;
  bool ended_ = false;
};

}  // namespace leat::rdb
