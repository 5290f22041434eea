// SPDX-License-Identifier: Apache-2.0
// arrays.h: a short sorted array of plain items, in the two places where one can lie.
//
// Used by: IdOrdered (pending.h), which is made of them.
// Always:  - a HeapArray is derived from something else, and no snapshot has it; a ChunkArray is content, and its chunk
//            goes to snapshots like any other;
//          - items are copied as bytes; what items() shows dies with the next change.
// Bytes:   a ChunkArray's chunk holds the items as they lie in memory, little-endian, one after the other.
#pragma once

#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "chunks/chunk_store.h"

namespace leat::consumers {

template <typename Item>
class HeapArray {
 public:
  struct Home {};  // where new arrays are made

  HeapArray() = default;
  explicit HeapArray(Home) {}

  std::span<const Item> items() const { return items_; }
  void insert(size_t at, std::span<const Item> added) {
    items_.insert(items_.begin() + at, added.begin(), added.end());
  }
  void erase(size_t at, size_t count) { items_.erase(items_.begin() + at, items_.begin() + at + count); }
  void set(size_t at, const Item& item) { items_[at] = item; }
  size_t memory() const { return items_.capacity() * sizeof(Item); }

 private:
  std::vector<Item> items_;
};

template <typename Item>
class ChunkArray {
  static_assert(std::is_trivially_copyable_v<Item> && std::has_unique_object_representations_v<Item>);

 public:
  struct Home {
    ChunkStore* store;  // must outlive the arrays
    ValueId owner;
    ChunkKind kind;
  };

  ChunkArray() = default;
  explicit ChunkArray(const Home& home) : store_(home.store), chunk_(store_->create(home.owner, home.kind)) {}
  ChunkArray(const Home& home, std::unique_ptr<Chunk> loaded) : store_(home.store), chunk_(std::move(loaded)) {}
  ChunkArray(ChunkArray&&) = default;
  ChunkArray& operator=(ChunkArray&& other) {
    std::swap(store_, other.store_);
    std::swap(chunk_, other.chunk_);
    return *this;
  }
  ~ChunkArray() {
    if (chunk_ != nullptr) store_->retire(std::move(chunk_));
  }

  std::span<const Item> items() const {
    return {reinterpret_cast<const Item*>(chunk_->data()), chunk_->size() / sizeof(Item)};
  }
  void insert(size_t at, std::span<const Item> added) {
    store_->mutate(*chunk_).insert(at * sizeof(Item),
                                   View(reinterpret_cast<const char*>(added.data()), added.size_bytes()));
  }
  void erase(size_t at, size_t count) {
    ChunkEdit edit = store_->mutate(*chunk_);
    edit.erase(at * sizeof(Item), count * sizeof(Item));
    if (chunk_->memory() > 2 * chunk_->size() + sizeof(Chunk) + 128) edit.fit();
  }
  void set(size_t at, const Item& item) {
    std::memcpy(store_->mutate(*chunk_).data() + at * sizeof(Item), &item, sizeof(Item));
  }
  size_t memory() const { return chunk_->memory(); }

 private:
  ChunkStore* store_ = nullptr;
  std::unique_ptr<Chunk> chunk_;
};

}  // namespace leat::consumers
