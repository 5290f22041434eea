// SPDX-License-Identifier: Apache-2.0
// sorted_set.h: members with scores, in the order of (score, member's bytes).
//
// Used by: the sorted-set commands (const), apply (the rest).
// Always:  - 0.0 and -0.0 are equal in order, and each is kept as it was given; NaN is never stored;
//          - no leaf is empty; a leaf's key in memory is that of its first item;
//          - a set of one leaf and at most kIndexFrom members has no index: it is scanned.
// Bytes:   chunk := item*;  item := score: f64, member: entry (chunk.h), back (packed.h).
// Ranks:   ascending, from 0. A range of scores or of members is [lower_rank(min), upper_rank(max)).
#pragma once

#include <optional>
#include <vector>

#include "broker/keyspace/score_index.h"
#include "broker/keyspace/value.h"
#include "chunks/leaves.h"
#include "schemas/effect.h"

namespace leat {

struct ScoreBound {
  double score;
  bool exclusive = false;
};

// As ZRANGE BYLEX has them: "-", "[member", "(member", "+".
struct LexBound {
  enum Kind : uint8_t { kMin, kInclusive, kExclusive, kMax };
  Kind kind;
  View member;
};

class SortedSet final : public Value {
 public:
  static constexpr Type kType = Type::kSortedSet;

  SortedSet(ChunkStore& chunks, ValueId id, uint64_t hash_seed);  // chunks must outlive this
  ~SortedSet() override;

  size_t size() const override { return leaves_.items(); }
  bool empty() const { return leaves_.empty(); }
  std::optional<double> score(View member) const;
  std::optional<uint64_t> rank(View member) const;
  std::optional<std::pair<uint64_t, double>> rank_and_score(View member) const;

  // Inserts or moves; true when the member is new.
  bool add(View member, double score);
  bool remove(View member);
  void erase_range(uint64_t rank, uint64_t count);

  // Walks both ways; dies with the next change. Past either end it is no longer valid, and stays so.
  class Cursor {
   public:
    bool valid() const { return set_ != nullptr; }
    uint64_t rank() const { return rank_; }
    double score() const { return get_fixed<double>(at_); }
    View member() const;
    void next();
    void previous();

   private:
    friend class SortedSet;
    Cursor() = default;
    const SortedSet* set_ = nullptr;
    LeafPlace place_;
    const char* at_ = nullptr;
    const char* end_ = nullptr;  // of the chunk
    uint64_t rank_ = 0;
  };
  Cursor cursor(uint64_t rank) const;  // not valid when rank >= size()
  Cursor front() const { return cursor(0); }
  Cursor back() const { return empty() ? Cursor() : cursor(size() - 1); }

  // How many lie before the first within `min`, or up to the last within `max`.
  uint64_t lower_rank(ScoreBound min) const;
  uint64_t upper_rank(ScoreBound max) const;
  // The same by the members alone. They are in order where all scores are one, and where scores rise with them; with
  // others the answer is some rank, as in Redis.
  uint64_t lower_rank(LexBound min) const;
  uint64_t upper_rank(LexBound max) const;

  // A page of ZSCAN from `cursor` on (0: the start) of at least `count` members, while there are so many; `next` is
  // where to go on, 0: done. A cursor is a position among the members' hashes, below 2^32: who is a member from the
  // first page to the last is on exactly one of them, whatever came, went, or changed its score in between. (While the
  // set is so small that it has no index, it comes whole.) The index knows scores, not members, so that a page costs a
  // walk over all members with the scores it finds: where thousands share one, pages become larger than asked for, and
  // the whole scan stays linear. Entries die with the next change.
  struct Page {
    std::vector<ScoredMember> entries;
    uint64_t next = 0;
  };
  Page scan(uint64_t cursor, size_t count) const;

  size_t memory() const override;
  size_t weight() const override;
  std::unique_ptr<Value> clone(ValueId id) const override;
  uint64_t digest() const override;
  bool free_some(size_t chunks) override;
  bool load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) override;

 private:
  static constexpr uint32_t kIndexFrom = 128;
  static constexpr uint64_t kWalkedPerEntry = 64;  // of a scan: what may be walked over for each entry of a page

  struct Leaf {
    std::unique_ptr<Chunk> chunk;
    uint32_t count = 0;
    uint32_t blobs = 0;   // of the members, how many are blobs
    double score = 0;     // of the first item
    uint64_t prefix = 0;  // its member's first eight bytes, as a number that sorts like them
  };
  using Place = LeafPlace;
  // A place between items, told by what lies before it: everything less than (score, member), or as `cut` says.
  enum class Cut : uint8_t { kBeforeScore, kBeforeMember, kAfterMember, kAfterScore };
  struct Probe {
    double score;
    Cut cut;
    View member;
    uint64_t prefix;
    bool any_score = false;  // by the member alone, for sets whose members are in order without their scores
  };
  struct Spot {
    Place place;
    size_t offset;     // may be the end of the chunk
    uint32_t ordinal;  // items of the leaf before it
  };

  static Probe probe_at(double score, View member);
  bool lies_before(const char* item, const Probe& probe) const;
  bool starts_before(const Leaf& leaf, const Probe& probe) const;
  Spot seek(const Probe& probe) const;
  uint64_t rank_of(const Probe& probe) const;
  bool holds(const Spot& spot, double score, View member) const;
  std::optional<Spot> locate(View member) const;
  std::optional<Spot> scan(View member) const;

  Place add_leaf(Place before);
  void insert_item(View member, double score);
  void erase_items(Place place, size_t offset, uint32_t count, bool indexed);
  void remove_leaf(Place place);
  void split(Place place);
  bool merge(Place left);
  void refresh(Leaf& leaf) const;
  Leaf loaded_leaf(std::unique_ptr<Chunk> chunk);
  void index_loaded(Pause& pause);
  void index_all();
  uint32_t tag(View member) const;
  struct Stretch;
  Stretch stretch(uint64_t cursor, size_t count) const;

  ChunkStore& chunks_;
  const uint64_t hash_seed_;
  Leaves<Leaf> leaves_;
  ScoreIndex index_;
  size_t blob_bytes_ = 0;
  size_t chunk_bytes_ = 0;  // chunk_meter.h
};

}  // namespace leat
