// SPDX-License-Identifier: Apache-2.0
#include "wal/check.h"

#include "wal/reader.h"

namespace leat::wal {

namespace {

SegmentReport report_of(const SegmentSurvey& segment) {
  SegmentReport report{.file = segment.file.name,
                       .records = segment.records,
                       .first = segment.first,
                       .last = segment.last,
                       .bytes = segment.file.size,
                       .sealed = segment.sealed,
                       .damage = segment.file.damage};
  if (report.damage.empty() && segment.rubbish > 0) {
    report.damage = std::to_string(segment.rubbish) + " bytes from offset " + std::to_string(segment.end) +
                    " on are not part of the log, " + std::to_string(segment.survivors) + " whole records among them";
  }
  return report;
}

Bytes verdict_of(const Survey& survey) {
  if (survey.segments.empty()) return "there is no segment of a log here";
  if (!survey.damage.empty()) return survey.damage;
  const Bytes records = "records 1 to " + std::to_string(survey.last_whole) + " are whole";
  if (survey.report.trimmed_detail.empty()) return records;
  return records + "; a start would trim " + survey.report.trimmed_detail;
}

// Reads on behind damage, so an index may come again (what recovery had copied): only rising ones are handed out.
Status read_segment(FileSystem& files, const Bytes& path, const SegmentFile& segment, Index& next,
                    const std::function<void(const RecordHeader&, View)>& record) {
  auto file = files.open(path, OpenMode::kRead);
  if (!file.ok()) return file.status();
  Reader reader(**file, segment.header.salt, segment.size);
  for (;;) {
    const auto frame = reader.find(1);
    if (!frame.ok()) return frame.status();
    if (!*frame || (*frame)->header.type == RecordType::kSeal) return Status::fine();
    if (!(*frame)->header.takes_index() || (*frame)->header.index < next) continue;
    next = (*frame)->header.index + 1;
    record((*frame)->header, (*frame)->body);
  }
}

}  // namespace

Result<FolderReport> check_folder(FileSystem& files, View folder) {
  const auto survey = survey_folder(files, folder, nullptr, nullptr);
  if (!survey.ok()) return survey.status();
  FolderReport report;
  for (const SegmentSurvey& segment : survey->segments) report.segments.push_back(report_of(segment));
  report.verdict = verdict_of(*survey);
  report.sound = !survey->segments.empty() && survey->damage.empty();
  return report;
}

Status read_folder(FileSystem& files, View folder, Index from,
                   const std::function<void(const RecordHeader& header, View body)>& record) {
  const auto segments = list_segments(files, folder);
  if (!segments.ok()) return segments.status();
  Index next = from;
  for (size_t at = 0; at < segments->size(); ++at) {
    const SegmentFile& segment = (*segments)[at];
    if (!segment.damage.empty()) continue;
    const bool passed =
        at + 1 < segments->size() && (*segments)[at + 1].named != 0 && (*segments)[at + 1].named <= from;
    if (passed) continue;
    Status done = read_segment(files, join_path(folder, segment.name), segment, next, record);
    if (!done.ok()) return done;
  }
  return Status::fine();
}

}  // namespace leat::wal
