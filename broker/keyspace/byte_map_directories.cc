// SPDX-License-Identifier: Apache-2.0
// Directories: the slots that lead to segments, and segments that split and merge, which is what moves slots.
#include <new>

#include "broker/keyspace/byte_map_parts.h"

namespace leat {

namespace {
constexpr size_t kSmallAgainEntries = 12;  // well below, so that a map does not change its shape at every put
constexpr size_t kMergedBytesMax = kChunkBytesTarget / 2;
}  // namespace

void ByteMap::split_while_large(uint64_t hash) {
  for (;;) {
    const Segment* const segment = segment_for(hash);
    if (segment->chunk.size() <= kChunkBytesTarget || segment->count < 2 || segment->depth == kHashBits) return;
    split(hash);
  }
}

void ByteMap::deepen(Segment* segment, int by) {
  segment->depth = static_cast<uint8_t>(segment->depth + by);
  store().set_depth(segment->chunk, segment->depth);
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
  if (reinterpret_cast<Segment*>(root->slots[0])->chunk.size() <= kSmallBytesMax / 2) become_small();
}

bool ByteMap::merge_with_buddy(const Path& path, uint64_t hash) {
  Segment* segment = path.segment();
  const int local = path.local_depth();
  if (local == 0) return false;
  const uintptr_t slot = path.directory->slots[path.slot ^ (size_t{1} << (path.directory->bits - local))];
  if (Directory::is(slot)) return false;
  Segment* const buddy = reinterpret_cast<Segment*>(slot);
  if (buddy->depth != segment->depth || segment->chunk.size() + buddy->chunk.size() > kMergedBytesMax) return false;
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
