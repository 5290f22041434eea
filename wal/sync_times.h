// SPDX-License-Identifier: Apache-2.0
// sync_times.h: how long the syncs of the log took, counted by steps.
//
// Used by: the writer, which notes each sync; it travels with the writer's progress, so that it crosses threads as
//          that does.
// Always:  - the bounds never change while running, nor with the disk: figures of two brokers can be added up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace leat::wal {

struct SyncTimes {
  // The most microseconds of each step. A good NVMe syncs in the first three, a disk in the cloud in the middle, and
  // what is in the last two or beyond stands.
  static constexpr std::array<uint64_t, 15> kBounds = {
      20, 50, 100, 200, 500, 1'000, 2'000, 5'000, 10'000, 20'000, 50'000, 100'000, 200'000, 500'000, 1'000'000};
  std::array<uint64_t, kBounds.size() + 1> counts{};  // the last: longer than all of them
  uint64_t sum_us = 0;

  void note(uint64_t us) {
    size_t at = 0;
    while (at < kBounds.size() && us > kBounds[at]) ++at;
    ++counts[at];
    sum_us += us;
  }
};

}  // namespace leat::wal
