// SPDX-License-Identifier: Apache-2.0
#include "chunks/chunk.h"

namespace leat {

char* ChunkEdit::open(size_t offset, size_t count) {
  CHECK(offset <= chunk_.size());
  if (count == 0) return chunk_.data_.get() + chunk_.begin_ + offset;
  const Metered metered(*this);
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

namespace {
// Small chunks take the next size class (memory counts: most hashes are small), larger ones room for some entries,
// which they lose again in an hour of rest, and very large ones a quarter more, so that appending stays cheap.
constexpr size_t kRoomStep = 512;
size_t with_room(size_t size) {
  if (size < ChunkMemory::kBytesMin) return size;
  if (size > kChunkBytesTarget) return size + size / 4;
  const size_t step = size <= 4 * kRoomStep ? kRoomStep / 2 : kRoomStep;
  return (size + step - 1) / step * step;
}
}  // namespace

// A new, larger home with the gap in place; the room goes to the side that is growing.
void ChunkEdit::grow(size_t offset, size_t count) {
  const size_t size = chunk_.size() + count;
  CHECK(size <= kChunkBytesMax);
  const uint64_t size_class = Chunk::class_of(with_room(size));
  const size_t capacity = Chunk::capacity_of(size_class);
  const bool at_front = offset < chunk_.size() - offset;  // not only 0: some chunks open with a few bytes of head
  const size_t begin = at_front ? capacity - size : 0;
  ChunkMemory::Held data = memory_.take(capacity, chunk_);
  if (chunk_.data_ != nullptr) {
    std::memcpy(data.get() + begin, chunk_.data(), offset);
    std::memcpy(data.get() + begin + offset + count, chunk_.data() + offset, chunk_.size() - offset);
  }
  chunk_.data_ = std::move(data);
  chunk_.begin_ = begin;
  chunk_.end_ = begin + size;
  chunk_.size_class_ = size_class;
}

void ChunkEdit::erase(size_t offset, size_t count) {
  CHECK(offset + count <= chunk_.size());
  if (count == 0) return;
  const Metered metered(*this);
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

char* ChunkEdit::renew(size_t size) {
  CHECK(size <= kChunkBytesMax);
  const Metered metered(*this);
  if (size > chunk_.capacity() || size < chunk_.capacity() / 2) {
    chunk_.data_.reset();  // first: there may be no room for both
    chunk_.size_class_ = Chunk::class_of(size);
    if (size > 0) chunk_.data_ = memory_.take(chunk_.capacity(), chunk_);
  }
  chunk_.begin_ = 0;
  chunk_.end_ = static_cast<uint32_t>(size);
  return chunk_.data_.get();
}

std::unique_ptr<char[]> ChunkEdit::give_away() {
  CHECK(!ChunkMemory::is_region(chunk_.data_.get()));
  const Metered metered(*this);
  chunk_.size_class_ = 0;
  chunk_.begin_ = chunk_.end_ = 0;
  return std::unique_ptr<char[]>(chunk_.data_.release());
}

void ChunkEdit::fit() {
  const uint64_t size_class = Chunk::class_of(chunk_.size());
  if (size_class >= chunk_.size_class_) return;
  const Metered metered(*this);
  const size_t capacity = Chunk::capacity_of(size_class);
  ChunkMemory::Held data = capacity == 0 ? nullptr : memory_.take(capacity, chunk_);
  if (!chunk_.empty()) std::memcpy(data.get(), chunk_.data(), chunk_.size());
  chunk_.end_ = chunk_.size();
  chunk_.begin_ = 0;
  chunk_.size_class_ = size_class;
  chunk_.data_ = std::move(data);
}

}  // namespace leat
