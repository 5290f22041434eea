// SPDX-License-Identifier: Apache-2.0
#include "chunks/changes.h"

#include <gtest/gtest.h>

#include "chunks/chunk_store.h"

namespace leat {
namespace {

class ChangesTest : public ::testing::Test {
 protected:
  std::unique_ptr<Chunk> make(View bytes) {
    auto chunk = store.create(1, ChunkKind::kListItems);
    store.mutate(*chunk).append(bytes);
    return chunk;
  }
  Handover take_all() {
    while (!changes.take(SIZE_MAX / 2)) continue;
    return changes.hand_over();
  }

  ChunkStore store;
  Changes& changes = store.changes();
};

TEST_F(ChangesTest, OnlyWhatChangedIsTaken) {
  auto one = make("one"), two = make("two");
  EXPECT_EQ(changes.changed_chunks(), 2u);
  changes.freeze();
  EXPECT_EQ(take_all().chunks.size(), 2u);
  store.mutate(*two).append("!");
  changes.freeze();
  const Handover second = take_all();
  ASSERT_EQ(second.chunks.size(), 1u);
  EXPECT_EQ(second.chunks[0].bytes, "two!");
  EXPECT_EQ(second.chunks[0].id, two->id());
  changes.freeze();
  EXPECT_TRUE(take_all().empty());
  store.retire(std::move(one));
  store.retire(std::move(two));
}

TEST_F(ChangesTest, WhatIsAboutToChangeLeavesFirst) {
  auto chunk = make("before");
  changes.freeze();
  store.mutate(*chunk).append(" and after");
  ASSERT_EQ(changes.out().chunks.size(), 1u);
  EXPECT_EQ(changes.out().chunks[0].bytes, "before");
  EXPECT_TRUE(changes.all_taken());
  EXPECT_EQ(changes.changed_chunks(), 1u) << "the next snapshot has it again";
  store.retire(std::move(chunk));
}

TEST_F(ChangesTest, WhatGoesIsTakenAndTheNextSnapshotHearsOfIt) {
  auto kept = make("kept"), frozen = make("frozen");
  changes.freeze();
  const ChunkId id = frozen->id();
  store.retire(std::move(frozen));
  const Handover first = take_all();
  EXPECT_EQ(first.chunks.size(), 2u);
  EXPECT_TRUE(first.gone_chunks.empty());
  auto brief = make("made and gone between two snapshots");
  store.retire(std::move(brief));
  changes.freeze();
  const Handover second = take_all();
  EXPECT_TRUE(second.chunks.empty());
  EXPECT_EQ(second.gone_chunks, std::vector<ChunkId>{id});
  store.retire(std::move(kept));
}

TEST_F(ChangesTest, BlobsGoAndComeByTheSameRules) {
  const BlobId kept = store.keep(Bytes(2000, 'k')), frozen = store.keep(Bytes(2000, 'f'));
  const BlobId brief = store.keep(Bytes(2000, 'b'));
  store.release(brief);
  changes.freeze();
  store.release(frozen);
  const Handover first = take_all();
  ASSERT_EQ(first.blobs.size(), 2u);
  EXPECT_EQ(first.blobs[0].id, frozen) << "it left when it went";
  EXPECT_EQ(first.blobs[0].bytes, Bytes(2000, 'f'));
  EXPECT_EQ(first.blobs[1].id, kept);
  changes.freeze();
  EXPECT_EQ(take_all().gone_blobs, std::vector<BlobId>{frozen});
  store.release(kept);
}

TEST_F(ChangesTest, AChunkThatMovesInMemoryIsStillTheSame) {
  Chunk here, there;
  store.begin(here, 1, ChunkKind::kHashFields);
  store.mutate(here).append("small");
  store.move(here, there);
  changes.freeze();
  ASSERT_EQ(take_all().chunks.size(), 1u);
  store.end(there);
}

TEST_F(ChangesTest, LooseChunksAreInNoSnapshot) {
  Chunk loose;
  store.begin(loose, 1, ChunkKind::kLoose);
  store.mutate(loose).append("x");
  changes.freeze();
  EXPECT_TRUE(take_all().empty());
  store.end(loose);
}

}  // namespace
}  // namespace leat
