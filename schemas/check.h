// SPDX-License-Identifier: Apache-2.0
// check.h: CHECK, for what can only be false if we erred. On in release too: a broker that goes on with a broken
// invariant writes that breakage into the log.
#pragma once

namespace leat {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace leat

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (__builtin_expect(!(condition), 0)) ::leat::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
