// SPDX-License-Identifier: Apache-2.0
// Whole worlds from one seed each: many clients of every kind, a slow disk, clocks that jump, a network that breaks,
// and the end at any moment; then the ledgers are asked. A failure prints its seed:
//
//   LEAT_SEED=17 test_simulation                one world again
//   LEAT_SEEDS=10000 test_simulation            many; LEAT_SEED says where they begin
#include <cstdlib>

#include "tests/simulation/world.h"

namespace leat::testing {

namespace {
uint64_t setting(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}
}  // namespace

TEST(Simulation, KeepsItsPromises) {
  const bool one = std::getenv("LEAT_SEED") != nullptr && std::getenv("LEAT_SEEDS") == nullptr;
  const uint64_t first = setting("LEAT_SEED", 1), seeds = one ? 1 : setting("LEAT_SEEDS", 500);
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    World(seed).live();
    ASSERT_FALSE(HasFailure()) << "again: LEAT_SEED=" << seed << " test_simulation";
  }
  const World::Tally& tally = World::tally;
  std::cout << "simulation: " << seeds << " seeds, " << tally.lives << " lives (" << tally.cuts << " power cuts, "
            << tally.kills << " kills, " << tally.failing_calls << " with a failing call), " << tally.answers
            << " answers, " << tally.held << " ticks with replies held, " << tally.snapshots << " snapshots\n";
  if (seeds < 100) return;
  EXPECT_GT(tally.held, 50 * seeds) << "or it tests less than it says";
  EXPECT_GT(tally.snapshots, seeds) << "or it tests less than it says";
}

}  // namespace leat::testing
