// SPDX-License-Identifier: Apache-2.0
#include "broker/tools/salvage_replay.h"

#include "broker/keyspace/applicable.h"
#include "broker/keyspace/apply.h"

namespace leat {

Status SalvageReplay::record(const wal::RecordHeader& header, View body) {
  last_ = header.index;
  time_ms_ = header.time_ms;
  if (header.type != wal::RecordType::kBatch) {
    if (first_ != 0) drop_batch(header.time_ms, "its end is missing");
    return Status::fine();
  }
  if (first_ == 0) first_ = header.index;
  if (header.more()) return parts_.append(body), Status::fine();
  if (parts_.empty()) {
    batch(header.time_ms, body);
  } else {
    parts_.append(body);
    batch(header.time_ms, parts_);
    Bytes().swap(parts_);
  }
  first_ = 0;
  return Status::fine();
}

Status SalvageReplay::hole(const wal::Hole& hole) {
  if (hole.to == 1 && !hole.open) return Status::fine();  // the configuration: every segment says who wrote the log
  Finding finding("lost", "records");
  finding.word("file", hole.file.empty() ? View("-") : View(hole.file))
      .number("offset", hole.offset)
      .number("from", hole.from);
  if (hole.open) {
    figures_.open_end = true;
    finding.word("to", "unknown").word("count", "unknown");
  } else {
    const uint64_t count = hole.to - hole.from + 1;
    figures_.records_lost += count;
    finding.number("to", hole.to).number("count", count);
  }
  tell_(finding.word("synced", hole.from <= synced_ ? "yes" : "unknown")
            .time("after", hole.after_ms)
            .time("before", hole.before_ms)
            .text("why", hole.why));
  if (first_ != 0) drop_batch(hole.after_ms, "a part of it is missing");
  return Status::fine();
}

void SalvageReplay::end(bool is_torn) {
  if (first_ == 0) return;
  if (!is_torn) return drop_batch(time_ms_, "its end is missing");
  first_ = 0;
  parts_.clear();
}

void SalvageReplay::drop_batch(TimeMs time_ms, View why) {
  ++figures_.batches_lost;
  tell_(Finding("lost", "batch").number("from", first_).number("to", last_).time("time", time_ms).text("why", why));
  first_ = 0;
  parts_.clear();
}

// Decoded to its end before anything of it is done.
void SalvageReplay::batch(TimeMs time_ms, View bytes) {
  const Status decoded = decoder_.decode(bytes, [](DbIndex, const Effect&) { return Status::fine(); });
  if (!decoded.ok()) return drop_batch(time_ms, decoded.text());
  ++figures_.batches;
  const Status done = decoder_.decode(bytes, [&](DbIndex db, const Effect& one) {
    effect(time_ms, db, one);
    return Status::fine();
  });
  CHECK(done.ok());
}

void SalvageReplay::effect(TimeMs time_ms, DbIndex db, const Effect& effect) {
  const Status fits = fits_state(keyspace_, db, effect);
  if (!fits.ok()) {
    ++figures_.effects_lost;
    return tell_(Finding("lost", "effect")
                     .number("index", first_)
                     .time("time", time_ms)
                     .text("why", fits.text())
                     .rest(effect_text(db, effect)));
  }
  ++figures_.effects;
  if (const auto* stated = std::get_if<KeyDigest>(&effect)) return doubts_.state(keyspace_, db, *stated, first_);
  apply_effect(keyspace_, db, effect);
  doubts_.follow(db, effect);
}

}  // namespace leat
