// SPDX-License-Identifier: Apache-2.0
// recovery.cc: the writing half of recovery.h. The order of the steps is the whole point: at any of them the power may
// go.
#include "wal/recovery.h"

#include <algorithm>

#include "wal/reader.h"

namespace leat::wal {

namespace {

constexpr size_t kCopyBytes = size_t{4} << 20;

class Repair {
 public:
  Repair(FileSystem& files, View folder, Survey& survey, const RepairOptions& options, SegmentTable& table)
      : files_(files),
        folder_(folder),
        survey_(survey),
        options_(options),
        table_(table),
        keep_(std::min(survey.synced, survey.last_whole)) {}

  Result<Writer::Start> run();

 private:
  bool find_holder();
  Status throw_away_unfinished();
  Status name_holder();
  Status copy_tail(Writer::Start& start);
  Status copy_frames(Writer::Start& start, SegmentSurvey& segment, Bytes& out, SparseIndex& sparse);
  Status flush(Writer::Start& start, Bytes& out);
  Status finish_tail(Writer::Start& start);
  Status cut();
  Status cut_segment(SegmentSurvey& segment);
  Status pass(const SegmentSurvey& segment);
  Status remove(const SegmentSurvey& segment);
  Status use_spare(Writer::Start& start);
  Status make_spare(Writer::Start& start);
  SegmentHeader new_header(uint64_t capacity);
  uint64_t tail_bytes() const;
  bool has_tail() const { return survey_.last_whole > keep_; }
  // The spare can be written into as it is.
  bool spare_is_clean() const;

