// SPDX-License-Identifier: Apache-2.0
// id_table.h: an array by id, for ids that only rise and are never reused (values, blobs).
//
// Used by: ChunkStore for blobs, Database for values.
// Always:  - a page (256 ids) whose items are all gone is freed, except the one that is being filled;
//          - a slot stays where it is until it is erased;
//          - what is kept for ids long gone is 8 bytes for each quarter of a million.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "schemas/check.h"

namespace leat {

template <typename T>
class IdTable {
 public:
  // The slot of an id; one that was never inserted is a nullptr or a T{}.
  T* find(uint64_t id) const {
    Page* const page = page_at(id >> kPageBits);
    return page == nullptr ? nullptr : &page->slots[id & (kPageSlots - 1)];
  }

  T& insert(uint64_t id) {
    const uint64_t number = id >> kPageBits;
    if (number != filling_) {
      const uint64_t filled = std::exchange(filling_, number);
      drop_if_empty(filled);
    }
    const size_t at = number >> kFolderBits;
    if (at >= folders_.size()) folders_.resize(at + 1);
    if (folders_[at] == nullptr) folders_[at] = std::make_unique<Folder>();
    auto& page = folders_[at]->pages[number & (kFolderPages - 1)];
    if (page == nullptr) {
      page = std::make_unique<Page>();
      ++folders_[at]->alive;
    }
    ++page->alive;
    highest_ = std::max(highest_, id);
    return page->slots[id & (kPageSlots - 1)];
  }

  void erase(uint64_t id) {
    Page* const page = page_at(id >> kPageBits);
    CHECK(page != nullptr);
    page->slots[id & (kPageSlots - 1)] = T();
    --page->alive;
    if (id >> kPageBits != filling_) drop_if_empty(id >> kPageBits);
  }

  // An id whose slot is "true", or 0; for emptying the table: each call goes on where the last one found something.
  uint64_t any() {
    while (highest_ > 0) {
      const uint64_t number = highest_ >> kPageBits;
      if (Page* const page = page_at(number); page == nullptr || page->alive == 0) {
        const bool whole_folder = folder_at(number >> kFolderBits) == nullptr;
        const int bits = whole_folder ? kPageBits + kFolderBits : kPageBits;
        const uint64_t first = highest_ >> bits << bits;
        highest_ = first == 0 ? 0 : first - 1;
      } else if (page->slots[highest_ & (kPageSlots - 1)]) {
        return highest_;
      } else {
        --highest_;
      }
    }
    return 0;
  }

  size_t memory() const {
    size_t bytes = folders_.capacity() * sizeof(void*);
    for (const auto& folder : folders_) {
      if (folder != nullptr) bytes += sizeof(Folder) + folder->alive * sizeof(Page);
    }
    return bytes;
  }

 private:
  static constexpr int kPageBits = 8, kFolderBits = 10;
  static constexpr size_t kPageSlots = size_t{1} << kPageBits, kFolderPages = size_t{1} << kFolderBits;
  struct Page {
    T slots[kPageSlots];
    size_t alive = 0;
  };
  struct Folder {
    std::unique_ptr<Page> pages[kFolderPages];
    size_t alive = 0;
  };

  Folder* folder_at(uint64_t at) const { return at < folders_.size() ? folders_[at].get() : nullptr; }
  Page* page_at(uint64_t number) const {
    Folder* const folder = folder_at(number >> kFolderBits);
    return folder == nullptr ? nullptr : folder->pages[number & (kFolderPages - 1)].get();
  }

  void drop_if_empty(uint64_t number) {
    Page* const page = page_at(number);
    if (page == nullptr || page->alive > 0) return;
    auto& folder = folders_[number >> kFolderBits];
    folder->pages[number & (kFolderPages - 1)].reset();
    if (--folder->alive == 0) folder.reset();
  }

  std::vector<std::unique_ptr<Folder>> folders_;
  uint64_t filling_ = UINT64_MAX;  // the page last inserted into: it may be empty for now and is kept
  uint64_t highest_ = 0;           // no id above it is in use
};

}  // namespace leat
