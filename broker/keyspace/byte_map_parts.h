// SPDX-License-Identifier: Apache-2.0
// byte_map_parts.h: what a byte map of many entries is made of: segments, and the directories that lead to them.
//
// Used by: byte_map.cc (looking and changing), byte_map_segments.cc, byte_map_directories.cc; nobody else.
// Always:  - every slot of a directory leads somewhere, and all that a segment's prefix covers lead to it;
//          - who gives a segment another place in memory sets its slots.
#pragma once

#include "broker/keyspace/byte_map.h"

namespace leat {

constexpr size_t kSmallBytesMax = 2048;  // a map with more has segments
// Keys that nothing tells apart may fill a segment beyond this; it is searched from its front then.
constexpr size_t kIndexedBytesMax = 32768;
constexpr size_t kIndexStep = 16;   // tags are compared sixteen at a time
constexpr size_t kCapacityMin = 6;  // sixteen tags may be read where there are fewer: offsets lie behind them
constexpr int kDirectoryBitsMax = 12;
constexpr int kHashBits = 64;

inline uint8_t tag_of(uint64_t hash) { return static_cast<uint8_t>(hash); }
inline uint64_t top_bits(uint64_t hash, int bits) { return bits == 0 ? 0 : hash >> (kHashBits - bits); }

// One allocation, the chunk in it, for a look at one that is elsewhere costs a cache miss: this, then tags (u8),
// offsets (u16) and, in a map that holds notes, notes (u32), `capacity` of each, in the order in which the entries lie
// in the chunk.
struct ByteMap::Segment {
  Chunk chunk;
  uint32_t count = 0;
  uint16_t capacity = 0;
  uint8_t depth = 0;      // so many top bits of the hash are the same for all keys
  bool noted = false;

  bool indexed() const { return chunk.size() <= kIndexedBytesMax; }  // else it is too long for offsets of two bytes
  static constexpr size_t aligned(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }
  static size_t offsets_at(size_t capacity) { return sizeof(Segment) + aligned(capacity, sizeof(uint16_t)); }
  static size_t notes_at(size_t capacity) {
    return aligned(offsets_at(capacity) + capacity * sizeof(uint16_t), sizeof(uint32_t));
  }
  static size_t bytes(size_t capacity, bool noted) {
    return notes_at(capacity) + (noted ? capacity * sizeof(uint32_t) : 0);
  }
  // For so many, and as many more as fit what the allocator gives for them: half of the keys with 300 bytes lie in
  // segments of nine to twelve, and a step of one more or less is two bytes a key.
  static size_t capacity_for(size_t count, bool noted) {
    const size_t wanted = std::max(count, kCapacityMin);
    const size_t given = Chunk::allocated_for(bytes(wanted, noted));
    size_t capacity = (given - sizeof(Segment)) / (noted ? 7 : 3);
    while (bytes(capacity, noted) > given) --capacity;
    return std::min(capacity, kIndexedBytesMax);
  }
  size_t bytes() const { return bytes(capacity, noted); }
  size_t index_bytes() const { return bytes() - sizeof(Chunk); }
  template <typename Item>
  Item* items_at(size_t offset) { return reinterpret_cast<Item*>(reinterpret_cast<char*>(this) + offset); }
  uint8_t* tags() { return reinterpret_cast<uint8_t*>(this + 1); }
  uint16_t* offsets() { return items_at<uint16_t>(offsets_at(capacity)); }
  uint32_t* notes() { return items_at<uint32_t>(notes_at(capacity)); }
  uint32_t* note(size_t number) { return noted && indexed() ? notes() + number : nullptr; }
};

// A slot is a Segment*, shared by all slots its prefix covers, or a Directory* with the lowest bit set.
struct ByteMap::Directory {
  int bits;
  uint32_t deep;  // segments (and directories) that only one slot points to; when there are none, half will do
  uintptr_t slots[];

  static size_t bytes(int bits) { return sizeof(Directory) + (sizeof(uintptr_t) << bits); }
  size_t size() const { return size_t{1} << bits; }
  static bool is(uintptr_t slot) { return (slot & 1) != 0; }
  static Directory* at(uintptr_t slot) { return reinterpret_cast<Directory*>(slot - 1); }
  static uintptr_t slot_for(Directory* directory) { return reinterpret_cast<uintptr_t>(directory) + 1; }
};

struct ByteMap::Big {
  explicit Big(ValueId owner) : owner(owner) {}
  const ValueId owner;
  uintptr_t root = 0;  // always a directory
  size_t count = 0;
  size_t index_bytes = 0;
  size_t chunk_bytes = 0;  // and blobs'
  size_t blobs = 0;        // references: when there are none, freeing need not look at entries
};

// The way to a segment: its directory, and the slot in it.
struct ByteMap::Path {
  uintptr_t* home;  // what points to the directory
  Directory* directory;
  int consumed;  // bits of the hash that led to it
  size_t slot;
  Segment* segment() const { return reinterpret_cast<Segment*>(directory->slots[slot]); }
  int local_depth() const { return segment()->depth - consumed; }
};

// The content of a segment in the making.
struct ByteMap::Builder {
  struct Item {
    uint32_t offset;
    uint32_t note;
    uint8_t tag;
  };
  Bytes bytes;
  std::vector<Item> items;
  void add(View entry, uint64_t hash, uint32_t note) {
    items.push_back({static_cast<uint32_t>(bytes.size()), note, tag_of(hash)});
    bytes.append(entry);
  }
};

// An entry about to be written.
struct ByteMap::Encoded {
  char head[kVarintBytesMax];
  size_t head_size;
  View tail;
  size_t size() const { return head_size + tail.size(); }
  char* write(char* to) const {
    std::memcpy(to, head, head_size);
    if (!tail.empty()) std::memcpy(to + head_size, tail.data(), tail.size());
    return to + size();
  }
};

}  // namespace leat
