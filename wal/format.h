// SPDX-License-Identifier: Apache-2.0
// format.h: the bytes of the log, shared by who writes them and who reads them; format.md says the same in prose.
//
// Used by: writer, reader, segment, recovery, check.
// Always:  - integers are little-endian, every frame begins at a multiple of 8;
//          - a frame is valid at the place it was written to and nowhere else: the checksum is salted by segment and
//            offset;
//          - a new layout is a new kFormatVersion.
#pragma once

#include <optional>

#include "schemas/bytes.h"
#include "schemas/ids.h"
#include "schemas/status.h"

namespace leat::wal {

constexpr uint64_t kSegmentMagic = 0x0a676f6c7461656cULL;  // "leatlog\n"
constexpr uint32_t kFormatVersion = 1;
constexpr size_t kSegmentHeaderSize = 64;
constexpr size_t kRecordHeaderSize = 48;
constexpr size_t kRecordBodyMax = size_t{1}
                                  << 20;  // a torn record costs at most this much; larger batches take several
constexpr size_t kFrameAlign = 8;         // the grid on which a reader looks for survivors behind a hole

enum class RecordType : uint8_t {  // on disk: never renumber, never reuse
  kBatch = 1,
  kNoOp = 2,           // for Raft's first record of a term; a broker that stands alone writes none
  kConfiguration = 3,  // record 1: cluster id, server id
  kDigest = 4,
  kMark = 5,  // no record: carries `synced` forward when the log is quiet; its index is that of the next record
  kSeal = 6,  // no record: the segment ends here, and all before it was synced; its index is that of the next record
};
constexpr RecordType kRecordTypeLast = RecordType::kSeal;
constexpr uint16_t kFlagMore = 1;  // the batch goes on in the next record
constexpr uint16_t kFlagsKnown = kFlagMore;

struct RecordHeader {
  uint32_t length = 0;  // of the body
  RecordType type = RecordType::kBatch;
  uint8_t group = 0;  // a Raft group; 0 until there are several
  uint16_t flags = 0;
  uint64_t term = 1;   // never falls; 1 on a broker that stands alone
  Index index = 0;     // exactly one more than the record before
  Index synced = 0;    // the highest index known synced when this was written: tells a torn tail from damage
  TimeMs time_ms = 0;  // broker time; never falls

  bool more() const { return (flags & kFlagMore) != 0; }
  bool takes_index() const { return type != RecordType::kMark && type != RecordType::kSeal; }
};

// Stands at the head of every segment. Written and synced before the segment gets its first record, and never again: so
// it is never torn, and a bad one is damage.
struct SegmentHeader {
  uint64_t salt = 0;  // random; keeps what a recycled file held before dead
  uint64_t cluster_id = 0;
  uint64_t server_id = 0;
  uint64_t sequence = 0;  // 1, 2, 3 …: shows that a segment is missing also where no record can
  uint64_t capacity = 0;  // bytes of the file that were written with zeros beforehand
};

struct Configuration {
  uint64_t cluster_id = 0;
  uint64_t server_id = 0;
};

// Bytes on disk of a record with such a body: header, body, zeros up to the grid.
constexpr uint64_t frame_size(uint64_t length) {
  return (kRecordHeaderSize + length + kFrameAlign - 1) / kFrameAlign * kFrameAlign;
}
// Records that a batch of so many bytes takes, and their bytes on disk.
constexpr uint64_t records_of(uint64_t batch_bytes) { return (batch_bytes + kRecordBodyMax - 1) / kRecordBodyMax; }
constexpr uint64_t frames_size(uint64_t batch_bytes) {
  const uint64_t full = batch_bytes / kRecordBodyMax;
  const uint64_t rest = batch_bytes % kRecordBodyMax;
  return full * frame_size(kRecordBodyMax) + (rest != 0 ? frame_size(rest) : 0);
}

// The bytes of a frame (frame_size(body) of them) that will stand at `offset` of the segment salted by `salt`.
// header.length is taken from `body`.
void write_frame(char* to, const RecordHeader& header, View body, uint64_t salt, uint64_t offset);
void append_frame(Bytes& out, const RecordHeader& header, View body, uint64_t salt, uint64_t offset);
// The header at the start of `bytes` (kRecordHeaderSize at least), if it could be one. Says nothing of the checksum.
std::optional<RecordHeader> parse_record_header(View bytes);
// `frame` is frame_size(length) long.
bool frame_is_valid(View frame, uint64_t salt, uint64_t offset);

Bytes encode_segment_header(const SegmentHeader& header);
// The sentence of a failure says what is wrong, not where.
Result<SegmentHeader> parse_segment_header(View bytes);

Bytes encode_configuration(const Configuration& configuration);
Result<Configuration> parse_configuration(View body);

}  // namespace leat::wal
