// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/byte_map.h"

#include <cmath>
#include <new>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace leat {

namespace {
constexpr size_t kSmallBytesMax = 2048;
constexpr size_t kSmallAgainEntries = 12;  // well below, so that a map does not change its shape at every put
constexpr size_t kMergedBytesMax = kChunkBytesTarget / 2;
constexpr size_t kMergeBelowBytes = kChunkBytesTarget / 4;
// Keys that nothing tells apart may fill a segment beyond this; it is searched from its front then.
constexpr size_t kIndexedBytesMax = 32768;
constexpr int kDirectoryBitsMax = 12;
constexpr int kHashBits = 64;
constexpr size_t kPauseEvery = 512;  // segments of a load: some milliseconds
constexpr size_t kIndexStep = 16;  // tags are compared sixteen at a time

uint8_t tag_of(uint64_t hash) { return static_cast<uint8_t>(hash); }
uint64_t top_bits(uint64_t hash, int bits) { return bits == 0 ? 0 : hash >> (kHashBits - bits); }
size_t entry_size(View value) {
  return value.size() > kInlineEntryMax ? kVarintBytesMax : varint_size(value.size() << 1) + value.size();
}

// Which of the sixteen tags at `tags` are `tag`, as bits.
uint32_t matches(const uint8_t* tags, uint8_t tag) {
#ifdef __SSE2__
  const __m128i group = _mm_loadu_si128(reinterpret_cast<const __m128i*>(tags));
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(group, _mm_set1_epi8(static_cast<char>(tag)))));
#else
  uint32_t bits = 0;
  for (size_t i = 0; i < kIndexStep; ++i) bits |= static_cast<uint32_t>(tags[i] == tag) << i;
  return bits;
#endif
}
}  // namespace

// One allocation: this, then tags (u8), offsets (u16) and, in a map that holds notes, notes (u32), `capacity` of each,
// in the order in which the entries lie in the chunk.
struct ByteMap::Segment {
  std::unique_ptr<Chunk> chunk;
  const char* data;  // the chunk's bytes: kept here, as is `indexed`, because a look into the chunk costs a cache miss
  uint32_t count;
  uint16_t capacity;  // a multiple of kIndexStep
  uint8_t depth;      // so many top bits of the hash are the same for all keys
  bool noted : 1;
  bool indexed : 1;  // else the chunk is too long for offsets of two bytes

