// SPDX-License-Identifier: Apache-2.0
// refusal.h: an answer that the REST door gives itself: nothing was executed.
#pragma once

#include "schemas/bytes.h"

namespace leat {

struct Refusal {
  int status;  // of HTTP
  Bytes text;  // of {"error":…}; empty: no body
};

// 413, as Upstash words it.
inline Refusal too_large(size_t limit, size_t actual) {
  return {413, "ERR max request size exceeded. Limit: " + std::to_string(limit) + " bytes, Actual: " +
                   std::to_string(actual) + " bytes. See docs/rest.md for details"};
}

}  // namespace leat
