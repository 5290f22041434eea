// SPDX-License-Identifier: Apache-2.0
// reader.h: the frames of one segment, one after the other; and, behind a hole, those that survived.
//
// Used by: recovery, check, and the look-up of an index.
// Always:  - hands out only frames whose checksum fits their place;
//          - trusts no length before it is checked, and holds at most a few MB;
//          - a disk that cannot be read is a Status, never the end of the log.
#pragma once

#include <optional>

#include "wal/file.h"
#include "wal/format.h"

namespace leat::wal {

struct Frame {
  RecordHeader header;
  View body;  // valid until the reader's next call
  uint64_t offset = 0;
  uint64_t end() const { return offset + frame_size(header.length); }
};

class Reader {
 public:
  using Found = Result<std::optional<Frame>>;

  // Reads `file` (which must outlive this) from `offset`, the place of a frame, to `size`.
  Reader(File& file, uint64_t salt, uint64_t size, uint64_t offset = kSegmentHeaderSize);

  // The frame at this place if it is whole and carries the index `expected`; nothing, and no step, otherwise.
  Found next(Index expected);
  // The next frame here or later, on the grid, whose index is at least `least`; steps behind it.
  Found find(Index least);
  // How many bytes from here on are not just zeros at the end of the file: 0 means a clean end.
  Result<uint64_t> rubbish();

  uint64_t offset() const { return offset_; }
  void seek(uint64_t offset) { offset_ = offset; }

 private:
  // `size` bytes at `offset`, fewer at the end of the file; valid until the next call.
  Result<View> peek(uint64_t offset, size_t size);
  Found frame_at(uint64_t offset);

  File& file_;
  const uint64_t salt_;
  const uint64_t size_;
  uint64_t offset_;
  Bytes window_;  // what was read last, and where it began
  uint64_t window_offset_ = 0;
};

}  // namespace leat::wal