  void settle() {  // after each change of the chunk
    data = chunk->data();
    indexed = chunk->size() <= kIndexedBytesMax;
  }
  static size_t bytes(size_t capacity, bool noted) { return sizeof(Segment) + capacity * (noted ? 7 : 3); }
  size_t bytes() const { return bytes(capacity, noted); }
  uint8_t* tags() { return reinterpret_cast<uint8_t*>(this + 1); }
  uint16_t* offsets() { return reinterpret_cast<uint16_t*>(tags() + capacity); }
  uint32_t* notes() { return reinterpret_cast<uint32_t*>(offsets() + capacity); }
  uint32_t* note(size_t number) { return noted && indexed ? notes() + number : nullptr; }
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

// ---- life

ByteMap::ByteMap(ChunkStore& chunks, ValueId owner, Holds holds)
    : store_(reinterpret_cast<uintptr_t>(&chunks) | flags_of(holds)) {
  new (&small_) Chunk();
  chunks.begin(small_, owner, kind());
}

ByteMap::ByteMap(const ByteMap& other, ValueId owner) : store_(other.store_ & ~kLent) {
  if (is_big()) {
    big_ = new Big(owner);
    big_->root = clone_slot(other.big_->root);
    big_->count = other.big_->count;
    return;
  }
  new (&small_) Chunk();
  store().begin(small_, owner, kind());
  const View entries = other.few();
  if (entries.empty()) return;
  store().mutate(small_).append(entries);
  const char* const end = small_.data() + small_.size();
  for (const char* at = small_.data(); at < end;) store().share_entry(at);
  if (count_in(entries) > kFewMax) become_big();  // a lent map does not grow an index, however many there are
}

void ByteMap::end() {
  clear_some(SIZE_MAX);
  store().end(small_);
  small_.~Chunk();
}

bool ByteMap::clear_some(size_t segments) {
  if (!is_big()) {
    release(small_.data(), small_.data() + small_.size());
    ChunkEdit edit = store().mutate(small_);
    edit.erase(0, edit.size());
    edit.fit();
    return true;
  }
  Directory* const root = Directory::at(big_->root);
  free_slots(root, segments);
  if (segments == 0) return false;
  free_directory(root);
  const ValueId owner = big_->owner;
  delete big_;
  store_ &= ~kBig;
  new (&small_) Chunk();
  store().begin(small_, owner, kind());
  return true;
}

// Frees what the slots hold while the budget lasts.
void ByteMap::free_slots(Directory* directory, size_t& budget) {
  for (size_t i = 0; i < directory->size() && budget > 0; ++i) {
    const uintptr_t slot = directory->slots[i];
    if (slot == 0) continue;
    if (Directory::is(slot)) {
      free_slots(Directory::at(slot), budget);
      if (budget == 0) return;
      free_directory(Directory::at(slot));
      directory->slots[i] = 0;
      continue;
    }
    Segment* const segment = reinterpret_cast<Segment*>(slot);
    if (big_->blobs > 0) release(segment->data, segment->data + segment->chunk->size());
    free_segment(segment);
    for (size_t same = i; same < directory->size() && directory->slots[same] == slot; ++same)
      directory->slots[same] = 0;
    --budget;
  }
}

uintptr_t ByteMap::clone_slot(uintptr_t slot) {
  if (Directory::is(slot)) {
    const Directory* const from = Directory::at(slot);
    const uintptr_t made = make_directory(from->bits);
    Directory* const to = Directory::at(made);
    to->deep = from->deep;
    for (size_t i = 0; i < from->size(); ++i) {
      const bool same = i > 0 && from->slots[i] == from->slots[i - 1];
      to->slots[i] = same ? to->slots[i - 1] : clone_slot(from->slots[i]);
    }
    return made;
  }
  Segment* const from = reinterpret_cast<Segment*>(slot);
  Segment* const to = make_segment(from->depth, from->capacity);
  std::memcpy(to->tags(), from->tags(), from->bytes() - sizeof(Segment));
  to->count = from->count;
  if (from->chunk->empty()) return reinterpret_cast<uintptr_t>(to);
  store().mutate(*to->chunk).append(from->chunk->bytes());
  to->settle();
  for (const char *at = to->data, *end = at + to->chunk->size(); at < end;) store().share_entry(at);
  size_t blobs = 0;
  big_->chunk_bytes += to->chunk->memory() - sizeof(Chunk) + blob_bytes_in(to->chunk->bytes(), blobs);
  big_->blobs += blobs;
  return reinterpret_cast<uintptr_t>(to);
}

// ---- looking

size_t ByteMap::size() const { return is_big() ? big_->count : count_in(few()); }

size_t ByteMap::memory() const {
  if (is_big()) return index_memory() + big_->chunk_bytes;
  if (is_lent()) return lent_.size();
  size_t blobs = 0;
  return small_.memory() - sizeof(Chunk) + blob_bytes_in(small_.bytes(), blobs);
}

size_t ByteMap::index_memory() const { return is_big() ? sizeof(Big) + big_->index_bytes : 0; }

std::optional<View> ByteMap::find(View key, uint64_t hash) const {
  const auto place = locate(key, hash);
  if (!place) return std::nullopt;
  return place->value;
}

std::optional<ByteMap::Place> ByteMap::locate(View key, uint64_t hash) const {
  if (!is_big()) return search(few(), key, nullptr);
  Segment* const segment = segment_for(hash);
  if (!segment->indexed) return search(segment->chunk->bytes(), key, segment);
  return search_index(segment, key, hash);
}

std::optional<ByteMap::Place> ByteMap::search_index(Segment* segment, View key, uint64_t hash) const {
  const uint8_t* const tags = segment->tags();
  const uint16_t* const offsets = segment->offsets();
  for (size_t first = 0; first < segment->count; first += kIndexStep) {
    uint32_t found = matches(tags + first, tag_of(hash));
    while (found != 0) {
      const size_t number = first + std::countr_zero(found);
      found &= found - 1;
      if (number >= segment->count) return std::nullopt;  // beyond the last tag lies what was there before
      const char* const entry = segment->data + offsets[number];
      if (same_key(entry, key)) return place_at(segment->data, entry, segment, number);
    }
  }
  return std::nullopt;
}

std::optional<ByteMap::Place> ByteMap::search(View bytes, View key, Segment* segment) const {
  const char* const end = bytes.data() + bytes.size();
  uint32_t number = 0;
  for (const char* at = bytes.data(); at < end; skip(at), ++number) {
    if (same_key(at, key)) return place_at(bytes.data(), at, segment, number);
  }
  return std::nullopt;
}

ByteMap::Place ByteMap::place_at(const char* data, const char* key_at, Segment* segment, uint32_t number) const {
  Place place{.value = {},
              .note = segment == nullptr ? nullptr : segment->note(number),
              .segment = segment,
              .number = number,
              .key_at = static_cast<uint32_t>(key_at - data),
              .value_at = 0};
  const char* at = key_at;
  ChunkStore::skip_entry(at);
  place.value_at = static_cast<uint32_t>(at - data);
  if (has_values()) place.value = store().read_entry(at);
  return place;
}

inline bool ByteMap::same_key(const char* entry, View key) const {
  const uint64_t head = read_varint(entry);
  if (head & 1) return key.size() > kInlineEntryMax && store().blob(head >> 1) == key;
  return View(entry, head >> 1) == key;
}

inline void ByteMap::skip(const char*& entry) const {
  ChunkStore::skip_entry(entry);
  if (has_values()) ChunkStore::skip_entry(entry);
}

size_t ByteMap::count_in(View bytes) const {
  size_t count = 0;
  const char* const end = bytes.data() + bytes.size();
  for (const char* at = bytes.data(); at < end; skip(at)) ++count;
  return count;
}

size_t ByteMap::blob_bytes_in(View bytes, size_t& blobs) const {
  size_t sum = 0;
  const char* const end = bytes.data() + bytes.size();
  for (const char* at = bytes.data(); at < end;) {
    const View value = store().read_entry(at);
    if (value.size() <= kInlineEntryMax) continue;
    sum += value.size();
    ++blobs;
  }
  return sum;
}

ByteMap::Segment* ByteMap::segment_for(uint64_t hash) const {
  uintptr_t slot = big_->root;
  for (; Directory::is(slot); hash <<= kDirectoryBitsMax) {  // only a full directory holds directories
    const Directory* const directory = Directory::at(slot);
    slot = directory->slots[top_bits(hash, directory->bits)];
  }
  Segment* const segment = reinterpret_cast<Segment*>(slot);
  // Tags and offsets of some seventy entries, all at once instead of one after the other: memory is far away.
  for (int line = 0; line <= 4; ++line) __builtin_prefetch(reinterpret_cast<char*>(segment) + line * 64);
  return segment;
}

ByteMap::Path ByteMap::path_to(uint64_t hash) const {
  Path path{.home = &big_->root, .directory = Directory::at(big_->root), .consumed = 0, .slot = 0};
  for (;;) {
    path.slot = top_bits(hash << path.consumed, path.directory->bits);
    uintptr_t& slot = path.directory->slots[path.slot];
    if (!Directory::is(slot)) return path;
    path.home = &slot;
    path.directory = Directory::at(slot);
    path.consumed += kDirectoryBitsMax;
  }
}

ByteMap::Run ByteMap::run_at(uint64_t position) const {
  if (!is_big()) return {few(), 0, 0};
  const Segment* const segment = segment_for(position);
  if (segment->depth == 0) return {segment->chunk->bytes(), 0, 0};
  const int rest = kHashBits - segment->depth;
  const uint64_t first = position >> rest << rest;
  return {segment->chunk->bytes(), first, first + (uint64_t{1} << rest)};  // past the last one this is 0
}

// A position falls on a segment with the chance that its share of the hashes gives it; taking it with a chance in
// proportion to how full it is makes entries equally likely.
ByteMap::Entry ByteMap::random(uint64_t dice) const {
  const auto below = [&](size_t bound) {
    return static_cast<size_t>(static_cast<unsigned __int128>(next_roll(dice)) * bound >> 64);
  };
  CHECK(!empty());
  if (!is_big()) return entry_at(few(), below(count_in(few())));
  constexpr int kTriesMax = 1000;  // nobody is that unlucky, unless keys collide
  for (int tries = 0;; ++tries) {
    Segment* const segment = segment_for(next_roll(dice));
    const double expected = std::ldexp(static_cast<double>(big_->count), -segment->depth);
    size_t most = segment->depth == 0 ? segment->count : static_cast<size_t>(4 * expected) + 4;
    if (tries > kTriesMax) most = std::min<size_t>(most, segment->count);
    const size_t number = below(most);
    if (number >= segment->count) continue;
    if (segment->indexed) return entry_at(segment->chunk->bytes().substr(segment->offsets()[number]), 0);
    return entry_at(segment->chunk->bytes(), number);
  }
}

ByteMap::Entry ByteMap::entry_at(View bytes, size_t number) const {
  Entries entries(*this, bytes);
  while (number-- > 0) entries.next();
  return entries.next();
}

// ---- changing

bool ByteMap::put(View key, View value) {
  const uint64_t hash = hash_if_big(key);
  const auto place = locate(key, hash);
  if (place)
    replace(*place, value);
  else
    insert(key, hash, value);
  return !place;
}

bool ByteMap::erase(View key) {
  const uint64_t hash = hash_if_big(key);
  const auto place = locate(key, hash);
  if (place) remove(*place, hash);
  return place.has_value();
}

ByteMap::Encoded ByteMap::encode(View value) {
  Encoded encoded;
  if (value.size() <= kInlineEntryMax) {
    encoded.head_size = write_varint(encoded.head, value.size() << 1);
    encoded.tail = value;
    return encoded;
  }
  encoded.head_size = write_varint(encoded.head, store().keep(value) << 1 | 1);
  if (is_big()) {
    big_->chunk_bytes += value.size();
    ++big_->blobs;
  }
  return encoded;
}

void ByteMap::append(Chunk& chunk, View key, View value) {
  const Encoded first = encode(key);
  const Encoded second = has_values() ? encode(value) : Encoded{.head = {}, .head_size = 0, .tail = {}};
  ChunkEdit edit = store().mutate(chunk);
  second.write(first.write(edit.open(edit.size(), first.size() + second.size())));
}

// Drops the references that entries hold.
void ByteMap::release(const char* from, const char* to) {
  while (from < to) {
    if (is_big()) {
      const char* at = from;
      const View value = store().read_entry(at);
      if (value.size() > kInlineEntryMax) {
        big_->chunk_bytes -= value.size();
        --big_->blobs;
      }
    }
    store().release_entry(from);
  }
}

void ByteMap::insert(View key, uint64_t hash, View value) {
  if (is_big()) return insert_big(key, hash, value);
  if (is_lent()) return insert_lent(key, value);
  const size_t bytes = small_.size() + entry_size(key) + entry_size(value);
  if (!has_notes() && bytes <= kSmallBytesMax && count_in(small_.bytes()) < kFewMax) {
    return append(small_, key, value);
  }
  become_big();
  insert_big(key, hash_of(key), value);
}

void ByteMap::insert_big(View key, uint64_t hash, View value) {
  const size_t needed = entry_size(key) + (has_values() ? entry_size(value) : 0);
  Segment* segment = segment_for(hash);
  while (segment->chunk->size() + needed > kChunkBytesTarget && segment->count > 0 && segment->depth < kHashBits) {
    split(hash);
    segment = segment_for(hash);
  }
  Chunk& chunk = *segment->chunk;
  const size_t before = chunk.memory(), offset = chunk.size();
  append(chunk, key, value);
  big_->chunk_bytes += chunk.memory() - before;
  segment->settle();
  if (segment->indexed) {
    if (segment->count == segment->capacity) {
      segment = resized(segment, segment->capacity + std::max<size_t>(segment->capacity / 8, kIndexStep));
      set_slots(path_to(hash), hash, segment);
    }
    segment->tags()[segment->count] = tag_of(hash);
    segment->offsets()[segment->count] = static_cast<uint16_t>(offset);
    if (segment->noted) segment->notes()[segment->count] = 0;
  }
  ++segment->count;
  ++big_->count;
}

void ByteMap::replace(const Place& place, View value) {
  if (!has_values()) return;
  if (is_lent()) return replace_lent(place, value);
  Segment* segment = static_cast<Segment*>(place.segment);
  Chunk& chunk = segment == nullptr ? small_ : *segment->chunk;
  const size_t before = chunk.memory();
  const bool was_indexed = segment != nullptr && segment->indexed;
  const Encoded encoded = encode(value);
  const char* const old = chunk.data() + place.value_at;
  const char* old_end = old;
  ChunkStore::skip_entry(old_end);
  const size_t old_size = old_end - old;
  release(old, old_end);
  ChunkEdit edit = store().mutate(chunk);
  if (encoded.size() > old_size)
    edit.open(place.value_at, encoded.size() - old_size);
  else if (encoded.size() < old_size)
    edit.erase(place.value_at, old_size - encoded.size());
  encoded.write(edit.data() + place.value_at);
  if (chunk.memory() > 2 * chunk.size() + 128) edit.fit();
  if (segment == nullptr) {
    if (chunk.size() > kChunkBytesTarget) become_big();
    return;
  }
  segment->settle();
  big_->chunk_bytes += chunk.memory() - before;
  if (encoded.size() == old_size) return;
  const uint16_t shift = static_cast<uint16_t>(encoded.size() - old_size);
  if (was_indexed && segment->indexed) {
    uint16_t* const offsets = segment->offsets();
    for (size_t i = place.number + 1; i < segment->count; ++i) offsets[i] += shift;
  }
  if (was_indexed == segment->indexed && chunk.size() <= kChunkBytesTarget && chunk.size() >= kMergeBelowBytes) return;
  const char* at = chunk.data() + place.key_at;
  const uint64_t hash = hash_of(store().read_entry(at));
  if (!was_indexed && segment->indexed) {  // searchable by tags again
    Builder all;
    take_apart(segment, all, all);
    set_slots(path_to(hash), hash, rebuilt(segment, all));
  }
  if (chunk.size() < kMergeBelowBytes)
    merge_up(hash);
  else
    split_while_large(hash);
}

void ByteMap::remove(const Place& place, uint64_t hash) {
  if (is_lent()) return remove_lent(place);
  Segment* segment = static_cast<Segment*>(place.segment);
  Chunk& chunk = segment == nullptr ? small_ : *segment->chunk;
  const size_t before = chunk.memory();
  const bool was_indexed = segment != nullptr && segment->indexed;
  const char* const entry = chunk.data() + place.key_at;
  const char* end = entry;
  skip(end);
  const size_t size = end - entry;
  release(entry, end);
  ChunkEdit edit = store().mutate(chunk);
  edit.erase(place.key_at, size);
  if (chunk.empty() || chunk.memory() > 2 * chunk.size() + 128) edit.fit();
  if (segment == nullptr) return;

  segment->settle();
  big_->chunk_bytes += chunk.memory() - before;
  --big_->count;
  --segment->count;
  if (was_indexed) {
    uint8_t* const tags = segment->tags();
    uint16_t* const offsets = segment->offsets();
    const size_t after = segment->count - place.number;
    std::memmove(tags + place.number, tags + place.number + 1, after);
    for (size_t i = place.number; i < segment->count; ++i) offsets[i] = static_cast<uint16_t>(offsets[i + 1] - size);
    if (segment->noted) {
      uint32_t* const notes = segment->notes();
      std::memmove(notes + place.number, notes + place.number + 1, after * sizeof *notes);
    }
  } else if (segment->indexed) {
    Builder all;
    take_apart(segment, all, all);
    segment = rebuilt(segment, all);
    set_slots(path_to(hash), hash, segment);
  }
  if (segment->capacity > 2 * segment->count + 2 * kIndexStep) {
    segment = resized(segment, segment->count + kIndexStep);
    set_slots(path_to(hash), hash, segment);
  }
  if (chunk.size() < kMergeBelowBytes) merge_up(hash);
}

// ---- in lent memory; the lender has seen to it that there is room, and that nothing is long enough for a blob

void ByteMap::insert_lent(View key, View value) {
  CHECK(key.size() <= kInlineEntryMax && value.size() <= kInlineEntryMax);
  const Encoded first = encode(key);
  const Encoded second = has_values() ? encode(value) : Encoded{.head = {}, .head_size = 0, .tail = {}};
  second.write(first.write(lent_.resize(lent_.size(), 0, first.size() + second.size())));
}

void ByteMap::replace_lent(const Place& place, View value) {
  CHECK(value.size() <= kInlineEntryMax);
  const Encoded encoded = encode(value);
  const char* old_end = lent_.data() + place.value_at;
  ChunkStore::skip_entry(old_end);
  const size_t old_size = old_end - lent_.data() - place.value_at;
  encoded.write(lent_.resize(place.value_at, old_size, encoded.size()));
}

void ByteMap::remove_lent(const Place& place) {
  const char* end = lent_.data() + place.key_at;
  skip(end);
  lent_.resize(place.key_at, end - lent_.data() - place.key_at, 0);
}

// ---- segments

ByteMap::Segment* ByteMap::make_segment(int depth, size_t capacity) {
  capacity = (capacity + kIndexStep - 1) / kIndexStep * kIndexStep;
  const size_t bytes = Segment::bytes(capacity, has_notes());
  auto* const segment = new (::operator new(bytes)) Segment{.chunk = store().create(big_->owner, kind(), static_cast<uint8_t>(depth)),
                                                            .data = nullptr,
                                                            .count = 0,
                                                            .capacity = static_cast<uint16_t>(capacity),
                                                            .depth = static_cast<uint8_t>(depth),
                                                            .noted = has_notes(),
                                                            .indexed = true};
  std::memset(segment->tags(), 0, bytes - sizeof(Segment));
  segment->settle();
  big_->index_bytes += bytes;
  big_->chunk_bytes += sizeof(Chunk);
  return segment;
}

void ByteMap::free_segment(Segment* segment) {
  big_->index_bytes -= segment->bytes();
  big_->chunk_bytes -= segment->chunk->memory();
  store().retire(std::move(segment->chunk));
  segment->~Segment();
  ::operator delete(segment);
}

// The segment with an index of another capacity; the caller sets the slots.
ByteMap::Segment* ByteMap::resized(Segment* segment, size_t capacity) {
  capacity = std::min<size_t>((capacity + kIndexStep - 1) / kIndexStep * kIndexStep, kIndexedBytesMax);
  if (capacity == segment->capacity) return segment;
  const size_t bytes = Segment::bytes(capacity, segment->noted), kept = std::min<size_t>(segment->count, capacity);
  auto* const larger = new (::operator new(bytes)) Segment{.chunk = std::move(segment->chunk),
                                                           .data = segment->data,
                                                           .count = segment->count,
                                                           .capacity = static_cast<uint16_t>(capacity),
                                                           .depth = segment->depth,
                                                           .noted = segment->noted,
                                                           .indexed = segment->indexed};
  std::memset(larger->tags(), 0, bytes - sizeof(Segment));
  const size_t had = std::min<size_t>(kept, segment->capacity);
  std::memcpy(larger->tags(), segment->tags(), had);
  std::memcpy(larger->offsets(), segment->offsets(), had * sizeof(uint16_t));
  if (segment->noted) std::memcpy(larger->notes(), segment->notes(), had * sizeof(uint32_t));
  big_->index_bytes += bytes - segment->bytes();
  segment->~Segment();
  ::operator delete(segment);
  return larger;
}

// Sorts the entries by the first bit of the hash that the segment does not fix.
void ByteMap::take_apart(const Segment* segment, Builder& low, Builder& high) const {
  const char* const end = segment->data + segment->chunk->size();
  size_t number = 0;
  for (const char* at = segment->data; at < end; ++number) {
    const char* const entry = at;
    const uint64_t hash = hash_of(store().read_entry(at));
    if (has_values()) ChunkStore::skip_entry(at);
    const uint32_t* const note = const_cast<Segment*>(segment)->note(number);
    const bool is_high = segment->depth < kHashBits && (hash >> (kHashBits - 1 - segment->depth) & 1) != 0;
    (is_high ? high : low)
        .add(View(entry, at - entry), hash, note != nullptr && number < segment->capacity ? *note : 0);
  }
}

// The segment with the builder's content instead of its own; the caller sets the slots.
ByteMap::Segment* ByteMap::rebuilt(Segment* segment, const Builder& from) {
  Chunk& chunk = *segment->chunk;
  const size_t before = chunk.memory();
  {
    ChunkEdit edit = store().mutate(chunk);
    edit.erase(0, edit.size());
    if (!from.bytes.empty()) edit.append(from.bytes);
    edit.fit();
  }
  big_->chunk_bytes += chunk.memory() - before;
  segment->settle();
  segment->count = static_cast<uint32_t>(from.items.size());
  if (!segment->indexed) return segment;
  segment = resized(segment, from.items.size() + from.items.size() / 4);
  fill_index(segment, from);
  return segment;
}

void ByteMap::fill_index(Segment* segment, const Builder& from) {
  for (size_t i = 0; i < from.items.size(); ++i) {
    segment->tags()[i] = from.items[i].tag;
    segment->offsets()[i] = static_cast<uint16_t>(from.items[i].offset);
    if (segment->noted) segment->notes()[i] = from.items[i].note;
  }
}

void ByteMap::become_big() {
  Chunk small;
  store().move(small_, small);
  small_.~Chunk();
  store_ |= kBig;
  big_ = new Big(small.owner());
  big_->root = make_directory(0);
  Segment* segment = make_segment(0, 0);
  Builder all;
  const char* const end = small.data() + small.size();
  for (const char* at = small.data(); at < end;) {
    const char* const entry = at;
    const uint64_t hash = hash_of(store().read_entry(at));
    if (has_values()) ChunkStore::skip_entry(at);
    all.add(View(entry, at - entry), hash, 0);
  }
  segment = rebuilt(segment, all);
  Directory::at(big_->root)->slots[0] = reinterpret_cast<uintptr_t>(segment);
  Directory::at(big_->root)->deep = 1;
  big_->count = all.items.size();
  big_->chunk_bytes += blob_bytes_in(small.bytes(), big_->blobs);
  store().end(small);
  split_while_large(0);
}

void ByteMap::become_small() {
  Directory* const root = Directory::at(big_->root);
  Segment* const only = reinterpret_cast<Segment*>(root->slots[0]);
  Chunk small;
  store().begin(small, big_->owner, kind());
  if (!only->chunk->empty()) store().mutate(small).append(only->chunk->bytes());
  free_segment(only);
  free_directory(root);
  delete big_;
  store_ &= ~kBig;
  new (&small_) Chunk();
  store().move(small, small_);
}

// ---- out of a snapshot

bool ByteMap::load(std::vector<std::unique_ptr<Chunk>> chunks, const std::function<void()>& pause) {
  if (chunks.size() == 1 && !has_notes() && chunks[0]->depth() == 0 && chunks[0]->size() <= kChunkBytesTarget) {
    const View bytes = chunks[0]->bytes();
    if (count_in(bytes) <= kFewMax) {
      store().end(small_);
      small_.~Chunk();
      new (&small_) Chunk();
      store().move(*chunks[0], small_);
      for (const char *at = bytes.data(), *end = at + bytes.size(); at < end;) store().share_entry(at);
      return true;
    }
  }
  become_big();
  for (size_t i = 0; i < chunks.size(); ++i) {
    if (!load_segment(std::move(chunks[i]))) return false;
    if (i % kPauseEvery == 0) pause();
  }
  return true;
}

// The empty segment that covers the chunk's keys is split until it is as deep as the chunk, and gives way to it.
bool ByteMap::load_segment(std::unique_ptr<Chunk> chunk) {
  if (chunk->empty()) {  // whatever it covered has an empty segment already
    store().retire(std::move(chunk));
    return true;
  }
  const char* at = chunk->data();
  const uint64_t hash = hash_of(store().read_entry(at));
  const uint8_t depth = chunk->depth();
  while (segment_for(hash)->depth < depth) {
    if (segment_for(hash)->count > 0) return false;
    split(hash);
  }
  Segment* segment = segment_for(hash);
  if (segment->depth != depth || segment->count > 0) return false;
  big_->chunk_bytes += chunk->memory() - segment->chunk->memory();
  store().retire(std::exchange(segment->chunk, std::move(chunk)));
  segment->settle();
  Builder all;
  take_apart(segment, all, all);
  segment->count = static_cast<uint32_t>(all.items.size());
  if (segment->indexed) {
    segment = resized(segment, all.items.size() + all.items.size() / 4);
    fill_index(segment, all);
    set_slots(path_to(hash), hash, segment);
  }
  big_->count += all.items.size();
  for (const char *entry = segment->data, *end = entry + segment->chunk->size(); entry < end;)
    store().share_entry(entry);
  big_->chunk_bytes += blob_bytes_in(segment->chunk->bytes(), big_->blobs);
  return true;
}

void ByteMap::split_while_large(uint64_t hash) {
  for (;;) {
    const Segment* const segment = segment_for(hash);
    if (segment->chunk->size() <= kChunkBytesTarget || segment->count < 2 || segment->depth == kHashBits) return;
    split(hash);
  }
}

void ByteMap::deepen(Segment* segment, int by) {
  segment->depth = static_cast<uint8_t>(segment->depth + by);
  store().set_depth(*segment->chunk, segment->depth);
}

void ByteMap::split(uint64_t hash) {
  Path path = path_to(hash);
  make_room_below(path, hash);
  Segment* segment = path.segment();
  Builder low, high;
  take_apart(segment, low, high);
  const int depth = segment->depth;
  deepen(segment, 1);
  Segment* const sibling = rebuilt(make_segment(depth + 1, 0), high);
  segment = rebuilt(segment, low);
  const uint64_t bit = uint64_t{1} << (kHashBits - 1 - depth);
  set_slots(path, hash & ~bit, segment);
  set_slots(path, hash | bit, sibling);
  if (depth + 1 - path.consumed == path.directory->bits) path.directory->deep += 2;
}

// ---- directories

uintptr_t ByteMap::make_directory(int bits) {
  auto* const directory = static_cast<Directory*>(::operator new(Directory::bytes(bits)));
  directory->bits = bits;
  directory->deep = 0;
  big_->index_bytes += Directory::bytes(bits);
  return Directory::slot_for(directory);
}

void ByteMap::free_directory(Directory* directory) {
  big_->index_bytes -= Directory::bytes(directory->bits);
  ::operator delete(directory);
}

// All slots that the segment's prefix covers; `hash` begins with it.
void ByteMap::set_slots(const Path& path, uint64_t hash, Segment* segment) {
  const int local = segment->depth - path.consumed, rest = path.directory->bits - local;
  const size_t first = top_bits(hash << path.consumed, local) << rest;
  std::fill_n(path.directory->slots + first, size_t{1} << rest, reinterpret_cast<uintptr_t>(segment));
}

// Afterwards at least two slots point to the segment: its directory has doubled, or has one below it now.
void ByteMap::make_room_below(Path& path, uint64_t hash) {
  if (path.local_depth() < path.directory->bits) return;
  if (path.directory->bits == kDirectoryBitsMax) {
    uintptr_t& slot = path.directory->slots[path.slot];
    const uintptr_t made = make_directory(0);
    Directory::at(made)->slots[0] = std::exchange(slot, made);
    path = {.home = &slot, .directory = Directory::at(made), .consumed = path.consumed + kDirectoryBitsMax, .slot = 0};
  }
  Directory* const half = path.directory;
  const uintptr_t made = make_directory(half->bits + 1);
  Directory* const whole = Directory::at(made);
  for (size_t i = 0; i < half->size(); ++i) whole->slots[2 * i] = whole->slots[2 * i + 1] = half->slots[i];
  free_directory(half);
  *path.home = made;
  path.directory = whole;
  path.slot = top_bits(hash << path.consumed, whole->bits);
}

void ByteMap::merge_up(uint64_t hash) {
  for (;;) {
    const Path path = path_to(hash);
    if (!merge_with_buddy(path, hash)) break;
    shrink(path);
  }
  const Directory* const root = Directory::at(big_->root);
  if (root->bits > 0 || has_notes() || big_->count > kSmallAgainEntries) return;
  if (reinterpret_cast<Segment*>(root->slots[0])->chunk->size() <= kSmallBytesMax / 2) become_small();
}

bool ByteMap::merge_with_buddy(const Path& path, uint64_t hash) {
  Segment* segment = path.segment();
  const int local = path.local_depth();
  if (local == 0) return false;
  const uintptr_t slot = path.directory->slots[path.slot ^ (size_t{1} << (path.directory->bits - local))];
  if (Directory::is(slot)) return false;
  Segment* const buddy = reinterpret_cast<Segment*>(slot);
  if (buddy->depth != segment->depth || segment->chunk->size() + buddy->chunk->size() > kMergedBytesMax) return false;
  Builder both;
  take_apart(segment, both, both);
  take_apart(buddy, both, both);
  free_segment(buddy);
  if (local == path.directory->bits) path.directory->deep -= 2;
  deepen(segment, -1);
  set_slots(path, hash, rebuilt(segment, both));
  return true;
}

// Halves the directory while nobody needs its last bit; one that is down to a single segment gives way to it.
void ByteMap::shrink(const Path& path) {
  Directory* directory = path.directory;
  while (directory->deep == 0 && directory->bits > 0) {
    const uintptr_t made = make_directory(directory->bits - 1);
    Directory* const half = Directory::at(made);
    for (size_t i = 0; i < half->size(); ++i) {
      half->slots[i] = directory->slots[2 * i];
      half->deep += reinterpret_cast<Segment*>(half->slots[i])->depth - path.consumed == half->bits;
    }
    free_directory(directory);
    *path.home = made;
    directory = half;
  }
  if (directory->bits > 0 || path.home == &big_->root) return;
  *path.home = directory->slots[0];
  free_directory(directory);
}

}  // namespace leat
