// SPDX-License-Identifier: Apache-2.0
// stream.h: a stream: entries in the order of their ids, appended at the end, and the groups that read them.
//
// Used by: the stream commands (const), apply (the rest).
// Always:  - ids rise; last_id never falls, whatever is deleted;
//          - every chunk has a live entry; a deleted one keeps its place until its chunk is rewritten or gone;
//          - a chunk's first entry keeps its field names even when deleted: the others lean on them.
// Bytes:   head chunk := last id: ms u64, seq u64, max deleted id: the same, entries added: u64
//          chunk := first id: ms u64, seq u64, item+;  item := flags: u8, id, fields: entry (chunk.h), back (packed.h)
//          id := varint(ms - first.ms), varint(seq - first.seq when ms is the first's, else seq)
//          the entry's bytes: with flag kSameNames the values, else varint(pairs) and name, value, name, value …;
//          each of them `varint(length) bytes`. As an entry, long fields are one blob.
//          what is remembered of producers: consumers/producers.h
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>

#include "broker/keyspace/value.h"
#include "chunks/leaves.h"
#include "consumers/group.h"
#include "consumers/producers.h"

namespace leat {

class Stream final : public Value {
  struct Leaf;
  struct Item;

 public:
  static constexpr Type kType = Type::kStream;
  using Groups = std::map<Bytes, std::unique_ptr<consumers::Group>, std::less<>>;

  Stream(ChunkStore& chunks, ValueId id, uint64_t hash_seed);  // chunks must outlive this
  ~Stream() override;

  size_t size() const override { return leaves_.items(); }  // live entries
  bool empty() const { return leaves_.empty(); }
  StreamId first_id() const;                     // of the first live entry; 0-0 when there is none
  StreamId last_id() const { return last_id_; }  // the last ever given out
  StreamId max_deleted_id() const { return max_deleted_id_; }
  uint64_t entries_added() const { return entries_added_; }

  void append(StreamId id, std::span<const View> pairs);  // id > last_id(); name, value, name, value …
  bool erase(StreamId id);                                // raises max_deleted_id
  void drop_front(uint64_t count);                        // the oldest live entries; does not raise it (as XTRIM)
  void set_last(StreamId last_id, uint64_t entries_added, StreamId max_deleted_id);

  // Walks the live entries both ways; dies with the next change. Past either end it is no longer valid.
  class Cursor {
   public:
    bool valid() const { return stream_ != nullptr; }
    StreamId id() const { return id_; }
    void next();
    void previous();
    // name, value, name, value …; replaces what `pairs` held.
    void fields(std::vector<View>& pairs) const;

   private:
    friend class Stream;
    Cursor() = default;
    const Leaf& leaf() const;
    bool read();  // the item at offset_; false when it is deleted
    bool step();  // false at the end
    bool step_back();
    const Stream* stream_ = nullptr;
    LeafPlace place_;
    size_t offset_ = 0;
    size_t after_ = 0;  // where the item ends
    StreamId id_;
  };
  Cursor cursor(StreamId from) const;       // the first live entry at or after it
  Cursor cursor_back(StreamId from) const;  // the last live entry at or before it
  Cursor find(StreamId id) const;           // not valid when it is not there
  bool contains(StreamId id) const { return find(id).valid(); }
  uint64_t count_after(StreamId id) const;  // live entries with greater ids: logarithmic
  uint64_t count_before(StreamId id) const;

  size_t chunk_count() const { return leaves_.size(); }  // XINFO: radix-tree-nodes

  const Groups& groups() const { return groups_; }  // by name
  const consumers::Group* find_group(View name) const;
  consumers::Group* find_group(View name);
  consumers::Group& create_group(View name, StreamId last_delivered, int64_t entries_read);  // must not exist
  bool destroy_group(View name);

  const consumers::Producers* producers() const { return producers_.get(); }  // null: nobody has sent an id to remember
  consumers::Producers& open_producers();

  size_t memory() const override;
  size_t weight() const override;
  std::unique_ptr<Value> clone(ValueId id) const override;
  uint64_t digest() const override;
  bool free_some(size_t chunks) override;
  bool load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) override;
  bool load_group(std::unique_ptr<consumers::Group> group);  // false when there is one of that name

 private:
  struct Leaf {
    StreamId first;  // what the chunk's ids count from; at most the first of them
    std::unique_ptr<Chunk> chunk;
    uint32_t count = 0;  // live entries
    uint32_t total = 0;  // deleted ones too
    uint32_t blobs = 0;  // held: those of live entries, and the first entry's
  };
  using Place = LeafPlace;

  static Item parse(const Leaf& leaf, size_t offset);
  View first_fields(const Leaf& leaf) const;
  bool names_as_first(const Leaf& leaf, std::span<const View> pairs) const;
  void read_fields(const Leaf& leaf, const Item& item, std::vector<View>& pairs) const;
  Place leaf_for(StreamId id) const;
  size_t offset_for(Place place, StreamId id) const;  // of the first item, live or not, at or after id
  void write_item(Leaf& leaf, StreamId id, std::span<const View> pairs);
  bool mark_deleted(Place place, size_t offset);  // false when that was the chunk's last live entry: it is gone
  void settle_front();
  void write_head();
  void load_items(Leaf& leaf);
  void release(Leaf& leaf, const Item& item);
  void remove_leaf(Place place);
  void rewrite(Place place);

  ChunkStore& chunks_;
  std::unique_ptr<Chunk> head_;
  Leaves<Leaf> leaves_;
  size_t blob_bytes_ = 0;
  size_t chunk_bytes_ = 0;  // chunk_meter.h
  size_t front_;  // in the first chunk no live entry lies before this offset
  StreamId last_id_, max_deleted_id_;
  uint64_t entries_added_ = 0;
  Groups groups_;
  std::unique_ptr<consumers::Producers> producers_;
};

}  // namespace leat