  FileSystem& files_;
  const Bytes folder_;
  Survey& survey_;
  const RepairOptions& options_;
  SegmentTable& table_;
  const Index keep_;   // stays where it is: proved synced, and whole
  size_t holder_ = 0;  // the segment it stands in
};

Result<Writer::Start> Repair::run() {
  CHECK(keep_ > 0);  // record 1 is synced before its segment gets its name
  if (!find_holder()) {
    return Status::error(
        folder_ + " holds a snapshot up to record " + std::to_string(keep_) +
        " and no segment to go on from: not one has a whole batch behind it. Restore the folder, its " +
        "*.log files above all, from a backup or a replica; or keep what is left: leat salvage " + folder_ +
        " --to NEW");
  }
  Writer::Start start{
      .last = survey_.last_whole, .time_ms = survey_.report.last_time_ms, .segment_bytes = options_.segment_bytes};
  Status done = throw_away_unfinished();
  if (done.ok()) done = name_holder();
  if (done.ok() && has_tail()) done = copy_tail(start);
  if (done.ok()) done = cut();
  if (done.ok() && !has_tail()) done = use_spare(start);
  if (!done.ok()) return done;
  return start;
}

// There is one unless segments were removed by hand: the one with the snapshot's last record is never retired.
bool Repair::find_holder() {
  bool found = false;
  for (size_t at = 0; at < survey_.segments.size(); ++at) {
    const SegmentSurvey& segment = survey_.segments[at];
    if (segment.first == 0 || segment.first > keep_) continue;
    holder_ = at;
    found = true;
  }
  return found;
}

Status Repair::throw_away_unfinished() {
  const auto names = files_.list(folder_);
  if (!names.ok()) return names.status();
  const bool spare_listed = !survey_.segments.empty() && survey_.segments.back().file.named == 0;
  for (const Bytes& name : *names) {
    const bool leftover = name == kSpareName && !spare_listed;
    if (name != kSpareUnfinished && name != kRewriteUnfinished && name != kCreateUnfinished && !leftover) continue;
    Status done = files_.unlink(join_path(folder_, name));
    if (!done.ok()) return done;
  }
  return Status::fine();
}

// The crash came between a segment's first sync and its name.
Status Repair::name_holder() {
  SegmentFile& file = survey_.segments[holder_].file;
  if (file.named != 0) return Status::fine();
  const Index first = survey_.segments[holder_].first;
  Status done = files_.rename(join_path(folder_, file.name), join_path(folder_, segment_name(first)));
  if (!done.ok()) return done;
  file.named = first;
  file.name = segment_name(first);
  return files_.sync_folder(folder_);
}

uint64_t Repair::tail_bytes() const {
  uint64_t bytes = 0;
  for (const SegmentSurvey& segment : survey_.segments) {
    if (segment.last > keep_) bytes += segment.end - segment.sparse.before(std::max(segment.first, keep_ + 1))->offset;
  }
  return bytes;
}

SegmentHeader Repair::new_header(uint64_t capacity) {
  SegmentHeader header = survey_.segments[holder_].file.header;
  header.salt = options_.random();
  header.sequence += 1;
  header.capacity = capacity;
  return header;
}

// What nothing proves synced is written anew: after a failed sync the page cache may show what the disk does not have.
Status Repair::copy_tail(Writer::Start& start) {
  start.header = new_header(tail_bytes() + options_.small_segment_bytes);
  start.first = keep_ + 1;
  start.named = true;
  auto file = make_segment(files_, join_path(folder_, kRewriteUnfinished), start.header);
  if (!file.ok()) return file.status();
  start.file = std::move(*file);
  Bytes out;
  SparseIndex sparse;
  for (SegmentSurvey& segment : survey_.segments) {
    if (segment.last <= keep_) continue;
    Status done = copy_frames(start, segment, out, sparse);
    if (!done.ok()) return done;
  }
  Status done = flush(start, out);
  if (!done.ok()) return done;
  table_.add(start.first, std::move(sparse));
  survey_.report.rewritten = survey_.last_whole - keep_;
  return finish_tail(start);
}

Status Repair::copy_frames(Writer::Start& start, SegmentSurvey& segment, Bytes& out, SparseIndex& sparse) {
  auto file = files_.open(join_path(folder_, segment.file.name), OpenMode::kRead);
  if (!file.ok()) return file.status();
  Index index = std::max(segment.first, keep_ + 1);
  const auto from = find_record(**file, segment.file.header, *segment.sparse.before(index), index);
  if (!from.ok()) return from.status();
  Reader reader(**file, segment.file.header.salt, segment.file.size, *from);
  while (index <= std::min(segment.last, survey_.last_whole)) {
    const auto frame = reader.next(index);
    if (!frame.ok()) return frame.status();
    if (!*frame) return Status::error("record " + std::to_string(index) + " changed while it was read");
    if (!(*frame)->header.takes_index()) continue;
    RecordHeader header = (*frame)->header;
    header.synced = keep_;
    const uint64_t offset = start.offset + out.size();
    append_frame(out, header, (*frame)->body, start.header.salt, offset);
    sparse.note(index++, offset);
    if (out.size() < kCopyBytes) continue;
    Status done = flush(start, out);
    if (!done.ok()) return done;
  }
  return Status::fine();
}

Status Repair::flush(Writer::Start& start, Bytes& out) {
  Status done = start.file->write(start.offset, out);
  start.offset += out.size();
  out.clear();
  return done;
}

// Synced, then said so, then named: whoever finds the name finds everything.
Status Repair::finish_tail(Writer::Start& start) {
  Status done = start.file->sync();
  if (!done.ok()) return done;
  Bytes mark;
  const RecordHeader header{.type = RecordType::kMark,
                            .index = survey_.last_whole + 1,
                            .synced = survey_.last_whole,
                            .time_ms = survey_.report.last_time_ms};
  append_frame(mark, header, View(), start.header.salt, start.offset);
  done = flush(start, mark);
  if (done.ok()) done = start.file->sync();
  if (!done.ok()) return done;
  done = files_.rename(join_path(folder_, kRewriteUnfinished), join_path(folder_, segment_name(start.first)));
  return done.ok() ? files_.sync_folder(folder_) : done;
}

bool Repair::spare_is_clean() const {
  const SegmentSurvey& spare = survey_.segments.back();
  return spare.file.named == 0 && spare.records == 0 && spare.rubbish == 0 &&
         spare.file.header.sequence == survey_.segments[holder_].file.header.sequence + 1;
}

// From the end, so that whatever a crash leaves is a log that ends earlier.
Status Repair::cut() {
  for (size_t at = survey_.segments.size(); at-- > 0;) {
    SegmentSurvey& segment = survey_.segments[at];
    const bool kept = at <= holder_ || (!has_tail() && spare_is_clean());
    Status done = kept ? Status::fine() : remove(segment);
    if (done.ok() && at <= holder_) done = segment.passed ? pass(segment) : cut_segment(segment);
    if (!done.ok()) return done;
  }
  return Status::fine();
}

Status Repair::remove(const SegmentSurvey& segment) {
  Status done = files_.unlink(join_path(folder_, segment.file.name));
  return done.ok() ? files_.sync_folder(folder_) : done;
}

// It was not read, so all that is known of it is where it begins.
Status Repair::pass(const SegmentSurvey& segment) {
  SparseIndex sparse;
  sparse.note(segment.file.named, kSegmentHeaderSize);
  table_.add(segment.file.named, std::move(sparse));
  return Status::fine();
}

// Ends the segment behind the last record that is to stay, and seals it.
Status Repair::cut_segment(SegmentSurvey& segment) {
  const Index last = std::min(segment.last, keep_);
  segment.sparse.cut(last);
  const SparseIndex::Entry entry = *segment.sparse.before(last);
  table_.add(segment.first, segment.sparse);
  if (segment.sealed && segment.last == last && segment.file.size == segment.end) return Status::fine();

  auto file = files_.open(join_path(folder_, segment.file.name), OpenMode::kWrite);
  if (!file.ok()) return file.status();
  if (segment.last > last) {
    const auto from = find_record(**file, segment.file.header, entry, last + 1);
    if (!from.ok()) return from.status();
    segment.end = *from;
    segment.sealed = false;
  }
  if (segment.sealed) return end_segment(**file, segment.end);
  Bytes seal;
  const RecordHeader header{
      .type = RecordType::kSeal, .index = last + 1, .synced = last, .time_ms = survey_.report.last_time_ms};
  append_frame(seal, header, View(), segment.file.header.salt, segment.end);
  Status done = (*file)->write(segment.end, seal);
  return done.ok() ? end_segment(**file, segment.end + seal.size()) : done;
}

Status Repair::use_spare(Writer::Start& start) {
  start.first = survey_.last_whole + 1;
  if (!spare_is_clean()) return make_spare(start);
  start.header = survey_.segments.back().file.header;
  auto file = files_.open(join_path(folder_, kSpareName), OpenMode::kWrite);
  if (!file.ok()) return file.status();
  start.file = std::move(*file);
  return Status::fine();
}

Status Repair::make_spare(Writer::Start& start) {
  start.header = new_header(options_.small_segment_bytes);
  const Bytes unfinished = join_path(folder_, kSpareUnfinished);
  auto file = make_segment(files_, unfinished, start.header);
  if (!file.ok()) return file.status();
  start.file = std::move(*file);
  Status done = files_.rename(unfinished, join_path(folder_, kSpareName));
  return done.ok() ? files_.sync_folder(folder_) : done;
}

}  // namespace

Result<Writer::Start> repair_folder(FileSystem& files, View folder, Survey& survey, const RepairOptions& options,
                                    SegmentTable& table) {
  return Repair(files, folder, survey, options, table).run();
}

}  // namespace leat::wal
