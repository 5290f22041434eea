// SPDX-License-Identifier: Apache-2.0
#include "broker/backups.h"

#include <algorithm>

namespace leat {

namespace {

constexpr TimeMs kHourMs = 3600 * 1000;
constexpr TimeMs kTryAgainMs = 600 * 1000;
constexpr char kOneAtATime[] = "a backup is being written already: wait until INFO says backup_in_progress:0";

// The youngest that a schedule made, so that a restart does not make one too many.
TimeMs youngest(wal::FileSystem& files, const Bytes& folder) {
  const auto names = folder.empty() ? Result<std::vector<Bytes>>(std::vector<Bytes>()) : files.list(folder);
  TimeMs latest_ms = 0;
  if (!names.ok()) return latest_ms;  // it is not there yet, or the attempt will say why it cannot be read
  for (const Bytes& name : *names) {
    const auto parsed = wal::parse_backup_name(name);
    if (parsed) latest_ms = std::max(latest_ms, parsed->time_ms);
  }
  return latest_ms;
}

Status make_if_absent(wal::FileSystem& files, const Bytes& folder) {
  const auto exists = files.exists(folder);
  if (!exists.ok() || *exists) return exists.status();
  Status made = files.make_folder(folder);
  return made.ok() ? files.sync_folder(wal::parent_folder(folder)) : made;
}

}  // namespace

void Backups::start() {
  started_ = true;
  if (config_.backup_every_hours > 0) scheduled_ms_ = youngest(files_, config_.backup_dir);
}

Status Backups::ask(const Bytes& folder, Ticket asker) {
  if (under_way()) return Status::error(kOneAtATime);
  if (folder.empty()) return Status::error("name a folder for the backup, a new one or an empty one");
  begin(folder, asker);
  return Status::fine();
}

// Everything that touches the disk happens on the snapshots' thread, the refusal of a folder that is taken included.
void Backups::begin(Bytes folder, Ticket asker) {
  under_way_ = std::make_shared<Attempt>();
  under_way_->asker = asker;
  under_way_->began_us = time_.monotonic_us();
  under_way_->folder = std::move(folder);
  snapshots_.ask([attempt = under_way_, &files = files_, data = config_.data_dir](Index) {
    auto report = wal::write_backup(files, data, attempt->folder, [&] { return !attempt->given_up; });
    if (report.ok()) attempt->report = std::move(*report);
    attempt->status = report.status();
    attempt->finished = true;
  });
}

void Backups::begin_scheduled() {
  under_way_ = std::make_shared<Attempt>();
  under_way_->began_us = time_.monotonic_us();
  under_way_->folder = config_.backup_dir;
  snapshots_.ask([attempt = under_way_, &files = files_, data = config_.data_dir, now_ms = time_.now_ms(),
                  keep = static_cast<size_t>(config_.backup_keep)](Index index) {
    const Bytes all = attempt->folder;
    attempt->folder = wal::join_path(all, wal::backup_name(now_ms, index));
    attempt->status = make_if_absent(files, all);
    if (attempt->status.ok()) {
      auto report = wal::write_backup(files, data, attempt->folder, [&] { return !attempt->given_up; });
      if (report.ok()) attempt->report = std::move(*report);
      attempt->status = report.status();
    }
    if (attempt->status.ok()) attempt->pruned = wal::remove_old_backups(files, all, keep);
    attempt->finished = true;
  });
}

TimeMs Backups::next_ms() const {
  if (!started_ || config_.backup_every_hours == 0 || config_.backup_dir.empty()) return 0;
  const TimeMs due_ms = scheduled_ms_ == 0 ? 1 : scheduled_ms_ + config_.backup_every_hours * kHourMs;
  return std::max(due_ms, not_before_ms_);
}

std::optional<int64_t> Backups::next_tick_us() const {
  const TimeMs at_ms = next_ms();
  if (at_ms == 0 || under_way()) return std::nullopt;
  return time_.monotonic_us() + std::max<int64_t>(at_ms - time_.now_ms(), 1) * 1000;
}

std::optional<Ticket> Backups::tick() {
  if (under_way()) return under_way_->finished ? finish() : std::nullopt;
  const TimeMs at_ms = next_ms();
  if (at_ms != 0 && at_ms <= time_.now_ms()) begin_scheduled();
  return std::nullopt;
}

std::optional<Ticket> Backups::finish() {
  const AttemptPtr attempt = std::exchange(under_way_, nullptr);
  last_ = Done{.asker = attempt->asker,
               .folder = attempt->folder,
               .status = attempt->status,
               .report = std::move(attempt->report),
               .at_ms = time_.now_ms(),
               .took_ms = (time_.monotonic_us() - attempt->began_us) / 1000};
  tell(*attempt);
  if (attempt->asker != 0) return attempt->asker;
  if (attempt->status.ok()) scheduled_ms_ = time_.now_ms();
  not_before_ms_ = attempt->status.ok() ? 0 : time_.now_ms() + kTryAgainMs;
  return std::nullopt;
}

void Backups::tell(const Attempt& attempt) {
  if (!attempt.status.ok()) {
    events_.error("backup_failed", {{"folder", attempt.folder}, {"why", attempt.status.text()}});
    return;
  }
  events_.info("backup_taken", {{"folder", attempt.folder},
                                {"index", last_->report.meta.index},
                                {"rows", last_->report.tally.rows},
                                {"bytes", last_->report.bytes},
                                {"took_ms", last_->took_ms}});
  if (!attempt.pruned.ok()) events_.warning("old_backups_stay", {{"why", attempt.pruned.text()}});
}

void Backups::close() {
  if (under_way_ != nullptr) under_way_->given_up = true;
}

}  // namespace leat
