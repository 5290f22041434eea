// SPDX-License-Identifier: Apache-2.0
// chunk.h: a packed run of entries, about 4 KB: the unit of memory, of dirtiness and of a snapshot's row.
//
// Used by: every data structure of the keyspace; they read a chunk's bytes through a View and change them through
//          ChunkStore::mutate, the one door, on which snapshots hang (DESIGN.md section 4, changes.h).
// Always:  - a chunk's id is permanent and never reused;
//          - a View of a chunk, or of an entry in it, dies with the next change of that chunk, and with the tick
//            (chunk_memory.h).
#pragma once

#include <bit>
#include <memory>

#include "chunks/chunk_memory.h"
#include "schemas/bytes.h"
#include "schemas/check.h"
#include "schemas/ids.h"

namespace leat {

// A structure splits a chunk that grows past this. With its row's head it still fits a page of 4 KiB of the snapshot.
constexpr size_t kChunkBytesTarget = 4000;
constexpr size_t kChunkBytesMax = UINT32_MAX / 2;  // of a long string's bytes; anything else is far from it
constexpr size_t kWindowBytes = kChunkBytesTarget;  // windows.h
constexpr size_t kInlineEntryMax = 1024;  // longer entries become blobs: a quarter of a chunk, so a split always helps

using BlobId = uint64_t;

// What a chunk holds, so that a snapshot's rows say by themselves whose they are. On disk: never renumber.
enum class ChunkKind : uint8_t {
  kLoose = 0,  // in no snapshot
  kKeyRows = 1,
  kString = 2,
  kListItems = 3,
  kSetMembers = 4,
  kSortedSetItems = 5,
  kHashFields = 6,
  kStreamHead = 7,
  kStreamEntries = 8,
  kGroup = 9,
  kConsumer = 10,
  kPending = 11,
  kHashLifetimes = 12,
  kProducers = 13,
  kRemembered = 14,
};
constexpr uint8_t kLastChunkKind = 14;

class Chunk {
 public:
  ChunkId id() const { return id_; }
  ValueId owner() const { return owner_; }
  ChunkKind kind() const { return static_cast<ChunkKind>(kind_); }
  uint8_t depth() const { return depth_; }  // of a byte map's segment; 0 elsewhere
  // What a snapshot's row says of it beside its kind: the depth, or which of its string's windows it is, from 1 on.
  uint32_t detail() const { return window_ ? 1 + begin_ / uint32_t{kWindowBytes} : depth_; }
  View bytes() const { return {data_.get() + begin_, static_cast<size_t>(end_ - begin_)}; }
  const char* data() const { return data_.get() + begin_; }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  // A region (chunk_memory.h) counts as what is in it: it is made to fit now and then, which is no change of the chunk.
  size_t memory() const { return sizeof(Chunk) + (ChunkMemory::is_region(data_.get()) ? size() : capacity()); }
  bool is_loose() const { return capacity() > 2 * size() + 64; }  // it has far more memory than it needs
  static size_t allocated_for(size_t bytes) { return allocator_capacity_of(allocator_class_of(bytes)); }  // of no chunk
  uint32_t loaded_detail() const { return slot_; }  // of a string's row that is being loaded: what detail() was

 private:
  friend class ChunkStore;
  friend class ChunkEdit;
  friend class ChunkList;
  friend class Changes;
  friend class Windows;
  friend class Window;
  friend class ChunkMemory;

  // Capacities are sizes that are really handed out: nothing is lost to rounding, and one byte holds the capacity.
  // Those in the middle are of regions (chunk_memory.h), the others an allocator's: multiples of 16 up to 128, then
  // four to each doubling, as in jemalloc. A small hash is little more than its chunk.
  static constexpr uint64_t kFirstRegion = 17, kFirstLarge = kFirstRegion + ChunkMemory::kShelves;
  static constexpr uint64_t kLargeSkipped = kFirstLarge - 29;  // regions stand for the allocator's classes 17 to 28
  static constexpr uint64_t allocator_class_of(size_t size) {
    if (size <= 128) return (size + 15) / 16;
    const int shift = std::bit_width(size - 1) - 3;
    return 1 + 4 * (shift - 3) - 4 + ((size - 1) >> shift);
  }
  static constexpr uint64_t class_of(size_t size) {
    if (size < ChunkMemory::kBytesMin) return allocator_class_of(size);
    if (size > ChunkMemory::kBytesMax) return allocator_class_of(size) + kLargeSkipped;
    return kFirstRegion + ChunkMemory::shelf_for(size);
  }
  static constexpr size_t allocator_capacity_of(uint64_t size_class) {
    if (size_class <= 8) return size_class * 16;
    return (5 + (size_class - 9) % 4) << (5 + (size_class - 9) / 4);
  }
  static constexpr size_t capacity_of(uint64_t size_class) {
    if (size_class < kFirstRegion) return allocator_capacity_of(size_class);
    if (size_class >= kFirstLarge) return allocator_capacity_of(size_class - kLargeSkipped);
    return ChunkMemory::bytes_of(size_class - kFirstRegion);
  }
  size_t capacity() const { return capacity_of(size_class_); }

  uint64_t id_ : 48 = 0;
  uint64_t size_class_ : 8 = 0;
  uint64_t list_ : 2 = 0;   // of Changes: which of its lists has the chunk
  uint64_t saved_ : 1 = 0;  // a row of it was handed to a snapshot once
  uint64_t window_ : 1 = 0; // its bytes are another chunk's, from begin_ to end_ (windows.h)
  uint64_t owner_ : 48 = 0;
  uint64_t kind_ : 8 = 0;
  uint64_t depth_ : 8 = 0;
  uint32_t slot_ = 0;       // in that list; see also loaded_detail()
  uint32_t begin_ = 0;      // room is kept in front, so that lists grow and shrink at both ends for free
  uint32_t end_ = 0;
  ChunkMemory::Held data_;
};
static_assert(sizeof(Chunk) == 40);

// What mutate() hands out: the changes a chunk knows. Offsets count from the chunk's first byte.
class ChunkEdit {
 public:
  char* data() { return chunk_.data_.get() + chunk_.begin_; }
  size_t size() const { return chunk_.size(); }
  void append(View bytes) { insert(size(), bytes); }
  // Makes a gap of `count` bytes at `offset` and returns where it starts; the shorter side moves.
  char* open(size_t offset, size_t count);
  void insert(size_t offset, View bytes) {
    if (!bytes.empty()) std::memcpy(open(offset, bytes.size()), bytes.data(), bytes.size());
  }
  void erase(size_t offset, size_t count);
  // `size` bytes instead of those there are, for the caller to write; memory that does not fit them is changed for such
  // as does.
  char* renew(size_t size);
  std::unique_ptr<char[]> give_away();  // the bytes, which are no region, with their memory: the chunk is empty then
  // Gives back memory beyond what the bytes need (after a split, or when a chunk is not expected to grow).
  void fit();

 private:
  friend class ChunkStore;
  ChunkEdit(Chunk& chunk, ChunkMemory& memory, size_t& bytes)
      : chunk_(chunk), memory_(memory), store_bytes_(bytes) {}
  class Metered {  // while one changes the chunk; what that comes to
   public:
    explicit Metered(ChunkEdit& edit) : edit_(edit), before_(edit.chunk_.memory()) {}
    ~Metered() { edit_.store_bytes_ += edit_.chunk_.memory() - before_; }

   private:
    ChunkEdit& edit_;
    const size_t before_;
  };
  void grow(size_t offset, size_t count);
  Chunk& chunk_;
  ChunkMemory& memory_;
  size_t& store_bytes_;
};

}  // namespace leat
