// SPDX-License-Identifier: Apache-2.0
#include "chunks/chunk_store.h"

#include <gtest/gtest.h>

#include <random>

namespace leat {
namespace {

TEST(Chunk, ChangesAsAStringDoes) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    ChunkStore chunks;
    auto chunk = chunks.create(1, ChunkKind::kListItems);
    Bytes model;
    for (int i = 0; i < 20000; ++i) {
      ChunkEdit edit = chunks.mutate(*chunk);
      const size_t at = dice() % 3 == 0 ? (dice() % 2) * model.size() : dice() % (model.size() + 1);
      if (dice() % 2 == 0 || model.empty()) {
        const Bytes bytes(dice() % 40, static_cast<char>(dice()));
        edit.insert(at, bytes);
        model.insert(at, bytes);
      } else {
        const size_t count = dice() % std::min<size_t>(model.size() - at + 1, 60);
        edit.erase(at, count);
        model.erase(at, count);
      }
      if (dice() % 50 == 0) edit.fit();
      ASSERT_EQ(chunk->bytes(), model);
      ASSERT_EQ(chunks.bytes(), chunk->memory());
      ASSERT_GE(chunk->memory(), sizeof(Chunk) + model.size());
    }
    chunks.retire(std::move(chunk));
    EXPECT_EQ(chunks.bytes(), 0u);
    EXPECT_EQ(chunks.chunks(), 0u);
    EXPECT_EQ(chunks.changes().changed_chunks(), 0u);
  }
}

TEST(Chunk, CapacityIsASizeTheAllocatorHas) {
  ChunkStore chunks;
  for (size_t size = 1; size < 20000; size += 7) {
    auto chunk = chunks.create(1, ChunkKind::kListItems);
    ChunkEdit edit = chunks.mutate(*chunk);
    edit.append(Bytes(size, 'x'));
    edit.fit();
    const size_t capacity = chunk->memory() - sizeof(Chunk);
    EXPECT_GE(capacity, size);
    EXPECT_LE(capacity, size + std::max<size_t>(15, size / 4));
    chunks.retire(std::move(chunk));
  }
}

TEST(ChunkStore, EntriesComeBackAndBlobsAreCounted) {
  std::mt19937_64 dice(3);
  ChunkStore chunks;
  Bytes packed;
  std::vector<Bytes> values;
  for (int i = 0; i < 3000; ++i) {
    values.emplace_back(dice() % 3000, static_cast<char>('a' + i % 26));
    chunks.write_entry(packed, values.back());
  }
  const size_t all = chunks.bytes();
  EXPECT_GT(all, 3000u * 1000);
  const auto each = [&](auto visit) {
    const char* const end = packed.data() + packed.size();
    for (const char* at = packed.data(); at < end;) visit(at);
  };
  each([&](const char*& at) { chunks.share_entry(at); });
  each([&](const char*& at) { chunks.release_entry(at); });
  EXPECT_EQ(chunks.bytes(), all);
  size_t i = 0;
  each([&](const char*& at) { ASSERT_EQ(chunks.read_entry(at), values[i++]); });
  EXPECT_EQ(i, values.size());
  each([&](const char*& at) { chunks.release_entry(at); });
  EXPECT_EQ(chunks.bytes(), 0u);
}

TEST(IdTable, PagesComeAndGo) {
  IdTable<std::unique_ptr<int>> table;
  EXPECT_EQ(table.find(5), nullptr);
  EXPECT_EQ(table.any(), 0u);
  const uint64_t kIds = 600000;
  for (uint64_t id = 1; id <= kIds; ++id) {
    table.insert(id) = std::make_unique<int>(static_cast<int>(id));
    if (id > 10 && id % 1000 != 0) table.erase(id - 10);  // a few stay for good
  }
  EXPECT_LT(table.memory(), 700u * 3000);
  EXPECT_EQ(**table.find(990), 990);
  size_t left = 0;
  for (uint64_t id; (id = table.any()) != 0; ++left) table.erase(id);
  EXPECT_EQ(left, 10 + kIds / 1000);
  table.insert(kIds + 1) = std::make_unique<int>(1);
  EXPECT_EQ(table.any(), kIds + 1);
  EXPECT_LT(table.memory(), 64u * 1024);
}

}  // namespace
}  // namespace leat
