// SPDX-License-Identifier: Apache-2.0
// running_script.h: what is known of the script or function that runs.
//
// Used by: whoever is asked while it runs: the executor's BUSY, FUNCTION STATS, the two KILLs.
#pragma once

#include "broker/protocol/args.h"

namespace leat {

struct RunningScript {
  bool is_function = false;
  View name;  // of the function; of a script its SHA-1
  Args words;  // of the request
  int64_t started_us = 0;      // monotonic
  uint64_t effects_before = 0;  // when nothing came to them it may be killed
};

}  // namespace leat
