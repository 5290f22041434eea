// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/hash.h"

#include <algorithm>
#include <iterator>

namespace leat {

Hash::Hash(const Hash& other, ValueId id) : Value(kType, id), fields_(other.fields_, id) {
  if (other.lifetimes_ != nullptr) lifetimes_ = std::make_unique<Lifetimes>(*other.lifetimes_, id);
}

void Hash::set_lifetime(View field, TimeMs at_ms) {
  CHECK(id() != 0 && contains(field));
  if (at_ms == 0) {
    if (lifetimes_ != nullptr) drop_lifetime(field);
    return;
  }
  if (lifetimes_ == nullptr) lifetimes_ = std::make_unique<Lifetimes>(fields_.chunks(), id());
  lifetimes_->set(field, at_ms);
}

void Hash::drop_lifetime(View field) {
  lifetimes_->drop(field);
  if (lifetimes_->empty()) lifetimes_.reset();
}

std::vector<Bytes> Hash::due(TimeMs now_ms, size_t limit) const {
  return lifetimes_ == nullptr ? std::vector<Bytes>() : lifetimes_->due(now_ms, limit);
}

std::unique_ptr<Value> Hash::clone(ValueId id) const {
  std::unique_ptr<Hash> copy(new Hash(*this, id));
  copy->encoding = encoding;
  return copy;
}

uint64_t Hash::digest() const {
  uint64_t digest = 0;
  for_each([&](View field, View value) { digest = digest::mix(digest, digest::chain(digest::of(field), value)); });
  if (lifetimes_ == nullptr) return digest;
  lifetimes_->for_each([&](View field, TimeMs at_ms) {
    digest = digest::mix(digest, digest::chain(digest::of(field), static_cast<uint64_t>(at_ms)));
  });
  return digest;
}

// Lifetimes first: what a snapshot sees in between must not have one of a field that is gone.
bool Hash::free_some(size_t chunks) {
  if (lifetimes_ != nullptr) {
    if (!lifetimes_->free_some(chunks)) return false;
    lifetimes_.reset();
  }
  return fields_.clear_some(chunks);
}

bool Hash::load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) {
  const auto border = std::stable_partition(chunks.begin(), chunks.end(), [](const std::unique_ptr<Chunk>& chunk) {
    return chunk->kind() == ChunkKind::kHashFields;
  });
  std::vector<std::unique_ptr<Chunk>> of_lifetimes(std::make_move_iterator(border),
                                                   std::make_move_iterator(chunks.end()));
  chunks.erase(border, chunks.end());
  if (!fields_.load(std::move(chunks), pause)) return false;
  if (of_lifetimes.empty()) return true;
  lifetimes_ = std::make_unique<Lifetimes>(fields_.chunks(), id());
  if (!lifetimes_->load(std::move(of_lifetimes), pause)) return false;
  if (lifetimes_->empty()) return lifetimes_.reset(), true;  // they were being freed with their hash
  bool fits = true;
  lifetimes_->for_each([&](View field, TimeMs) {
    pause.after(field.size());
    fits = fits && contains(field);
  });
  return fits;
}

}  // namespace leat
