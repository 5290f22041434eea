// SPDX-License-Identifier: Apache-2.0
// listpack.h: short strings and numbers packed one behind the other, as Redis keeps small collections and streams.
//
// Used by: the dump's readers (Listpack) and the writer of streams (ListpackBuilder).
// Always:  - every entry is checked as it is met, and in the end that they were as many as the head says.
// Bytes:   listpack := bytes: u32, entries: u16 (65535: count them), entry*, ff
//          entry := 0vvvvvvv | 10llllll bytes | 110vvvvv u8 | 1110llll u8 bytes | f0 u32 bytes |
//                   f1 i16 | f2 i24 | f3 i32 | f4 i64, and then its size, seven bits a byte, the highest first and
//                   with the top bit clear
// Source:  https://github.com/antirez/listpack/blob/master/listpack.md
#pragma once

#include "broker/rdb/packed_entry.h"

namespace leat::rdb {

class Listpack {
 public:
  explicit Listpack(View bytes);
  // False at the end, and at the first thing that is wrong: ok() tells which.
  bool next(PackedEntry& entry);
  bool ok() const { return ended_; }

 private:
  bool read(PackedEntry& entry, size_t& size) const;

  View rest_;  // from the next entry to the end mark
  uint32_t claimed_ = 0, seen_ = 0;
  bool ended_ = false;
};

class ListpackBuilder {
 public:
  explicit ListpackBuilder(Bytes& out);  // which must outlive this, and begins anew
  void add(View text);                   // as a number, where it is the text of one
  void add(int64_t number);
  size_t size() const { return out_.size(); }
  void finish();

 private:
  void end_entry(size_t start);
  Bytes& out_;
  uint64_t entries_ = 0;
};

}  // namespace leat::rdb
