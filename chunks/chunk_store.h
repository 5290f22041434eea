// SPDX-License-Identifier: Apache-2.0
// chunk_store.h: gives chunks their ids, opens the one door to their bytes, and keeps the blobs.
//
// Used by: every data structure of the keyspace and the pending entries; one for each keyspace.
// Always:  - an entry longer than kInlineEntryMax is not in the chunk: the chunk holds a reference to a blob, which is
//            immutable, counted, and freed with its last reference;
//          - ids only rise, also over a restart: a snapshot brings the last ones.
// Bytes:   an entry is `varint(length << 1) bytes` or `varint(blob id << 1 | 1)`.
#pragma once

#include "chunks/changes.h"
#include "chunks/chunk.h"
#include "chunks/digest.h"
#include "chunks/id_table.h"

namespace leat {

class alignas(32) ChunkStore {  // byte maps keep flags in the low bits of its address
 public:
  // Tests narrow `hash_mask` to see what colliding keys do.
  explicit ChunkStore(uint64_t hash_seed = 0, uint64_t hash_mask = UINT64_MAX)
      : hash_seed_(hash_seed), hash_mask_(hash_mask) {}
  ChunkStore(const ChunkStore&) = delete;
  ChunkStore& operator=(const ChunkStore&) = delete;
  ~ChunkStore();

  std::unique_ptr<Chunk> create(ValueId owner, ChunkKind kind, uint8_t depth = 0);
  void retire(std::unique_ptr<Chunk> chunk);  // blobs that its entries refer to are the structure's to release, first
  // The same for a chunk that lives inside its structure: a small value is one allocation and its bytes.
  void begin(Chunk& chunk, ValueId owner, ChunkKind kind, uint8_t depth = 0);
  void end(Chunk& chunk);
  void move(Chunk& from, Chunk& to);  // `to` must be fresh; `from` may be destroyed then
  ChunkEdit mutate(Chunk& chunk) {    // the one door
    changes_.before_change(chunk);
    return ChunkEdit(chunk, memory_, bytes_);
  }
  void set_depth(Chunk& chunk, uint8_t depth);  // a change like any other
  // Of Windows, whose chunks are begun, changed and ended like others but show another's bytes.
  void touch(Window& window);                  // before it changes
  bool is_frozen(const Window& window) const;  // the snapshot under way has yet to take it
  void leave(Window& window, std::shared_ptr<const char[]> memory);  // which the snapshot gets; it must be frozen
  void move_to_window(const Chunk& row, Window& window);  // `row` is out of a snapshot, and may be destroyed then

  // What a snapshot takes: see changes.h.
  Changes& changes() { return changes_; }
  const Changes& changes() const { return changes_; }
  // Out of a snapshot: as they were when it was taken. A blob comes without references: those that share() finds.
  std::unique_ptr<Chunk> load(const SavedChunk& row);
  void load_blob(BlobId id, View bytes);
  void drop_unshared(BlobId id);  // one that was loaded and that nothing refers to; it may be gone already
  struct LastIds {
    ChunkId chunk = 0;
    ValueId value = 0;
    BlobId blob = 0;
  };
  LastIds last_ids() const { return last_; }
  void set_last_ids(const LastIds& last) { last_ = last; }

  ValueId next_value_id() { return ++last_.value; }

  // Where every hash table of this keyspace puts a key; secret, so that nobody can send keys that collide.
  uint64_t hash_of(View key) const { return digest::of(key, hash_seed_) & hash_mask_; }
  uint64_t hash_seed() const { return hash_seed_; }
  void set_hash_seed(uint64_t seed) { hash_seed_ = seed; }  // before the first key: a snapshot brings its own

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
  size_t chunk_bytes() const { return bytes_ - blob_bytes_; }
  size_t chunks() const { return chunks_; }
  ChunkMemory& memory() { return memory_; }
  const ChunkMemory& memory() const { return memory_; }

 private:
  friend class Changes;
  struct Blob {
    std::shared_ptr<const char[]> data;  // shared with a snapshot that is being written: a blob never changes
    size_t size = 0;
    uint64_t references : 63 = 0;
    uint64_t saved : 1 = 0;
  };
  Blob& at(BlobId id) const;
  void forget(BlobId id, Blob& blob);

  ChunkMemory memory_;
  uint64_t hash_seed_;
  const uint64_t hash_mask_;
  LastIds last_;
  size_t bytes_ = 0;
  size_t blob_bytes_ = 0;  // of them
  size_t chunks_ = 0;
  IdTable<Blob> blobs_;
  Changes changes_{*this};
};

}  // namespace leat
