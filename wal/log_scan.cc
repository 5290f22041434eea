// SPDX-License-Identifier: Apache-2.0
#include "wal/log_scan.h"

#include <algorithm>
#include <map>

#include "wal/reader.h"

namespace leat::wal {

namespace {

constexpr size_t kSaltAt = 24;  // in a segment's header, see format.cc
constexpr unsigned kSaltBits = 64;

class Scanner {
 public:
  Scanner(FileSystem& files, View folder, Index from, Index until, const LogListener& listener)
      : files_(files),
        folder_(folder),
        until_(until),
        listener_(listener),
        from_(from),
        next_(std::max<Index>(from, 1)) {}

  Result<LogExtent> run();

 private:
  void choose_author();
  Status scan_segment(size_t at);
  Result<std::optional<uint64_t>> salt_of(const SegmentFile& segment, File& file) const;
  Result<bool> opens(File& file, uint64_t size, uint64_t salt, bool anywhere) const;
  Status read_segment(const SegmentFile& segment, File& file, uint64_t salt, Index limit);
  Status take(const Frame& frame, Index limit);
  Status enter(const SegmentFile& segment, const Bytes& why);
  Status tell_hole(Index to, TimeMs before_ms);
  Status tell_end();
  bool follows(size_t at) const;
  Index limit_of(size_t at) const;

