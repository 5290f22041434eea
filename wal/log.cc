// SPDX-License-Identifier: Apache-2.0
#include "wal/log.h"

#include <algorithm>

#include "wal/retirement.h"

namespace leat::wal {

namespace {
constexpr int64_t kQuietUs = 10'000;                        // after that `synced` is carried forward
// A hand-over costs 2-4 µs a request, and one slow sync among quick ones (every disk has them) is over when it shows.
constexpr int64_t kSlowSyncUs = 1'000;                      // a moving average above this: the log moves to its thread
constexpr int64_t kQuickSyncUs = 500;                       // one below this …
constexpr int64_t kQuickForUs = 1'000'000;                  // … for that long brings it back
// A sync of 100 ms moves the average, over about 16, this far. While such a disk stands inline, so does the loop, so it
// is trusted again only after a minute.
constexpr int64_t kStoodUs = 6'000;
constexpr int64_t kTrustedAgainUs = 60'000'000;
constexpr uint64_t kSlowSyncBytes = uint64_t{1} << 20;      // more than a disk syncs within kSlowSyncUs
constexpr uint64_t kSmallSegmentBytes = uint64_t{4} << 20;  // filled with zeros in about 15 ms
}  // namespace

Log::Log(FileSystem& files, Clock& clock, Events& events, LogOptions options)
    : files_(files), clock_(clock), events_(events), options_(std::move(options)) {}

Log::~Log() = default;

Result<std::unique_ptr<Log>> Log::open(FileSystem& files, Clock& clock, Events& events, LogOptions options,
                                       const ReplayFn& replay, const ProgressFn& progress) {
  std::unique_ptr<Log> log(new Log(files, clock, events, std::move(options)));
  Status recovered = log->recover(replay, progress);
  if (!recovered.ok()) return recovered;
  return log;
}

Status Log::recover(const ReplayFn& replay, const ProgressFn& progress) {
  auto survey = survey_folder(files_, options_.folder, options_.origin, replay, progress);
  if (!survey.ok()) return survey.status();
  if (survey->segments.empty())
    return Status::error(options_.folder + " holds files of leat but no segment of the log");
  if (!survey->damage.empty()) return Status::error(survey->damage);
  const RepairOptions repair{.segment_bytes = options_.segment_bytes,
                             .small_segment_bytes = std::min(options_.segment_bytes, kSmallSegmentBytes),
                             .random = options_.random};
  auto start = repair_folder(files_, options_.folder, *survey, repair, table_);
  if (!start.ok()) return start.status();
  recovery_ = survey->report;
  if (!recovery_.trimmed_detail.empty()) {
    events_.warning("log_trimmed", {{"bytes", recovery_.trimmed_bytes}, {"detail", recovery_.trimmed_detail}});
  }
  next_ = start->last + 1;
  committed_ = sync_asked_ = start->last;
  last_time_ms_ = start->time_ms;
  spares_ = std::make_unique<SpareMaker>(files_, options_.folder, options_.prepare);
  writer_ = std::make_unique<Writer>(std::move(*start), *spares_, table_, clock_, options_.random);
  thread_ = std::make_unique<SyncThread>(options_.sync);
  take_progress();
  active_us_ = clock_.monotonic_us();
  if (options_.thread == LogThread::kAlways) go_threaded();
  return status_;
}

Index Log::propose(View batch, TimeMs time_ms, Durability wanted) {
  CHECK(!batch.empty());
  next_ += records_of(batch.size());
  if (!status_.ok()) return proposed();
  proposed_bytes_ += frames_size(batch.size());
  last_time_ms_ = std::max(last_time_ms_, time_ms);
  const bool always = wanted == Durability::kAlways;
  if (!threaded_ && options_.thread == LogThread::kAuto && wanted != Durability::kNever &&
      batch.size() > kSlowSyncBytes)
    go_threaded();
  if (threaded_) {
    thread_->append(batch, last_time_ms_, always ? SyncThread::SyncEach::kYes : SyncThread::SyncEach::kNo);
  } else {
    writer_->append(batch, last_time_ms_);
    static_cast<void>(always ? writer_->sync() : writer_->write());
  }
  active_us_ = clock_.monotonic_us();
  mark_asked_ = false;
  if (!unsynced_since_us_) unsynced_since_us_ = active_us_;
  if (!timed_since_us_ && wanted == Durability::kInterval) timed_since_us_ = active_us_;
  if (always) note_asked();
  if (!threaded_) take_progress();
  advance_committed();
  if (!threaded_) settle_thread(active_us_);
  return proposed();
}

// A sync of all that was proposed was asked for.
void Log::note_asked() {
  sync_asked_ = proposed();
  unsynced_since_us_.reset();
  timed_since_us_.reset();
}

// The interval's sync takes along whatever is proposed until then.
bool Log::is_asked(Index index, Durability wanted) const {
  if (wanted == Durability::kNever || index <= sync_asked_) return true;
  return wanted == Durability::kInterval && timed_since_us_.has_value();
}

void Log::ask(Durability wanted) {
  if (!status_.ok() || is_asked(proposed(), wanted)) return;
  if (wanted == Durability::kInterval) {
    timed_since_us_ = clock_.monotonic_us();
    return;
  }
  note_asked();
  if (threaded_) return thread_->request_sync();
  static_cast<void>(writer_->sync());
  take_progress();
  advance_committed();
}

// What the writer, the thread or the maker of spares has come to.
void Log::take_progress() {
  Status failed;
  if (threaded_) {
    SyncThread::Report report = thread_->report();
    if (report.progress.synced != progress_.synced || report.progress.written != progress_.written) {
      active_us_ = clock_.monotonic_us();
    }
    progress_ = report.progress;
    failed = std::move(report.status);
  } else {
    progress_ = writer_->progress();
    failed = writer_->status();
  }
  if (progress_.carried == progress_.synced) mark_asked_ = false;
  if (progress_.synced == proposed()) note_asked();
  if (failed.ok() && spares_->failed()) failed = spares_->status();
  if (failed.ok() || !status_.ok()) return;
  status_ = std::move(failed);
  events_.error("log_failed", {{"why", status_.text()}, {"committed", committed_}});
}

void Log::advance_committed() {
  if (!status_.ok()) return;
  const Index reached = options_.durability == Durability::kAlways     ? progress_.synced
                        : options_.durability == Durability::kInterval ? progress_.written
                                                                       : proposed();
  committed_ = std::max(committed_, reached);
}

void Log::poll(int64_t now_us) {
  take_progress();
  advance_committed();
  if (!status_.ok()) return;
  poll_sync(now_us);
  poll_mark(now_us);
  settle_thread(now_us);
}

// Of what no sync was asked for. Where the batches want none they only keep the unsynced bytes bounded, and let
// segments be retired one day.
std::optional<int64_t> Log::sync_due_us() const {
  if (!unsynced_since_us_) return std::nullopt;
  if (timed_since_us_) return *timed_since_us_ + options_.sync_interval_ms * 1000;
  if (unsynced_bytes() < never_sync_bytes()) return std::nullopt;
  return *unsynced_since_us_;
}

void Log::poll_sync(int64_t now_us) {
  const auto due_us = sync_due_us();
  if (!due_us || now_us < *due_us) return;
  if (!threaded_ && options_.thread == LogThread::kAuto && unsynced_bytes() > kSlowSyncBytes) go_threaded();
  note_asked();
  if (threaded_) return thread_->request_sync();
  static_cast<void>(writer_->sync());
  take_progress();
  advance_committed();
}

std::optional<int64_t> Log::mark_due_us() const {
  if (mark_asked_ || progress_.carried == progress_.synced) return std::nullopt;
  return active_us_ + kQuietUs;
}

void Log::poll_mark(int64_t now_us) {
  const auto due_us = mark_due_us();
  if (!due_us || now_us < *due_us || !status_.ok()) return;
  if (threaded_) {
    mark_asked_ = true;
    return thread_->request_mark(last_time_ms_);
  }
  static_cast<void>(writer_->mark(last_time_ms_));
  take_progress();
}

std::optional<int64_t> Log::next_poll_us() const {
  if (!status_.ok()) return std::nullopt;
  const auto sync = sync_due_us();
  const auto mark = mark_due_us();
  if (sync && mark) return std::min(*sync, *mark);
  return sync ? sync : mark;
}

void Log::on_progress(std::function<void()> wake) {
  const bool again = threaded_;
  if (again) go_inline();
  thread_->on_progress(std::move(wake));
  if (again) go_threaded();
}

void Log::settle_thread(int64_t now_us) {
  if (options_.thread != LogThread::kAuto || !status_.ok() || progress_.syncs == 0) return;
  if (progress_.sync_us_average >= kStoodUs) stood_us_ = now_us;
  if (!threaded_) {
    if (progress_.sync_us_average > kSlowSyncUs) go_threaded();
    return;
  }
  if (progress_.sync_us_average >= kQuickSyncUs) return quick_since_us_.reset();
  if (!quick_since_us_) quick_since_us_ = now_us;
  const bool trusted = !stood_us_ || now_us - *stood_us_ >= kTrustedAgainUs;
  if (trusted && now_us - *quick_since_us_ >= kQuickForUs && thread_->report().idle) go_inline();
}

void Log::go_threaded() {
  thread_->start_with(*writer_);
  threaded_ = true;
  quick_since_us_.reset();
  events_.info("log_thread", {{"state", "on"}, {"sync_us", progress_.sync_us_last}});
}

void Log::go_inline() {
  thread_->hand_back();
  threaded_ = false;
  mark_asked_ = false;
  take_progress();
  advance_committed();
  events_.info("log_thread", {{"state", "off"}, {"sync_us", progress_.sync_us_average}});
}

Status Log::sync_now() {
  if (!status_.ok()) return status_;
  if (threaded_) {
    thread_->request_sync();
    thread_->wait_idle();
  } else {
    static_cast<void>(writer_->sync());
  }
  take_progress();
  advance_committed();
  return status_;
}

void Log::set_durability(Durability durability, int64_t sync_interval_ms) {
  // What counts as committed may not fall back: a stricter mode starts with everything synced.
  if (durability != options_.durability) static_cast<void>(sync_now());
  options_.durability = durability;
  options_.sync_interval_ms = sync_interval_ms;
  advance_committed();
}

void Log::set_thread_mode(LogThread thread) {
  options_.thread = thread;
  if (thread == LogThread::kAlways && !threaded_) go_threaded();
  if (thread == LogThread::kNever && threaded_) go_inline();
}

void Log::retire(Index snapshot, TimeMs not_after) {
  CHECK(snapshot <= progress_.synced);  // so each segment up to it has its name, or will have before its turn comes
  if (!status_.ok()) return;
  spares_->post_chore(
      [this, snapshot, not_after] { return retire_segments(files_, options_.folder, table_, snapshot, not_after); });
  take_progress();
}

Status Log::close() {
  if (threaded_) go_inline();
  if (status_.ok()) {
    static_cast<void>(writer_->seal());
    take_progress();
    advance_committed();
  }
  const Status stopped = spares_->stop();
  if (status_.ok()) status_ = stopped;
  return status_;
}

Stats Log::stats() const {
  return Stats{.records = proposed(),
               .bytes = proposed_bytes_,
               .syncs = progress_.syncs,
               .sync_us_average = progress_.sync_us_average,
               .sync_us_last = progress_.sync_us_last,
               .sync_us_max = progress_.sync_us_max,
               .sync_times = progress_.sync_times,
               .unsynced_bytes = unsynced_bytes(),
               .segments = table_.size(),
               .segment_bytes = progress_.segment_bytes,
               .threaded = threaded_};
}

Result<Place> Log::locate(Index index) const {
  const auto hint = index <= progress_.written ? table_.before(index) : std::nullopt;
  if (!hint) return Status::error("record " + std::to_string(index) + " is not in the log");
  Bytes name = segment_name(hint->segment_first);
  auto file = files_.open(join_path(options_.folder, name), OpenMode::kRead);
  if (!file.ok()) {  // it has no name before its first sync
    name = Bytes(kSpareName);
    file = files_.open(join_path(options_.folder, name), OpenMode::kRead);
  }
  if (!file.ok()) return file.status();
  const auto header = read_segment_header(**file);
  if (!header.ok()) return header.status();
  const auto offset = find_record(**file, *header, hint->entry, index);
  if (!offset.ok()) return offset.status();
  return Place{.file = std::move(name), .offset = *offset};
}

}  // namespace leat::wal
