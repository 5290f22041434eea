// SPDX-License-Identifier: Apache-2.0
// windows.h: a long string's way to a snapshot: its bytes are one piece in memory, and are saved in rows of one size.
//
// Used by: String, when it is longer than kSavedWholeMax.
// Always:  - the bytes are a loose chunk's, which no snapshot sees; a window is a chunk without memory that shows a
//            part of them. Marking, copying before a change, and taking are those of any chunk (changes.h), so growth,
//            which gives the bytes another home, costs snapshots nothing;
//          - every window is full but the last, which is not, and may be empty: a missing row does not go unnoticed;
//          - a window's number, from 1 on, is its row's `detail`; whole strings have 0 there.
// Size:    as any chunk's, so that its row is a page of the snapshot. Measured with SQLite, 1,000 single bytes changed
//          in 100 MB: windows of 4,000 bytes cost 8 KiB written each, of 8 KB 22, of 16 KB 35, of 64 KB 94 (overflow
//          pages, and the journal's copy of them); the whole string is written in 0.6 s, 0.6, 0.4 and 0.3.
#pragma once

#include <deque>

#include "chunks/chunk_store.h"
#include "chunks/pause.h"

namespace leat {

constexpr size_t kSavedWholeMax = 64 << 10;  // up to here a string is one row, and copied whole before a change

class Window : public Chunk {
 public:
  Window(const Chunk& whole, size_t number) : whole_(whole) {
    window_ = 1;
    begin_ = end_ = static_cast<uint32_t>(number * kWindowBytes);
  }
  View shown() const { return {whole_.data() + begin_, size()}; }

 private:
  const Chunk& whole_;
};

class Windows {
 public:
  Windows(ChunkStore& chunks, Chunk& whole, ValueId owner) : chunks_(chunks), whole_(whole), owner_(owner) {}
  Windows(const Windows&) = delete;
  Windows& operator=(const Windows&) = delete;
  ~Windows();  // `whole` may lose its bytes

  // Around each change of `whole`, which is loose and must outlive this: one of the first two, then follow().
  void before_write(size_t from, size_t to);  // of bytes that are there, or come at the end, with what lies in between
  void before_assign();                       // of all bytes: `whole` may lose those it has
  void follow();

  // Frees up to `count` windows, true when nothing is left; the string must not be used for anything else any more.
  bool free_some(size_t count);
  // Whether the rows, which are put in order, are all of a string, and of no other. They are not when a snapshot was
  // taken while the string was being freed.
  static bool fit_together(std::vector<std::unique_ptr<Chunk>>& rows, Pause& pause);
  // Out of a snapshot: fills `whole`, which is empty, from such rows.
  void load(std::vector<std::unique_ptr<Chunk>> rows, Pause& pause);

  size_t memory() const { return sizeof *this + windows_.size() * sizeof(Window); }

 private:
  void leave();

  ChunkStore& chunks_;
  Chunk& whole_;
  const ValueId owner_;
  std::deque<Window> windows_;  // they stay where they are: Changes has them in its lists
};

}  // namespace leat
