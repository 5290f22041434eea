// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/error_counts.h"

namespace leat {

namespace {
constexpr size_t kErrorKindsMax = 128;
}

void ErrorCounts::count(View text) {
  ++stats_.error_replies;
  const View kind = text.substr(0, text.find(' '));
  auto& by_error = stats_.by_error;
  if (const auto found = by_error.find(kind); found != by_error.end()) ++found->second;
  else if (by_error.size() < kErrorKindsMax) by_error.emplace(kind, 1);
}

}  // namespace leat
