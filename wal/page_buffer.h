// SPDX-License-Identifier: Apache-2.0
// page_buffer.h: bytes on their way to a file, in memory that begins at a page: a disk takes them from where they lie.
//
// Used by: the writer.
// Always:  - grows at its end, and keeps its memory until shrink().
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "wal/file.h"

namespace leat::wal {

class PageBuffer {
 public:
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  View bytes() const { return {memory_.get(), size_}; }

  // So many more, for the caller to write.
  char* grow(size_t bytes) {
    if (bytes > capacity_ - size_) reserve(size_ + bytes);
    char* const at = memory_.get() + size_;
    size_ += bytes;
    return at;
  }
  // What lies in front of `begin` goes, and what lies behind `end`.
  void keep(size_t begin, size_t end) {
    std::memmove(memory_.get(), memory_.get() + begin, end - begin);
    size_ = end - begin;
  }
  void clear() { size_ = 0; }
  void shrink() {  // to what is in it
    const size_t pages = round_up(size_);
    if (pages < capacity_) move_to(pages);
  }

 private:
  static constexpr std::align_val_t kAtPage{kPageBytes};
  struct Free {
    void operator()(char* memory) const { ::operator delete(memory, kAtPage); }
  };
  static size_t round_up(size_t bytes) { return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes; }
  void reserve(size_t bytes) { move_to(round_up(std::max(bytes, capacity_ * 2))); }
  void move_to(size_t capacity) {
    std::unique_ptr<char[], Free> fresh;
    if (capacity > 0) fresh.reset(static_cast<char*>(::operator new(capacity, kAtPage)));
    if (size_ > 0) std::memcpy(fresh.get(), memory_.get(), size_);
    memory_ = std::move(fresh);
    capacity_ = capacity;
  }

  std::unique_ptr<char[], Free> memory_;
  size_t size_ = 0, capacity_ = 0;
};

}  // namespace leat::wal
