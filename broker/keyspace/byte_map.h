// SPDX-License-Identifier: Apache-2.0
// byte_map.h: a map of bytes to bytes in packed segments, which are chunks. Hashes, sets and the key table are made of
// it.
//
// Used by: Hash and its Lifetimes, Set, SortedSet (member → score) and KeyTable.
// Always:  - a segment holds the keys whose hashes begin with its prefix; it splits by the next bit when it grows past
//            kChunkBytesTarget and merges with its buddy when both are small: one segment at a time, so that no growth
//            holds the loop;
//          - inside a segment that has never split, entries lie in the order they were first put; an overwrite keeps
//            its place;
//          - Views and Places die with the next change of the map; `key` and `value` of a put must not point into it.
// Shape:   a map of few entries is one chunk and nothing else, searched from its front. A larger one has, beside each
//          chunk, an index (a tag of one byte and an offset for each entry), found by the top bits of the hash through
//          a directory of at most 2^12 slots that doubles a step at a time; a full directory's slot may hold another.
//          The bytes of few entries may also be lent (lent_entries.h): the map then has no chunk, costs nothing to make
//          and forget, and never takes another shape.
// Bytes:   entry := key entry [value entry], as chunk.h has them.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>
#include <unordered_set>

#include "broker/keyspace/lent_entries.h"
#include "chunks/chunk_store.h"
#include "chunks/pause.h"

namespace leat {

class ByteMap {
 public:
  static constexpr size_t kFewMax = 32;  // searched from the front: about 60 ns at most
  enum class Holds : uint8_t {
    kKeys,  // a set: values are not stored, find() gives an empty View
    kPairs,
    kPairsAndNotes,  // and a u32 beside each, which is in no chunk: the key table's last access
    kTimes,          // pairs, in chunks of another kind: when fields of a hash end (lifetimes.h)
  };
  struct Entry {
    View key;
    View value;
  };
  // Where an entry lies.
  struct Place {
    View value;
    uint32_t* note;   // null unless the map holds notes
    void* segment;    // null in a map of one chunk
    uint32_t number;  // in its segment
    uint32_t key_at;  // offsets in the chunk
    uint32_t value_at;
  };

  ByteMap(ChunkStore& chunks, ValueId owner, Holds holds);  // chunks must outlive this
  ByteMap(ChunkStore& chunks, LentEntries entries, Holds holds)
      : store_(reinterpret_cast<uintptr_t>(&chunks) | flags_of(holds) | kLent), lent_(entries) {}
  ByteMap(const ByteMap& other, ValueId owner);  // a copy with chunks of its own; blobs are shared
  ByteMap(const ByteMap& lent) : store_(lent.store_), lent_(lent.lent_) { CHECK(is_lent()); }  // another look
  ByteMap& operator=(const ByteMap&) = delete;
  ~ByteMap() {
    if (!is_lent()) end();
  }

  size_t size() const;
  bool empty() const { return is_big() ? size() == 0 : few().empty(); }
  size_t memory() const;        // beyond sizeof(ByteMap)
  size_t index_memory() const;  // the part of it that is not in chunks and blobs

  uint64_t hash_of(View key) const { return store().hash_of(key); }
  std::optional<View> find(View key) const { return find(key, hash_if_big(key)); }
  std::optional<View> find(View key, uint64_t hash) const;
  bool contains(View key) const { return find(key).has_value(); }

  // Starts to bring near what find() will need, for who knows the next keys already (a pipeline): half of what a
  // look-up costs among many keys is waiting for memory, and many waits at once take no longer than one.
  static constexpr size_t kPrefetchMax = 16;
  void prefetch(Views keys) const;  // at most so many

  // True: the key is new.
  bool put(View key, View value = {});
  bool erase(View key);

  // The same in steps, for who must see the old value first: one look-up instead of two.
  std::optional<Place> locate(View key, uint64_t hash) const;
  bool is_at(const Place& place, View key) const;  // of a place that nothing has changed since
  void insert(View key, uint64_t hash, View value, uint32_t note = 0);  // the key must be absent
  void replace(const Place& place, View value);
  void remove(const Place& place, uint64_t hash);

  View lent_bytes() const { return lent_.bytes(); }  // of a lent map
  bool is_lent() const { return (store_ & kLent) != 0; }
  ChunkStore& chunks() const { return store(); }

  // In the order of segments.
  template <typename Visit>
  void for_each(Visit visit) const {
    uint64_t at = 0;
    do {
      const Run run = run_at(at);
      for (Entries entries(*this, run.bytes); entries.more();) {
        const Entry entry = entries.next();
        visit(entry.key, entry.value);
      }
      at = run.next;
    } while (at != 0);
  }

