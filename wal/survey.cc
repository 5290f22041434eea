// SPDX-License-Identifier: Apache-2.0
// survey.cc: the reading half of recovery.h.
#include <algorithm>

#include "wal/reader.h"
#include "wal/recovery.h"
#include "wal/snapshot.h"

namespace leat::wal {

namespace {

constexpr uint64_t kProgressEvery = uint64_t{1} << 20;  // so often clients are heard who ask while it loads

// Walks the segments once. While every frame follows the one before, batches are replayed; behind the first gap it only
// looks for survivors, for what they say about what had been synced.
class Surveyor {
 public:
  Surveyor(FileSystem& files, View folder, const Origin& origin, const ReplayFn& replay, const ProgressFn& progress)
      : files_(files), folder_(folder), origin_(origin), replay_(replay), progress_(progress) {}

  Result<Survey> run();

 private:
  void find_beginning();
  Status walk(size_t at);
  Status read_in_order(size_t at, Reader& reader);
  Result<bool> goes_on(size_t at);
  Status look_for_survivors(size_t at, Reader& reader);
  Status take(SegmentSurvey& segment, const Frame& frame);
  Status take_record(const Frame& frame);
  Status take_batch(const Frame& frame);
  void check_header(size_t at);
  void check_first(size_t at);
  void check_synced();
  void report_trimmed();
  void damaged(size_t at, uint64_t offset, const Bytes& what);
  void broken_at(size_t at, uint64_t offset);
  void tell_progress(uint64_t position);

