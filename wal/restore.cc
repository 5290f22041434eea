// SPDX-License-Identifier: Apache-2.0
#include "wal/restore.h"

#include <algorithm>
#include <ctime>

#include "wal/new_folder.h"
#include "wal/reader.h"
#include "wal/recovery.h"

namespace leat::wal {

namespace {

constexpr size_t kWriteBytes = size_t{4} << 20;

Status refuse_in_use(FileSystem& files, const Bytes& folder) {
  const auto exists = files.exists(folder);
  if (!exists.ok()) return exists.status();
  if (!*exists) return Status::error("there is no folder " + folder);
  const auto owner = files.lock_owner(join_path(folder, kLockName));
  if (!owner.ok()) return owner.status();
  if (!*owner) return Status::fine();
  return Status::error(folder + " is in use by process " + **owner +
                       ": stop that broker first, or restore from a copy");
}

Bytes place_text(Index index, TimeMs time_ms) {
  return "record " + std::to_string(index) + " (" + time_text(time_ms) + ")";
}

// Looks at what there is, then writes. What it found is kept between the two.
class Restorer {
 public:
  Restorer(FileSystem& files, const RestoreOptions& options)
      : files_(files), options_(options), log_(options.log.empty() ? options.source : options.log) {}

  Result<RestoreReport> run();

 private:
  Status list_log();
  Status choose_snapshot();
  Status consider(const Bytes& folder);
  bool is_of_log(const Bytes& folder, const SnapshotMeta& meta) const;
  Status read_log();
  Status check_log_begins() const;
  Status check_reached(const Survey& survey) const;
  Status without_log() const;
  Bytes earliest() const;

  Status write(const Bytes& folder);
  Status write_log(const Bytes& folder);
  Status copy_records(File& to);
  Status copy_segment(File& to, const SegmentSurvey& segment);
  Status end_log(File& to);
  void frame(RecordHeader header, View body);
  Status flush(File& to);

  FileSystem& files_;
  const RestoreOptions& options_;
  const Bytes log_;
  std::vector<SegmentFile> segments_;  // of it
  std::optional<BackupReport> base_;   // the snapshot it stands on
  std::optional<BackupReport> later_;  // the oldest that is too young
  Bytes complaint_;                    // of a snapshot that cannot be used
  RestoreReport report_;
  Survey survey_;
  bool passed_ = false;  // a batch behind the moment was seen, so none before it is missing

