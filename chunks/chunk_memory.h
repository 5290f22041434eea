// SPDX-License-Identifier: Apache-2.0
// chunk_memory.h: where the bytes of chunks lie: regions of equal size side by side, and what is freed is filled again.
//
// Used by: ChunkStore and ChunkEdit, which take regions; the broker, between requests, which has them tidied.
// Always:  - a region is moved by tidy() and by nothing else, so a View of a chunk dies with the next change of the
//            chunk or with the tick in which it was made;
//          - a region knows its chunk, so that it can be moved: who moves a chunk says so (moved());
//          - what is shorter or longer than a region is the allocator's; freeing finds out which it is.
// Why:     chunks grow through all sizes between 2 and 4 KB, and an allocator can give a page back only when all that
//          lies on it is free: a fifth of the memory was holes, and a tenth the way from a chunk's size to the
//          allocator's next. Chunks have one owner each, so they can be moved: the holes go, and sizes may be close
//          to each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace leat {

class Chunk;

class ChunkMemory {
 public:
  // Regions are multiples of kStep; the address of the chunk that has one takes eight bytes of it.
  static constexpr size_t kStep = 32, kOwner = sizeof(Chunk*);
  static constexpr size_t kRegionMin = 512 + kStep, kRegionMax = 4096 + 2 * kStep;
  static constexpr size_t kBytesMin = 513, kBytesMax = kRegionMax - kOwner;
  static constexpr size_t kShelves = (kRegionMax - kRegionMin) / kStep + 1;
  static constexpr size_t shelf_for(size_t bytes) { return (bytes + kOwner + kStep - 1) / kStep - kRegionMin / kStep; }
  static constexpr size_t bytes_of(size_t shelf) { return region_bytes(shelf) - kOwner; }

  struct Free {
    void operator()(char* bytes) const;
  };
  using Held = std::unique_ptr<char[], Free>;

  ChunkMemory() = default;
  ChunkMemory(const ChunkMemory&) = delete;
  ChunkMemory& operator=(const ChunkMemory&) = delete;
  ~ChunkMemory();  // no chunk may have a region any more

  Held take(size_t bytes, Chunk& owner);
  static void moved(const char* bytes, Chunk& owner);  // the chunk that has them has another address
  // Regions are eight bytes off what any allocator gives out.
  static bool is_region(const char* bytes) { return (reinterpret_cast<uintptr_t>(bytes) & kOwner) != 0; }

  // Moves up to `steps` chunks or so; true when there is nothing left to do. In an hour of rest all holes are filled
  // and chunks get regions that fit them; while there is work, holes are filled when they are many. At night, the rest
  // of who has rested long, little is too little to be left.
  enum class Hour : uint8_t { kWork, kRest, kNight };
  bool tidy(size_t steps, Hour hour);
  bool wants(Hour hour) const;  // a rest, or a night
  void tidy_from(size_t bytes) { tidied_from_ = bytes; }  // of regions: fewer are not worth the time
  uint64_t moves() const { return moves_; }  // of chunks, so far

  size_t used() const { return used_; }  // bytes of regions, holes included
  size_t holes() const { return hole_bytes_; }
  // That the allocator believes to be in use, and no chunk has: holes, and what lies behind each shelf's last region.
  size_t unused() const { return extents_ * kExtentBytes - used_ + hole_bytes_; }

 private:
  // Large, so that little is lost at its end; what was never written has no pages.
  static constexpr size_t kExtentBytes = 2 << 20;

  struct Extent {  // opens an extent; the regions follow
    ChunkMemory* memory;
    size_t shelf;
  };
  struct Region;
  struct Shelf {  // all regions of one size: without a gap, but for the holes, up to the last extent's `end`
    std::vector<Extent*> extents;
    Region* hole = nullptr;  // the first of a list
    size_t holes = 0;
    size_t end = 0;         // regions handed out of the last extent
    uintptr_t touched = 0;  // up to where it may have pages
  };

  static constexpr size_t region_bytes(size_t shelf) { return kRegionMin + shelf * kStep; }
  static size_t regions_in_extent(size_t shelf) { return (kExtentBytes - kHead) / region_bytes(shelf); }
  static Region* region_at(const Extent* extent, size_t shelf, size_t number);
  static Extent* extent_of(const Region* region);
  static constexpr size_t kHead = 64;
  static constexpr size_t kAll = SIZE_MAX;

  Region* take_region(size_t shelf);
  void free_region(Region* region);
  void unlink(Shelf& shelf, Region* hole);
  Extent* new_extent(size_t shelf);
  void free_extent(void* extent);
  void shorten(size_t shelf);

  size_t regions_of(size_t shelf) const;
  void trim_some(size_t& steps);
  void trim(Chunk& chunk);
  void fill_some(size_t shelf, size_t& steps);
  void fill_last(size_t shelf);
  void give_back_extents(size_t& steps);
  void give_back_pages(size_t& steps);
  uintptr_t end_of(size_t shelf) const;  // of the last extent's regions

  std::array<Shelf, kShelves> shelves_;
  void* spare_ = nullptr;      // an extent that is empty and still has its pages
  std::vector<char*> leaving_;  // empty ones whose pages go, the last one's first
  size_t left_ = 0;             // bytes of the last one's that are gone
  size_t tidied_from_ = 4 << 20;
  uint64_t moves_ = 0;
  size_t extents_ = 0;
  size_t used_ = 0, hole_bytes_ = 0;
  size_t taken_ = 0;  // bytes of regions since all were last made to fit

  // Of the tidying under way.
  bool tidying_ = false;
  bool trimming_ = false;
  size_t at_shelf_ = 0;
  size_t untrimmed_ = kAll;  // so many of that shelf's regions, from its front on, were not looked at
};

}  // namespace leat
