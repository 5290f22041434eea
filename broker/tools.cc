// SPDX-License-Identifier: Apache-2.0
#include "broker/tools.h"

#include <cstdio>

#include "schemas/effect_codec.h"
#include "wal/check.h"

namespace leat {

namespace {

void print_snapshot(const wal::SnapshotReport& snapshot) {
  if (snapshot.bytes == 0) return;
  std::printf("snapshot=%s index=%llu time_ms=%lld rows=%llu bytes=%llu digest=%016llx unfinished=%s damage=\"%s\"\n",
              Bytes(wal::kSnapshotName).c_str(), static_cast<unsigned long long>(snapshot.index),
              static_cast<long long>(snapshot.time_ms), static_cast<unsigned long long>(snapshot.rows),
              static_cast<unsigned long long>(snapshot.bytes), static_cast<unsigned long long>(snapshot.digest),
              snapshot.unfinished ? "yes" : "no", snapshot.damage.c_str());
}

}  // namespace

int check_data(wal::FileSystem& files, const Bytes& folder) {
  const auto report = wal::check_folder(files, folder);
  if (!report.ok()) return std::fprintf(stderr, "leat: %s\n", Bytes(report.status().text()).c_str()), 1;
  print_snapshot(report->snapshot);
  for (const wal::SegmentReport& segment : report->segments) {
    std::printf("segment=%s records=%llu first=%llu last=%llu bytes=%llu sealed=%s read=%s damage=\"%s\"\n", segment.file.c_str(),
                static_cast<unsigned long long>(segment.records), static_cast<unsigned long long>(segment.first),
                static_cast<unsigned long long>(segment.last), static_cast<unsigned long long>(segment.bytes),
                segment.sealed ? "yes" : "no", segment.passed ? "no" : "yes", segment.damage.c_str());
  }
  std::printf("%s: %s\n", report->sound ? "sound" : "damaged", report->verdict.c_str());
  return report->sound ? 0 : 1;
}

int dump_data(wal::FileSystem& files, const Bytes& folder, Index from) {
  Bytes batch;  // of the records that one batch spans
  Index first = 0;
  EffectDecoder decoder;
  const Status read = wal::read_folder(files, folder, from, [&](const wal::RecordHeader& header, View body) {
    if (header.type != wal::RecordType::kBatch) {
      std::printf("index=%llu time_ms=%lld type=%d bytes=%zu\n", static_cast<unsigned long long>(header.index),
                  static_cast<long long>(header.time_ms), static_cast<int>(header.type), body.size());
      return Status::fine();
    }
    if (batch.empty()) first = header.index;
    batch.append(body);
    if (header.more()) return Status::fine();
    const Bytes whole = std::move(batch);
    batch.clear();
    const Status decoded = decoder.decode(whole, [&](DbIndex db, const Effect& effect) {
      std::printf("index=%llu time_ms=%lld %s\n", static_cast<unsigned long long>(first),
                  static_cast<long long>(header.time_ms), effect_text(db, effect).c_str());
      return Status::fine();
    });
    if (!decoded.ok()) std::printf("index=%llu %s\n", static_cast<unsigned long long>(first), Bytes(decoded.text()).c_str());
    return Status::fine();
  });
  if (!read.ok()) return std::fprintf(stderr, "leat: %s\n", Bytes(read.text()).c_str()), 1;
  return 0;
}

}  // namespace leat
