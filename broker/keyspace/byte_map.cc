// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/byte_map.h"

#include <cmath>
#include <new>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "broker/keyspace/byte_map_parts.h"

namespace leat {

namespace {
constexpr int kEntryLines = 3;  // of the cache: what most keys and short values take

constexpr size_t kMergeBelowBytes = kChunkBytesTarget / 4;

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
    if (big_->blobs > 0) release(segment->chunk.data(), segment->chunk.data() + segment->chunk.size());
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
  if (from->chunk.empty()) return reinterpret_cast<uintptr_t>(to);
  store().mutate(to->chunk).append(from->chunk.bytes());
  for (const char *at = to->chunk.data(), *end = at + to->chunk.size(); at < end;) store().share_entry(at);
  size_t blobs = 0;
  big_->chunk_bytes += to->chunk.memory() - sizeof(Chunk) + blob_bytes_in(to->chunk.bytes(), blobs);
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
  if (!segment->indexed()) return search(segment->chunk.bytes(), key, segment);
  return search_index(segment, key, hash);
}

// First the segments of all keys, and when those are on their way the entry of each that its tag points to.
void ByteMap::prefetch(Views keys) const {
  if (!is_big()) return;
  CHECK(keys.size() <= kPrefetchMax);
  uint64_t hashes[kPrefetchMax];
  Segment* segments[kPrefetchMax];
  for (size_t i = 0; i < keys.size(); ++i) segments[i] = segment_for(hashes[i] = hash_of(keys[i]));
  for (size_t i = 0; i < keys.size(); ++i) {
    Segment* const segment = segments[i];
    if (!segment->indexed()) continue;
    for (size_t first = 0; first < segment->count; first += kIndexStep) {
      const uint32_t found = matches(segment->tags() + first, tag_of(hashes[i]));
      if (found == 0) continue;
      const char* const entry = segment->chunk.data() + segment->offsets()[first + std::countr_zero(found)];
      for (int line = 0; line < kEntryLines; ++line) __builtin_prefetch(entry + line * 64);
      break;
    }
  }
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
      const char* const entry = segment->chunk.data() + offsets[number];
      if (same_key(entry, key)) return place_at(segment->chunk.data(), entry, segment, number);
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

bool ByteMap::is_at(const Place& place, View key) const {
  const auto* const segment = static_cast<const Segment*>(place.segment);
  return same_key((segment == nullptr ? few().data() : segment->chunk.data()) + place.key_at, key);
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
  if (!is_big()) return {few(), 0, 0, nullptr};
  Segment* const segment = segment_for(position);
  const uint32_t* const notes = segment->note(0);
  if (segment->depth == 0) return {segment->chunk.bytes(), 0, 0, notes};
  const int rest = kHashBits - segment->depth;
  const uint64_t first = position >> rest << rest;
  return {segment->chunk.bytes(), first, first + (uint64_t{1} << rest), notes};  // past the last one this is 0
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
    if (segment->indexed()) return entry_at(segment->chunk.bytes().substr(segment->offsets()[number]), 0);
    return entry_at(segment->chunk.bytes(), number);
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

void ByteMap::insert(View key, uint64_t hash, View value, uint32_t note) {
  if (is_big()) return insert_big(key, hash, value, note);
  if (is_lent()) return insert_lent(key, value);
  const size_t bytes = small_.size() + entry_size(key) + entry_size(value);
  if (!has_notes() && bytes <= kSmallBytesMax && count_in(small_.bytes()) < kFewMax) {
    return append(small_, key, value);
  }
  become_big();
  insert_big(key, hash_of(key), value, note);
}

void ByteMap::insert_big(View key, uint64_t hash, View value, uint32_t note) {
  const size_t needed = entry_size(key) + (has_values() ? entry_size(value) : 0);
  Segment* segment = segment_for(hash);
  while (segment->chunk.size() + needed > kChunkBytesTarget && segment->count > 0 && segment->depth < kHashBits) {
    split(hash);
    segment = segment_for(hash);
  }
  Chunk& chunk = segment->chunk;
  const size_t before = chunk.memory(), offset = chunk.size();
  append(chunk, key, value);
  big_->chunk_bytes += chunk.memory() - before;
  if (segment->indexed()) {
    if (segment->count == segment->capacity) {
      segment = resized(segment, segment->capacity + segment->capacity / 8 + 1);
      set_slots(path_to(hash), hash, segment);
    }
    segment->tags()[segment->count] = tag_of(hash);
    segment->offsets()[segment->count] = static_cast<uint16_t>(offset);
    if (segment->noted) segment->notes()[segment->count] = note;
  }
  ++segment->count;
  ++big_->count;
}

void ByteMap::replace(const Place& place, View value) {
  if (!has_values()) return;
  if (is_lent()) return replace_lent(place, value);
  Segment* segment = static_cast<Segment*>(place.segment);
  Chunk& chunk = segment == nullptr ? small_ : segment->chunk;
  const size_t before = chunk.memory();
  const bool was_indexed = segment != nullptr && segment->indexed();
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
  if (chunk.is_loose()) edit.fit();
  if (segment == nullptr) {
    if (chunk.size() > kChunkBytesTarget) become_big();
    return;
  }
  big_->chunk_bytes += chunk.memory() - before;
  if (encoded.size() == old_size) return;
  const uint16_t shift = static_cast<uint16_t>(encoded.size() - old_size);
  if (was_indexed && segment->indexed()) {
    uint16_t* const offsets = segment->offsets();
    for (size_t i = place.number + 1; i < segment->count; ++i) offsets[i] += shift;
  }
  const size_t size = chunk.size();  // the chunk is gone with its segment when that is rebuilt
  if (was_indexed == segment->indexed() && size <= kChunkBytesTarget && size >= kMergeBelowBytes) return;
  const char* at = chunk.data() + place.key_at;
  const uint64_t hash = hash_of(store().read_entry(at));
  if (!was_indexed && segment->indexed()) {  // searchable by tags again
    Builder all;
    take_apart(segment, all, all);
    set_slots(path_to(hash), hash, rebuilt(segment, all));
  }
  if (size < kMergeBelowBytes)
    merge_up(hash);
  else
    split_while_large(hash);
}

void ByteMap::remove(const Place& place, uint64_t hash) {
  if (is_lent()) return remove_lent(place);
  Segment* segment = static_cast<Segment*>(place.segment);
  Chunk& chunk = segment == nullptr ? small_ : segment->chunk;
  const size_t before = chunk.memory();
  const bool was_indexed = segment != nullptr && segment->indexed();
  const char* const entry = chunk.data() + place.key_at;
  const char* end = entry;
  skip(end);
  const size_t size = end - entry;
  release(entry, end);
  ChunkEdit edit = store().mutate(chunk);
  edit.erase(place.key_at, size);
  if (chunk.empty() || chunk.is_loose()) edit.fit();
  if (segment == nullptr) return;
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
  } else if (segment->indexed()) {
    Builder all;
    take_apart(segment, all, all);
    segment = rebuilt(segment, all);
    set_slots(path_to(hash), hash, segment);
  }
  const size_t left = segment->chunk.size();
  if (segment->capacity > 2 * segment->count + 2 * kIndexStep) {
    segment = resized(segment, segment->count + kIndexStep);
    set_slots(path_to(hash), hash, segment);
  }
  if (left < kMergeBelowBytes) merge_up(hash);
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

}  // namespace leat
