// SPDX-License-Identifier: Apache-2.0
#include "wal/snapshot_writer.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "wal/out_of_memory.h"

namespace leat::wal {

namespace {

constexpr int kNiceness = 10;
constexpr int64_t kRestUsMax = 50 * 1000;  // a disk that hangs is not made slower by us
// So much waits only when clients change more than is written: their next step would be to be throttled.
constexpr uint64_t kHurryBytes = uint64_t{24} << 20;

// Linux has a niceness for each thread; elsewhere this would slow the whole broker down, so it is left out.
void lower_priority() {
#ifdef __linux__
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness));  // a wish, not a need
#endif
}

template <typename Row>
uint64_t weight(const Row& row) {
  return sizeof row + row.bytes.size();
}

uint64_t weight(const SnapshotChanges& changes) {
  uint64_t bytes = 0;
  for (const SnapshotRow& row : changes.chunks) bytes += weight(row);
  for (const SnapshotBlob& blob : changes.blobs) bytes += weight(blob);
  return bytes;
}

}  // namespace

SnapshotWriter::SnapshotWriter(std::unique_ptr<SnapshotStore> store, Clock& clock, Where where)
    : store_(std::move(store)), clock_(clock), bytes_before_(store_->bytes_written()), where_(where) {
  if (where_ == Where::kBackground) store_->on_piece([this] { rest(); });
  publish();
}

SnapshotWriter::~SnapshotWriter() {
  {
    const std::lock_guard lock(mutex_);
    mail_.clear();
    commits_ = 0;
  }
  const Status ignored = stop();
  static_cast<void>(ignored);  // whoever cared has called stop()
}

void SnapshotWriter::put(SnapshotChanges changes) {
  waiting_bytes_ += weight(changes);
  post(std::move(changes));
}

void SnapshotWriter::commit(SnapshotMeta meta) {
  waiting_bytes_ += meta.state.size();
  post(std::move(meta));
}

void SnapshotWriter::then(std::function<void()> job) {
  ++jobs_;
  post(std::move(job));
}

void SnapshotWriter::post(Mail mail) {
  if (where_ == Where::kCaller) return handle(std::move(mail));
  const std::lock_guard lock(mutex_);
  CHECK(!stopping_);
  if (std::holds_alternative<SnapshotMeta>(mail)) ++commits_;
  mail_.push_back(std::move(mail));
  if (!thread_.joinable()) thread_ = start_thread([this] { run(); });
  changed_.notify_one();
}

SnapshotWriter::Report SnapshotWriter::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

template <typename Done>
void SnapshotWriter::wait_until(Done done) {
  std::unique_lock lock(mutex_);
  awaited_ = true;
  changed_.notify_all();
  changed_.wait(lock, [&] { return (mail_.empty() && !working_) || !report_.status.ok() || done(); });
  awaited_ = false;
}

void SnapshotWriter::wait() {
  wait_until([] { return false; });
}

void SnapshotWriter::wait_below(uint64_t bytes) {
  wait_until([&] { return waiting_bytes() < bytes; });
}

Status SnapshotWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  return report().status;
}

void SnapshotWriter::run() {
  lower_priority();
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !mail_.empty(); });
    if (stopping_ && commits_ == 0) return;
    Mail mail = std::move(mail_.front());
    mail_.pop_front();
    if (std::holds_alternative<SnapshotMeta>(mail)) --commits_;
    working_ = true;
    lock.unlock();
    rested_us_ = clock_.monotonic_us();
    handle(std::move(mail));
    lock.lock();
    working_ = false;
    changed_.notify_all();
  }
}

void SnapshotWriter::handle(Mail mail) {
  if (auto* changes = std::get_if<SnapshotChanges>(&mail))
    write_all(*changes);
  else if (const auto* job = std::get_if<Job>(&mail))
    run_job(*job);
  else
    make_whole(std::get<SnapshotMeta>(mail));
  publish();
  if (wake_) wake_();
}

// A row's memory is given back as soon as SQLite has it, for it is a copy that the keyspace made for us.
template <typename Row>
void SnapshotWriter::put_one(Row& row) {
  static_cast<void>(store_->put(row));  // a failure stays in its status()
  waiting_bytes_ -= weight(row);
  row.keeper.reset();
}

void SnapshotWriter::write_all(SnapshotChanges& changes) {
  if (rows_ == 0) began_us_ = clock_.monotonic_us();
  rows_ += changes.rows();
  for (SnapshotBlob& blob : changes.blobs) put_one(blob);
  for (SnapshotRow& row : changes.chunks) put_one(row);
  for (const ChunkId id : changes.dropped_chunks) static_cast<void>(store_->drop_chunk(id));
  for (const uint64_t id : changes.dropped_blobs) static_cast<void>(store_->drop_blob(id));
}

void SnapshotWriter::make_whole(const SnapshotMeta& meta) {
  if (rows_ == 0) began_us_ = clock_.monotonic_us();
  const Status done = store_->commit(meta);
  waiting_bytes_ -= meta.state.size();
  if (!done.ok()) return;
  const std::lock_guard lock(mutex_);
  report_.rows = std::exchange(rows_, 0);
  report_.bytes_written = store_->bytes_written() - std::exchange(bytes_before_, store_->bytes_written());
  report_.took_us = clock_.monotonic_us() - began_us_;
}

void SnapshotWriter::run_job(const Job& job) {
  if (store_->status().ok()) job();
  --jobs_;
}

// Half of the time the cores and the disk are the loop's and the log's alone. Longer rests do not make pushes quicker,
// only the snapshot slower; smaller pieces do (sqlite_vfs.cc).
void SnapshotWriter::rest() {
  const int64_t rest_us = std::min(clock_.monotonic_us() - rested_us_, kRestUsMax);
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::microseconds(rest_us),
                    [this] { return stopping_ || awaited_ || waiting_bytes() >= kHurryBytes; });
  rested_us_ = clock_.monotonic_us();
}

void SnapshotWriter::publish() {
  const std::lock_guard lock(mutex_);
  report_.committed = store_->meta() ? store_->meta()->index : 0;
  report_.tally = store_->tally();
  report_.status = store_->status();
}

}  // namespace leat::wal
