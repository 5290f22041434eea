// SPDX-License-Identifier: Apache-2.0
// hyperloglog_fuzz.cc: bytes that a client made up, and what is then done to them, never lead beyond them; what parse()
// takes stays valid.
#include <cstdint>
#include <cstdlib>

#include "broker/keyspace/hyperloglog.h"

using leat::Bytes;
using leat::HyperLogLog;
using leat::View;

// The first 8 bytes choose what is added and how long it may stay sparse; the rest is the value behind its magic.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 8) return 0;
  const View choice(reinterpret_cast<const char*>(data), 8);
  const Bytes bytes = "HYLL" + Bytes(reinterpret_cast<const char*>(data) + 8, size - 8);
  if (!HyperLogLog::looks_like(bytes)) return 0;
  static_cast<void>(HyperLogLog::stored_count(bytes));
  auto counter = HyperLogLog::parse(bytes);
  if (!counter) return 0;
  const uint64_t before = counter->estimate();
  for (int i = 0; i < 40; ++i) {
    counter->add(choice.substr(0, 1 + i % 8), static_cast<uint8_t>(choice[7]) * 32u);
    counter->raise(static_cast<uint8_t>(choice[i % 8]) * 64u + static_cast<unsigned>(i), static_cast<uint8_t>(1 + i), 3000);
    if (!HyperLogLog::looks_like(counter->bytes()) || !HyperLogLog::parse(counter->bytes())) std::abort();
  }
  if (before == 0 && counter->estimate() == 0) std::abort();
  if (!counter->dense()) static_cast<void>(counter->opcodes_text());
  HyperLogLog::Registers registers{}, again{};
  counter->merge_into(registers);
  counter->make_dense();
  counter->merge_into(again);
  if (registers != again) std::abort();
  return 0;
}
