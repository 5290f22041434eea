// SPDX-License-Identifier: Apache-2.0
#include "wal/new_log.h"

namespace leat::wal {

namespace {
constexpr size_t kWriteBytes = size_t{4} << 20;
}  // namespace

NewLog::NewLog(FileSystem& files, Bytes folder, const Start& start)
    : files_(&files),
      folder_(std::move(folder)),
      first_(start.after + 1),
      salt_(start.salt),
      configuration_(encode_configuration(start.ids)),
      last_{.term = start.term, .index = start.after, .time_ms = start.time_ms} {}

Result<NewLog> NewLog::begin(FileSystem& files, const Bytes& folder, const Start& start) {
  NewLog log(files, folder, start);
  const SegmentHeader header{.salt = start.salt,
                             .cluster_id = start.ids.cluster_id,
                             .server_id = start.ids.server_id,
                             .sequence = 1,
                             .capacity = kSegmentHeaderSize};
  auto file = make_segment(files, join_path(folder, kCreateUnfinished), header);
  if (!file.ok()) return file.status();
  log.file_ = std::move(*file);
  return log;
}

Status NewLog::add(const RecordHeader& header, View body) {
  frame(header, header.type == RecordType::kConfiguration ? View(configuration_) : body);
  return out_.size() < kWriteBytes ? Status::fine() : flush();
}

Status NewLog::end() {
  const RecordHeader behind{
      .term = last_.term, .index = last_.index + 1, .synced = last_.index, .time_ms = last_.time_ms};
  RecordHeader configuration = behind, seal = behind;
  configuration.type = RecordType::kConfiguration;
  frame(configuration, configuration_);
  seal.type = RecordType::kSeal;
  seal.index = last_.index + 1;
  seal.synced = last_.index;
  append_frame(out_, seal, View(), salt_, offset_ + out_.size());
  Status done = flush();
  if (done.ok()) done = file_->sync();
  return done.ok() ? files_->rename(join_path(folder_, kCreateUnfinished), join_path(folder_, segment_name(first_)))
                   : done;
}

void NewLog::frame(const RecordHeader& header, View body) {
  append_frame(out_, header, body, salt_, offset_ + out_.size());
  last_ = header;
}

Status NewLog::flush() {
  Status done = file_->write(offset_, out_);
  offset_ += out_.size();
  out_.clear();
  return done.ok() ? file_->sync() : done;
}

}  // namespace leat::wal
