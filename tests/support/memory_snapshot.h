// SPDX-License-Identifier: Apache-2.0
// memory_snapshot.h: a snapshot without a disk: the rows that a keyspace hands over, and what loads out of them.
//
// Used by: the fixture, after each test; tests of what a snapshot takes while the keyspace goes on.
// Always:  - it believes nothing: a row that is gone must have been there, a row that is put must not be gone as well.
#pragma once

#include <gtest/gtest.h>

#include <map>

#include "broker/keyspace/loader.h"

namespace leat::testing {

class MemorySnapshot {
 public:
  // All at once.
  void take(Keyspace& keyspace) {
    begin(keyspace);
    while (!slice(keyspace, 1 << 20)) continue;
  }
  // Or in slices: begin(), then slice() until it says true; the keyspace may change in between.
  void begin(Keyspace& keyspace) {
    keyspace.chunks().changes().freeze();
    state_ = keyspace.state();
  }
  bool slice(Keyspace& keyspace, size_t bytes) {
    const bool done = keyspace.chunks().changes().take(bytes);
    keep(keyspace.chunks().changes().hand_over());
    return done;
  }
  uint64_t digest_when_loaded() const {
    Keyspace keyspace(0);
    load(keyspace);
    return keyspace.digest();
  }
  void load(Keyspace& keyspace, const std::function<void()>& rest = [] {}) const { ok(try_load(keyspace, rest)); }
  Status try_load(Keyspace& keyspace, const std::function<void()>& rest = [] {}) const {
    KeyspaceLoader loader(keyspace);
    ok(loader.begin(state_));
    for (const auto& [id, bytes] : blobs_) loader.add_blob(id, bytes);
    for (const auto& [id, row] : rows_) {
      SavedChunk chunk = row.chunk;
      chunk.bytes = row.bytes;
      ok(loader.add(chunk));
    }
    return loader.finish(rest);
  }
  // As damage may: the row of that kind and detail is not there any more.
  void lose(ChunkKind kind, uint32_t detail) {
    EXPECT_EQ(std::erase_if(rows_, [&](const auto& row) { return row.second.chunk.kind == kind && row.second.chunk.detail == detail; }), 1u);
  }
  size_t rows() const { return rows_.size(); }
  size_t rows_put() const { return rows_put_; }
  size_t blobs() const { return blobs_.size(); }

 private:
  struct Row {
    SavedChunk chunk;
    Bytes bytes;
  };

  static void ok(const Status& status) { EXPECT_TRUE(status.ok()) << status.text(); }

  void keep(Handover handover) {
    for (const ChunkId id : handover.gone_chunks) EXPECT_EQ(rows_.erase(id), 1u);
    for (const BlobId id : handover.gone_blobs) EXPECT_EQ(blobs_.erase(id), 1u);
    for (const SavedChunk& chunk : handover.chunks) {
      rows_[chunk.id] = {.chunk = chunk, .bytes = Bytes(chunk.bytes)};
      rows_[chunk.id].chunk.keeper.reset();
      ++rows_put_;
    }
    for (const SavedBlob& blob : handover.blobs) EXPECT_TRUE(blobs_.emplace(blob.id, blob.bytes).second);
  }

  Bytes state_;
  std::map<ChunkId, Row> rows_;
  std::map<BlobId, Bytes> blobs_;
  size_t rows_put_ = 0;
};

}  // namespace leat::testing
