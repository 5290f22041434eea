// SPDX-License-Identifier: Apache-2.0
// encoding_limits.h: up to where OBJECT ENCODING calls a value small. Labels, not layouts: clients and test suites read
// them, and SSCAN, HSCAN, ZSCAN answer a small value whole (DESIGN.md section 2). Redis' names and defaults.
#pragma once

#include <cstdint>

namespace leat {

struct EncodingLimits {
  int64_t hash_entries = 512, hash_value_bytes = 64;
  int64_t set_entries = 128, set_value_bytes = 64, set_intset_entries = 512;
  int64_t sorted_set_entries = 128, sorted_set_value_bytes = 64;
  int64_t list_size = -2;  // as list-max-listpack-size: -1 … -5 are 4, 8, 16, 32, 64 KB; positive counts elements
};

}  // namespace leat
