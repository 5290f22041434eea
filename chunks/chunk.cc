// SPDX-License-Identifier: Apache-2.0
#include "chunks/chunk.h"

namespace leat {

char* ChunkEdit::open(size_t offset, size_t count) {
  CHECK(offset <= chunk_.size());
  if (count == 0) return chunk_.data_.get() + chunk_.begin_ + offset;
  char* const data = chunk_.data_.get();
  const size_t before = offset, after = chunk_.size() - offset;
  if (before < after && chunk_.begin_ >= count) {
    std::memmove(data + chunk_.begin_ - count, data + chunk_.begin_, before);
    chunk_.begin_ -= count;
  } else if (chunk_.end_ + count <= chunk_.capacity()) {
    std::memmove(data + chunk_.begin_ + offset + count, data + chunk_.begin_ + offset, after);
    chunk_.end_ += count;
  } else {
    grow(offset, count);
  }
  return chunk_.data_.get() + chunk_.begin_ + offset;
}

// A new, larger home with the gap in place; the room goes to the side that is growing. Small chunks take the next size
// class (memory counts: most hashes are small), large ones a quarter more, so that appending stays cheap.
void ChunkEdit::grow(size_t offset, size_t count) {
  const size_t size = chunk_.size() + count;
  CHECK(size <= UINT32_MAX / 2);
  const uint64_t size_class = Chunk::class_of(size <= kChunkBytesTarget ? size : size + size / 4);
  const size_t capacity = Chunk::capacity_of(size_class);
  const bool at_front = offset < chunk_.size() - offset;  // not only 0: some chunks open with a few bytes of head
  const size_t begin = at_front ? capacity - size : 0;
  std::unique_ptr<char[]> data(new char[capacity]);
  if (chunk_.data_ != nullptr) {
    std::memcpy(data.get() + begin, chunk_.data(), offset);
    std::memcpy(data.get() + begin + offset + count, chunk_.data() + offset, chunk_.size() - offset);
  }
  store_bytes_ += capacity - chunk_.capacity();
  chunk_.data_ = std::move(data);
  chunk_.begin_ = begin;
  chunk_.end_ = begin + size;
  chunk_.size_class_ = size_class;
}

void ChunkEdit::erase(size_t offset, size_t count) {
  CHECK(offset + count <= chunk_.size());
  if (count == 0) return;
  char* const data = chunk_.data_.get();
  const size_t after = chunk_.size() - offset - count;
  if (offset < after) {
    std::memmove(data + chunk_.begin_ + count, data + chunk_.begin_, offset);
    chunk_.begin_ += count;
  } else {
    std::memmove(data + chunk_.begin_ + offset, data + chunk_.begin_ + offset + count, after);
    chunk_.end_ -= count;
  }
}

void ChunkEdit::fit() {
  const uint64_t size_class = Chunk::class_of(chunk_.size());
  if (size_class >= chunk_.size_class_) return;
  const size_t capacity = Chunk::capacity_of(size_class);
  std::unique_ptr<char[]> data(capacity == 0 ? nullptr : new char[capacity]);
  if (!chunk_.empty()) std::memcpy(data.get(), chunk_.data(), chunk_.size());
  store_bytes_ -= chunk_.capacity() - capacity;
  chunk_.end_ = chunk_.size();
  chunk_.begin_ = 0;
  chunk_.size_class_ = size_class;
  chunk_.data_ = std::move(data);
}

ChunkStore::~ChunkStore() = default;

std::unique_ptr<Chunk> ChunkStore::create(ValueId owner) {
  auto chunk = std::make_unique<Chunk>();
  begin(*chunk, owner);
  return chunk;
}

void ChunkStore::retire(std::unique_ptr<Chunk> chunk) {
  if (chunk != nullptr) end(*chunk);
}

void ChunkStore::begin(Chunk& chunk, ValueId owner) {
  chunk.id_ = ++last_chunk_id_;
  chunk.owner_ = owner;
  chunk.dirty_ = true;
  ++dirty_;
  ++chunks_;
  bytes_ += chunk.memory();
}

void ChunkStore::end(Chunk& chunk) {
  --chunks_;
  dirty_ -= chunk.dirty_;
  bytes_ -= chunk.memory();
}

ChunkEdit ChunkStore::mutate(Chunk& chunk) {
  dirty_ += !chunk.dirty_;
  chunk.dirty_ = true;
  return ChunkEdit(chunk, bytes_);
}

ChunkStore::Blob& ChunkStore::at(BlobId id) const {
  Blob* const found = blobs_.find(id);
  CHECK(found != nullptr);
  return *found;
}

BlobId ChunkStore::keep(View bytes) {
  const BlobId id = ++last_blob_id_;
  Blob& blob = blobs_.insert(id);
  blob.data.reset(new char[bytes.size()]);
  std::memcpy(blob.data.get(), bytes.data(), bytes.size());
  blob.size = bytes.size();
  blob.references = 1;
  bytes_ += sizeof(Blob) + bytes.size();
  return id;
}

View ChunkStore::blob(BlobId id) const {
  const Blob& found = at(id);
  return {found.data.get(), found.size};
}

void ChunkStore::share(BlobId id) { ++at(id).references; }

void ChunkStore::release(BlobId id) {
  Blob& blob = at(id);
  CHECK(blob.references > 0);
  if (--blob.references > 0) return;
  bytes_ -= sizeof(Blob) + blob.size;
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
