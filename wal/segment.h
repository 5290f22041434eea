// SPDX-License-Identifier: Apache-2.0
// segment.h: the files of a data folder: their names, their making, and where in them an index stands.
//
// Used by: log, recovery, spare_maker, writer, check.
// Always:  - a file is called 00000000000000000042.log only once its first record, 42, is synced;
//          - next.log is whole and synced, folder included, before it gets that name;
//          - *.tmp is unfinished and can be thrown away.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "wal/file.h"
#include "wal/format.h"

namespace leat::wal {

constexpr View kLockName = "lock";
constexpr View kSpareName = "next.log";  // the next segment, or the current one until its first sync
constexpr View kSpareUnfinished = "next.tmp";
constexpr View kRewriteUnfinished = "rewrite.tmp";  // the tail, being copied by recovery
constexpr View kCreateUnfinished = "create.tmp";    // the first segment of a new folder

Bytes segment_name(Index first);
std::optional<Index> parse_segment_name(View name);

struct SegmentFile {
  Bytes name;
  Index named = 0;  // the index that the name says; 0 for next.log
  uint64_t size = 0;
  SegmentHeader header;
  Bytes damage;  // why the header cannot be used; empty when it can
};
// The segments of a folder in order, next.log last. Leftovers (a next.log that a later segment has replaced) are not
// among them. Fails when the folder or a file cannot be read; a bad header is told in `damage`.
Result<std::vector<SegmentFile>> list_segments(FileSystem& files, View folder);

// Makes a segment of `capacity` bytes, zeros behind the header, synced; the folder is not. Stops early, with an error,
// when `go_on` says so between two pieces.
Result<std::unique_ptr<File>> make_segment(FileSystem& files, const Bytes& path, const SegmentHeader& header,
                                           const std::function<bool()>& go_on = nullptr);
// The seal has been written up to `end`: syncs it, then gives back what stands behind. In this order, so that a segment
// that is shorter than its capacity and has no seal can only be damaged.
Status end_segment(File& file, uint64_t end);
// Not for secrets: salts and ids.
uint64_t random_u64();

// Where, roughly, each index stands: one entry for every kSparseBytes. Grows at the end.
class SparseIndex {
 public:
  struct Entry {
    Index index;
    uint64_t offset;
  };
  static constexpr uint64_t kSparseBytes = 64 * 1024;

  void note(Index index, uint64_t offset);
  // The last entry at or before `index`; nothing when all are behind it.
  std::optional<Entry> before(Index index) const;
  void cut(Index last);  // forgets what is behind `last`

 private:
  std::vector<Entry> entries_;
};

// The sparse indexes of all segments. Written by whoever holds the writer, read by the loop: locked.
class SegmentTable {
 public:
  struct Hint {
    Index segment_first;  // names the file, or it is still next.log
    SparseIndex::Entry entry;
  };
  void add(Index first, SparseIndex sparse);
  void note(Index index, uint64_t offset, bool begins_segment);
  std::optional<Hint> before(Index index) const;
  std::vector<Index> firsts() const;  // in order
  void forget(Index first);
  size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::map<Index, SparseIndex> segments_;
};

// The place of record `index` in `file`, searched from a sparse entry of the same segment.
Result<uint64_t> find_record(File& file, const SegmentHeader& header, SparseIndex::Entry from, Index index);

Result<SegmentHeader> read_segment_header(File& file);

}  // namespace leat::wal
