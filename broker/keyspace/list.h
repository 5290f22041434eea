// SPDX-License-Identifier: Apache-2.0
// list.h: a list: values in order, cheap at both ends.
//
// Used by: the list commands (const), apply (the rest).
// Always:  - no chunk is empty; labels rise from the first chunk to the last, with gaps, so that a chunk in the middle
//            renumbers nobody (rarely its neighbours);
//          - neighbours are merged when the middle is thinned out, not while a queue is popped.
// Bytes:   chunk := label: i64, item*;  item := entry (chunk.h), back (packed.h).
#pragma once

#include "broker/keyspace/value.h"
#include "chunks/leaves.h"
#include "schemas/side.h"

namespace leat {

class List final : public Value {
 public:
  static constexpr Type kType = Type::kList;

  List(ChunkStore& chunks, ValueId id, uint64_t hash_seed);  // chunks must outlive this
  ~List() override;

  size_t size() const override { return leaves_.items(); }
  bool empty() const { return leaves_.empty(); }
  View front() const;
  View back() const;
  View at(uint64_t index) const;  // 5 million entries: under 3 us in the middle

  void push(Side side, View value);
  void drop(Side side, uint64_t count);  // at most size()
  void set(uint64_t index, View value);
  void insert(uint64_t index, View value);  // before the one at `index`; size() appends
  void erase(uint64_t index, uint64_t count);

  // Walks both ways; dies with the next change. Past either end it is no longer valid, and stays so.
  //   for (auto at = list.cursor(0); at.valid(); at.next()) …
  class Cursor {
   public:
    bool valid() const { return list_ != nullptr; }
    uint64_t index() const { return index_; }
    View value() const;
    void next();
    void previous();

   private:
    friend class List;
    Cursor() = default;
    const List* list_ = nullptr;
    LeafPlace place_;
    const char* at_ = nullptr;
    const char* end_ = nullptr;  // of the chunk
    uint64_t index_ = 0;
  };
  Cursor cursor(uint64_t index) const;  // not valid when index >= size()

  size_t memory() const override;
  bool fits(size_t bytes) const;  // the same compared, exactly, in time that goes with `bytes`
  size_t weight() const override;
  std::unique_ptr<Value> clone(ValueId id) const override;
  uint64_t digest() const override;
  bool free_some(size_t chunks) override;
  bool load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) override;
  bool labels_rise() const;  // for tests

 private:
  struct Leaf {
    std::unique_ptr<Chunk> chunk;
    uint32_t count = 0;
    uint32_t blobs = 0;  // of the entries, how many are blobs; without any a chunk is freed unread
  };
  using Place = LeafPlace;
  struct Spot {
    Place place;
    size_t offset;
  };

  Spot spot(uint64_t index) const;
  Place add_leaf(Place before);
  void remove_leaf(Place place);
  void write(Spot spot, View value);
  void release(Leaf& leaf, const char*& item);
  void erase_items(Spot spot, uint64_t count);
  void split(Place place);
  bool merge(Place left);
  int64_t label(Place place) const;
  int64_t label_between(Place before);
  void spread_labels(Place around);
  Leaf loaded_leaf(std::unique_ptr<Chunk> chunk);

  ChunkStore& chunks_;
  Leaves<Leaf> leaves_;
  size_t blob_bytes_ = 0;
  size_t chunk_bytes_ = 0;  // chunk_meter.h
};

}  // namespace leat
