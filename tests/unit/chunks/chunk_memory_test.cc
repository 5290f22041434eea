// SPDX-License-Identifier: Apache-2.0
#include "chunks/chunk_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <random>
#include <vector>

#include "chunks/chunk_store.h"

namespace leat {
namespace {

using Hour = ChunkMemory::Hour;

// Chunks of all sizes come, change and go, and are moved in between: each keeps its bytes.
TEST(ChunkMemory, TidyingChangesNoChunk) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    ChunkStore chunks;
    struct Kept {
      std::unique_ptr<Chunk> chunk;
      Bytes bytes;
    };
    std::vector<Kept> all;
    for (int i = 0; i < 60000; ++i) {
      const bool growing = i / 15000 % 2 == 0;
      if (all.empty() || dice() % 8 < (growing ? 2 : 1)) {
        all.push_back({chunks.create(1, ChunkKind::kKeyRows), Bytes()});
      } else if (dice() % 8 < (growing ? 1 : 3)) {
        std::swap(all[dice() % all.size()], all.back());
        ASSERT_EQ(all.back().chunk->bytes(), all.back().bytes);
        chunks.retire(std::move(all.back().chunk));
        all.pop_back();
      } else {
        Kept& kept = all[dice() % all.size()];
        ChunkEdit edit = chunks.mutate(*kept.chunk);
        if (kept.bytes.size() > 4000 || dice() % 5 == 0) {
          const size_t count = dice() % (kept.bytes.size() + 1);
          edit.erase(0, count);
          kept.bytes.erase(0, count);
        } else {
          const Bytes more(dice() % 900, static_cast<char>(dice()));
          const size_t at = dice() % 2 == 0 ? 0 : kept.bytes.size();
          edit.insert(at, more);
          kept.bytes.insert(at, more);
        }
        if (dice() % 8 == 0) edit.fit();
      }
      if (dice() % 4 == 0) chunks.memory().tidy(dice() % 20, dice() % 2 == 0 ? Hour::kWork : Hour::kRest);
      ASSERT_GE(chunks.memory().used(), chunks.memory().holes());
    }
    size_t bytes = 0;
    for (const Kept& kept : all) {
      ASSERT_EQ(kept.chunk->bytes(), kept.bytes);
      bytes += kept.chunk->memory();
    }
    EXPECT_EQ(chunks.bytes(), bytes);
    for (Kept& kept : all) chunks.retire(std::move(kept.chunk));
    EXPECT_EQ(chunks.bytes(), 0u);
    EXPECT_EQ(chunks.memory().used(), chunks.memory().holes()) << "what nobody has is a hole";
    EXPECT_GE(chunks.memory().unused(), chunks.memory().holes()) << "and is nobody's use of memory";
  }
}

TEST(ChunkMemory, RestLeavesNoHolesAndNoSlack) {
  ChunkStore chunks;
  std::mt19937_64 dice(1);
  std::vector<std::unique_ptr<Chunk>> all;
  size_t bytes = 0;
  for (int i = 0; i < 20000; ++i) {
    all.push_back(chunks.create(1, ChunkKind::kKeyRows));
    for (size_t left = 8 + dice() % 8; left > 0; --left) chunks.mutate(*all.back()).append(Bytes(250, 'x'));
  }
  for (size_t i = 0; i < all.size(); i += 3) chunks.retire(std::move(all[i]));
  for (const auto& chunk : all) bytes += chunk == nullptr ? 0 : chunk->size();
  EXPECT_GT(chunks.memory().holes(), bytes / 4);
  EXPECT_GT(chunks.memory().used(), bytes * 5 / 4);
  int slices = 0;
  while (!chunks.memory().tidy(64, Hour::kRest)) ++slices;
  EXPECT_GT(slices, 100);
  EXPECT_EQ(chunks.memory().holes(), 0u);
  EXPECT_LT(chunks.memory().used(), bytes + bytes / 64);
  EXPECT_FALSE(chunks.memory().wants(Hour::kRest));
  EXPECT_FALSE(chunks.memory().wants(Hour::kNight));
  EXPECT_TRUE(chunks.memory().tidy(1, Hour::kRest)) << "nothing left to do";
  for (auto& chunk : all) chunks.retire(std::move(chunk));
  while (!chunks.memory().tidy(64, Hour::kWork)) ++slices;
  EXPECT_LT(chunks.memory().used(), size_t{4} << 20) << "also while there is work";
}

