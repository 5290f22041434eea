// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/string.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace leat {
namespace {

// Content that differs from window to window.
Bytes content(size_t size, char from = 'a') {
  Bytes bytes(size, 0);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(from + i / 7 % 26);
  return bytes;
}

class StringTest : public ::testing::Test {
 protected:
  static constexpr size_t kLong = 1'001'000;
  static constexpr size_t kWindows = kLong / kWindowBytes + 1;

  void SetUp() override { make(); }
  void TearDown() override {
    string.reset();
    snapshot();
    EXPECT_TRUE(rows.empty()) << "whatever was saved is gone with its string";
    EXPECT_EQ(store.bytes(), 0u);
    EXPECT_EQ(store.chunks(), 0u);
  }
  void make() { string = std::make_unique<String>(store, store.next_value_id()); }

  // What a snapshot has by now; it believes nothing.
  void keep(const Handover& handover) {
    for (const ChunkId id : handover.gone_chunks) EXPECT_EQ(rows.erase(id), 1u);
    for (const SavedChunk& chunk : handover.chunks) {
      rows[chunk.id] = {chunk, Bytes(chunk.bytes)};
      rows[chunk.id].chunk.keeper.reset();
    }
  }
  size_t take_all() {
    while (!changes.take(20 * kWindowBytes)) continue;
    const size_t taken = changes.out().chunks.size();
    keep(changes.hand_over());
    return taken;
  }
  size_t snapshot() {
    changes.freeze();
    return take_all();
  }

  using Chunks = std::vector<std::unique_ptr<Chunk>>;
  Chunks rows_of(ValueId owner, ChunkStore& into) const {
    Chunks loaded;
    for (const auto& [id, row] : rows) {
      if (row.chunk.owner != owner) continue;
      SavedChunk chunk = row.chunk;
      chunk.bytes = row.bytes;
      loaded.push_back(into.load(chunk));
    }
    return loaded;
  }
  static bool load(String& fresh, Chunks chunks) {
    Pause pause([] {});
    return fresh.load(std::move(chunks), pause);
  }
  Bytes saved(ValueId owner) const {
    ChunkStore other;
    String loaded(other, owner);
    EXPECT_TRUE(load(loaded, rows_of(owner, other)));
    return Bytes(loaded.bytes());
  }
  Bytes saved() const { return saved(string->id()); }

