// SPDX-License-Identifier: Apache-2.0
#include "broker/latency.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace leat {

uint64_t LatencyHistogram::calls() const { return std::accumulate(counts_.begin(), counts_.end(), uint64_t{0}); }

uint64_t LatencyHistogram::percentile_us(double percent) const {
  const double wanted = std::max(1.0, static_cast<double>(calls()) * percent / 100);
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (static_cast<double>(seen) >= wanted) return kBounds[i];
  }
  return kBounds.back();
}

void LatencyEvents::note(View name, int64_t at_s, int64_t ms) {
  auto found = events_.find(name);
  if (found == events_.end()) found = events_.emplace(name, Event()).first;
  Event& event = found->second;
  event.max_ms = std::max(event.max_ms, ms);
  if (!event.samples.empty() && event.samples.back().at_s == at_s) {
    event.samples.back().ms = std::max(event.samples.back().ms, ms);
    return;
  }
  event.samples.push_back({at_s, ms});
  if (event.samples.size() > kSamplesMax) event.samples.pop_front();
}

const LatencyEvents::Event* LatencyEvents::find(View name) const {
  const auto found = events_.find(name);
  return found == events_.end() ? nullptr : &found->second;
}

size_t LatencyEvents::reset() { return std::exchange(events_, {}).size(); }

}  // namespace leat