// All chunks get another region, and yet no second set of them is held: a broker that has half of a machine's
// memory may rest.
TEST(ChunkMemory, TidyingTakesNoMemoryOfItsOwn) {
  constexpr size_t kExtents = size_t{8} << 20;  // two shelves have an extent that is not full, and one is kept
  ChunkStore chunks;
  std::vector<std::unique_ptr<Chunk>> all;
  size_t bytes = 0;
  for (int i = 0; i < 20000; ++i) {
    all.push_back(chunks.create(1, ChunkKind::kKeyRows));
    chunks.mutate(*all.back()).append(Bytes(3000, 'x'));
    chunks.mutate(*all.back()).erase(2500, 500);
    bytes += all.back()->size();
  }
  ChunkMemory& memory = chunks.memory();
  const size_t used = memory.used(), taken = memory.used() + memory.unused();
  ASSERT_GT(used, bytes + bytes / 10) << "all have room to spare";
  const uint64_t moves = memory.moves();
  while (!memory.tidy(7, Hour::kRest)) {
    ASSERT_LE(memory.used(), used + 4096);
    ASSERT_LE(memory.used() + memory.unused(), taken + kExtents);
  }
  EXPECT_GE(memory.moves() - moves, all.size());
  EXPECT_LT(memory.used(), bytes + bytes / 64);
  for (auto& chunk : all) chunks.retire(std::move(chunk));
}

// Of the two MiB that a chunk lies in.
size_t resident_pages(const Chunk& chunk) {
  constexpr uintptr_t kExtent = 2 << 20, kPage = 4096;
  std::vector<unsigned char> pages(kExtent / kPage);
  void* const extent = reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(chunk.data()) & ~(kExtent - 1));
  EXPECT_EQ(mincore(extent, kExtent, pages.data()), 0);
  return std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return (page & 1) != 0; });
}

// Memory that others had before is given back behind the last chunk, though no chunk has touched it.
TEST(ChunkMemory, RestGivesBackWhatOthersHadTouched) {
  ChunkStore chunks;
  ChunkMemory& memory = chunks.memory();
  memory.tidy_from(0);
  const auto make = [&chunks](size_t bytes) {
    auto chunk = chunks.create(1, ChunkKind::kKeyRows);
    chunks.mutate(*chunk).append(Bytes(bytes, 'c'));
    chunks.mutate(*chunk).fit();
    return chunk;
  };
  std::vector<std::unique_ptr<Chunk>> others;
  for (int i = 0; i < 300; ++i) others.push_back(make(3000));
  for (auto& other : others) chunks.retire(std::move(other));
  while (!memory.tidy(64, Hour::kWork)) continue;
  auto chunk = make(2000);
  ASSERT_GT(resident_pages(*chunk), 100u);
  while (!memory.tidy(64, Hour::kRest)) continue;
  EXPECT_LT(resident_pages(*chunk), 4u);
  EXPECT_EQ(chunk->bytes(), Bytes(2000, 'c'));
  chunks.retire(std::move(chunk));
}

// Few holes are nothing to get up for; who rests on has them filled.
TEST(ChunkMemory, NightLeavesLessThanRest) {
  ChunkStore chunks;
  std::vector<std::unique_ptr<Chunk>> all;
  for (int i = 0; i < 20000; ++i) {
    all.push_back(chunks.create(1, ChunkKind::kKeyRows));
    chunks.mutate(*all.back()).append(Bytes(2000, 'x'));
  }
  ChunkMemory& memory = chunks.memory();
  while (!memory.tidy(64, Hour::kNight)) continue;
  EXPECT_FALSE(memory.wants(Hour::kNight));
  for (size_t i = 0; i < all.size(); i += 100) chunks.retire(std::move(all[i]));
  EXPECT_FALSE(memory.wants(Hour::kRest));
  EXPECT_TRUE(memory.wants(Hour::kNight));
  while (!memory.tidy(64, Hour::kNight)) continue;
  EXPECT_EQ(memory.holes(), 0u);
  for (auto& chunk : all) {
    if (chunk != nullptr) chunks.retire(std::move(chunk));
  }
}

TEST(ChunkMemory, AChunkThatMovesIsStillKnown) {
  ChunkStore chunks;
  std::vector<std::unique_ptr<Chunk>> others;
  for (int i = 0; i < 5000; ++i) {
    others.push_back(chunks.create(1, ChunkKind::kKeyRows));
    chunks.mutate(*others.back()).append(Bytes(2000, 'o'));
  }
  Chunk first, second;
  chunks.begin(first, 1, ChunkKind::kKeyRows);
  chunks.mutate(first).append(Bytes(2000, 'm'));
  chunks.move(first, second);
  for (auto& other : others) chunks.retire(std::move(other));
  while (!chunks.memory().tidy(100, Hour::kRest)) continue;
  EXPECT_EQ(second.bytes(), Bytes(2000, 'm'));
  EXPECT_LT(chunks.memory().used(), 8192u);
  chunks.end(second);
}

}  // namespace
}  // namespace leat
