// SPDX-License-Identifier: Apache-2.0
// held_output.h: a client's output: one queue of stamped spans, each held until the log has come as far as its stamp.
//
// Used by: the executor seals what a request wrote with what it rests on; the tick releases.
// Always:  - stamps never fall along the queue, so replies stay in order;
//          - bytes leave only by release(), and only those that the log has reached.
// Source:  DESIGN.md section 1, rule 1.
#pragma once

#include <deque>

#include "broker/protocol/stamp.h"
#include "schemas/bytes.h"

namespace leat {

class HeldOutput {
 public:
  // Sinks append here; what they wrote becomes a span when it is sealed.
  Bytes& bytes() { return bytes_; }
  bool sealed() const { return sealed_ == bytes_.size(); }

  // Also of an answer without a byte (CLIENT REPLY OFF): what the client says next rests on that.
  void seal(const Stamp& stamp) {
    last_stamp_.raise(stamp);
    if (sealed()) return;
    sealed_ = bytes_.size();
    if (!spans_.empty() && spans_.back().stamp.reaches(last_stamp_)) {
      spans_.back().end = sealed_;
      return;
    }
    spans_.push_back({last_stamp_, sealed_});
  }
  // What a later reply rests on at least.
  const Stamp& stamp() const { return last_stamp_; }

  // Forgets what was written since the last seal (CLIENT REPLY OFF).
  void discard_unsealed() { bytes_.resize(sealed_); }

  size_t capacity() const { return bytes_.capacity(); }
  size_t held() const { return sealed_; }
  bool releasable(const Stamp& reached) const { return !spans_.empty() && reached.reaches(spans_.front().stamp); }

  // The bytes whose stamps are reached; they are gone from the queue.
  Bytes release(const Stamp& reached) {
    size_t end = 0;
    while (releasable(reached)) {
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
    Stamp stamp;
    size_t end;  // in bytes_
  };
  Bytes bytes_;
  size_t sealed_ = 0;
  Stamp last_stamp_;  // of all that was sealed
  std::deque<Span> spans_;
};

}  // namespace leat
