// SPDX-License-Identifier: Apache-2.0
#include "wal/reader.h"

#include <cstring>

#include <algorithm>

namespace leat::wal {

namespace {
// Long enough that the largest frame fits, so that a frame costs one read.
constexpr size_t kWindowBytes = size_t{2} << 20;
static_assert(kWindowBytes > frame_size(kRecordBodyMax));

// Compared with itself one byte further on: memcmp looks at many bytes at once, and a start reads 64 MiB of zeros.
bool all_zero(View bytes) {
  return bytes[0] == '\0' && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}
}  // namespace

Reader::Reader(File& file, uint64_t salt, uint64_t size, uint64_t offset)
    : file_(file), salt_(salt), size_(size), offset_(offset) {}

Result<View> Reader::peek(uint64_t offset, size_t size) {
  if (offset >= size_) return View();
  size = static_cast<size_t>(std::min<uint64_t>(size, size_ - offset));
  const bool held = offset >= window_offset_ && offset + size <= window_offset_ + window_.size();
  if (!held) {
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(std::max(size, kWindowBytes), size_ - offset));
    window_.resize(wanted);
    const auto got = file_.read(offset, window_.data(), wanted);
    if (!got.ok()) return got.status();
    window_.resize(*got);
    window_offset_ = offset;
  }
  return View(window_).substr(static_cast<size_t>(offset - window_offset_), size);
}

Reader::Found Reader::frame_at(uint64_t offset) {
  const auto fixed = peek(offset, kRecordHeaderSize);
  if (!fixed.ok()) return fixed.status();
  if (fixed->size() < kRecordHeaderSize) return std::optional<Frame>();
  const auto header = parse_record_header(*fixed);
  if (!header) return std::optional<Frame>();
  const auto whole = peek(offset, frame_size(header->length));
  if (!whole.ok()) return whole.status();
  if (whole->size() < frame_size(header->length)) return std::optional<Frame>();
  if (!frame_is_valid(*whole, salt_, offset)) return std::optional<Frame>();
  return std::optional<Frame>(
      Frame{.header = *header, .body = whole->substr(kRecordHeaderSize, header->length), .offset = offset});
}

Reader::Found Reader::next(Index expected) {
  auto found = frame_at(offset_);
  if (!found.ok() || !*found) return found;
  if ((*found)->header.index != expected) return std::optional<Frame>();
  offset_ = (*found)->end();
  return found;
}

Reader::Found Reader::find(Index least) {
  for (; offset_ + kRecordHeaderSize <= size_; offset_ += kFrameAlign) {
    const auto fixed = peek(offset_, kRecordHeaderSize);
    if (!fixed.ok()) return fixed.status();
    if (fixed->size() < kRecordHeaderSize) break;  // the file shrank under us
    const auto header = parse_record_header(*fixed);
    if (!header || header->index < least) continue;
    auto found = frame_at(offset_);
    if (!found.ok()) return found;
    if (!*found) continue;
    offset_ = (*found)->end();
    return found;
  }
  return std::optional<Frame>();
}

Result<uint64_t> Reader::rubbish() {
  uint64_t last = offset_;  // behind the last byte that is not zero
  for (uint64_t at = offset_; at < size_;) {
    const auto piece = peek(at, kWindowBytes);
    if (!piece.ok()) return piece.status();
    if (piece->empty()) break;
    if (!all_zero(*piece)) last = at + piece->find_last_not_of('\0') + 1;
    at += piece->size();
  }
  return last - offset_;
}

}  // namespace leat::wal
