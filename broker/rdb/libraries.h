// SPDX-License-Identifier: Apache-2.0
// libraries.h: libraries of functions in Redis' serialisation: what FUNCTION DUMP returns and FUNCTION RESTORE reads.
//
// Used by: the FUNCTION family.
// Always:  - it is written as Redis 7.0 reads it, and read as Redis 7.0 to 7.4 write it;
//          - only texts are in it: what they register shows when they are loaded.
// Bytes:   libraries := (245: u8, string)*, version: u16, check: u64        (format.h)
#pragma once

#include <vector>

#include "schemas/status.h"

namespace leat::rdb {

Bytes dump_libraries(Views codes);
// The texts; an error is worded as Redis words it.
Result<std::vector<Bytes>> read_libraries(View payload);

}  // namespace leat::rdb
