// SPDX-License-Identifier: Apache-2.0
// input.h: the bytes of a dump's object, read from the front. What somebody sent is not trusted.
//
// Used by: the readers of dumps and of files.
// Always:  - nothing is read beyond the end: from the first misfit on ok() is false, and whatever is read is empty;
//          - no memory is taken before it is clear that the bytes are there, and of what is compressed no more in all
//            than `expanded_max` allows.
#pragma once

#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat::rdb {

class Input {
 public:
  struct Limits {
    uint64_t string_bytes_max;  // of one string, expanded
    uint64_t expanded_max;      // of all that was compressed
  };
  Input(View bytes, Limits limits) : rest_(bytes), limits_(limits) {}

  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }
  bool ran_out() const { return ran_out_; }  // not ok(), and only because more bytes were said to be there
  View rest() const { return rest_; }
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  View raw(uint64_t size);
  uint8_t byte();
  template <typename Int>
  Int fixed() {  // little-endian
    const View bytes = raw(sizeof(Int));
    return bytes.empty() ? Int{} : get_fixed<Int>(bytes.data());
  }
  uint64_t length();
  // A length: of items that take at least so many bytes each, so that no loop and no memory is for more than there are.
  uint64_t count(size_t bytes_each);
  // What was not said as it is lies in `scratch`, until its next use.
  View string(Bytes& scratch);
  double score_text();    // of a sorted set of old
  StreamId id();          // big-endian, as streams and groups have them
  TimeMs time();          // not before 1970

 private:
  void run_out() {
    ran_out_ = true;
    fail();
  }
  uint64_t big_endian(size_t bytes);
  View number_text(int64_t value, Bytes& scratch);
  View expanded(Bytes& scratch);

  View rest_;
  const Limits limits_;
  uint64_t expanded_ = 0;
  bool ok_ = true;
  bool ran_out_ = false;
};

}  // namespace leat::rdb
