// SPDX-License-Identifier: Apache-2.0
#include "wal/segment.h"

#include <algorithm>
#include <cstdio>
#include <random>

#include "wal/reader.h"

namespace leat::wal {

namespace {

constexpr View kSuffix = ".log";
constexpr size_t kDigits = 20;  // of 2^64

// Between two pieces the maker of spares takes a breath, so that the log's own syncs get their turn at the disk.
constexpr uint64_t kZeroPiece = uint64_t{1} << 20;

bool is_leftover(const std::vector<SegmentFile>& named, const SegmentFile& spare) {
  if (named.empty() || !spare.damage.empty() || !named.back().damage.empty()) return false;
  return spare.header.sequence <= named.back().header.sequence;
}

Result<SegmentFile> describe(FileSystem& files, View folder, const Bytes& name, Index named) {
  SegmentFile segment{.name = name, .named = named};
  const auto file = files.open(join_path(folder, name), OpenMode::kRead);
  if (!file.ok()) return file.status();
  const auto size = (*file)->size();
  if (!size.ok()) return size.status();
  segment.size = *size;
  Bytes bytes(kSegmentHeaderSize, '\0');
  const auto got = (*file)->read(0, bytes.data(), bytes.size());
  if (!got.ok()) return got.status();
  const auto header = parse_segment_header(View(bytes).substr(0, *got));
  if (header.ok())
    segment.header = *header;
  else
    segment.damage = Bytes(header.status().text());
  return segment;
}

}  // namespace

Bytes segment_name(Index first) {
  char digits[kDigits + 1];
  std::snprintf(digits, sizeof digits, "%020llu", static_cast<unsigned long long>(first));
  return digits + Bytes(kSuffix);
}

std::optional<Index> parse_segment_name(View name) {
  if (name.size() != kDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  Index first = 0;
  for (const char digit : name.substr(0, kDigits)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    if (__builtin_mul_overflow(first, Index{10}, &first)) return std::nullopt;
    if (__builtin_add_overflow(first, static_cast<Index>(digit - '0'), &first)) return std::nullopt;
  }
  return first == 0 ? std::nullopt : std::optional<Index>(first);
}

Result<std::vector<SegmentFile>> list_segments(FileSystem& files, View folder) {
  const auto names = files.list(Bytes(folder));
  if (!names.ok()) return names.status();
  std::vector<SegmentFile> segments;
  for (const Bytes& name : *names) {  // sorted, and the digits are padded: in order of index
    const auto named = parse_segment_name(name);
    if (!named) continue;
    auto segment = describe(files, folder, name, *named);
    if (!segment.ok()) return segment.status();
    segments.push_back(std::move(*segment));
  }
  if (std::find(names->begin(), names->end(), kSpareName) == names->end()) return segments;
  auto spare = describe(files, folder, Bytes(kSpareName), 0);
  if (!spare.ok()) return spare.status();
  if (!is_leftover(segments, *spare)) segments.push_back(std::move(*spare));
  return segments;
}

Result<std::unique_ptr<File>> make_segment(FileSystem& files, const Bytes& path, const SegmentHeader& header,
                                           const std::function<bool()>& go_on) {
  auto file = files.open(path, OpenMode::kCreate);
  if (!file.ok()) return file;
  Bytes page = encode_segment_header(header);
  page.resize(static_cast<size_t>(std::min(kPageBytes, header.capacity)));
  Status done = (*file)->write(0, page);
  for (uint64_t offset = page.size(); done.ok() && offset < header.capacity;) {
    if (go_on && !go_on()) return Status::error("stopped");
    const uint64_t end = std::min((offset / kZeroPiece + 1) * kZeroPiece, header.capacity);
    done = (*file)->write_zeros(offset, end - offset);
    offset = end;
  }
  if (done.ok()) done = (*file)->sync();
  if (!done.ok()) return done;
  return file;
}

Status end_segment(File& file, uint64_t end) {
  Status done = file.sync();
  if (done.ok()) done = file.truncate(end);
  return done.ok() ? file.sync() : done;
}

uint64_t random_u64() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

void SparseIndex::note(Index index, uint64_t offset) {
  if (entries_.empty() || offset >= entries_.back().offset + kSparseBytes) entries_.push_back({index, offset});
}

void SparseIndex::cut(Index last) {
  while (!entries_.empty() && entries_.back().index > last) entries_.pop_back();
}

std::optional<SparseIndex::Entry> SparseIndex::before(Index index) const {
  const auto after = std::upper_bound(entries_.begin(), entries_.end(), index,
                                      [](Index wanted, const Entry& entry) { return wanted < entry.index; });
  if (after == entries_.begin()) return std::nullopt;
  return *std::prev(after);
}

void SegmentTable::add(Index first, SparseIndex sparse) {
  const std::lock_guard lock(mutex_);
  segments_[first] = std::move(sparse);
}

void SegmentTable::note(Index index, uint64_t offset, bool begins_segment) {
  const std::lock_guard lock(mutex_);
  if (begins_segment) segments_[index];
  CHECK(!segments_.empty());
  segments_.rbegin()->second.note(index, offset);
}

std::optional<SegmentTable::Hint> SegmentTable::before(Index index) const {
  const std::lock_guard lock(mutex_);
  const auto after = segments_.upper_bound(index);
  if (after == segments_.begin()) return std::nullopt;
  const auto segment = std::prev(after);
  const auto entry = segment->second.before(index);
  if (!entry) return std::nullopt;
  return Hint{.segment_first = segment->first, .entry = *entry};
}

std::vector<Index> SegmentTable::firsts() const {
  const std::lock_guard lock(mutex_);
  std::vector<Index> firsts;
  for (const auto& [first, sparse] : segments_) firsts.push_back(first);
  return firsts;
}

void SegmentTable::forget(Index first) {
  const std::lock_guard lock(mutex_);
  segments_.erase(first);
}

size_t SegmentTable::size() const {
  const std::lock_guard lock(mutex_);
  return segments_.size();
}

Result<SegmentHeader> read_segment_header(File& file) {
  char bytes[kSegmentHeaderSize];
  const auto got = file.read(0, bytes, sizeof bytes);
  if (!got.ok()) return got.status();
  return parse_segment_header(View(bytes, *got));
}

Result<uint64_t> find_record(File& file, const SegmentHeader& header, SparseIndex::Entry from, Index index) {
  const auto size = file.size();
  if (!size.ok()) return size.status();
  Reader reader(file, header.salt, *size, from.offset);
  for (Index expected = from.index;;) {
    const auto frame = reader.next(expected);
    if (!frame.ok()) return frame.status();
    if (!*frame) return Status::error("record " + std::to_string(index) + " is not where it should be");
    if (!(*frame)->header.takes_index()) continue;
    if (expected == index) return (*frame)->offset;
    ++expected;
  }
}

}  // namespace leat::wal