  SegmentHeader header_;
  Bytes configuration_;
  Bytes out_;
  uint64_t offset_ = kSegmentHeaderSize;  // of the new segment; what is in out_ goes there
  RecordHeader last_;                     // that was written
};

Result<RestoreReport> Restorer::run() {
  Status done = refuse_in_use(files_, options_.source);
  if (done.ok()) done = refuse_in_use(files_, log_);
  if (!done.ok()) return done;
  auto folder = NewFolder::begin(files_, options_.to);  // first: a name that is taken is told at once
  if (!folder.ok()) return folder.status();
  done = list_log();
  if (done.ok()) done = choose_snapshot();
  if (done.ok()) done = read_log();
  if (done.ok()) done = write(folder->path());
  if (!done.ok()) {
    folder->give_up();
    return done;
  }
  done = folder->finish();
  if (!done.ok()) return done;
  return report_;
}

// ---- looking

Status Restorer::list_log() {
  auto segments = list_segments(files_, log_);
  if (!segments.ok()) return segments.status();
  segments_ = std::move(*segments);
  for (const SegmentFile& segment : segments_) {
    if (!segment.damage.empty() || segment.header.server_id == segments_.front().header.server_id) continue;
    return Status::error(join_path(log_, segment.name) + " belongs to another broker's log than " +
                         segments_.front().name);
  }
  return Status::fine();
}

// The newest at or before the moment: the least of the log is then needed.
Status Restorer::choose_snapshot() {
  Status fits = consider(options_.source);
  if (fits.ok() && log_ != options_.source) fits = consider(log_);
  if (!fits.ok() || !base_) return fits;
  report_.snapshot = report_.last = base_->meta.index;
  report_.time_ms = base_->meta.time_ms;
  return Status::fine();
}

// One that is damaged is passed over: another, or the log from record 1 on, may do without it.
Status Restorer::consider(const Bytes& folder) {
  const auto exists = files_.exists(join_path(folder, kSnapshotName));
  if (exists.ok() && !*exists) return Status::fine();
  auto found = verify_snapshot(files_, folder);
  if (!found.ok()) {
    complaint_ = Bytes(found.status().text());
    return Status::fine();
  }
  const SnapshotMeta& meta = found->meta;
  if (!is_of_log(folder, meta)) {
    return Status::error("the snapshot in " + folder + " and the log in " + log_ +
                         " were written by two brokers: their records have the same numbers and are not the same");
  }
  if (!options_.until.covers(meta.index, meta.time_ms)) {
    if (!later_ || meta.index < later_->meta.index) later_ = std::move(*found);
  } else if (!base_ || meta.index > base_->meta.index) {
    base_ = std::move(*found);
    report_.snapshot_of = folder;
  }
  return Status::fine();
}

// In a folder that was restored itself the snapshot is of the server that it came from; in any other place a snapshot
// of that server may be of a history that parted from this log's.
bool Restorer::is_of_log(const Bytes& folder, const SnapshotMeta& meta) const {
  if (segments_.empty() || !segments_.front().damage.empty()) return true;
  const SegmentHeader& header = segments_.front().header;
  return meta.cluster_id == header.cluster_id && (folder == log_ || meta.server_id == header.server_id);
}

Status Restorer::read_log() {
  if (base_ && base_->meta.index == options_.until.index) return Status::fine();  // no log is needed
  if (segments_.empty()) return without_log();
  if (Status begins = check_log_begins(); !begins.ok()) return begins;
  Origin origin;
  if (base_) origin = {.after = base_->meta.index, .cluster_id = base_->meta.cluster_id};
  const auto replay = [this](Index index, TimeMs time_ms, View) {
    if (passed_ || !options_.until.covers(index, time_ms)) {
      passed_ = true;
      return Status::fine();
    }
    ++report_.batches;
    report_.last = index;
    report_.time_ms = time_ms;
    return Status::fine();
  };
  auto survey = survey_folder(files_, log_, origin, replay, nullptr);
  if (!survey.ok()) return survey.status();
  survey_ = std::move(*survey);
  if (!base_) report_.last = std::max<Index>(report_.last, 1);
  return check_reached(survey_);
}

Status Restorer::check_log_begins() const {
  const Index first = segments_.front().named;
  const Index wanted = base_ ? base_->meta.index + 1 : 1;
  if (first != 0 && first <= wanted) return Status::fine();
  if (!base_ && later_) {
    return Status::error("no snapshot is as old as the moment you named, and the log does not go back to record 1: " +
                         earliest());
  }
  if (!complaint_.empty()) return Status::error(complaint_);
  if (!base_)
    return Status::error("there is no snapshot to begin with, and the log does not go back to record 1: " + earliest());
  return Status::error("the snapshot in " + report_.snapshot_of + " ends with " +
                       place_text(base_->meta.index, base_->meta.time_ms) + ", and the log in " + log_ +
                       " begins later: the records between are gone. " + earliest());
}

Bytes Restorer::earliest() const {
  const Index first = segments_.front().named;
  const Bytes log = log_ + (first == 0 ? " holds only a segment without a name"
                                       : " holds the log from record " + std::to_string(first) + " on");
  if (!later_) return log;
  return log + ", the earliest moment that can be reached is " + place_text(later_->meta.index, later_->meta.time_ms) +
         "; with an older backup: leat restore BACKUP --log " + log_ + " --until ...";
}

// The snapshot is all there is, so only its own moment can be had.
Status Restorer::without_log() const {
  if (!base_ && !complaint_.empty()) return Status::error(complaint_);
  if (!base_ && !later_) return Status::error(options_.source + " holds no snapshot and no log");
  const BackupReport& only = base_ ? *base_ : *later_;
  if (base_ && (options_.until.is_end() || options_.until.index == only.meta.index)) return Status::fine();
  return Status::error(
      "without a log there is only one moment, " + place_text(only.meta.index, only.meta.time_ms) +
      "; add --log DATA, the data folder (of a stopped broker, or a copy of it) with the log behind it");
}

// A log that is damaged behind the moment is good enough; one that ends before it is not.
Status Restorer::check_reached(const Survey& survey) const {
  if (passed_ || report_.last == options_.until.index) return Status::fine();
  if (!survey.damage.empty()) return Status::error(survey.damage);
  if (options_.until.index == UINT64_MAX || options_.until.index <= survey.last_whole) return Status::fine();
  return Status::error("the log in " + log_ + " ends with record " + std::to_string(survey.last_whole) +
                       "; a number is the index of a record, a time is written 2026-11-21T14:00:00Z or @1795269600");
}

// ---- writing

Status Restorer::write(const Bytes& folder) {
  if (base_) {
    const auto copied = copy_snapshot(files_, report_.snapshot_of, folder, 0, nullptr);
    if (!copied.ok()) return copied.status();
  }
  return write_log(folder);
}

// One segment of any length, sealed: like recovery's copy of a tail, it gets its name when all of it is synced.
Status Restorer::write_log(const Bytes& folder) {
  const Index first = report_.snapshot + 1;
  header_ = {.salt = options_.random(),
             .cluster_id = base_ ? base_->meta.cluster_id : survey_.report.cluster_id,
             .server_id = options_.random(),
             .sequence = 1,
             .capacity = kSegmentHeaderSize};
  configuration_ = encode_configuration({.cluster_id = header_.cluster_id, .server_id = header_.server_id});
  last_ = {.term = base_ ? base_->meta.term : 1, .index = report_.snapshot, .time_ms = report_.time_ms};
  const Bytes unfinished = join_path(folder, kCreateUnfinished);
  auto file = make_segment(files_, unfinished, header_);
  if (!file.ok()) return file.status();
  Status done = copy_records(**file);
  if (done.ok()) done = end_log(**file);
  if (done.ok()) done = files_.rename(unfinished, join_path(folder, segment_name(first)));
  return done;
}

Status Restorer::copy_records(File& to) {
  for (const SegmentSurvey& segment : survey_.segments) {
    if (segment.first == 0 || segment.last <= report_.snapshot || segment.first > report_.last) continue;
    if (Status copied = copy_segment(to, segment); !copied.ok()) return copied;
  }
  return Status::fine();
}

Status Restorer::copy_segment(File& to, const SegmentSurvey& segment) {
  auto file = files_.open(join_path(log_, segment.file.name), OpenMode::kRead);
  if (!file.ok()) return file.status();
  const Index from = last_.index + 1;
  const auto offset = find_record(**file, segment.file.header, *segment.sparse.before(from), from);
  if (!offset.ok()) return offset.status();
  Reader reader(**file, segment.file.header.salt, segment.file.size, *offset);
  while (last_.index < std::min(segment.last, report_.last)) {
    const auto next = reader.next(last_.index + 1);
    if (!next.ok()) return next.status();
    if (!*next) return Status::error("record " + std::to_string(last_.index + 1) + " changed while it was read");
    if (!(*next)->header.takes_index()) continue;
    const bool names_server = (*next)->header.type == RecordType::kConfiguration;
    frame((*next)->header, names_server ? View(configuration_) : (*next)->body);
    if (out_.size() < kWriteBytes) continue;
    if (Status written = flush(to); !written.ok()) return written;
  }
  return Status::fine();
}

// The configuration says who writes from here on, and gives even an empty log a record to be named by.
Status Restorer::end_log(File& to) {
  CHECK(last_.index == report_.last);
  const auto next = [this](RecordType type) {
    return RecordHeader{
        .type = type, .term = last_.term, .index = last_.index + 1, .synced = last_.index, .time_ms = last_.time_ms};
  };
  frame(next(RecordType::kConfiguration), configuration_);
  append_frame(out_, next(RecordType::kSeal), View(), header_.salt, offset_ + out_.size());
  Status done = flush(to);
  return done.ok() ? to.sync() : done;
}

void Restorer::frame(RecordHeader header, View body) {
  append_frame(out_, header, body, header_.salt, offset_ + out_.size());
  last_ = header;
}

Status Restorer::flush(File& to) {
  Status done = to.write(offset_, out_);
  offset_ += out_.size();
  out_.clear();
  return done.ok() ? to.sync() : done;
}

}  // namespace

Result<RestoreReport> restore_folder(FileSystem& files, const RestoreOptions& options) {
  RestoreOptions clean = options;
  clean.source = without_last_slash(options.source);
  clean.log = without_last_slash(options.log);
  return Restorer(files, clean).run();
}

Bytes time_text(TimeMs time_ms) {
  const std::time_t seconds = time_ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + size, sizeof text - size, ".%03dZ", static_cast<int>(time_ms % 1000));
  return text;
}

}  // namespace leat::wal
