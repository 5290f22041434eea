// SPDX-License-Identifier: Apache-2.0
// chunk.h: a packed run of entries, about 4 KB: the unit of memory, of dirtiness and of a snapshot's row.
//
// Used by: every data structure of the keyspace; they read a chunk's bytes through a View and change them through
//          ChunkStore::mutate, the one door, which is what snapshots and the dirty count hang on (DESIGN.md section 4).
// Always:  - a chunk's id is permanent and never reused;
//          - a View of a chunk, or of an entry in it, dies with the next change of that chunk;
//          - an entry longer than kInlineEntryMax is not in the chunk: the chunk holds a reference to a blob, which is
//            immutable, counted, and freed with its last reference.
// Bytes:   an entry is `varint(length << 1) bytes` or `varint(blob id << 1 | 1)`.
#pragma once

#include <bit>
#include <memory>

#include "chunks/digest.h"
#include "chunks/id_table.h"
#include "schemas/bytes.h"
#include "schemas/check.h"
#include "schemas/ids.h"

namespace leat {

constexpr size_t kChunkBytesTarget = 4096;  // a structure splits a chunk that grows past this
constexpr size_t kInlineEntryMax = 1024;    // longer entries become blobs: a quarter of a chunk, so a split always helps

using BlobId = uint64_t;

class Chunk {
 public:
  ChunkId id() const { return id_; }
  ValueId owner() const { return owner_; }
  View bytes() const { return {data_.get() + begin_, static_cast<size_t>(end_ - begin_)}; }
  const char* data() const { return data_.get() + begin_; }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  bool dirty() const { return dirty_; }
  size_t memory() const { return sizeof(Chunk) + capacity(); }

 private:
  friend class ChunkStore;
  friend class ChunkEdit;

  // Capacities are the sizes an allocator really hands out (multiples of 16 up to 128, then four to each doubling, as in
  // jemalloc): nothing is lost to rounding, and one byte holds the capacity. A small hash is little more than its chunk.
  static constexpr uint64_t class_of(size_t size) {
    if (size <= 128) return (size + 15) / 16;
    const int shift = std::bit_width(size - 1) - 3;
    return 1 + 4 * (shift - 3) - 4 + ((size - 1) >> shift);
  }
  static constexpr size_t capacity_of(uint64_t size_class) {
    if (size_class <= 8) return size_class * 16;
    return (5 + (size_class - 9) % 4) << (5 + (size_class - 9) / 4);
  }
  size_t capacity() const { return capacity_of(size_class_); }

  uint64_t id_ : 48 = 0;
  uint64_t size_class_ : 8 = 0;
  uint64_t dirty_ : 1 = 0;
  ValueId owner_ = 0;
  uint32_t begin_ = 0;  // room is kept in front, so that lists grow and shrink at both ends for free
  uint32_t end_ = 0;
  std::unique_ptr<char[]> data_;
};
static_assert(sizeof(Chunk) == 32);

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
  // Gives back memory beyond what the bytes need (after a split, or when a chunk is not expected to grow).
  void fit();

 private:
  friend class ChunkStore;
  ChunkEdit(Chunk& chunk, size_t& bytes) : chunk_(chunk), store_bytes_(bytes) {}
  void grow(size_t offset, size_t count);
  Chunk& chunk_;
  size_t& store_bytes_;
};

// Owns chunks' ids and the blobs; one for each keyspace.
class ChunkStore {
 public:
  // Tests narrow `hash_mask` to see what colliding keys do.
  explicit ChunkStore(uint64_t hash_seed = 0, uint64_t hash_mask = UINT64_MAX)
      : hash_seed_(hash_seed), hash_mask_(hash_mask) {}
  ChunkStore(const ChunkStore&) = delete;
  ChunkStore& operator=(const ChunkStore&) = delete;
  ~ChunkStore();

  std::unique_ptr<Chunk> create(ValueId owner);
  void retire(std::unique_ptr<Chunk> chunk);  // blobs that its entries refer to are the structure's to release, first
  // The same for a chunk that lives inside its structure: a small value is one allocation and its bytes.
  void begin(Chunk& chunk, ValueId owner);
  void end(Chunk& chunk);
  ChunkEdit mutate(Chunk& chunk);             // the one door

  ValueId next_value_id() { return ++last_value_id_; }

  // Where every hash table of this keyspace puts a key; secret, so that nobody can send keys that collide.
  uint64_t hash_of(View key) const { return digest::of(key, hash_seed_) & hash_mask_; }
  uint64_t hash_seed() const { return hash_seed_; }

  // Blobs. `keep` copies the bytes and holds one reference.
  BlobId keep(View bytes);
  View blob(BlobId id) const;
  void share(BlobId id);    // one reference more
  void release(BlobId id);  // one less; the last frees

  // Entries as they lie in chunks.
  //   write_entry: appends the encoding to `out`; a long value becomes a blob with one reference.
  //   read_entry:  the value, and `from` moves past it.
  //   release_entry: drops the reference if it is one; `from` moves past it.
  void write_entry(Bytes& out, View value);
  View read_entry(const char*& from) const {
    const uint64_t head = read_varint(from);
    if (head & 1) return blob(head >> 1);
    const View value(from, head >> 1);
    from += head >> 1;
    return value;
  }
  void release_entry(const char*& from);
  void share_entry(const char*& from);  // for copies of whole chunks
  static void skip_entry(const char*& from) {
    const uint64_t head = read_varint(from);
    if (!(head & 1)) from += head >> 1;
  }

  size_t bytes() const { return bytes_; }            // of chunks and blobs, capacity included
  size_t chunks() const { return chunks_; }
  size_t dirty_chunks() const { return dirty_; }

 private:
  struct Blob {
    std::unique_ptr<char[]> data;
    size_t size = 0;
    uint64_t references = 0;
  };
  Blob& at(BlobId id) const;

  const uint64_t hash_seed_;
  const uint64_t hash_mask_;
  ChunkId last_chunk_id_ = 0;
  ValueId last_value_id_ = 0;
  BlobId last_blob_id_ = 0;
  size_t bytes_ = 0;
  size_t chunks_ = 0;
  size_t dirty_ = 0;
  IdTable<Blob> blobs_;
};

}  // namespace leat
