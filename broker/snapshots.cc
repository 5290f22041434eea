// SPDX-License-Identifier: Apache-2.0
#include "broker/snapshots.h"

#include <time.h>

#include <algorithm>

#include "broker/storage/snapshot_rows.h"

namespace leat {

namespace {
constexpr size_t kSliceBytes = 64 << 10;         // copied in some 50 us, 200 if they are short rows
constexpr uint64_t kQueueBytes = 8 << 20;        // beyond, SQLite has enough to do for a while
constexpr int64_t kHourMs = 3600 * 1000;

// Of this thread. On a busy machine a clock on the wall counts whoever else had the core as well.
int64_t cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1000000 + now.tv_nsec / 1000;
}

// Raises `longest` to how long it lived, if that was longer.
class Stopwatch {
 public:
  Stopwatch(BrokerTime& time, Snapshots::Pause& longest) : time_(time), longest_(longest), began_cpu_us_(cpu_us()) {
    time_.advance();
    began_us_ = time_.monotonic_us();
  }
  ~Stopwatch() {
    time_.advance();
    longest_.us = std::max(longest_.us, time_.monotonic_us() - began_us_);
    longest_.cpu_us = std::max(longest_.cpu_us, cpu_us() - began_cpu_us_);
  }

 private:
  BrokerTime& time_;
  Snapshots::Pause& longest_;
  const int64_t began_cpu_us_;
  int64_t began_us_;
};
}  // namespace

// ---- the start

Status Snapshots::open(wal::FileSystem& files, Clock& clock, wal::SnapshotWriter::Where where,
                       const Progress& progress) {
  auto opened = wal::SnapshotStore::open(files, config_.data_dir);
  if (!opened.ok()) return opened.status();
  store_ = std::move(*opened);
  last_save_ms_ = time_.now_ms();
  if (store_->meta()) {
    if (Status loaded = load(progress); !loaded.ok()) return loaded;
  }
  writer_ = std::make_unique<wal::SnapshotWriter>(std::move(store_), clock, where);
  return Status::fine();
}

Status Snapshots::load(const Progress& progress) {
  const wal::SnapshotMeta& meta = *store_->meta();
  if (Status loaded = load_keyspace(*store_, keyspace_, progress); !loaded.ok()) return loaded;
  origin_ = {.after = meta.index, .cluster_id = meta.cluster_id};
  loaded_ms_ = last_save_ms_ = meta.time_ms;
  own_bytes_ = keyspace_.chunks().bytes();
  return Status::fine();
}

void Snapshots::start(wal::Log& log, uint64_t replayed_bytes) {
  log_ = &log;
  replayed_bytes_ = replayed_bytes;
  last_begun_ms_ = time_.monotonic_ms();
  if (wake_) writer_->on_progress(wake_);
}

void Snapshots::on_progress(std::function<void()> wake) {
  wake_ = std::move(wake);
  if (!wake_) static_cast<void>(close());  // whom its thread would wake is going
}

// ---- the ticks

void Snapshots::tick(uint64_t effects) {
  if (log_ == nullptr || !status_.ok()) return;
  if (stage_ == Stage::kIdle && !may_begin(effects)) return;
  const Stopwatch pause(time_, longest_pause_);
  if (stage_ == Stage::kIdle) begin(effects);
  if (stage_ == Stage::kTaking) take();
  if (stage_ == Stage::kWaitingForSync) wait_for_sync();
  const wal::SnapshotWriter::Report report = writer_->report();
  if (!report.status.ok()) {
    status_ = report.status;
    events_.error("snapshot_failed", {{"why", status_.text()}});
  } else if (stage_ == Stage::kCommitting && report.committed >= meta_.index) {
    done();
  }
}

uint64_t Snapshots::log_bytes() const { return replayed_bytes_ + (log_ == nullptr ? 0 : log_->stats().bytes); }

// Not while the last one is being copied: the file would have to wait, and changes pile up.
bool Snapshots::may_begin(uint64_t effects) const { return (asked_ || due(effects)) && !writer_->has_job(); }

uint64_t Snapshots::log_bytes_due() const {
  return config_.snapshot_log_bytes > 0 ? std::max<uint64_t>(config_.snapshot_log_bytes, own_bytes_) : 0;
}

bool Snapshots::due(uint64_t effects) const {
  const uint64_t changes = effects - effects_at_last_;
  if (log_bytes_due() > 0 && log_bytes() - log_bytes_at_last_ >= log_bytes_due()) return true;
  const auto rule = rule_due_ms(changes);
  return rule && time_.monotonic_ms() >= *rule;
}

// When the first of the `save` rules that has its changes is due.
std::optional<TimeMs> Snapshots::rule_due_ms(uint64_t changes) const {
  std::optional<TimeMs> due;
  for (const SaveRule& rule : config_.save) {
    if (changes < static_cast<uint64_t>(rule.changes)) continue;
    const TimeMs at_ms = last_begun_ms_ + rule.seconds * 1000;
    due = due ? std::min(*due, at_ms) : at_ms;
  }
  return due;
}

