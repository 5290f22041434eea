// SPDX-License-Identifier: Apache-2.0
#include "wal/check.h"

#include "wal/log_scan.h"
#include "wal/overlay.h"
#include "wal/reader.h"
#include "wal/snapshot_store.h"

namespace leat::wal {

namespace {

constexpr char kPassedDamaged[] =
    ". Damaged are segments behind the snapshot, see above: a start does without them, `leat restore --until` does not";

SegmentReport report_of(const SegmentSurvey& segment) {
  SegmentReport report{.file = segment.file.name,
                       .records = segment.records,
                       .first = segment.first,
                       .last = segment.last,
                       .bytes = segment.file.size,
                       .sealed = segment.sealed,
                       .passed = segment.passed,
                       .damage = segment.file.damage};
  if (report.damage.empty() && segment.rubbish > 0) {
    report.damage = std::to_string(segment.rubbish) + " bytes from offset " + std::to_string(segment.end) +
                    " on are not part of the log, " + std::to_string(segment.survivors) + " whole records among them";
  }
  return report;
}

// A start does without a segment behind the snapshot. It ends where the next one, `behind`, begins.
Status read_passed(FileSystem& files, const Bytes& folder, const SegmentFile& segment, Index behind,
                   SegmentReport& report) {
  auto file = files.open(join_path(folder, segment.name), OpenMode::kRead);
  if (!file.ok()) return file.status();
  Reader reader(**file, segment.header.salt, segment.size);
  Index next = segment.named;
  while (next <= behind && !report.sealed) {
    const auto frame = reader.next(next);
    if (!frame.ok()) return frame.status();
    if (!*frame) break;
    report.sealed = (*frame)->header.type == RecordType::kSeal;
    if (!(*frame)->header.takes_index() || next == behind) continue;
    report.last = next++;
    ++report.records;
  }
  report.first = report.records > 0 ? segment.named : 0;
  if (next < behind)
    report.damage = "record " + std::to_string(next) + " is unreadable, at offset " + std::to_string(reader.offset());
  return Status::fine();
}

Status read_passed_segments(FileSystem& files, const Bytes& folder, const Survey& survey, FolderReport& report) {
  for (size_t at = 0; at + 1 < survey.segments.size(); ++at) {
    const SegmentSurvey& segment = survey.segments[at];
    if (!segment.passed || !segment.file.damage.empty()) continue;
    const Index behind = survey.segments[at + 1].file.named;
    Status read = read_passed(files, folder, segment.file, behind, report.segments[at]);
    if (!read.ok()) return read;
    if (!report.segments[at].damage.empty()) report.passed_damaged += 1;
  }
  return Status::fine();
}

// Nothing when it is not there.
Result<std::optional<uint64_t>> size_of(FileSystem& files, const Bytes& path) {
  const auto exists = files.exists(path);
  if (!exists.ok()) return exists.status();
  if (!*exists) return std::optional<uint64_t>();
  auto file = files.open(path, OpenMode::kRead);
  if (!file.ok()) return file.status();
  const auto size = (*file)->size();
  if (!size.ok()) return size.status();
  return std::optional<uint64_t>(*size);
}

// As a start would open and load it, with all its writes kept from the disk.
Status look_into_snapshot(FileSystem& files, const Bytes& folder, SnapshotReport& report, Origin& origin) {
  OverlayFiles overlay(files);
  const auto store = SnapshotStore::open(overlay, folder);
  if (!store.ok()) return store.status();
  if (const auto& meta = (*store)->meta()) {
    origin = {.after = meta->index, .cluster_id = meta->cluster_id};
    report.there = true;
    report.index = meta->index;
    report.time_ms = meta->time_ms;
  }
  report.rows = (*store)->tally().rows;
  report.digest = (*store)->tally().digest;
  Status done = (*store)->check_pages();
  return done.ok() ? (*store)->load({}) : done;
}

Result<SnapshotReport> check_snapshot(FileSystem& files, const Bytes& folder, Origin& origin) {
  SnapshotReport report;
  const auto bytes = size_of(files, join_path(folder, kSnapshotName));
  if (!bytes.ok()) return bytes.status();
  const auto journal_bytes = size_of(files, join_path(folder, kSnapshotJournal));
  if (!journal_bytes.ok()) return journal_bytes.status();
  if (!*bytes) return report;
  report.bytes = **bytes;
  report.unfinished = journal_bytes->value_or(0) > 0;
  const Status looked = look_into_snapshot(files, folder, report, origin);
  report.damage = Bytes(looked.text());
  return report;
}

Bytes verdict_of(const SnapshotReport& snapshot, const Survey& survey) {
  if (!snapshot.damage.empty()) return snapshot.damage;
  if (survey.segments.empty() && snapshot.there) {
    return "the snapshot of record " + std::to_string(snapshot.index) +
           " is whole, and there is no segment of a log here: it is a backup, of which `leat restore` makes a data folder, "
           "or a data folder that has lost its log";
  }
  if (survey.segments.empty()) return "there is no segment of a log here";
  if (!survey.damage.empty()) return survey.damage;
  Bytes records = snapshot.there ? "the snapshot of record " + std::to_string(snapshot.index) + " and " : "";
  records +=
      "records " + std::to_string(survey.report.first) + " to " + std::to_string(survey.last_whole) + " are whole";
  if (survey.report.trimmed_detail.empty()) return records;
  return records + "; a start would trim " + survey.report.trimmed_detail;
}

}  // namespace

Result<FolderReport> check_folder(FileSystem& files, View folder) {
  const auto owner = files.lock_owner(join_path(folder, kLockName));
  if (!owner.ok()) return owner.status();
  if (*owner) {
    return Status::error(Bytes(folder) + " is in use by process " + **owner +
                         ": what is there changes while it is read. Stop that broker first, or check a copy");
  }
  FolderReport report;
  Origin origin;
  auto snapshot = check_snapshot(files, Bytes(folder), origin);
  if (!snapshot.ok()) return snapshot.status();
  report.snapshot = std::move(*snapshot);
  const auto survey = survey_folder(files, folder, origin, nullptr, nullptr);
  if (!survey.ok()) return survey.status();
  for (const SegmentSurvey& segment : survey->segments) report.segments.push_back(report_of(segment));
  if (Status read = read_passed_segments(files, Bytes(folder), *survey, report); !read.ok()) return read;
  report.verdict = verdict_of(report.snapshot, *survey);
  if (report.passed_damaged > 0) report.verdict += kPassedDamaged;
  report.sound = report.snapshot.damage.empty() && !survey->segments.empty() && survey->damage.empty();
  return report;
}

Status read_folder(FileSystem& files, View folder, Index from,
                   const std::function<void(const RecordHeader& header, View body)>& record) {
  const LogListener listener{.on_record =
                                 [&record](const RecordHeader& header, View body) {
                                   record(header, body);
                                   return Status::fine();
                                 },
                             .on_hole = nullptr};
  return scan_log(files, folder, from, UINT64_MAX, listener).status();
}

}  // namespace leat::wal
