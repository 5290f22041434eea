// SPDX-License-Identifier: Apache-2.0
#include "chunks/changes.h"

#include <atomic>

#include "chunks/chunk_store.h"

namespace leat {

namespace {
constexpr size_t kCopiedMax = 64 << 10;  // a copy of more would be felt
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
    put_bytes(chunk);
    frozen().remove(chunk);
  }
  if (const auto loan = end_loan(chunk)) {
    std::unique_ptr<char[]> own(new char[chunk.capacity()]);
    std::memcpy(own.get() + chunk.begin_, chunk.data(), chunk.size());
    loan->left = std::exchange(chunk.data_, std::move(own));
  }
  made(chunk);
}

void Changes::gone(Chunk& chunk) {
  if (chunk.list_ == changed_) {
    lists_[changed_].remove(chunk);
  } else if (chunk.list_ != kNone) {
    frozen().remove(chunk);
    const char* const bytes = chunk.data();
    put(chunk, std::shared_ptr<const char[]>(std::move(chunk.data_)), bytes);
  } else if (const auto loan = end_loan(chunk)) {
    loan->left = std::move(chunk.data_);
  }
  chunk.list_ = kNone;
  if (chunk.saved_) gone_chunks_.push_back(chunk.id());
}

void Changes::moved(const Chunk& from, Chunk& to) {
  if (from.list_ != kNone) lists_[from.list_].replace(from, to);
}

void Changes::put_bytes(Chunk& chunk) { chunk.size() <= kCopiedMax ? put_copy(chunk) : lend(chunk); }

void Changes::lend(Chunk& chunk) {
  auto loan = std::make_shared<Loan>();
  put(chunk, std::shared_ptr<const char[]>(loan, chunk.data()), chunk.data());
  lent_.insert_or_assign(chunk.id(), std::move(loan));
}

std::shared_ptr<Changes::Loan> Changes::end_loan(const Chunk& chunk) {
  if (lent_.empty()) return nullptr;
  const auto found = lent_.find(chunk.id());
  if (found == lent_.end()) return nullptr;
  auto loan = std::move(found->second);
  lent_.erase(found);
  if (loan.use_count() > 1) return loan;
  std::atomic_thread_fence(std::memory_order_acquire);  // whoever gave it back has read its last byte before
  return nullptr;
}

void Changes::put_copy(Chunk& chunk) {
  auto copy = std::make_shared_for_overwrite<char[]>(chunk.size());
  if (!chunk.empty()) std::memcpy(copy.get(), chunk.data(), chunk.size());
  const char* const bytes = copy.get();
  put(chunk, std::move(copy), bytes);
}

void Changes::put(Chunk& chunk, std::shared_ptr<const char[]> keeper, const char* bytes) {
  chunk.saved_ = true;
  out_.chunks.push_back({.id = chunk.id(),
                         .owner = chunk.owner(),
                         .kind = chunk.kind(),
                         .depth = chunk.depth(),
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
  const size_t until = out_.bytes + bytes;
  while (out_.bytes < until && !frozen().empty()) {
    Chunk& chunk = frozen().first();
    put_bytes(chunk);
    frozen().remove(chunk);
    chunk.list_ = kNone;
  }
  for (; out_.bytes < until && !frozen_blobs_.empty(); frozen_blobs_.pop_front()) {
    const BlobId id = frozen_blobs_.front();
    const ChunkStore::Blob* const blob = store_.blobs_.find(id);
    if (blob != nullptr && blob->references > 0 && !blob->saved) put(id);
  }
  return all_taken();
}

}  // namespace leat
