// SPDX-License-Identifier: Apache-2.0
#include "wal/format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace leat::wal {

// record :=
//   check:   u64         XXH3-64 of everything after it, padding included; seed: the segment's salt + the offset
//   length:  u32         of body; at most kRecordBodyMax
//   type:    u8          batch | no-op | configuration | digest | mark | seal
//   group, flags: u8, u16   flag more: the batch goes on in the next record
//   term:    u64
//   index:   u64
//   synced:  u64
//   time_ms: u64
//   body:    u8[length]  effects, see schemas/effect.md
//   padding: zeros up to a multiple of 8
static_assert(kRecordHeaderSize == 8 + 4 + 1 + 1 + 2 + 8 + 8 + 8 + 8);
static_assert(kRecordHeaderSize % kFrameAlign == 0 && kSegmentHeaderSize % kFrameAlign == 0);

namespace {
constexpr size_t kCheckSize = sizeof(uint64_t);

uint64_t checksum(View frame, uint64_t salt, uint64_t offset) {
  return XXH3_64bits_withSeed(frame.data() + kCheckSize, frame.size() - kCheckSize, salt + offset);
}
}  // namespace

void write_frame(char* to, const RecordHeader& header, View body, uint64_t salt, uint64_t offset) {
  CHECK(body.size() <= kRecordBodyMax);
  set_fixed(to + 8, static_cast<uint32_t>(body.size()));
  to[12] = static_cast<char>(header.type);
  to[13] = static_cast<char>(header.group);
  set_fixed(to + 14, header.flags);
  set_fixed(to + 16, header.term);
  set_fixed(to + 24, header.index);
  set_fixed(to + 32, header.synced);
  set_fixed(to + 40, header.time_ms);
  if (!body.empty()) std::memcpy(to + kRecordHeaderSize, body.data(), body.size());
  const size_t size = frame_size(body.size()), said = kRecordHeaderSize + body.size();
  std::memset(to + said, 0, size - said);
  set_fixed(to, checksum(View(to, size), salt, offset));
}

void append_frame(Bytes& out, const RecordHeader& header, View body, uint64_t salt, uint64_t offset) {
  const size_t start = out.size();
  out.resize(start + frame_size(body.size()));
  write_frame(out.data() + start, header, body, salt, offset);
}

std::optional<RecordHeader> parse_record_header(View bytes) {
  const char* from = bytes.data();
  RecordHeader header;
  header.length = get_fixed<uint32_t>(from + 8);
  const auto type = static_cast<uint8_t>(from[12]);
  header.group = static_cast<uint8_t>(from[13]);
  header.flags = get_fixed<uint16_t>(from + 14);
  if (type == 0 || type > static_cast<uint8_t>(kRecordTypeLast)) return std::nullopt;
  if (header.length > kRecordBodyMax || header.group != 0 || (header.flags & ~kFlagsKnown) != 0) return std::nullopt;
  header.type = static_cast<RecordType>(type);
  header.term = get_fixed<uint64_t>(from + 16);
  header.index = get_fixed<uint64_t>(from + 24);
  header.synced = get_fixed<uint64_t>(from + 32);
  header.time_ms = get_fixed<int64_t>(from + 40);
  if (header.index == 0 || header.synced >= header.index) return std::nullopt;
  if (header.type == RecordType::kBatch ? header.length == 0 : header.more()) return std::nullopt;
  if (!header.takes_index() && header.length != 0) return std::nullopt;
  return header;
}

bool frame_is_valid(View frame, uint64_t salt, uint64_t offset) {
  return get_fixed<uint64_t>(frame.data()) == checksum(frame, salt, offset);
}

// segment header :=
//   magic:      u64     "leatlog\n"
//   check:      u64     XXH3-64 of everything after it, no seed
//   version:    u32     kFormatVersion
//   size:       u32     of this header; the first frame follows it
//   salt, cluster_id, server_id, sequence, capacity: u64
Bytes encode_segment_header(const SegmentHeader& header) {
  Bytes out;
  put_u64(out, kSegmentMagic);
  put_u64(out, 0);
  put_u32(out, kFormatVersion);
  put_u32(out, kSegmentHeaderSize);
  put_u64(out, header.salt);
  put_u64(out, header.cluster_id);
  put_u64(out, header.server_id);
  put_u64(out, header.sequence);
  put_u64(out, header.capacity);
  CHECK(out.size() == kSegmentHeaderSize);
  set_fixed(out.data() + 8, static_cast<uint64_t>(XXH3_64bits(out.data() + 16, out.size() - 16)));
  return out;
}

Result<SegmentHeader> parse_segment_header(View bytes) {
  if (bytes.size() < kSegmentHeaderSize) return Status::error("the file is too short for a segment");
  const char* from = bytes.data();
  if (get_fixed<uint64_t>(from) != kSegmentMagic) return Status::error("this is not a segment of leat's log");
  if (get_fixed<uint64_t>(from + 8) != XXH3_64bits(from + 16, kSegmentHeaderSize - 16)) {
    return Status::error("the segment's header is damaged");
  }
  const auto version = get_fixed<uint32_t>(from + 16);
  if (version != kFormatVersion || get_fixed<uint32_t>(from + 20) != kSegmentHeaderSize) {
    return Status::error("the segment has format version " + std::to_string(version) + ", this leat reads version " +
                         std::to_string(kFormatVersion));
  }
  return SegmentHeader{.salt = get_fixed<uint64_t>(from + 24),
                       .cluster_id = get_fixed<uint64_t>(from + 32),
                       .server_id = get_fixed<uint64_t>(from + 40),
                       .sequence = get_fixed<uint64_t>(from + 48),
                       .capacity = get_fixed<uint64_t>(from + 56)};
}

// configuration body := version: u32 (1) | reserved: u32 (0) | cluster_id: u64 | server_id: u64
Bytes encode_configuration(const Configuration& configuration) {
  Bytes out;
  put_u32(out, 1);
  put_u32(out, 0);
  put_u64(out, configuration.cluster_id);
  put_u64(out, configuration.server_id);
  return out;
}

Result<Configuration> parse_configuration(View body) {
  if (body.size() != 24 || get_fixed<uint32_t>(body.data()) != 1) {
    return Status::error("the configuration record has a layout that this leat does not know");
  }
  return Configuration{.cluster_id = get_fixed<uint64_t>(body.data() + 8),
                       .server_id = get_fixed<uint64_t>(body.data() + 16)};
}

}  // namespace leat::wal