void Snapshots::begin(uint64_t effects) {
  asked_ = false;
  copy_ = std::exchange(copy_of_next_, nullptr);
  stage_ = Stage::kTaking;
  meta_ = {.cluster_id = log_->recovery().cluster_id,
           .server_id = log_->recovery().server_id,
           .index = log_->proposed(),
           .time_ms = time_.now_ms(),
           .state = keyspace_.state()};
  keyspace_.chunks().changes().freeze();
  began_us_ = time_.monotonic_us();
  longest_pause_ = {};
  last_begun_ms_ = time_.monotonic_ms();
  effects_at_begin_ = effects;
  log_bytes_at_begin_ = log_bytes();
  own_bytes_ = keyspace_.chunks().bytes();
  events_.info("snapshot_begun", {{"index", meta_.index}, {"chunks", keyspace_.chunks().changes().frozen_chunks()}});
}

void Snapshots::take() {
  const bool all = writer_->waiting_bytes() < kQueueBytes ? keyspace_.chunks().changes().take(kSliceBytes)
                                                          : keyspace_.chunks().changes().all_taken();
  hand_over();
  if (!all) return;
  stage_ = Stage::kWaitingForSync;
  if (log_->synced() < meta_.index) log_->ask_sync();
}

void Snapshots::wait_for_sync() {
  if (log_->synced() >= meta_.index) commit();
}

void Snapshots::hand_over() {
  Changes& changes = keyspace_.chunks().changes();
  if (!changes.out().empty()) writer_->put(to_rows(changes.hand_over()));
}

void Snapshots::commit() {
  writer_->commit(meta_);
  if (copy_) writer_->then([copy = std::exchange(copy_, nullptr), index = meta_.index] { copy(index); });
  stage_ = Stage::kCommitting;
}

void Snapshots::done() {
  stage_ = Stage::kIdle;
  ++taken_;
  effects_at_last_ = effects_at_begin_;
  log_bytes_at_last_ = log_bytes_at_begin_;
  last_save_ms_ = time_.now_ms();
  last_took_us_ = time_.monotonic_us() - began_us_;
  const wal::SnapshotWriter::Report report = writer_->report();
  log_->retire(meta_.index, last_save_ms_ - config_.retain_log_hours * kHourMs);
  events_.info("snapshot_taken", {{"index", meta_.index},
                                  {"rows", report.rows},
                                  {"bytes_written", report.bytes_written},
                                  {"took_ms", last_took_us_ / 1000}});
}

// ---- SAVE, and the end

Status Snapshots::finish(uint64_t effects) {
  if (stage_ == Stage::kIdle) begin(effects);
  while (!keyspace_.chunks().changes().take(kSliceBytes)) {
    hand_over();
    writer_->wait_below(kQueueBytes);  // all at once would be a second copy of the memory
  }
  hand_over();
  if (Status synced = log_->sync_now(); !synced.ok()) return synced;
  if (stage_ != Stage::kCommitting) commit();
  writer_->wait();
  if (Status written = writer_->report().status; !written.ok()) return status_ = written;
  done();
  return Status::fine();
}

Status Snapshots::close() { return writer_ == nullptr ? Status::fine() : writer_->stop(); }

// ---- for others to ask

bool Snapshots::has_work() const {
  return (asked_ && stage_ == Stage::kIdle && !writer_->has_job()) ||
         (stage_ == Stage::kTaking && writer_->waiting_bytes() < kQueueBytes);
}

std::optional<int64_t> Snapshots::next_tick_us(uint64_t effects) const {
  if (stage_ != Stage::kIdle) return std::nullopt;
  const auto rule = rule_due_ms(effects - effects_at_last_);
  if (!rule) return std::nullopt;
  return *rule * 1000;
}

uint64_t Snapshots::waiting_bytes() const {
  return writer_ == nullptr ? 0 : writer_->waiting_bytes() + keyspace_.chunks().changes().out().bytes;
}

bool Snapshots::throttled() const { return waiting_bytes() >= static_cast<uint64_t>(config_.snapshot_kept_bytes_max); }

Snapshots::Figures Snapshots::figures(uint64_t effects) const {
  Figures figures{.last_save_ms = last_save_ms_,
                  .last_took_us = last_took_us_,
                  .changes = effects - effects_at_last_,
                  .taken = taken_};
  if (under_way()) figures.under_way_us = time_.monotonic_us() - began_us_;
  figures.log_bytes = log_bytes() - log_bytes_at_last_;
  figures.log_bytes_due = log_bytes_due();
  if (writer_ == nullptr) return figures;
  const wal::SnapshotWriter::Report report = writer_->report();
  figures.longest_pause = longest_pause_;
  figures.rows = report.rows;
  figures.bytes_written = report.bytes_written;
  figures.index = report.committed;
  return figures;
}

}  // namespace leat
