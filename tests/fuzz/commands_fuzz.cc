// SPDX-License-Identifier: Apache-2.0
// commands_fuzz.cc: requests of all commands, with arguments as documented and spoiled, by several clients in turn:
// whatever they ask, replies are well formed and as many as are due, and the log holds the keyspace (fuzz_house.h).
//
// The input: its first byte says how the house is (FuzzHouse::Setting); then steps, each a byte for what happens and,
// for a request, the bytes that choose its words (request_maker.h).
#include "tests/fuzz/fuzz_house.h"

namespace leat::testing {

namespace {

constexpr size_t kStepsMax = 400;

void step(FuzzHouse& house, const RequestMaker& maker, Choices& choices) {
  const size_t what = choices.number(1), guest = what % FuzzHouse::kGuests;
  if (what >= 252) return house.hang_up(guest);
  if (what >= 240) {
    constexpr int64_t kPasses[] = {1, 20, 400, 3000, 100'000, 90'000'000};
    return house.pass_ms(choices.pick(kPasses));
  }
  if (what >= 232) return house.ask(guest, {choices.one_in(2) ? "EXEC" : "MULTI"});
  house.ask(guest, maker.make(choices, house.now_ms()), what >= 216);
}

}  // namespace

void run(View input) {
  static RequestMaker maker;
  static const bool ready = [] {
    FuzzHouse house({.large = true});
    maker.keep_payloads(house.payloads());
    house.finish();
    return true;
  }();
  if (!ready) return;
  Choices choices(input);
  const uint64_t how = choices.number(1);
  FuzzHouse house({.watched = (how & 1) != 0, .classes = (how & 2) != 0, .tight = (how & 12) == 12,
                   .large = (how & 240) == 240});
  for (size_t left = kStepsMax; left > 0 && choices.more(); --left) step(house, maker, choices);
  house.finish();
}

}  // namespace leat::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  leat::testing::run(leat::View(reinterpret_cast<const char*>(data), size));
  return 0;
}