  FileSystem& files_;
  const Bytes folder_;
  const Index until_;
  const LogListener& listener_;
  const Index from_;
  std::vector<SegmentFile> segments_;
  LogExtent extent_;
  Bytes open_;           // why more may have stood behind what was read; empty: nothing says so
  Index next_;           // that has not come yet
  Index highest_ = 0;    // that was read or is told by a name, also below `from`
  Hole place_;           // where it should be
  bool sealed_ = false;  // the segment before
};

Result<LogExtent> Scanner::run() {
  auto listed = list_segments(files_, folder_);
  if (!listed.ok()) return listed.status();
  segments_ = std::move(*listed);
  choose_author();
  place_.why = "they are in no segment here";
  for (size_t at = 0; at < segments_.size(); ++at) {
    const bool passed = limit_of(at) <= next_;
    if (passed) continue;
    if (Status done = scan_segment(at); !done.ok()) return done;
  }
  extent_.last = std::max({extent_.last, extent_.synced, next_ - 1});
  if (Status told = tell_end(); !told.ok()) return told;
  return extent_;
}

Status Scanner::tell_end() {
  const bool short_of_base = extent_.records == 0 && highest_ + 1 < from_ && !segments_.empty();
  if (short_of_base && open_.empty()) open_ = "the log ends before record " + std::to_string(from_ - 1);
  if (open_.empty() || until_ != UINT64_MAX) return tell_hole(std::min(extent_.last, until_) + 1, 0);
  Hole hole = place_;
  hole.from = next_;
  hole.open = true;
  hole.why = open_;
  return listener_.on_hole ? listener_.on_hole(hole) : Status::fine();
}

// Whether nothing is missing between the segment and the one before, which for a next.log no name tells.
bool Scanner::follows(size_t at) const {
  if (at == 0 || !segments_[at].damage.empty() || !segments_[at - 1].damage.empty()) return true;
  return segments_[at].header.sequence == segments_[at - 1].header.sequence + 1;
}

// Most of the segments were written by the broker whose log this is; a stray one was copied here.
void Scanner::choose_author() {
  std::map<uint64_t, size_t> segments_of;
  size_t most = 0;
  for (const SegmentFile& segment : segments_) {
    if (!segment.damage.empty() || ++segments_of[segment.header.server_id] <= most) continue;
    most = segments_of[segment.header.server_id];
    extent_.cluster_id = segment.header.cluster_id;
    extent_.server_id = segment.header.server_id;
  }
}

// What stands in a segment from the name of the next one on is dead: recovery had copied or trimmed it.
Index Scanner::limit_of(size_t at) const {
  const bool is_last = at + 1 == segments_.size();
  return is_last || segments_[at + 1].named == 0 ? UINT64_MAX : segments_[at + 1].named;
}

Status Scanner::scan_segment(size_t at) {
  SegmentFile& segment = segments_[at];
  if (segment.damage.empty() && segment.header.server_id != extent_.server_id) {
    segment.damage = "this segment belongs to another broker's log";
    return enter(segment, segment.damage);
  }
  auto file = files_.open(join_path(folder_, segment.name), OpenMode::kRead);
  if (!file.ok()) return file.status();
  const auto salt = salt_of(segment, **file);
  if (!salt.ok()) return salt.status();
  if (Status done = enter(segment, *salt ? Bytes("it is damaged") : segment.damage); !done.ok()) return done;
  if (segment.named == 0 && !follows(at)) open_ = "a segment before " + segment.name + " is missing";
  if (*salt) return read_segment(segment, **file, **salt, limit_of(at));
  open_ = segment.damage;
  return Status::fine();
}

// The one in the header; if that is damaged, the one that reads there, or that with one bit turned, if it opens a
// frame.
Result<std::optional<uint64_t>> Scanner::salt_of(const SegmentFile& segment, File& file) const {
  using Salt = std::optional<uint64_t>;
  if (segment.damage.empty()) return Salt(segment.header.salt);
  char bytes[kSegmentHeaderSize];
  const auto got = file.read(0, bytes, sizeof bytes);
  if (!got.ok()) return got.status();
  if (*got < sizeof bytes) return Salt();
  const auto salt = get_fixed<uint64_t>(bytes + kSaltAt);
  const auto fits = opens(file, segment.size, salt, true);
  if (!fits.ok()) return fits.status();
  if (*fits) return Salt(salt);
  for (unsigned bit = 0; bit < kSaltBits; ++bit) {
    const uint64_t turned = salt ^ uint64_t { 1 } << bit;
    const auto opened = opens(file, segment.size, turned, false);
    if (!opened.ok()) return opened.status();
    if (*opened) return Salt(turned);
  }
  return Salt();
}

Result<bool> Scanner::opens(File& file, uint64_t size, uint64_t salt, bool anywhere) const {
  Reader reader(file, salt,
                anywhere ? size : std::min<uint64_t>(size, kSegmentHeaderSize + frame_size(kRecordBodyMax)));
  const auto first = reader.find(1);
  if (!first.ok()) return first.status();
  return *first && (anywhere || (*first)->offset == kSegmentHeaderSize);
}

// Its name says which record comes first: what did not come before it, is missing before it.
Status Scanner::enter(const SegmentFile& segment, const Bytes& why) {
  extent_.last = std::max(extent_.last, segment.named == 0 ? 0 : segment.named - 1);
  extent_.synced = std::max(extent_.synced, segment.named);  // it was named when that was synced
  if (segment.named > next_) {
    if (Status told = tell_hole(segment.named, 0); !told.ok()) return told;
  }
  if (segment.named != 0) {  // the name says how far the log had come
    highest_ = std::max(highest_, segment.named - 1);
    open_.clear();
  }
  const bool begins_here = segment.named == next_ || (segment.named == 0 && sealed_) || place_.file.empty();
  sealed_ = false;
  if (begins_here) {
    place_.file = segment.name;
    place_.offset = segment.damage.empty() ? kSegmentHeaderSize : 0;
    place_.why = why;
  }
  return Status::fine();
}

Status Scanner::read_segment(const SegmentFile& segment, File& file, uint64_t salt, Index limit) {
  Reader reader(file, salt, segment.size);
  for (;;) {
    const auto frame = reader.find(1);
    if (!frame.ok()) return frame.status();
    if (!*frame) {
      const bool cut_off = segment.damage.empty() && segment.size < segment.header.capacity;
      if (cut_off) open_ = "the file has been cut off";
      return Status::fine();
    }
    if (Status taken = take(**frame, limit); !taken.ok()) return taken;
    const Index reached = (*frame)->header.index + ((*frame)->header.takes_index() ? 1 : 0);
    if (reached == next_) {
      place_.file = segment.name;
      place_.offset = (*frame)->end();
      place_.why = "it is damaged";
    }
    if ((*frame)->header.type != RecordType::kSeal) continue;
    place_.why = "the segment that follows is missing";
    sealed_ = true;
    return Status::fine();
  }
}

Status Scanner::take(const Frame& frame, Index limit) {
  const RecordHeader& header = frame.header;
  if (header.takes_index()) {
    open_.clear();
    highest_ = std::max(highest_, header.index);
  }
  if (header.index > until_ || header.index - (header.takes_index() ? 0 : 1) >= limit) return Status::fine();
  extent_.synced = std::max(extent_.synced, header.synced);
  if (header.type == RecordType::kSeal) extent_.synced = std::max(extent_.synced, header.index - 1);
  extent_.last = std::max(extent_.last, header.takes_index() ? header.index : header.index - 1);
  extent_.time_ms = std::max(extent_.time_ms, header.time_ms);
  extent_.term = std::max(extent_.term, header.term);
  if (header.index > next_) {
    if (Status told = tell_hole(header.index, header.time_ms); !told.ok()) return told;
  }
  place_.after_ms = header.time_ms;
  if (!header.takes_index() || header.index < next_) return Status::fine();
  next_ = header.index + 1;
  ++extent_.records;
  return listener_.on_record(header, frame.body);
}

// Records next_ up to the one before `behind` have not come.
Status Scanner::tell_hole(Index behind, TimeMs before_ms) {
  if (behind <= next_) return Status::fine();
  Hole hole = place_;
  hole.from = std::exchange(next_, behind);
  hole.to = behind - 1;
  hole.before_ms = before_ms;
  return listener_.on_hole ? listener_.on_hole(hole) : Status::fine();
}

}  // namespace

Result<LogExtent> scan_log(FileSystem& files, View folder, Index from, Index until, const LogListener& listener) {
  return Scanner(files, folder, from, until, listener).run();
}

}  // namespace leat::wal
