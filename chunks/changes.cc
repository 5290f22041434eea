// SPDX-License-Identifier: Apache-2.0
#include "chunks/changes.h"

#include "chunks/chunk_store.h"
#include "chunks/windows.h"

namespace leat {

namespace {
// What a row costs beside its bytes, as bytes to copy: it is looked for in cold memory, and its copy is allocated. With
// the bytes alone a slice of 256 KiB was 4,000 short lists, and held the loop for up to 5 ms.
constexpr size_t kRowWorth = 256;

size_t worth(const Handover& out) { return out.bytes + kRowWorth * (out.chunks.size() + out.blobs.size()); }
}  // namespace

void ChunkList::add(Chunk& chunk) {
  chunk.slot_ = first_ + static_cast<uint32_t>(chunks_.size());
  chunks_.push_back(&chunk);
}

void ChunkList::remove(Chunk& chunk) {
  if (chunks_.front() == &chunk) {
    chunks_.pop_front();
    ++first_;
  } else {
    chunks_[chunk.slot_ - first_] = chunks_.back();
    chunks_.back()->slot_ = chunk.slot_;
    chunks_.pop_back();
  }
  if (chunks_.empty()) first_ = 0;
}

void Changes::made(Chunk& chunk) {
  if (chunk.kind() == ChunkKind::kLoose) return;
  chunk.list_ = changed_;
  lists_[changed_].add(chunk);
}

// The first change of a chunk since the last freeze.
void Changes::mark(Chunk& chunk) {
  if (chunk.kind() == ChunkKind::kLoose) return;
  if (chunk.list_ != kNone) {
    put_copy(chunk);
    frozen().remove(chunk);
  }
  made(chunk);
}

void Changes::gone(Chunk& chunk) {
  if (chunk.list_ == changed_) {
    lists_[changed_].remove(chunk);
  } else if (chunk.list_ != kNone) {
    frozen().remove(chunk);
    // A region stays where it is: the snapshot's thread frees what it gets.
    chunk.window_ || ChunkMemory::is_region(chunk.data_.get()) ? put_copy(chunk) : put_itself(chunk);
  }
  chunk.list_ = kNone;
  if (chunk.saved_) gone_chunks_.push_back(chunk.id());
}

void Changes::leave(Window& window, std::shared_ptr<const char[]> memory) {
  frozen().remove(window);
  window.list_ = kNone;
  const char* const bytes = memory.get() + window.begin_;
  put(window, std::move(memory), bytes);
}

void Changes::moved(const Chunk& from, Chunk& to) {
  if (from.list_ != kNone) lists_[from.list_].replace(from, to);
}

void Changes::put_copy(Chunk& chunk) {
  const View bytes = chunk.window_ ? static_cast<const Window&>(chunk).shown() : chunk.bytes();
  auto copy = std::make_shared_for_overwrite<char[]>(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  const char* const at = copy.get();
  put(chunk, std::move(copy), at);
}

void Changes::put_itself(Chunk& chunk) {
  const char* const bytes = chunk.data();
  put(chunk, std::shared_ptr<const char[]>(chunk.data_.release()), bytes);
}

void Changes::put(Chunk& chunk, std::shared_ptr<const char[]> keeper, const char* bytes) {
  chunk.saved_ = true;
  out_.chunks.push_back({.id = chunk.id(),
                         .owner = chunk.owner(),
                         .kind = chunk.kind(),
                         .detail = chunk.detail(),
                         .bytes = View(bytes, chunk.size()),
                         .keeper = std::move(keeper)});
  out_.bytes += chunk.size();
}

void Changes::put(BlobId id) {
  ChunkStore::Blob& blob = store_.at(id);
  blob.saved = true;
  out_.blobs.push_back({.id = id, .bytes = View(blob.data.get(), blob.size), .keeper = blob.data});
  out_.bytes += blob.size;
}

void Changes::gone(BlobId id) {
  const bool saved = store_.at(id).saved;
  if (!saved && id > last_frozen_blob_) return;  // no snapshot has heard of it
  if (!saved) put(id);
  gone_blobs_.push_back(id);
}

void Changes::freeze() {
  CHECK(all_taken());
  changed_ = 3 - changed_;
  frozen_blobs_ = std::exchange(new_blobs_, {});
  last_frozen_blob_ = store_.last_ids().blob;
  out_.gone_chunks = std::exchange(gone_chunks_, {});
  out_.gone_blobs = std::exchange(gone_blobs_, {});
}

bool Changes::take(size_t bytes) {
  const size_t until = worth(out_) + bytes;
  while (worth(out_) < until && !frozen().empty()) {
    Chunk& chunk = frozen().first();
    put_copy(chunk);
    frozen().remove(chunk);
    chunk.list_ = kNone;
  }
  for (; worth(out_) < until && !frozen_blobs_.empty(); frozen_blobs_.pop_front()) {
    const BlobId id = frozen_blobs_.front();
    const ChunkStore::Blob* const blob = store_.blobs_.find(id);
    if (blob != nullptr && blob->references > 0 && !blob->saved) put(id);
  }
  return all_taken();
}

}  // namespace leat
