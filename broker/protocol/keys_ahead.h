// SPDX-License-Identifier: Apache-2.0
// keys_ahead.h: the first keys of the requests that lie in an input buffer, told before they are parsed.
//
// Used by: the tick, which has the memory of a pipeline's keys fetched while it runs the requests before them.
// Always:  - a hint and nothing more: it says nothing of what is no array of bulk strings, is malformed, or is not whole;
//          - reads each length once, and no content.
#pragma once

#include <array>

#include "schemas/bytes.h"

namespace leat {

class KeysAhead {
 public:
  static constexpr size_t kMax = 16;

  explicit KeysAhead(View input);

  Views views() const { return {keys_.data(), count_}; }

 private:
  std::array<View, kMax> keys_;
  size_t count_ = 0;
};

}  // namespace leat
