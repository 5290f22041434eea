// SPDX-License-Identifier: Apache-2.0
// chunk_meter.h: what the chunks of one value come to, kept up as they change, so that nobody has to add them up.
//
// Used by: List, SortedSet and Stream, around each change of theirs.
// Always:  - while one is there only the chunks of its value change, and it is not put into another of the same value.
#pragma once

#include "chunks/chunk_store.h"

namespace leat {

class ChunkMeter {
 public:
  ChunkMeter(const ChunkStore& chunks, size_t& bytes) : chunks_(chunks), bytes_(bytes), before_(chunks.chunk_bytes()) {}
  ChunkMeter(const ChunkMeter&) = delete;
  ChunkMeter& operator=(const ChunkMeter&) = delete;
  ~ChunkMeter() { bytes_ += chunks_.chunk_bytes() - before_; }

 private:
  const ChunkStore& chunks_;
  size_t& bytes_;
  const size_t before_;
};

}  // namespace leat
