// SPDX-License-Identifier: Apache-2.0
// Any bytes as the files of a data folder: survey, check, dump and a whole start must answer, never crash or hang.
//
// The input is one or two segment files. Its first byte says how: bit 0: the checksums are put right first (else nearly
// nothing gets past them); bit 1: the second half is next.log. Seeds: tests/fuzz/corpus/log.
#include <algorithm>
#include <cstdlib>

#include "tests/support/sim_disk.h"
#include "wal/check.h"
#include "wal/folder.h"
#include "wal/log.h"

namespace leat::wal {

namespace {

class StillClock final : public Clock {
 public:
  TimeMs wall_ms() override { return 0; }
  int64_t wall_us() override { return 0; }
  int64_t monotonic_us() override { return 0; }
};

// Keeps what the fuzzer says of salt, ids, sequence and frames, and makes every check fit.
Bytes put_right(View bytes) {
  if (bytes.size() < kSegmentHeaderSize) return Bytes(bytes);
  const char* from = bytes.data();
  const SegmentHeader header{.salt = get_fixed<uint64_t>(from + 24),
                             .cluster_id = get_fixed<uint64_t>(from + 32),
                             .server_id = get_fixed<uint64_t>(from + 40),
                             .sequence = get_fixed<uint64_t>(from + 48),
                             .capacity = get_fixed<uint64_t>(from + 56)};
  Bytes out = encode_segment_header(header);
  while (out.size() + kRecordHeaderSize <= bytes.size()) {
    const View rest = bytes.substr(out.size());
    const auto record = parse_record_header(rest);
    if (!record || frame_size(record->length) > rest.size()) break;
    append_frame(out, *record, rest.substr(kRecordHeaderSize, record->length), header.salt, out.size());
  }
  return out.append(bytes.substr(out.size()));
}

void start(testing::SimDisk& disk) {
  StillClock clock;
  const auto events = Events::silent();
  const LogOptions options{
      .folder = "data", .segment_bytes = 4096, .prepare = SpareMaker::Where::kCaller, .random = [] { return 4; }};
  auto lock = open_folder(disk, options.folder, options.random);
  if (!lock.ok()) return;
  Index last = 0;
  auto log = Log::open(disk, clock, *events, options, [&last](Index index, TimeMs, View batch) {
    CHECK(index > last && !batch.empty());
    last = index;
    return Status::fine();
  });
  if (!log.ok()) return;
  const Index index = (*log)->propose("after", 1);
  CHECK((*log)->committed() == index);
  CHECK((*log)->close().ok());
  lock->reset();
  CHECK(check_folder(disk, "data")->sound);
}

}  // namespace

void run(View input) {
  if (input.empty()) return;
  const auto how = static_cast<uint8_t>(input[0]);
  input.remove_prefix(1);
  const size_t half = (how & 2) != 0 ? input.size() / 2 / kFrameAlign * kFrameAlign : input.size();
  testing::SimDisk disk;
  CHECK(disk.make_folder("data").ok());
  const auto put = [&](View name, View bytes) {
    disk.put("data/" + Bytes(name), (how & 1) != 0 ? put_right(bytes) : Bytes(bytes));
  };
  put(segment_name(1), input.substr(0, half));
  if ((how & 2) != 0) put(kSpareName, input.substr(half));
  CHECK(check_folder(disk, "data").ok());
  CHECK(read_folder(disk, "data", 1, [](const RecordHeader&, View) {}).ok());
  start(disk);
}

}  // namespace leat::wal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  leat::wal::run(leat::View(reinterpret_cast<const char*>(data), size));
  return 0;
}
