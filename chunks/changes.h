// SPDX-License-Identifier: Apache-2.0
// changes.h: which chunks and blobs the next snapshot has to take, and which the one under way still has to.
//
// Used by: ChunkStore, which tells it of every chunk and blob; the broker's snapshots, which freeze and take.
// Always:  - freeze() costs the same however much there is; afterwards the content as of that moment leaves in slices,
//            and what is about to change or to go leaves first, as a copy (what goes: as itself);
//          - a chunk that did not change since it was last handed over is not handed over again;
//          - a long string is no chunk here: its windows are (windows.h), so that no copy is longer than 64 KB;
//          - a row is told to be gone only when it was handed over before, and never in the same snapshot.
// Why:     no fork, no second copy of memory, no stall (DESIGN.md section 5): the price of a change is one comparison,
//          and one copy of 4 KB the first time a chunk changes while a snapshot is under way.
#pragma once

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "chunks/chunk.h"
#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat {

class ChunkStore;
class Window;

// What a snapshot keeps of a chunk; `keeper` owns what `bytes` borrow.
struct SavedChunk {
  ChunkId id = 0;
  ValueId owner = 0;
  ChunkKind kind = ChunkKind::kLoose;
  uint32_t detail = 0;
  View bytes;
  std::shared_ptr<const char[]> keeper;
};

struct SavedBlob {
  BlobId id = 0;
  View bytes;
  std::shared_ptr<const char[]> keeper;
};

// On its way from memory to a snapshot.
struct Handover {
  std::vector<SavedChunk> chunks;
  std::vector<SavedBlob> blobs;
  std::vector<ChunkId> gone_chunks;
  std::vector<BlobId> gone_blobs;
  size_t bytes = 0;
  bool empty() const { return chunks.empty() && blobs.empty() && gone_chunks.empty() && gone_blobs.empty(); }
};

// Chunks in the order they came, mostly; any of them may leave at any time. A chunk knows its slot.
class ChunkList {
 public:
  bool empty() const { return chunks_.empty(); }
  size_t size() const { return chunks_.size(); }
  Chunk& first() const { return *chunks_.front(); }
  void add(Chunk& chunk);
  void remove(Chunk& chunk);  // the last takes its slot
  void replace(const Chunk& from, Chunk& to) { chunks_[from.slot_ - first_] = &to; }

 private:
  std::deque<Chunk*> chunks_;  // grows without moving what is there
  uint32_t first_ = 0;         // the slot of the first
};

class Changes {
 public:
  explicit Changes(ChunkStore& store) : store_(store) {}  // must outlive this
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  // From here on a snapshot is of this moment. The one before must have been taken whole.
  void freeze();
  // Puts about `bytes` of what is left into the hand-over, where a row counts more than it has; true when nothing
  // is left.
  bool take(size_t bytes);
  bool all_taken() const { return frozen().empty() && frozen_blobs_.empty(); }
  Handover hand_over() { return std::exchange(out_, Handover{}); }
  const Handover& out() const { return out_; }

  size_t changed_chunks() const { return lists_[changed_].size(); }  // since the last freeze
  size_t frozen_chunks() const { return frozen().size(); }           // still to be taken

 private:
  friend class ChunkStore;
  // Of Chunk::list_. A chunk is in one list or in none: lists_[changed_] for the next snapshot, the other for this one.
  static constexpr uint8_t kNone = 0;

  void made(Chunk& chunk);
  void before_change(Chunk& chunk) {
    if (chunk.list_ != changed_) mark(chunk);
  }
  void mark(Chunk& chunk);
  void gone(Chunk& chunk);
  void moved(const Chunk& from, Chunk& to);
  void made(BlobId id) { new_blobs_.push_back(id); }
  void gone(BlobId id);  // still there when this is called

  ChunkList& frozen() { return lists_[3 - changed_]; }
  const ChunkList& frozen() const { return lists_[3 - changed_]; }
  bool is_frozen(const Chunk& chunk) const { return chunk.list_ != kNone && chunk.list_ != changed_; }
  // Takes a window that is frozen, with the memory of its string, which wants it no more.
  void leave(Window& window, std::shared_ptr<const char[]> memory);
  void put_copy(Chunk& chunk);
  void put_itself(Chunk& chunk);
  void put(Chunk& chunk, std::shared_ptr<const char[]> keeper, const char* bytes);
  void put(BlobId id);

  ChunkStore& store_;
  uint8_t changed_ = 1;  // or 2
  ChunkList lists_[3];   // the first is never used: it stands for kNone
  std::deque<BlobId> new_blobs_;     // since the last freeze; some may be gone
  std::deque<BlobId> frozen_blobs_;  // still to be taken; some may be gone
  BlobId last_frozen_blob_ = 0;
  std::vector<ChunkId> gone_chunks_;  // for the next snapshot
  std::vector<BlobId> gone_blobs_;
  Handover out_;
};

}  // namespace leat