  struct Row {
    SavedChunk chunk;
    Bytes bytes;
  };
  ChunkStore store;
  Changes& changes = store.changes();
  std::map<ChunkId, Row> rows;
  std::unique_ptr<String> string;
};

TEST_F(StringTest, UpTo64KBIsOneRow) {
  string->assign(content(kSavedWholeMax));
  EXPECT_EQ(snapshot(), 1u);
  string->append("!");
  EXPECT_EQ(snapshot(), kSavedWholeMax / kWindowBytes + 1);
  EXPECT_EQ(saved(), content(kSavedWholeMax) + "!");
  string->assign("short");
  EXPECT_EQ(snapshot(), 1u);
  EXPECT_EQ(rows.size(), 1u);
  EXPECT_EQ(saved(), "short");
}

TEST_F(StringTest, AChangeSavesTheWindowsItTouches) {
  string->assign(content(kLong));
  EXPECT_EQ(snapshot(), kWindows);
  string->write(500'000, "x");
  changes.freeze();
  changes.take(SIZE_MAX / 2);
  ASSERT_EQ(changes.out().chunks.size(), 1u);
  EXPECT_EQ(changes.out().chunks[0].detail, 1 + 500'000 / kWindowBytes);
  EXPECT_EQ(changes.out().chunks[0].bytes.size(), kWindowBytes);
  keep(changes.hand_over());
  string->write(500'000, content(2 * kWindowBytes));
  EXPECT_LE(snapshot(), 3u);
  EXPECT_EQ(snapshot(), 0u);
  EXPECT_EQ(saved(), string->bytes());
}

TEST_F(StringTest, AppendingSavesTheEnd) {
  string->assign(content(kLong));
  snapshot();
  for (int i = 0; i < 100; ++i) string->append("x");
  EXPECT_EQ(snapshot(), 1u);
  string->append(content(3 * kWindowBytes));
  EXPECT_EQ(snapshot(), 4u);
  string->write(string->size() + 2 * kWindowBytes, "behind a gap of zeros");
  EXPECT_EQ(snapshot(), 3u);
  EXPECT_EQ(saved(), string->bytes());
}

TEST_F(StringTest, TheLastWindowIsNeverFull) {
  string->assign(content(20 * kWindowBytes - 1));
  EXPECT_EQ(snapshot(), 20u);
  string->append("x");
  EXPECT_EQ(snapshot(), 2u) << "the one that is full now, and an empty one";
  EXPECT_EQ(saved(), string->bytes());
  string->append("y");
  EXPECT_EQ(snapshot(), 1u);
  EXPECT_EQ(saved(), string->bytes());
}

TEST_F(StringTest, GrowingWhileFrozenKeepsOnlyTheEnd) {
  const Bytes before = content(kLong);
  string->assign(before);
  changes.freeze();
  const char* const was = string->bytes().data();
  while (string->bytes().data() == was) string->append(content(kWindowBytes));
  EXPECT_EQ(changes.out().chunks.size(), 1u) << "that its bytes have moved is nothing to a window";
  string->write(10, "x");
  EXPECT_EQ(changes.out().chunks.size(), 2u);
  take_all();
  EXPECT_EQ(saved(), before);
  snapshot();
  EXPECT_EQ(saved(), string->bytes());
}

TEST_F(StringTest, OverwritingAllWhileFrozenCopiesNothing) {
  const Bytes before = content(kLong), after = content(2 * kLong, 'A');
  string->assign(before);
  snapshot();
  string->write(0, "x");
  string->write(kLong - 1, "x");
  const Bytes frozen(string->bytes());
  const char* const was = string->bytes().data();
  changes.freeze();
  string->assign(after);
  ASSERT_EQ(changes.out().chunks.size(), 2u);
  EXPECT_EQ(changes.out().chunks[0].bytes.data(), was);
  EXPECT_EQ(changes.out().bytes, kWindowBytes + kLong % kWindowBytes);
  EXPECT_EQ(string->bytes(), after);
  take_all();
  EXPECT_EQ(saved(), frozen);
  EXPECT_EQ(snapshot(), 2 * kLong / kWindowBytes + 1);
  EXPECT_EQ(saved(), after);
}

TEST_F(StringTest, BecomingShortWhileFrozen) {
  string->assign(content(kLong));
  changes.freeze();
  string->assign("short");
  EXPECT_EQ(changes.out().chunks.size(), kWindows);
  take_all();
  EXPECT_EQ(rows.size(), kWindows);
  EXPECT_EQ(saved(), content(kLong));
  snapshot();
  EXPECT_EQ(saved(), "short");
}

TEST_F(StringTest, IsFreedInSlicesWhileFrozen) {
  string->assign(content(kLong));
  changes.freeze();
  changes.take(kLong / 2);
  size_t slices = 0;
  for (; !string->free_some(16); ++slices) EXPECT_LE(changes.out().bytes, kLong);
  EXPECT_GE(slices, kWindows / 16 - 1);
  const ValueId id = string->id();
  make();
  take_all();
  EXPECT_EQ(saved(id), content(kLong));
}

TEST_F(StringTest, ADestroyedOneLeavesItsMemory) {
  string->assign(content(kLong));
  changes.freeze();
  const char* const was = string->bytes().data();
  const ValueId id = string->id();
  make();
  EXPECT_EQ(changes.out().chunks.front().bytes.data(), was);
  take_all();
  EXPECT_EQ(saved(id), content(kLong));
}

TEST_F(StringTest, ACopyHasItsOwnWindows) {
  string->assign(content(kLong));
  changes.freeze();
  const auto copy = string->clone(store.next_value_id());
  EXPECT_TRUE(changes.out().empty()) << "looking is no change";
  string->write(5000, "changed");
  take_all();
  EXPECT_EQ(saved(), content(kLong));
  EXPECT_EQ(snapshot(), 1 + kWindows);
  EXPECT_EQ(saved(copy->id()), content(kLong));
  EXPECT_EQ(saved(), string->bytes());
}

TEST_F(StringTest, WhatIsLoadedLivesOn) {
  string->assign(content(kLong));
  snapshot();
  const auto rows_of_store = rows;
  {
    ChunkStore other;
    other.set_last_ids(store.last_ids());
    String loaded(other, string->id());
    Chunks chunks = rows_of(string->id(), other);
    std::shuffle(chunks.begin(), chunks.end(), std::mt19937_64(1));
    ASSERT_TRUE(load(loaded, std::move(chunks)));
    EXPECT_EQ(loaded.bytes(), content(kLong));
    EXPECT_EQ(other.changes().changed_chunks(), 0u);
    EXPECT_LT(other.bytes(), kLong + kLong / 4);
    loaded.write(kLong - 10, "over the end of it");
    other.changes().freeze();
    other.changes().take(SIZE_MAX / 2);
    EXPECT_EQ(other.changes().out().chunks.size(), 1u);
    keep(other.changes().hand_over());
    EXPECT_EQ(saved(), loaded.bytes());
  }
  rows = rows_of_store;
}

TEST_F(StringTest, RowsThatDoNotFitAreRefused) {
  string->assign(content(100 * kWindowBytes));
  snapshot();
  const auto refused = [&](auto spoil) {
    ChunkStore other;
    String loaded(other, string->id());
    std::map<uint32_t, Row> good;
    for (const auto& [id, row] : rows) good[row.chunk.detail] = row;
    ASSERT_EQ(good.size(), 101u);
    spoil(good);
    Chunks chunks;
    for (auto& [detail, row] : good) {
      row.chunk.bytes = row.bytes;
      chunks.push_back(other.load(row.chunk));
    }
    EXPECT_FALSE(load(loaded, std::move(chunks)));
  };
  using Good = std::map<uint32_t, Row>;
  for (const uint32_t missing : {1, 2, 50, 100, 101}) refused([&](Good& good) { good.erase(missing); });
  refused([](Good& good) { good[50].bytes.pop_back(); });
  refused([](Good& good) { good[50].bytes.push_back('x'); });
  refused([](Good& good) { good[101].bytes = content(kWindowBytes); });
  refused([](Good& good) { good[50].chunk.detail = 49; });
  refused([](Good& good) { good[50].chunk.detail = 0; });
  refused([](Good& good) { good[1].chunk.detail = 0; });
  refused([](Good& good) { good[101].chunk.detail = UINT32_MAX; });
  refused([](Good& good) { good.erase(good.begin(), std::prev(good.end())); });
  refused([](Good& good) { good.erase(std::next(good.begin()), good.end()); });
  refused([](Good& good) {  // too short for windows
    good.erase(good.find(3), good.end());
    good[2].bytes.pop_back();
  });
}

TEST_F(StringTest, ASnapshotOfBeforeThereWereWindows) {
  SavedChunk whole{.id = 1'000'000, .owner = string->id(), .kind = ChunkKind::kString, .bytes = {}, .keeper = {}};
  rows[whole.id] = {whole, content(kLong)};
  Chunks chunks;
  whole.bytes = rows[whole.id].bytes;
  chunks.push_back(store.load(whole));
  const ValueId id = string->id();
  string = std::make_unique<String>(store, id);
  ASSERT_TRUE(load(*string, std::move(chunks)));
  EXPECT_EQ(string->bytes(), content(kLong));
  EXPECT_EQ(snapshot(), kWindows);
  EXPECT_EQ(rows.size(), kWindows) << "the old row is gone";
  EXPECT_EQ(saved(), content(kLong));
}

// What it is all for: small changes of a very long string cost snapshots a window each, and no step copies more.
TEST_F(StringTest, AThousandSmallChangesAreAThousandWindows) {
  constexpr size_t kHuge = 100 << 20;
  string->assign(Bytes(kHuge, 'x'));
  snapshot();
  std::mt19937_64 dice(5);
  for (int i = 0; i < 1000; ++i) string->write(dice() % kHuge, "y");
  changes.freeze();
  EXPECT_LE(changes.frozen_chunks(), 1000u);
  size_t before = 0, longest = 0;
  for (int i = 0; i < 1000; ++i, before = changes.out().bytes) {
    string->write(dice() % kHuge, "z");
    longest = std::max(longest, changes.out().bytes - before);
  }
  EXPECT_LE(longest, kWindowBytes);
  EXPECT_LE(take_all(), 1000u);
  EXPECT_LE(snapshot(), 1000u);
}

TEST_F(StringTest, WhateverHappensASnapshotIsOfOneMoment) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    make();
    Bytes model;
    const auto change = [&] {
      const Bytes bytes = content(dice() % (dice() % 8 == 0 ? 100'000 : 3000), static_cast<char>('A' + dice() % 26));
      switch (dice() % 16) {
        case 0:
          string->assign(bytes);
          model = bytes;
          break;
        case 1:  // cut off at the end
          model.resize(dice() % (model.size() + 1));
          string->assign(Bytes(model));
          break;
        case 2:
          if (dice() % 4 == 0) {
            while (!string->free_some(1 + dice() % 5)) continue;
            make();
            model.clear();
          }
          break;
        case 3:
        case 4:
        case 5:
          string->append(bytes);
          model += bytes;
          break;
        default: {
          if (bytes.empty()) break;
          const size_t at = dice() % (model.size() + 5000);
          string->write(at, bytes);
          model.resize(std::max(model.size(), at + bytes.size()));
          model.replace(at, bytes.size(), bytes);
        }
      }
      ASSERT_EQ(string->bytes(), model);
    };
    for (int round = 0; round < 30; ++round) {
      for (size_t i = dice() % 10; i > 0; --i) change();
      const Bytes frozen = model;
      const ValueId id = string->id();
      changes.freeze();
      while (!changes.take(dice() % 30000)) {
        if (dice() % 2 == 0) change();
        if (dice() % 2 == 0) keep(changes.hand_over());
      }
      keep(changes.hand_over());
      ASSERT_EQ(saved(id), frozen) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace leat
