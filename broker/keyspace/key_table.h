// SPDX-License-Identifier: Apache-2.0
// key_table.h: the rows of a database: a key, and what is known of it without looking further.
//
// Used by: Database alone.
// Always:  - a row is short (kRowBytesMax), so it lies in its segment and never in a blob: a short string is found with
//            two loads from memory that nobody has touched for a while;
//          - beside each row is the time of its last access; it is in no chunk.
// Bytes:   row := kind: u8  [expire_at_ms: i64]  (value id: varint | the text to the row's end)
//          kind := type (3 bits) | kExpires | kPointsToValue | kWritten
#pragma once

#include "broker/keyspace/byte_map.h"
#include "broker/keyspace/value.h"

namespace leat {

constexpr size_t kShortStringMax = 512;  // longer strings are Values

struct Row {
  Type type = Type::kString;
  bool written = false;     // changed in place: OBJECT ENCODING then says "raw"
  TimeMs expire_at_ms = 0;  // 0: never
  ValueId value = 0;        // 0: the text is here
  View text;
};

class KeyTable {
 public:
  using Place = ByteMap::Place;

  KeyTable(ChunkStore& chunks, ValueId owner) : rows_(chunks, owner, ByteMap::Holds::kPairsAndNotes) {}

  uint64_t hash_of(View key) const { return rows_.hash_of(key); }
  std::optional<Place> locate(View key, uint64_t hash) const { return rows_.locate(key, hash); }
  void insert(View key, uint64_t hash, const Row& row) { rows_.insert(key, hash, Packed(row).bytes()); }
  void replace(const Place& place, const Row& row) { rows_.replace(place, Packed(row).bytes()); }
  void remove(const Place& place, uint64_t hash) { rows_.remove(place, hash); }

  static Row unpack(View row) {
    const char* at = row.data();
    const uint8_t kind = static_cast<uint8_t>(*at++);
    Row unpacked{.type = static_cast<Type>(kind & kTypeBits), .written = (kind & kWritten) != 0};
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
  bool load(std::vector<std::unique_ptr<Chunk>> chunks) { return rows_.load(std::move(chunks)); }
  bool clear_some(size_t segments) { return rows_.clear_some(segments); }

 private:
  static constexpr uint8_t kTypeBits = 7, kExpires = 8, kPointsToValue = 16, kWritten = 32;
  static constexpr size_t kRowBytesMax = 1 + sizeof(TimeMs) + kShortStringMax;
  static_assert(kRowBytesMax <= kInlineEntryMax);

  class Packed {
   public:
    explicit Packed(const Row& row);
    View bytes() const { return {buffer_, size_}; }

   private:
    size_t size_ = 0;
    char buffer_[kRowBytesMax];
  };

  ByteMap rows_;
};

}  // namespace leat
