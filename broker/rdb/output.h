// SPDX-License-Identifier: Apache-2.0
// output.h: the parts of a dump, laid behind what is there already. format.h draws them.
//
// Used by: the dump's writer.
#pragma once

#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat::rdb {

class Output {
 public:
  explicit Output(Bytes& out) : out_(out) {}  // which must outlive this
  void byte(uint8_t value) { put_u8(out_, value); }
  template <typename Int>
  void fixed(Int value) {
    put_fixed(out_, value);
  }
  void raw(View bytes) { out_.append(bytes); }
  void length(uint64_t value);
  // Numbers as such, long ones compressed where that helps: what Redis does with rdbcompression on.
  void string(View bytes);
  void id(StreamId id);          // big-endian
  void length_id(StreamId id) {  // as two lengths
    length(id.ms);
    length(id.seq);
  }

 private:
  void big_endian(uint64_t value, size_t bytes);
  bool number(View bytes);
  bool compressed(View bytes);
  Bytes& out_;
};

}  // namespace leat::rdb
