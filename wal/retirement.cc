// SPDX-License-Identifier: Apache-2.0
#include "wal/retirement.h"

#include "wal/reader.h"

namespace leat::wal {

namespace {

Result<TimeMs> time_of_first(FileSystem& files, const Bytes& path, Index first) {
  auto file = files.open(path, OpenMode::kRead);
  if (!file.ok()) return file.status();
  const auto header = read_segment_header(**file);
  if (!header.ok()) return Status::error(path + ": " + Bytes(header.status().text()));
  const auto size = (*file)->size();
  if (!size.ok()) return size.status();
  const auto frame = Reader(**file, header->salt, *size).next(first);
  if (!frame.ok()) return frame.status();
  if (!*frame) return Status::error(path + " does not begin with record " + std::to_string(first));
  return (*frame)->header.time_ms;
}

Status remove_segment(FileSystem& files, const Bytes& folder, Index first) {
  Status done = files.unlink(join_path(folder, segment_name(first)));
  return done.ok() ? files.sync_folder(folder) : done;
}

}  // namespace

Status retire_segments(FileSystem& files, const Bytes& folder, SegmentTable& table, Index snapshot, TimeMs not_after) {
  const std::vector<Index> firsts = table.firsts();
  for (size_t at = 0; at + 1 < firsts.size() && firsts[at + 1] <= snapshot; ++at) {
    const auto time_ms = time_of_first(files, join_path(folder, segment_name(firsts[at + 1])), firsts[at + 1]);
    if (!time_ms.ok()) return time_ms.status();
    if (*time_ms > not_after) break;
    table.forget(firsts[at]);  // nobody looks for it while it goes
    Status done = remove_segment(files, folder, firsts[at]);
    if (!done.ok()) return done;
  }
  return Status::fine();
}

}  // namespace leat::wal