  FileSystem& files_;
  const Bytes folder_;
  const Origin origin_;
  const ReplayFn& replay_;
  const ProgressFn& progress_;
  Survey survey_;
  bool broken_ = false;     // the chain of frames has a gap
  size_t gap_segment_ = 0;  // and here it is
  uint64_t gap_offset_ = kSegmentHeaderSize;
  Bytes parts_;  // of a batch whose end has not come yet
  bool in_batch_ = false;
  uint64_t parts_bytes_ = 0;  // on disk
  uint64_t done_before_ = 0, total_ = 0, told_ = 0;
};

Result<Survey> Surveyor::run() {
  auto listed = list_segments(files_, folder_);
  if (!listed.ok()) return listed.status();
  for (SegmentFile& file : *listed) {
    total_ += file.size;
    survey_.segments.push_back(SegmentSurvey{.file = std::move(file)});
  }
  find_beginning();
  for (size_t at = 0; at < survey_.segments.size(); ++at) {
    check_header(at);
    const SegmentSurvey& segment = survey_.segments[at];
    if (segment.file.damage.empty() && !segment.passed) {
      Status walked = walk(at);
      if (!walked.ok()) return walked;
    }
    done_before_ += survey_.segments[at].file.size;
  }
  check_synced();
  report_trimmed();
  if (progress_) progress_(total_, total_);
  return std::move(survey_);
}

// Nothing is in a snapshot before it is synced in the log. Passes over the segments that end before the snapshot does.
// The one that holds its last record is read, so that the log is known to go on without a gap.
void Surveyor::find_beginning() {
  survey_.synced = origin_.after;
  auto& segments = survey_.segments;
  for (size_t at = 0; at + 1 < segments.size(); ++at) {
    const Index next = segments[at + 1].file.named;
    if (next == 0 || next > origin_.after) break;
    segments[at].passed = true;
  }
  for (const SegmentSurvey& segment : segments) {
    if (segment.passed || segment.file.named == 0) continue;
    survey_.next = segment.file.named;
    survey_.last_whole = survey_.next - 1;
    return;
  }
}

void Surveyor::check_header(size_t at) {
  SegmentSurvey& segment = survey_.segments[at];
  const SegmentHeader& header = segment.file.header;
  if (!segment.file.damage.empty()) {
    damaged(at, 0, segment.file.damage);
    return broken_at(at, 0);
  }
  survey_.synced = std::max(survey_.synced, segment.file.named);  // it was named when its first record was synced
  if (at == 0) return check_first(at);
  const SegmentFile& before = survey_.segments[at - 1].file;
  if (!before.damage.empty()) return;
  if (header.sequence != before.header.sequence + 1) damaged(at, 0, "a segment before this one is missing");
  if (header.cluster_id != survey_.report.cluster_id || header.server_id != survey_.report.server_id) {
    damaged(at, 0, "this segment belongs to another broker's log");
  }
}

void Surveyor::check_first(size_t at) {
  const SegmentFile& file = survey_.segments[at].file;
  survey_.report.cluster_id = file.header.cluster_id;
  survey_.report.server_id = file.header.server_id;
  survey_.report.first = file.named;
  const Bytes snapshot(kSnapshotName);
  if (origin_.after == 0) {
    if (file.named != 1) damaged(at, 0, "the log begins here, the segments before are missing");
  } else if (origin_.cluster_id != 0 && origin_.cluster_id != file.header.cluster_id) {
    damaged(at, 0,
            "this segment belongs to another broker's log than " + snapshot + ": one of the two was copied here");
  } else if (file.named == 0 || file.named > origin_.after + 1) {
    damaged(at, 0,
            "the log begins here, and " + snapshot + " ends with record " + std::to_string(origin_.after) +
                ": the segments between are missing");
  }
}

Status Surveyor::walk(size_t at) {
  SegmentSurvey& segment = survey_.segments[at];
  auto file = files_.open(join_path(folder_, segment.file.name), OpenMode::kRead);
  if (!file.ok()) return file.status();
  Reader reader(**file, segment.file.header.salt, segment.file.size);
  return broken_ ? look_for_survivors(at, reader) : read_in_order(at, reader);
}

Status Surveyor::read_in_order(size_t at, Reader& reader) {
  SegmentSurvey& segment = survey_.segments[at];
  // What stands here from the next segment's first index on is dead: recovery had copied it there and was cut short.
  const bool is_last = at + 1 == survey_.segments.size();
  const Index limit =
      is_last || survey_.segments[at + 1].file.named == 0 ? UINT64_MAX : survey_.segments[at + 1].file.named;
  while (!segment.sealed) {
    const uint64_t offset = reader.offset();
    const auto frame = reader.next(survey_.next);
    if (!frame.ok()) return frame.status();
    if (!*frame) break;
    if ((*frame)->header.takes_index() && survey_.next >= limit) return Status::fine();
    const Status taken = take(segment, **frame);
    if (!taken.ok()) {
      damaged(at, offset, Bytes(taken.text()));
      break;
    }
    segment.end = reader.offset();
    tell_progress(offset);
  }
  if (segment.sealed) return Status::fine();
  const auto on = goes_on(at + 1);
  if (!on.ok()) return on.status();
  if (*on) {  // the seal was lost or torn, nothing else
    const auto rubbish = reader.rubbish();
    if (!rubbish.ok()) return rubbish.status();
    segment.rubbish = *rubbish;
    return Status::fine();
  }
  if (segment.file.size < segment.file.header.capacity) {
    damaged(at, segment.file.size, "the file has been cut off: it has no seal and was made longer");
  }
  return look_for_survivors(at, reader);
}

// Whether the segment begins with the record that comes next.
Result<bool> Surveyor::goes_on(size_t at) {
  if (at == survey_.segments.size() || !survey_.segments[at].file.damage.empty()) return false;
  const SegmentFile& segment = survey_.segments[at].file;
  auto file = files_.open(join_path(folder_, segment.name), OpenMode::kRead);
  if (!file.ok()) return file.status();
  const auto frame = Reader(**file, segment.header.salt, segment.size).next(survey_.next);
  if (!frame.ok()) return frame.status();
  return frame->has_value();
}

Status Surveyor::look_for_survivors(size_t at, Reader& reader) {
  SegmentSurvey& segment = survey_.segments[at];
  const auto rubbish = reader.rubbish();
  if (!rubbish.ok()) return rubbish.status();
  segment.rubbish = *rubbish;
  if (*rubbish == 0) return Status::fine();
  broken_at(at, segment.end);
  for (;;) {
    const auto frame = reader.find(survey_.next);
    if (!frame.ok()) return frame.status();
    if (!*frame) return Status::fine();
    survey_.synced = std::max(survey_.synced, (*frame)->header.synced);
    ++segment.survivors;
  }
}

Status Surveyor::take(SegmentSurvey& segment, const Frame& frame) {
  survey_.synced = std::max(survey_.synced, frame.header.synced);
  survey_.report.last_time_ms = std::max(survey_.report.last_time_ms, frame.header.time_ms);
  if (frame.header.type == RecordType::kSeal) segment.sealed = true;
  if (!frame.header.takes_index()) return Status::fine();
  if (segment.first == 0) segment.first = frame.header.index;
  segment.last = frame.header.index;
  ++segment.records;
  segment.sparse.note(frame.header.index, frame.offset);
  ++survey_.next;
  return take_record(frame);
}

Status Surveyor::take_record(const Frame& frame) {
  RecoveryReport& report = survey_.report;
  if (frame.header.index == origin_.after && frame.header.more()) {
    return Status::error("record " + std::to_string(origin_.after) + ", the last of " + Bytes(kSnapshotName) +
                         ", stands in the middle of a batch");
  }
  if (frame.header.index == 1 && frame.header.type != RecordType::kConfiguration) {
    return Status::error("record 1 is not the configuration");
  }
  parts_bytes_ += frame_size(frame.header.length);
  if (frame.header.type == RecordType::kBatch && frame.header.index > origin_.after) {
    Status taken = take_batch(frame);
    if (!taken.ok() || in_batch_) return taken;
  } else if (in_batch_) {
    return Status::error("record " + std::to_string(frame.header.index) + " stands in the middle of a batch");
  } else if (frame.header.type == RecordType::kConfiguration) {
    const auto configuration = parse_configuration(frame.body);
    if (!configuration.ok()) return configuration.status();
    if (configuration->cluster_id != report.cluster_id || configuration->server_id != report.server_id) {
      return Status::error("the configuration record and the segment's header name different brokers");
    }
  }
  report.records += frame.header.index - std::exchange(survey_.last_whole, frame.header.index);
  report.last = frame.header.index;
  report.bytes += std::exchange(parts_bytes_, 0);
  return Status::fine();
}

Status Surveyor::take_batch(const Frame& frame) {
  const bool single = !in_batch_ && !frame.header.more();
  if (!single) parts_.append(frame.body);
  in_batch_ = frame.header.more();
  if (in_batch_) return Status::fine();
  ++survey_.report.batches;
  Status replayed = Status::fine();
  if (replay_) replayed = replay_(frame.header.index, frame.header.time_ms, single ? frame.body : View(parts_));
  if (!replayed.ok()) {
    return Status::error("record " + std::to_string(frame.header.index) +
                         " cannot be applied: " + Bytes(replayed.text()));
  }
  parts_.clear();
  if (parts_.capacity() > 2 * kRecordBodyMax) parts_.shrink_to_fit();
  return Status::fine();
}

void Surveyor::broken_at(size_t at, uint64_t offset) {
  if (std::exchange(broken_, true)) return;
  gap_segment_ = at;
  gap_offset_ = offset;
  // Nothing fits at the head of a segment: it is the one before that lost its end.
  if (at == 0 || offset != kSegmentHeaderSize || survey_.segments[at - 1].sealed) return;
  if (survey_.segments[at].file.named == survey_.next) return;
  gap_segment_ = at - 1;
  gap_offset_ = survey_.segments[at - 1].end;
}

void Surveyor::check_synced() {
  if (survey_.segments.empty() || survey_.next > survey_.synced) return;
  if (!broken_) {
    gap_segment_ = survey_.segments.size() - 1;
    gap_offset_ = survey_.segments.back().end;
  }
  damaged(gap_segment_, gap_offset_,
          "record " + std::to_string(survey_.next) + " is unreadable or missing, and record " +
              std::to_string(survey_.synced) + " is known to have been on disk" +
              (survey_.synced == origin_.after ? ": " + Bytes(kSnapshotName) + " goes up to it" : ""));
}

void Surveyor::damaged(size_t at, uint64_t offset, const Bytes& what) {
  if (!survey_.damage.empty()) return;  // the first is the cause
  survey_.damaged = at;
  survey_.damage = join_path(folder_, survey_.segments[at].file.name) + " is damaged at offset " +
                   std::to_string(offset) + ": " + what + ". Nothing was changed. `leat check " + folder_ +
                   "` shows what is readable; restore the folder from a backup or a replica, or keep what is left: " +
                   "leat salvage " + folder_ + " --to NEW";
}

void Surveyor::report_trimmed() {
  RecoveryReport& report = survey_.report;
  for (const SegmentSurvey& segment : survey_.segments) {
    if (segment.rubbish == 0) continue;
    report.trimmed_bytes += segment.rubbish;
    report.trimmed_detail += report.trimmed_detail.empty() ? "" : "; ";
    report.trimmed_detail += segment.file.name + ": a torn tail of " + std::to_string(segment.rubbish) +
                             " bytes from offset " + std::to_string(segment.end);
  }
  if (!in_batch_) return;
  report.trimmed_bytes += parts_bytes_;
  report.trimmed_detail += report.trimmed_detail.empty() ? "" : "; ";
  report.trimmed_detail += "records " + std::to_string(survey_.last_whole + 1) + " to " +
                           std::to_string(survey_.next - 1) + ": a batch without its end";
}

void Surveyor::tell_progress(uint64_t position) {
  if (!progress_ || done_before_ + position < told_ + kProgressEvery) return;
  told_ = done_before_ + position;
  progress_(told_, total_);
}

}  // namespace

Result<Survey> survey_folder(FileSystem& files, View folder, const Origin& origin, const ReplayFn& replay,
                             const ProgressFn& progress) {
  return Surveyor(files, folder, origin, replay, progress).run();
}

}  // namespace leat::wal