  // Visits entries in the order of their hashes from `cursor` (0: the start), whole segments until `count` were seen;
  // of a map that is one segment `count` is the page (a set of 129 must not come whole, as in Redis), and of any map
  // whose pages shall be exact, which reads a segment once for each page. Returns where to go on, 0: done. A cursor is
  // a position among the hashes, so an entry that is there from the first call to the last is visited exactly once,
  // whatever split or merged in between. Cursors stay below 2^48: JavaScript's numbers hold them. Entries whose hashes
  // begin with the same 48 bits come on one page.
  enum class Pages : uint8_t { kOfSegments, kExact };
  template <typename Visit>
  uint64_t scan(uint64_t cursor, size_t count, Visit visit, Pages pages = Pages::kOfSegments) const {
    if (cursor >> kCursorBits != 0) return 0;
    constexpr int kBelowCursor = 64 - kCursorBits;
    uint64_t at = cursor << kBelowCursor;
    size_t seen = 0;
    uint64_t last = cursor;
    std::vector<std::pair<uint64_t, Entry>> page;
    do {
      const Run run = run_at(at);
      page.clear();
      for (Entries entries(*this, run.bytes); entries.more();) {
        const Entry entry = entries.next();
        const uint64_t hash = hash_of(entry.key);
        if (hash >= at) page.emplace_back(hash, entry);  // below: visited before, in a half that was merged since
      }
      const bool cut = (pages == Pages::kExact || (run.first == 0 && run.next == 0)) && page.size() > count - seen;
      if (cut) std::sort(page.begin(), page.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      for (const auto& [hash, entry] : page) {
        const uint64_t position = hash >> kBelowCursor;
        if (cut && seen >= count && position != last) return position;
        last = position;
        ++seen;
        visit(entry.key, entry.value);
      }
      at = run.next;
    } while (at != 0 && (seen < count || at << kCursorBits != 0));
    return at >> kBelowCursor;
  }

  // Every entry whose key's hash begins with these bits: nearly always one or none.
  static uint32_t high_bits(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }
  template <typename Visit>
  void for_high_bits(uint32_t bits, Visit visit) const {
    uint64_t at = uint64_t{bits} << 32;
    do {
      const Run run = run_at(at);
      for (Entries entries(*this, run.bytes); entries.more();) {
        const Entry entry = entries.next();
        if (hash_of(entry.key) >> 32 == bits) visit(entry.key, entry.value);
      }
      at = run.next;
    } while (at != 0 && at >> 32 == bits);  // more than one only where nothing else tells keys apart
  }

  // An entry, each about equally likely; the map must not be empty. Constant time.
  Entry random(uint64_t dice) const;
  // The entries of one segment, picked by chance, with what is noted beside them: `visit(View key, View
  // value, uint32_t)`.
  template <typename Visit>
  void visit_some(uint64_t dice, Visit visit) const {
    const Run run = run_at(next_roll(dice));
    const uint32_t* note = run.notes;
    for (Entries entries(*this, run.bytes); entries.more();) {
      const Entry entry = entries.next();
      visit(entry.key, entry.value, note == nullptr ? 0 : *note++);
    }
  }
  // `count` different entries (all, if there are fewer), in no particular order. Constant time for each.
  template <typename Visit>
  void sample(size_t count, uint64_t dice, Visit visit) const {
    size_t left = size(), wanted = std::min(count, left);
    if (wanted < left / 8) {  // few of many: throw dice, and again when they show one that was taken
      std::unordered_set<const char*> taken;
      while (taken.size() < wanted) {
        const Entry entry = random(next_roll(dice));
        if (taken.insert(entry.key.data()).second) visit(entry.key, entry.value);
      }
      return;
    }
    for_each([&](View key, View value) {  // each with the chance that leaves exactly `wanted`
      if (static_cast<unsigned __int128>(next_roll(dice)) * left-- >> 64 >= wanted) return;
      --wanted;
      visit(key, value);
    });
  }

  static uint64_t next_roll(uint64_t& state) {  // splitmix64
    uint64_t mixed = state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
  }

  // Builds the map, which must be empty, out of its chunks, in any order; false when they do not fit together.
  bool load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause);

  // Frees up to `segments` of them; true when nothing is left. In between the map must not be used for anything else.
  bool clear_some(size_t segments);

