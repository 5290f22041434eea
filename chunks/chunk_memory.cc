// SPDX-License-Identifier: Apache-2.0
#include "chunks/chunk_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "chunks/chunk.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

namespace leat {

namespace {
// What is left alone: one byte in so many that is in a hole, or in a region taken since all were last made to fit.
// Making fit looks at every chunk, so it costs each region taken since the more, the less of that is waited for.
constexpr size_t kHolesAtWork = 8, kHolesAtRest = 64, kHolesAtNight = 1024;
constexpr size_t kTakenAtRest = 16, kTakenAtNight = 256;
constexpr size_t kPageBytes = 4096;
constexpr size_t kGivenAtOnce = 64 << 10, kGivenWorth = 64;  // bytes; in steps
}  // namespace

// region := owner, bytes. That of nobody is a hole.
struct ChunkMemory::Region {
  Chunk* owner;
  Region* next;  // of a hole
  Region* previous;
  char* bytes() { return reinterpret_cast<char*>(this) + kOwner; }
  static Region* of(const char* bytes) {
    return reinterpret_cast<Region*>(const_cast<char*>(bytes) - kOwner);
  }
};

ChunkMemory::~ChunkMemory() {
  for (Shelf& shelf : shelves_) {
    for (Extent* const extent : shelf.extents) free_extent(extent);
  }
  for (char* const extent : leaving_) free_extent(extent);
  if (spare_ != nullptr) free_extent(spare_);
}

void ChunkMemory::free_extent(void* extent) {
  --extents_;
  ASAN_UNPOISON_MEMORY_REGION(extent, kExtentBytes);
  ::operator delete(extent, std::align_val_t(kExtentBytes));
}

void ChunkMemory::Free::operator()(char* bytes) const {
  if (!is_region(bytes)) {
    delete[] bytes;
    return;
  }
  Region* const region = Region::of(bytes);
  extent_of(region)->memory->free_region(region);
}

ChunkMemory::Held ChunkMemory::take(size_t bytes, Chunk& owner) {
  if (bytes < kBytesMin || bytes > kBytesMax) return Held(new char[bytes]);
  const size_t shelf = shelf_for(bytes);
  Region* const region = take_region(shelf);
  region->owner = &owner;
  taken_ += region_bytes(shelf);
  return Held(region->bytes());
}

void ChunkMemory::moved(const char* bytes, Chunk& owner) {
  if (is_region(bytes)) Region::of(bytes)->owner = &owner;
}

ChunkMemory::Region* ChunkMemory::region_at(const Extent* extent, size_t shelf, size_t number) {
  return reinterpret_cast<Region*>(reinterpret_cast<uintptr_t>(extent) + kHead + number * region_bytes(shelf));
}

ChunkMemory::Extent* ChunkMemory::extent_of(const Region* region) {
  return reinterpret_cast<Extent*>(reinterpret_cast<uintptr_t>(region) & ~(kExtentBytes - 1));
}

// ---- taking and freeing

ChunkMemory::Region* ChunkMemory::take_region(size_t number) {
  Shelf& shelf = shelves_[number];
  if (shelf.hole != nullptr) {
    Region* const hole = shelf.hole;
    unlink(shelf, hole);
    hole_bytes_ -= region_bytes(number);
    ASAN_UNPOISON_MEMORY_REGION(hole, region_bytes(number));
    return hole;
  }
  if (shelf.extents.empty() || shelf.end == regions_in_extent(number)) {
    shelf.extents.push_back(new_extent(number));
    shelf.end = 0;
    shelf.touched = reinterpret_cast<uintptr_t>(shelf.extents.back()) + kExtentBytes;
  }
  used_ += region_bytes(number);
  Region* const fresh = region_at(shelf.extents.back(), number, shelf.end++);
  shelf.touched = std::max(shelf.touched, end_of(number));
  ASAN_UNPOISON_MEMORY_REGION(fresh, region_bytes(number));
  return fresh;
}

void ChunkMemory::free_region(Region* region) {
  const size_t number = extent_of(region)->shelf;
  Shelf& shelf = shelves_[number];
  *region = {.owner = nullptr, .next = shelf.hole, .previous = nullptr};
  if (shelf.hole != nullptr) shelf.hole->previous = region;
  shelf.hole = region;
  ++shelf.holes;
  hole_bytes_ += region_bytes(number);
  ASAN_POISON_MEMORY_REGION(region + 1, region_bytes(number) - sizeof(Region));
}

void ChunkMemory::unlink(Shelf& shelf, Region* hole) {
  (hole->previous == nullptr ? shelf.hole : hole->previous->next) = hole->next;
  if (hole->next != nullptr) hole->next->previous = hole->previous;
  --shelf.holes;
}

ChunkMemory::Extent* ChunkMemory::new_extent(size_t shelf) {
  void* at = std::exchange(spare_, nullptr);
  if (at == nullptr && !leaving_.empty()) {
    at = leaving_.back();
    leaving_.pop_back();
    left_ = 0;
  }
  if (at == nullptr) {
    at = ::operator new(kExtentBytes, std::align_val_t(kExtentBytes));
    ++extents_;
  }
  return new (at) Extent{.memory = this, .shelf = shelf};
}

// The shelf without its last region, which nobody has.
void ChunkMemory::shorten(size_t number) {
  Shelf& shelf = shelves_[number];
  used_ -= region_bytes(number);
  --shelf.end;
  ASAN_POISON_MEMORY_REGION(region_at(shelf.extents.back(), number, shelf.end), region_bytes(number));
  if (shelf.end > 0) return;
  if (spare_ != nullptr) leaving_.insert(leaving_.begin(), static_cast<char*>(spare_));
  spare_ = shelf.extents.back();
  shelf.extents.pop_back();
  shelf.end = shelf.extents.empty() ? 0 : regions_in_extent(number);
  shelf.touched = end_of(number);
}

uintptr_t ChunkMemory::end_of(size_t number) const {
  const Shelf& shelf = shelves_[number];
  return shelf.extents.empty() ? 0 : reinterpret_cast<uintptr_t>(region_at(shelf.extents.back(), number, shelf.end));
}

// ---- tidying

bool ChunkMemory::wants(Hour hour) const {
  const bool night = hour == Hour::kNight;
  if (tidying_ || !leaving_.empty()) return true;
  if (used_ < tidied_from_) return false;
  return hole_bytes_ > used_ / (night ? kHolesAtNight : kHolesAtRest) ||
         taken_ > used_ / (night ? kTakenAtNight : kTakenAtRest);
}

bool ChunkMemory::tidy(size_t steps, Hour hour) {
  if (hour == Hour::kWork) {
    give_back_extents(steps);
    if (steps == 0) return false;
    if (used_ < tidied_from_ || hole_bytes_ < used_ / kHolesAtWork) return true;
  } else if (!tidying_) {
    if (!wants(hour)) return true;
    tidying_ = trimming_ = true;
    at_shelf_ = 0;
    untrimmed_ = kAll;
  }
  const bool rest = hour != Hour::kWork;
  if (rest && trimming_) trim_some(steps);
  for (size_t shelf = 0; shelf < kShelves && steps > 0; ++shelf) fill_some(shelf, steps);
  if (rest && steps > 0) give_back_pages(steps);
  if (rest) give_back_extents(steps);
  if (steps == 0) return false;
  if (rest) tidying_ = false;
  return true;
}

size_t ChunkMemory::regions_of(size_t number) const {
  const Shelf& shelf = shelves_[number];
  return shelf.extents.empty() ? 0 : (shelf.extents.size() - 1) * regions_in_extent(number) + shelf.end;
}

// Chunks that have more than they need get less. Smaller ones come first, so that nobody is met twice; and the last of
// a shelf first, so that the hole which one leaves is filled at once with another that was looked at: the memory never
// grows while it is tidied.
void ChunkMemory::trim_some(size_t& steps) {
  for (; at_shelf_ < kShelves; ++at_shelf_, untrimmed_ = kAll) {
    const size_t in_extent = regions_in_extent(at_shelf_);
    while ((untrimmed_ = std::min(untrimmed_, regions_of(at_shelf_))) > 0) {
      if (steps == 0) return;
      --steps;
      --untrimmed_;
      const Extent* const extent = shelves_[at_shelf_].extents[untrimmed_ / in_extent];
      const Region* const region = region_at(extent, at_shelf_, untrimmed_ % in_extent);
      if (region->owner != nullptr) trim(*region->owner);
      fill_some(at_shelf_, steps);
    }
  }
  trimming_ = false;
  taken_ = 0;
}

void ChunkMemory::trim(Chunk& chunk) {
  // What has shrunk below all regions keeps the smallest: Chunk::memory() must not change here.
  const uint64_t size_class = std::max(Chunk::class_of(chunk.size()), Chunk::kFirstRegion);
  if (size_class >= chunk.size_class_) return;
  ++moves_;
  Held fitting = take(Chunk::capacity_of(size_class), chunk);
  std::memcpy(fitting.get(), chunk.data(), chunk.size());
  chunk.end_ = static_cast<uint32_t>(chunk.size());
  chunk.begin_ = 0;
  chunk.size_class_ = size_class;
  chunk.data_ = std::move(fitting);
}

void ChunkMemory::fill_some(size_t number, size_t& steps) {
  for (Shelf& shelf = shelves_[number]; shelf.holes > 0 && steps > 0; --steps) {
    Region* const last = region_at(shelf.extents.back(), number, shelf.end - 1);
    if (last->owner == nullptr) {
      unlink(shelf, last);
      hole_bytes_ -= region_bytes(number);
    } else {
      fill_last(number);
    }
    shorten(number);
  }
}

// The last region's bytes move into a hole.
void ChunkMemory::fill_last(size_t number) {
  Shelf& shelf = shelves_[number];
  Region* const last = region_at(shelf.extents.back(), number, shelf.end - 1);
  Region* const hole = take_region(number);
  ++moves_;
  std::memcpy(static_cast<void*>(hole), static_cast<const void*>(last), region_bytes(number));
  Chunk& owner = *hole->owner;
  owner.data_.release();
  owner.data_.reset(hole->bytes());
}

// A little at a time: the kernel was seen to take 5 ms for an extent's. By us and at once, for the allocator
// takes seconds.
void ChunkMemory::give_back_extents(size_t& steps) {
  while (!leaving_.empty() && steps > 0) {
    ASAN_UNPOISON_MEMORY_REGION(leaving_.back(), kExtentBytes);
    madvise(leaving_.back() + left_, kGivenAtOnce, MADV_DONTNEED);
    left_ += kGivenAtOnce;
    steps -= std::min(steps, kGivenWorth);
    if (left_ < kExtentBytes) continue;
    free_extent(leaving_.back());
    leaving_.pop_back();
    left_ = 0;
  }
}

// Of those behind each shelf's last region.
void ChunkMemory::give_back_pages(size_t& steps) {
  for (size_t number = 0; number < kShelves; ++number) {
    Shelf& shelf = shelves_[number];
    const uintptr_t first = (end_of(number) + kPageBytes - 1) / kPageBytes * kPageBytes;
    while (shelf.touched > first && steps > 0) {
      const uintptr_t behind = (shelf.touched + kPageBytes - 1) / kPageBytes * kPageBytes;
      const uintptr_t from = std::max(first, behind - std::min(behind, uintptr_t{kGivenAtOnce}));
      madvise(reinterpret_cast<void*>(from), behind - from, MADV_DONTNEED);
      shelf.touched = from;
      steps -= std::min(steps, kGivenWorth);
    }
    if (steps == 0) return;
    shelf.touched = end_of(number);
  }
  if (spare_ != nullptr) leaving_.insert(leaving_.begin(), static_cast<char*>(std::exchange(spare_, nullptr)));
}

}  // namespace leat
