// SPDX-License-Identifier: Apache-2.0
#include "broker/tools/tools.h"

#include <cstdio>

#include "broker/storage/proof.h"
#include "broker/tools/import.h"
#include "broker/tools/salvage.h"
#include "schemas/effect_codec.h"
#include "wal/check.h"

namespace leat {

namespace {

// The exit status of what makes a new folder.
constexpr int kWhole = 0, kNothing = 1, kInPart = 3;

void print_snapshot(const wal::SnapshotReport& snapshot) {
  if (snapshot.bytes == 0) return;
  std::printf("snapshot=%s index=%llu time_ms=%lld rows=%llu bytes=%llu digest=%016llx unfinished=%s damage=\"%s\"\n",
              Bytes(wal::kSnapshotName).c_str(), static_cast<unsigned long long>(snapshot.index),
              static_cast<long long>(snapshot.time_ms), static_cast<unsigned long long>(snapshot.rows),
              static_cast<unsigned long long>(snapshot.bytes), static_cast<unsigned long long>(snapshot.digest),
              snapshot.unfinished ? "yes" : "no", snapshot.damage.c_str());
}

// What the checksums cannot say: that the effects fit the state they meet, and make of it what the log says they made.
int check_content(wal::FileSystem& files, const Bytes& folder, const Bytes& verdict) {
  const auto proof = prove_folder(files, folder);
  if (!proof.ok()) return std::printf("damaged: %s\n", Bytes(proof.status().text()).c_str()), 1;
  std::printf("content=whole keys=%llu effects=%llu digests=%llu digest=%016llx\n",
              static_cast<unsigned long long>(proof->keys), static_cast<unsigned long long>(proof->effects),
              static_cast<unsigned long long>(proof->digests), static_cast<unsigned long long>(proof->digest));
  std::printf("sound: %s\n", verdict.c_str());
  return 0;
}

const char* name_of(wal::RecordType type) {
  switch (type) {
    case wal::RecordType::kBatch: return "batch";
    case wal::RecordType::kNoOp: return "no-op";
    case wal::RecordType::kConfiguration: return "configuration";
    case wal::RecordType::kDigest: return "digest";
    case wal::RecordType::kMark: return "mark";
    case wal::RecordType::kSeal: return "seal";
  }
  return "unknown";
}

void print_finding(const Finding& finding) { std::printf("%s\n", finding.line().c_str()); }

Bytes losses_text(const SalvageReport& report) {
  if (report.lost_nothing()) return "nothing was lost";
  Bytes text;
  const auto add = [&text](uint64_t count, const char* one, const char* several) {
    if (count > 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + (count == 1 ? one : several);
  };
  add(report.lost_records, "record", "records");
  if (report.open_end)
    text += (text.empty() ? "" : ", ") + Bytes("what came behind the last record, and nobody knows how much that is");
  add(report.lost_batches, "batch that lacks a part", "batches that lack a part");
  add(report.lost_effects, "effect that did not fit", "effects that did not fit");
  add(report.lost_rows, "row of the snapshot", "rows of the snapshot");
  add(report.lost_parts, "other loss, see above", "other losses, see above");
  if (!text.empty()) text = "lost: " + text;
  if (report.differing_keys == 0) return text;
  return text + (text.empty() ? "" : "; ") + std::to_string(report.differing_keys) +
         " of the keys differ from what they were";
}

}  // namespace

int check_data(wal::FileSystem& files, const Bytes& folder) {
  const auto report = wal::check_folder(files, folder);
  if (!report.ok()) return std::fprintf(stderr, "leat: %s\n", Bytes(report.status().text()).c_str()), 1;
  print_snapshot(report->snapshot);
  for (const wal::SegmentReport& segment : report->segments) {
    std::printf("segment=%s records=%llu first=%llu last=%llu bytes=%llu sealed=%s needed=%s damage=\"%s\"\n",
                segment.file.c_str(), static_cast<unsigned long long>(segment.records),
                static_cast<unsigned long long>(segment.first), static_cast<unsigned long long>(segment.last),
                static_cast<unsigned long long>(segment.bytes), segment.sealed ? "yes" : "no",
                segment.passed ? "no" : "yes", segment.damage.c_str());
  }
  if (report->sound) return check_content(files, folder, report->verdict);
  std::printf("damaged: %s\n", report->verdict.c_str());
  return 1;
}

int dump_data(wal::FileSystem& files, const Bytes& folder, Index from) {
  Bytes batch;  // of the records that one batch spans
  Index first = 0;
  EffectDecoder decoder;
  const Status read = wal::read_folder(files, folder, from, [&](const wal::RecordHeader& header, View body) {
    if (header.type != wal::RecordType::kBatch) {
      std::printf("index=%llu time_ms=%lld type=%s bytes=%zu\n", static_cast<unsigned long long>(header.index),
                  static_cast<long long>(header.time_ms), name_of(header.type), body.size());
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
    if (!decoded.ok())
      std::printf("index=%llu %s\n", static_cast<unsigned long long>(first), Bytes(decoded.text()).c_str());
    return Status::fine();
  });
  if (!read.ok()) return std::fprintf(stderr, "leat: %s\n", Bytes(read.text()).c_str()), 1;
  return 0;
}

int salvage_data(wal::FileSystem& files, const Bytes& from, const Bytes& to) {
  const SalvageOptions options{.from = from, .to = to, .random = wal::random_u64};
  const auto report = salvage_folder(files, options, print_finding);
  if (!report.ok()) return std::fprintf(stderr, "leat: %s\n", Bytes(report.status().text()).c_str()), kNothing;
  std::printf("salvaged=%s index=%llu time=%s keys=%llu batches=%llu effects=%llu digests=%llu from=\"%s\"\n",
              to.c_str(), static_cast<unsigned long long>(report->index), wal::time_text(report->time_ms).c_str(),
              static_cast<unsigned long long>(report->keys), static_cast<unsigned long long>(report->batches),
              static_cast<unsigned long long>(report->effects), static_cast<unsigned long long>(report->agreed),
              report->base.c_str());
  std::printf("%s\n", losses_text(*report).c_str());
  return report->lost_nothing() ? kWhole : kInPart;
}

int import_data(wal::FileSystem& files, const Bytes& file, const Bytes& to, TimeMs now_ms) {
  const ImportOptions options{.file = file, .to = to, .now_ms = now_ms, .random = wal::random_u64};
  const auto report = import_file(files, options, print_finding);
  if (!report.ok()) return std::fprintf(stderr, "leat: %s\n", Bytes(report.status().text()).c_str()), kNothing;
  std::printf("imported=%s index=%llu keys=%llu libraries=%llu expired=%llu lost=%llu\n", to.c_str(),
              static_cast<unsigned long long>(report->index), static_cast<unsigned long long>(report->keys),
              static_cast<unsigned long long>(report->libraries), static_cast<unsigned long long>(report->expired),
              static_cast<unsigned long long>(report->lost));
  return report->lost == 0 ? kWhole : kInPart;
}

}  // namespace leat