 private:
  struct Segment;
  struct Directory;
  struct Big;
  struct Path;
  struct Builder;
  static constexpr int kCursorBits = 48;
  static constexpr uintptr_t kNoValues = 1, kNotes = 2, kBig = 4, kLent = 8, kIsTimes = 16, kFlags = 31;
  static_assert(alignof(ChunkStore) > kFlags);
  static constexpr uintptr_t flags_of(Holds holds) {
    if (holds == Holds::kTimes) return kIsTimes;
    return holds == Holds::kKeys ? kNoValues : holds == Holds::kPairsAndNotes ? kNotes : 0;
  }

  // The segment that covers `position`: its bytes, where it begins, where the next one does (0: nowhere), and what is
  // noted beside its entries (null: nothing).
  struct Run {
    View bytes;
    uint64_t first;
    uint64_t next;
    const uint32_t* notes;
  };
  class Entries {
   public:
    Entries(const ByteMap& map, View bytes)
        : store_(map.store()), values_(map.has_values()), from_(bytes.data()), end_(bytes.data() + bytes.size()) {}
    bool more() const { return from_ < end_; }
    Entry next() {
      const View key = store_.read_entry(from_);
      return {key, values_ ? store_.read_entry(from_) : View()};
    }

   private:
    const ChunkStore& store_;
    const bool values_;
    const char* from_;
    const char* const end_;
  };
  ChunkStore& store() const { return *reinterpret_cast<ChunkStore*>(store_ & ~kFlags); }
  bool has_values() const { return (store_ & kNoValues) == 0; }
  bool has_notes() const { return (store_ & kNotes) != 0; }
  bool is_big() const { return (store_ & kBig) != 0; }
  View few() const { return is_lent() ? lent_.bytes() : small_.bytes(); }
  // Few entries are compared one by one: their hashes matter to nobody.
  uint64_t hash_if_big(View key) const { return is_big() ? hash_of(key) : 0; }
  ChunkKind kind() const {
    if (has_notes()) return ChunkKind::kKeyRows;
    if ((store_ & kIsTimes) != 0) return ChunkKind::kHashLifetimes;
    return has_values() ? ChunkKind::kHashFields : ChunkKind::kSetMembers;
  }
  Run run_at(uint64_t position) const;

  Entry entry_at(View bytes, size_t number) const;
  bool same_key(const char* entry, View key) const;
  void skip(const char*& entry) const;
  size_t count_in(View bytes) const;
  size_t blob_bytes_in(View bytes, size_t& blobs) const;
  Place place_at(const char* data, const char* key_at, Segment* segment, uint32_t number) const;
  std::optional<Place> search(View bytes, View key, Segment* segment) const;
  std::optional<Place> search_index(Segment* segment, View key, uint64_t hash) const;

  void end();
  struct Encoded;
  Encoded encode(View value);
  void insert_lent(View key, View value);
  void replace_lent(const Place& place, View value);
  void remove_lent(const Place& place);
  void append(Chunk& chunk, View key, View value);
  void release(const char* from, const char* to);
  void insert_big(View key, uint64_t hash, View value, uint32_t note);

  Path path_to(uint64_t hash) const;
  Segment* segment_for(uint64_t hash) const;
  void become_big();
  void become_small();
  bool load_segment(std::unique_ptr<Chunk> chunk);
  Segment* make_segment(int depth, size_t capacity);
  static Segment* allocate_segment(size_t capacity, bool noted);
  Segment* resized(Segment* segment, size_t capacity);
  void free_segment(Segment* segment);
  void take_apart(const Segment* segment, Builder& low, Builder& high) const;
  Segment* rebuilt(Segment* segment, const Builder& from);
  void fill_index(Segment* segment, const Builder& from);
  void deepen(Segment* segment, int by);
  void split(uint64_t hash);
  void split_while_large(uint64_t hash);
  void make_room_below(Path& path, uint64_t hash);
  void merge_up(uint64_t hash);
  bool merge_with_buddy(const Path& path, uint64_t hash);
  void shrink(const Path& path);
  void set_slots(const Path& path, uint64_t hash, Segment* segment);
  uintptr_t make_directory(int bits);
  void free_directory(Directory* directory);
  void free_slots(Directory* directory, size_t& budget);
  uintptr_t clone_slot(uintptr_t slot);

  // The store's address, with the flags in its low bits: a small hash is worth the trouble.
  uintptr_t store_;
  union {
    Chunk small_;
    Big* big_;
    LentEntries lent_;
  };
};
static_assert(sizeof(ByteMap) == 48);

}  // namespace leat
