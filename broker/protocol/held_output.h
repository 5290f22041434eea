// SPDX-License-Identifier: Apache-2.0
// held_output.h: a client's output: one queue of stamped spans, each held until its record is committed.
//
// Used by: the executor seals what a request wrote with the index it rests on; the tick releases.
// Always:  - stamps never fall along the queue, so replies stay in order;
//          - bytes leave only by release(), and only up to the committed index.
// Source:  DESIGN.md section 1, rule 1.
#pragma once

#include <algorithm>
#include <deque>

#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat {

class HeldOutput {
 public:
  // Sinks append here; what they wrote becomes a span when it is sealed.
  Bytes& bytes() { return bytes_; }
  bool sealed() const { return sealed_ == bytes_.size(); }

  void seal(Index stamp) {
    if (sealed()) return;
    sealed_ = bytes_.size();
    if (!spans_.empty() && stamp <= spans_.back().stamp) {
      spans_.back().end = sealed_;
    } else {
      spans_.push_back({std::max(stamp, last_stamp_), sealed_});
    }
    last_stamp_ = spans_.back().stamp;
  }
  // The stamp of the last span: what a later reply rests on at least.
  Index stamp() const { return last_stamp_; }

  // Forgets what was written since the last seal (CLIENT REPLY OFF).
  void discard_unsealed() { bytes_.resize(sealed_); }

  size_t held() const { return sealed_; }
  bool releasable(Index committed) const { return !spans_.empty() && spans_.front().stamp <= committed; }

  // The bytes whose stamps are committed; they are gone from the queue.
  Bytes release(Index committed) {
    size_t end = 0;
    while (!spans_.empty() && spans_.front().stamp <= committed) {
      end = spans_.front().end;
      spans_.pop_front();
    }
    Bytes out;
    if (end == bytes_.size()) {
      out.swap(bytes_);
    } else {
      out.assign(bytes_, 0, end);
      bytes_.erase(0, end);
    }
    for (Span& span : spans_) span.end -= end;
    sealed_ -= end;
    return out;
  }

 private:
  struct Span {
    Index stamp;
    size_t end;  // in bytes_
  };
  Bytes bytes_;
  size_t sealed_ = 0;
  Index last_stamp_ = 0;
  std::deque<Span> spans_;
};

}  // namespace leat
