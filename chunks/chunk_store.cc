// SPDX-License-Identifier: Apache-2.0
#include "chunks/chunk_store.h"

#include "chunks/windows.h"

namespace leat {

ChunkStore::~ChunkStore() = default;

std::unique_ptr<Chunk> ChunkStore::create(ValueId owner, ChunkKind kind, uint8_t depth) {
  auto chunk = std::make_unique<Chunk>();
  begin(*chunk, owner, kind, depth);
  return chunk;
}

void ChunkStore::retire(std::unique_ptr<Chunk> chunk) {
  if (chunk != nullptr) end(*chunk);
}

void ChunkStore::begin(Chunk& chunk, ValueId owner, ChunkKind kind, uint8_t depth) {
  chunk.id_ = ++last_.chunk;
  chunk.owner_ = owner;
  chunk.kind_ = static_cast<uint8_t>(kind);
  chunk.depth_ = depth;
  changes_.made(chunk);
  ++chunks_;
  bytes_ += chunk.memory();
}

void ChunkStore::end(Chunk& chunk) {
  --chunks_;
  bytes_ -= chunk.memory();
  changes_.gone(chunk);
}

void ChunkStore::move(Chunk& from, Chunk& to) {
  changes_.moved(from, to);
  to = std::move(from);
  ChunkMemory::moved(to.data_.get(), to);
  from.list_ = Changes::kNone;
}

void ChunkStore::set_depth(Chunk& chunk, uint8_t depth) {
  changes_.before_change(chunk);
  chunk.depth_ = depth;
}

void ChunkStore::touch(Window& window) { changes_.before_change(window); }

bool ChunkStore::is_frozen(const Window& window) const { return changes_.is_frozen(window); }

void ChunkStore::leave(Window& window, std::shared_ptr<const char[]> memory) {
  changes_.leave(window, std::move(memory));
}

void ChunkStore::move_to_window(const Chunk& row, Window& window) {
  window.id_ = row.id_;
  window.owner_ = row.owner_;
  window.kind_ = row.kind_;
  window.saved_ = true;
  bytes_ -= row.memory() - sizeof(Chunk);
}

std::unique_ptr<Chunk> ChunkStore::load(const SavedChunk& row) {
  auto chunk = std::make_unique<Chunk>();
  chunk->id_ = row.id;
  chunk->owner_ = row.owner;
  chunk->kind_ = static_cast<uint8_t>(row.kind);
  if (row.kind == ChunkKind::kString) chunk->slot_ = row.detail;
  else chunk->depth_ = static_cast<uint8_t>(row.detail);
  chunk->saved_ = true;
  chunk->size_class_ = Chunk::class_of(row.bytes.size());
  chunk->end_ = static_cast<uint32_t>(row.bytes.size());
  if (!row.bytes.empty()) {
    chunk->data_ = memory_.take(chunk->capacity(), *chunk);
    std::memcpy(chunk->data_.get(), row.bytes.data(), row.bytes.size());
  }
  ++chunks_;
  bytes_ += chunk->memory();
  return chunk;
}

ChunkStore::Blob& ChunkStore::at(BlobId id) const {
  Blob* const found = blobs_.find(id);
  CHECK(found != nullptr && found->data != nullptr);
  return *found;
}

BlobId ChunkStore::keep(View bytes) {
  const BlobId id = ++last_.blob;
  load_blob(id, bytes);
  Blob& blob = at(id);
  blob.references = 1;
  blob.saved = false;
  changes_.made(id);
  return id;
}

void ChunkStore::load_blob(BlobId id, View bytes) {
  auto data = std::make_shared_for_overwrite<char[]>(bytes.size());
  std::memcpy(data.get(), bytes.data(), bytes.size());
  Blob& blob = blobs_.insert(id);
  blob.data = std::move(data);
  blob.size = bytes.size();
  blob.saved = true;
  bytes_ += sizeof(Blob) + bytes.size();
  blob_bytes_ += sizeof(Blob) + bytes.size();
}

void ChunkStore::drop_unshared(BlobId id) {
  Blob* const loaded = blobs_.find(id);
  if (loaded != nullptr && loaded->data != nullptr && loaded->references == 0) forget(id, *loaded);
}

View ChunkStore::blob(BlobId id) const {
  const Blob& found = at(id);
  return {found.data.get(), found.size};
}

void ChunkStore::share(BlobId id) { ++at(id).references; }

void ChunkStore::release(BlobId id) {
  Blob& blob = at(id);
  CHECK(blob.references > 0);
  if (--blob.references == 0) forget(id, blob);
}

void ChunkStore::forget(BlobId id, Blob& blob) {
  changes_.gone(id);
  bytes_ -= sizeof(Blob) + blob.size;
  blob_bytes_ -= sizeof(Blob) + blob.size;
  blobs_.erase(id);
}

void ChunkStore::write_entry(Bytes& out, View value) {
  if (value.size() > kInlineEntryMax) {
    put_varint(out, keep(value) << 1 | 1);
    return;
  }
  put_varint(out, value.size() << 1);
  out.append(value);
}

void ChunkStore::release_entry(const char*& from) {
  const uint64_t head = read_varint(from);
  if (head & 1) release(head >> 1);
  else from += head >> 1;
}

void ChunkStore::share_entry(const char*& from) {
  const uint64_t head = read_varint(from);
  if (head & 1) share(head >> 1);
  else from += head >> 1;
}

}  // namespace leat
