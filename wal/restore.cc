// SPDX-License-Identifier: Apache-2.0
#include "wal/restore.h"

#include <algorithm>
#include <ctime>

#include "wal/folder.h"
#include "wal/new_folder.h"
#include "wal/new_log.h"
#include "wal/reader.h"
#include "wal/recovery.h"

namespace leat::wal {

namespace {

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
  Status copy_records(NewLog& to);
  Status copy_segment(NewLog& to, const SegmentSurvey& segment);

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
  TimeMs passed_ms_ = 0;
};

Result<RestoreReport> Restorer::run() {
  Status done = check_unused(files_, options_.source, "restore from a copy");
  if (done.ok()) done = check_unused(files_, log_, "restore from a copy");
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
      if (!passed_) passed_ms_ = time_ms;
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
  if (passed_ && !base_ && report_.batches == 0 && options_.until.index == UINT64_MAX) {
    return Status::error("nothing had been written at that moment: the first change in " + log_ + " is of " +
                         time_text(passed_ms_));
  }
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

Status Restorer::write_log(const Bytes& folder) {
  const uint64_t salt = options_.random();
  auto log = NewLog::begin(files_, folder,
                           {.ids = {.cluster_id = base_ ? base_->meta.cluster_id : survey_.report.cluster_id,
                                    .server_id = options_.random()},
                            .salt = salt,
                            .term = base_ ? base_->meta.term : 1,
                            .after = report_.snapshot,
                            .time_ms = report_.time_ms});
  if (!log.ok()) return log.status();
  if (Status copied = copy_records(*log); !copied.ok()) return copied;
  CHECK(log->last().index == report_.last);
  return log->end();
}

Status Restorer::copy_records(NewLog& to) {
  for (const SegmentSurvey& segment : survey_.segments) {
    if (segment.first == 0 || segment.last <= report_.snapshot || segment.first > report_.last) continue;
    if (Status copied = copy_segment(to, segment); !copied.ok()) return copied;
  }
  return Status::fine();
}

Status Restorer::copy_segment(NewLog& to, const SegmentSurvey& segment) {
  auto file = files_.open(join_path(log_, segment.file.name), OpenMode::kRead);
  if (!file.ok()) return file.status();
  const Index from = to.last().index + 1;
  const auto offset = find_record(**file, segment.file.header, *segment.sparse.before(from), from);
  if (!offset.ok()) return offset.status();
  Reader reader(**file, segment.file.header.salt, segment.file.size, *offset);
  while (to.last().index < std::min(segment.last, report_.last)) {
    const Index index = to.last().index + 1;
    const auto next = reader.next(index);
    if (!next.ok()) return next.status();
    if (!*next) return Status::error("record " + std::to_string(index) + " changed while it was read");
    if (!(*next)->header.takes_index()) continue;
    if (Status added = to.add((*next)->header, (*next)->body); !added.ok()) return added;
  }
  return Status::fine();
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
