// SPDX-License-Identifier: Apache-2.0
#include "wal/writer.h"

#include <algorithm>
#include <cstring>

namespace leat::wal {

namespace {
// A batch of more records than this goes to the file in pieces, so that a huge value is not held twice.
constexpr size_t kPieceBytes = size_t{4} << 20;
constexpr size_t kKeptBytes = size_t{1} << 20;  // memory is kept for so much; a usual tick says less than a third of it
constexpr int64_t kAverageOver = 16;
}  // namespace

Writer::Writer(Start start, SpareMaker& spares, SegmentTable& table, Clock& clock, std::function<uint64_t()> random)
    : spares_(spares),
      table_(table),
      clock_(clock),
      random_(std::move(random)),
      segment_bytes_(start.segment_bytes),
      file_(std::move(start.file)),
      header_(start.header),
      offset_(start.offset),
      first_(start.first),
      named_(start.named),
      segment_begun_(start.named),
      next_(start.last + 1),
      last_time_ms_(start.time_ms) {
  progress_.written = progress_.synced = progress_.carried = start.last;
  progress_.segment_bytes = offset_;
  if (named_) spares_.post(Turn{.next = next_header()});  // an unnamed one is posted with its first sync
}

void Writer::append(View batch, TimeMs time_ms) {
  CHECK(!batch.empty());
  if (!status_.ok()) return;
  const uint64_t bytes = frames_size(batch.size());
  roll_if_full(bytes);
  last_time_ms_ = std::max(last_time_ms_, time_ms);
  while (!batch.empty() && status_.ok()) {
    const View body = batch.substr(0, kRecordBodyMax);
    batch.remove_prefix(body.size());
    frame(RecordType::kBatch, batch.empty() ? uint16_t{0} : kFlagMore, body, last_time_ms_);
    if (out_.size() >= kPieceBytes && !batch.empty()) static_cast<void>(write().ok());
  }
  appended_bytes_ += bytes;
}

void Writer::frame(RecordType type, uint16_t flags, View body, TimeMs time_ms) {
  const RecordHeader header{
      .type = type, .flags = flags, .index = next_, .synced = progress_.synced, .time_ms = time_ms};
  const uint64_t offset = end();
  write_frame(out_.grow(frame_size(body.size())), header, body, header_.salt, offset);
  progress_.carried = header.synced;
  if (!header.takes_index()) return;
  table_.note(next_, offset, !segment_begun_);
  segment_begun_ = true;
  ++next_;
}

Status Writer::write() {
  if (!status_.ok() || out_.size() == kept_) return status_;
  const uint64_t end = this->end();
  Status done = hold_page();
  if (!done.ok()) return fail(std::move(done));
  fill_page();
  const uint64_t from = offset_ - kept_;
  done = out_.size() % kPageBytes == 0 ? file_->write_pages(from, out_.bytes()) : file_->write(from, out_.bytes());
  if (!done.ok()) return fail(std::move(done));
  keep_page(end);
  progress_.written = next_ - 1;
  progress_.written_bytes = appended_bytes_;
  progress_.segment_bytes = offset_;
  return status_;
}

// A start may go on in the middle of a page.
Status Writer::hold_page() {
  const size_t before = offset_ % kPageBytes;
  if (before == kept_) return Status::fine();
  const Bytes frames(out_.bytes());
  out_.clear();
  const auto got = file_->read(offset_ - before, out_.grow(before), before);
  if (!got.ok()) return got.status();
  if (*got != before) return Status::error("the log's segment has become shorter while it was in use");
  std::memcpy(out_.grow(frames.size()), frames.data(), frames.size());
  kept_ = before;
  return Status::fine();
}

// Zeros, where zeros are, up to the end of the page.
void Writer::fill_page() {
  const uint64_t page_end = (end() + kPageBytes - 1) / kPageBytes * kPageBytes;
  if (page_end > header_.capacity) return;
  const size_t zeros = page_end - end();
  std::memset(out_.grow(zeros), 0, zeros);
}

// Everything up to `end` is written; the next write begins with the page that this one ended in.
void Writer::keep_page(uint64_t end) {
  const size_t last = end % kPageBytes, begin = static_cast<size_t>(end - last - (offset_ - kept_));
  offset_ = end;
  kept_ = last;
  const bool large = out_.size() > kKeptBytes;
  out_.keep(begin, begin + last);
  if (large) out_.shrink();
  progress_.buffer_bytes = out_.capacity();
}

Status Writer::sync() {
  if (!write().ok()) return status_;
  const int64_t began_us = clock_.monotonic_us();
  Status done = file_->sync();
  if (done.ok() && file_->is_removed())
    done = Status::error("the log's segment was removed from its folder while it was in use");
  if (!done.ok()) return fail(std::move(done));
  note_sync(clock_.monotonic_us() - began_us);
  progress_.synced = progress_.written;
  progress_.synced_bytes = progress_.written_bytes;
  if (!named_ && segment_begun_) post_turn();
  return status_;
}

void Writer::note_sync(int64_t took_us) {
  ++progress_.syncs;
  progress_.sync_us_last = took_us;
  progress_.sync_times.note(static_cast<uint64_t>(std::max<int64_t>(took_us, 0)));
  progress_.sync_us_max = std::max(progress_.sync_us_max, took_us);
  const bool first = progress_.syncs == 1;
  progress_.sync_us_average =
      first ? took_us : progress_.sync_us_average + (took_us - progress_.sync_us_average) / kAverageOver;
}

Status Writer::mark(TimeMs time_ms) {
  if (!status_.ok() || progress_.carried == progress_.synced) return status_;
  last_time_ms_ = std::max(last_time_ms_, time_ms);
  frame(RecordType::kMark, 0, View(), last_time_ms_);
  Status done = write();
  out_.shrink();  // nobody has said anything for a while
  progress_.buffer_bytes = out_.capacity();
  return done;
}

Status Writer::seal() {
  if (!sync().ok()) return status_;
  if (!segment_begun_) return status_;  // a spare without a record is as good as new
  frame(RecordType::kSeal, 0, View(), last_time_ms_);
  if (!write().ok()) return status_;
  Status done = end_segment(*file_, offset_);
  return done.ok() ? done : fail(std::move(done));
}

// When no spare is ready the segment simply grows: slower to sync, but nobody waits for a file to be filled with zeros.
void Writer::roll_if_full(uint64_t bytes) {
  const uint64_t needed = end() + bytes + frame_size(0);  // room for the seal
  if (needed <= header_.capacity || !segment_begun_ || !named_) return;
  auto spare = spares_.take();
  if (spare) roll(std::move(*spare));
}

void Writer::roll(Spare spare) {
  CHECK(old_ == nullptr);
  // The seal says that all before it is synced, and so does any record of the next segment.
  Status done = write();
  if (done.ok() && progress_.synced != progress_.written) done = sync();
  if (!done.ok()) return;
  frame(RecordType::kSeal, 0, View(), last_time_ms_);
  if (!write().ok()) return;
  old_ = std::exchange(file_, std::move(spare.file));
  old_end_ = offset_;
  header_ = spare.header;
  offset_ = kSegmentHeaderSize;
  out_.clear();
  kept_ = 0;
  first_ = next_;
  named_ = false;
  segment_begun_ = false;
}

void Writer::post_turn() {
  named_ = true;
  spares_.post(Turn{.old = std::move(old_), .old_end = old_end_, .first = first_, .next = next_header()});
}

SegmentHeader Writer::next_header() {
  SegmentHeader next = header_;
  next.salt = random_();
  next.sequence = header_.sequence + 1;
  next.capacity = segment_bytes_;
  return next;
}

Status Writer::fail(Status why) {
  status_ = std::move(why);
  return status_;
}

}  // namespace leat::wal
