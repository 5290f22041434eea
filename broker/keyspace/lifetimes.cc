// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/lifetimes.h"

namespace leat {

namespace {
constexpr size_t kDeadlineWorth = 256;  // of a load: a place among the deadlines is somewhere else in memory
}

TimeMs Lifetimes::of(View field) const {
  const auto time = times_.find(field);
  return time ? time_in(*time) : 0;
}

void Lifetimes::set(View field, TimeMs at_ms) {
  CHECK(at_ms > 0);
  const uint64_t hash = times_.hash_of(field);
  const auto place = times_.locate(field, hash);
  char time[sizeof at_ms];
  set_fixed(time, at_ms);
  if (place) {
    const TimeMs before_ms = time_in(place->value);
    if (before_ms == at_ms) return;
    CHECK(deadlines_.remove(before_ms, ByteMap::high_bits(hash)));
    times_.replace(*place, View(time, sizeof time));
  } else {
    times_.insert(field, hash, View(time, sizeof time));
  }
  deadlines_.add(at_ms, ByteMap::high_bits(hash));
}

void Lifetimes::drop(View field) {
  const uint64_t hash = times_.hash_of(field);
  const auto place = times_.locate(field, hash);
  if (!place) return;
  CHECK(deadlines_.remove(time_in(place->value), ByteMap::high_bits(hash)));
  times_.remove(*place, hash);
}

std::vector<Bytes> Lifetimes::due(TimeMs now_ms, size_t limit) const {
  std::vector<Bytes> fields;
  deadlines_.for_due(now_ms, [&](const consumers::Deadline& deadline) {
    if (fields.size() >= limit) return false;
    times_.for_high_bits(static_cast<uint32_t>(deadline.payload), [&](View field, View time) {
      if (time_in(time) == deadline.at_ms) fields.emplace_back(field);
    });
    return true;
  });
  return fields;
}

bool Lifetimes::load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) {
  if (!times_.load(std::move(chunks), pause)) return false;
  bool good = true;
  times_.for_each([&](View field, View time) {
    pause.after(kDeadlineWorth);
    const bool is_time = time.size() == sizeof(TimeMs) && time_in(time) > 0;
    if (is_time) deadlines_.add(time_in(time), ByteMap::high_bits(times_.hash_of(field)));
    good = good && is_time;
  });
  return good;
}

}  // namespace leat
