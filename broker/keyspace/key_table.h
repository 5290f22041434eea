// SPDX-License-Identifier: Apache-2.0
// key_table.h: the rows of a database: a key, and what is known of it without looking further.
//
// Used by: Database alone.
// Always:  - a row is short (kRowBytesMax), so it lies in its segment and never in a blob: a short string, or a field
//            of a small hash, is found with two loads from memory that nobody has touched for a while;
//          - beside each row is a number about its use (key_use.h); it is in no chunk.
// Bytes:   row := kind: u8  [expire_at_ms: i64]  (value id: varint | text, to the row's end)
//          kind := type (3 bits) | kExpires | kPointsToValue | kWritten | label of a hash or set (2 bits)
//          text := the string | entries of the hash or set, as byte_map.h has them
#pragma once

#include "broker/keyspace/byte_map.h"
#include "broker/keyspace/value.h"

namespace leat {

// Longer strings, and hashes and sets with more bytes of entries, are Values. Measured with hashes, against Values: in
// a row a change of one field costs a third less at 5 bytes, a tenth less at 300, the same at 500 and a sixth more at
// 600, where packing the row anew costs more than the cache misses that it saves; the memory is 60 % less at 5 bytes,
// 15 % at 300 and, at 900, the same.
constexpr size_t kRowTextMax = 512;

struct Row {
  Type type = Type::kString;
  bool written = false;                  // changed in place: OBJECT ENCODING then says "raw"
  Encoding label = Encoding::kListpack;  // of a hash or set that is here; a Value knows its own
  TimeMs expire_at_ms = 0;               // 0: never
  ValueId value = 0;                     // 0: the text is here
  View text;
};

class KeyTable {
 public:
  using Place = ByteMap::Place;

  KeyTable(ChunkStore& chunks, ValueId owner) : rows_(chunks, owner, ByteMap::Holds::kPairsAndNotes) {}

  uint64_t hash_of(View key) const { return rows_.hash_of(key); }
  // Who has looked a key up to decide is followed by who looks it up to change: what was found last is kept until
  // something changes or chunks have moved.
  std::optional<Place> locate(View key, uint64_t hash) const {
    if (last_ && last_hash_ == hash && rows_.is_at(*last_, key)) return last_;
    last_hash_ = hash;
    return last_ = rows_.locate(key, hash);
  }
  void insert(View key, uint64_t hash, const Row& row) {
    last_.reset();
    rows_.insert(key, hash, Packed(row).bytes(), note_made_);
  }
  void replace(const Place& place, const Row& row) {
    last_.reset();
    if (note_replaced_ != 0 && place.note != nullptr) *place.note = note_replaced_;
    rows_.replace(place, Packed(row).bytes());
  }
  void remove(const Place& place, uint64_t hash) {
    last_.reset();
    rows_.remove(place, hash);
  }

  void note_writes_as(uint32_t made, uint32_t replaced) {
    note_made_ = made;
    note_replaced_ = replaced;
  }
  void forget_place() { last_.reset(); }

  static bool expires(View row) { return (static_cast<uint8_t>(row[0]) & kExpires) != 0; }
  static Row unpack(View row) {
    const char* at = row.data();
    const uint8_t kind = static_cast<uint8_t>(*at++);
    Row unpacked{.type = static_cast<Type>(kind & kTypeBits),
                 .written = (kind & kWritten) != 0,
                 .label = kLabels[kind >> kLabelShift]};
    if (kind & kExpires) {
      unpacked.expire_at_ms = get_fixed<TimeMs>(at);
      at += sizeof(TimeMs);
    }
    if (kind & kPointsToValue)
      unpacked.value = read_varint(at);
    else
      unpacked.text = View(at, row.data() + row.size() - at);
    return unpacked;
  }

  const ByteMap& rows() const { return rows_; }
  bool load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) {
    last_.reset();
    return rows_.load(std::move(chunks), pause);
  }
  bool clear_some(size_t segments) {
    last_.reset();
    return rows_.clear_some(segments);
  }

 private:
  static constexpr uint8_t kTypeBits = 7, kExpires = 8, kPointsToValue = 16, kWritten = 32;
  static constexpr int kLabelShift = 6;
  static constexpr size_t kRowBytesMax = 1 + sizeof(TimeMs) + kRowTextMax;
  static_assert(kRowBytesMax <= kInlineEntryMax);
  // On disk: never renumber. The label is no state (value.h): it only travels with the row instead of being found anew.
  static constexpr Encoding kLabels[] = {Encoding::kListpack, Encoding::kIntset, Encoding::kHashtable,
                                         Encoding::kListpack};

  class Packed {
   public:
    explicit Packed(const Row& row);
    View bytes() const { return {buffer_, size_}; }

   private:
    size_t size_ = 0;
    char buffer_[kRowBytesMax];
  };

  ByteMap rows_;
  mutable std::optional<Place> last_;  // and its key's hash
  mutable uint64_t last_hash_ = 0;
  uint32_t note_made_ = 0, note_replaced_ = 0;
};

}  // namespace leat
