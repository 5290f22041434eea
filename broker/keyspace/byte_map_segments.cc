// SPDX-License-Identifier: Apache-2.0
// Segments: made, filled anew, given back; a map on its way from one shape to the other, or out of a snapshot.
#include <new>

#include "broker/keyspace/byte_map_parts.h"

namespace leat {

ByteMap::Segment* ByteMap::make_segment(int depth, size_t capacity) {
  Segment* const segment = allocate_segment(capacity, has_notes());
  segment->depth = static_cast<uint8_t>(depth);
  store().begin(segment->chunk, big_->owner, kind(), segment->depth);
  big_->index_bytes += segment->index_bytes();
  big_->chunk_bytes += sizeof(Chunk);
  return segment;
}

ByteMap::Segment* ByteMap::allocate_segment(size_t capacity, bool noted) {
  capacity = Segment::capacity_for(capacity, noted);
  const size_t bytes = Segment::bytes(capacity, noted);
  auto* const segment =
      new (::operator new(bytes)) Segment{.capacity = static_cast<uint16_t>(capacity), .noted = noted};
  std::memset(segment->tags(), 0, bytes - sizeof(Segment));
  return segment;
}

void ByteMap::free_segment(Segment* segment) {
  big_->index_bytes -= segment->index_bytes();
  big_->chunk_bytes -= segment->chunk.memory();
  store().end(segment->chunk);
  segment->~Segment();
  ::operator delete(segment);
}

// The segment with an index of another capacity; the caller sets the slots.
ByteMap::Segment* ByteMap::resized(Segment* segment, size_t capacity) {
  if (Segment::capacity_for(capacity, segment->noted) == segment->capacity) return segment;
  Segment* const larger = allocate_segment(capacity, segment->noted);
  store().move(segment->chunk, larger->chunk);
  larger->count = segment->count;
  larger->depth = segment->depth;
  const size_t kept = std::min<size_t>({segment->count, segment->capacity, larger->capacity});
  std::memcpy(larger->tags(), segment->tags(), kept);
  std::memcpy(larger->offsets(), segment->offsets(), kept * sizeof(uint16_t));
  if (segment->noted) std::memcpy(larger->notes(), segment->notes(), kept * sizeof(uint32_t));
  big_->index_bytes += larger->index_bytes() - segment->index_bytes();
  segment->~Segment();
  ::operator delete(segment);
  return larger;
}

// Sorts the entries by the first bit of the hash that the segment does not fix.
void ByteMap::take_apart(const Segment* segment, Builder& low, Builder& high) const {
  const char* const end = segment->chunk.data() + segment->chunk.size();
  size_t number = 0;
  for (const char* at = segment->chunk.data(); at < end; ++number) {
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
  Chunk& chunk = segment->chunk;
  const size_t before = chunk.memory();
  {
    ChunkEdit edit = store().mutate(chunk);
    char* const to = edit.renew(from.bytes.size());
    if (!from.bytes.empty()) std::memcpy(to, from.bytes.data(), from.bytes.size());
    edit.fit();
  }
  big_->chunk_bytes += chunk.memory() - before;
  segment->count = static_cast<uint32_t>(from.items.size());
  if (!segment->indexed()) return segment;
  segment = resized(segment, from.items.size() + from.items.size() / 8);
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
  if (!only->chunk.empty()) store().mutate(small).append(only->chunk.bytes());
  free_segment(only);
  free_directory(root);
  delete big_;
  store_ &= ~kBig;
  new (&small_) Chunk();
  store().move(small, small_);
}

// ---- out of a snapshot

bool ByteMap::load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) {
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
  for (auto& chunk : chunks) {
    pause.after(chunk->memory());
    if (!load_segment(std::move(chunk))) return false;
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
  big_->chunk_bytes += chunk->memory() - segment->chunk.memory();
  store().end(segment->chunk);
  store().move(*chunk, segment->chunk);
  Builder all;
  take_apart(segment, all, all);
  segment->count = static_cast<uint32_t>(all.items.size());
  if (segment->indexed()) {
    segment = resized(segment, all.items.size() + all.items.size() / 8);
    fill_index(segment, all);
    set_slots(path_to(hash), hash, segment);
  }
  big_->count += all.items.size();
  for (const char *entry = segment->chunk.data(), *end = entry + segment->chunk.size(); entry < end;)
    store().share_entry(entry);
  big_->chunk_bytes += blob_bytes_in(segment->chunk.bytes(), big_->blobs);
  return true;
}

}  // namespace leat
