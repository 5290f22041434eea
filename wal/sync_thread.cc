// SPDX-License-Identifier: Apache-2.0
#include "wal/sync_thread.h"

#include <algorithm>

#include "wal/out_of_memory.h"

namespace leat::wal {

namespace {
constexpr size_t kKeptBytes = size_t{1} << 20;  // a mailbox that grew beyond is given back: four batches of a tick
// About the most that the writer frames at once (writer.cc, kPieceBytes)
constexpr size_t kFramedBytes = size_t{8} << 20;
}

void SyncThread::Mail::clear(size_t kept) {
  clear_keeping(bodies, kept);
  pieces.clear();
  sync = false;
  mark.reset();
}

SyncThread::~SyncThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void SyncThread::start_with(Writer& writer) {
  const std::lock_guard lock(mutex_);
  CHECK(writer_ == nullptr);
  writer_ = &writer;
  report_ = Report{.progress = writer.progress(), .status = writer.status()};
  if (where_ == Where::kBackground && !thread_.joinable()) thread_ = start_thread([this] { run(); });
}

void SyncThread::hand_back() {
  wait_idle();
  const std::lock_guard lock(mutex_);
  writer_ = nullptr;
}

void SyncThread::append(View batch, TimeMs time_ms, SyncEach sync_each) {
  const std::lock_guard lock(mutex_);
  mail_.bodies.append(batch);
  mail_.pieces.push_back({batch.size(), time_ms});
  if (sync_each == SyncEach::kYes) mail_.sync = true;
  changed_.notify_all();
}

void SyncThread::request_sync() {
  const std::lock_guard lock(mutex_);
  mail_.sync = true;
  changed_.notify_all();
}

void SyncThread::request_mark(TimeMs time_ms) {
  const std::lock_guard lock(mutex_);
  mail_.mark = time_ms;
  changed_.notify_all();
}

SyncThread::Report SyncThread::report() const {
  const std::lock_guard lock(mutex_);
  Report report = report_;
  report.idle = mail_.empty() && !working_;
  report.buffer_bytes = report_.progress.buffer_bytes + mail_.bodies.capacity() + under_way_bytes_;
  return report;
}

void SyncThread::wait_idle() {
  while (where_ == Where::kCaller && step()) continue;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return mail_.empty() && !working_; });
}

void SyncThread::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !mail_.empty(); });
    if (stopping_) return;
    std::swap(under_way_, mail_);
    working_ = true;
    count_under_way();
    lock.unlock();
    write(under_way_);
    finish(under_way_);
    lock.lock();
    put_back();
    changed_.notify_all();
  }
}

// With the mutex held. With a mark nobody has said anything for a while: then no memory is kept.
void SyncThread::put_back() {
  const size_t kept = under_way_.mark ? 0 : kKeptBytes;
  under_way_.clear(kept);
  if (mail_.empty()) mail_.clear(kept);
  working_ = false;
  count_under_way();
}

// With the mutex held. While it is written a batch is there twice: framed, in the writer's buffer, a piece at a time.
void SyncThread::count_under_way() {
  under_way_bytes_ = under_way_.bodies.capacity();
  if (working_) under_way_bytes_ += std::min(under_way_.bodies.size(), kFramedBytes);
}

// Without the lock: there is no other thread.
bool SyncThread::step() {
  if (working_) {
    finish(under_way_);
    put_back();
    return true;
  }
  if (mail_.empty()) return false;
  std::swap(under_way_, mail_);
  working_ = true;
  count_under_way();
  write(under_way_);
  return true;
}

void SyncThread::write(const Mail& mail) {
  View rest = mail.bodies;
  for (const Piece& piece : mail.pieces) {
    writer_->append(rest.substr(0, piece.size), piece.time_ms);
    rest.remove_prefix(piece.size);
  }
  static_cast<void>(writer_->write());
  if (mail.sync) publish();  // written counts already, with durability = interval
}

void SyncThread::finish(const Mail& mail) {
  Status done = mail.sync ? writer_->sync() : writer_->status();
  if (done.ok() && mail.mark) done = writer_->mark(*mail.mark);
  publish();
}

void SyncThread::publish() {
  {
    const std::lock_guard lock(mutex_);
    report_.progress = writer_->progress();
    report_.status = writer_->status();
  }
  if (wake_) wake_();
}

}  // namespace leat::wal
