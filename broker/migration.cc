// SPDX-License-Identifier: Apache-2.0
#include "broker/migration.h"

#include <algorithm>
#include <utility>

namespace leat {

namespace {
constexpr size_t kWriteBytes = 64 * 1024;  // then the next: a sign of life each
constexpr size_t kLineMax = 64 * 1024;     // of an answer: a status or an error
}  // namespace

void Migration::go_on(Outbound* outbound, const Stamp& reached, TimeMs now_ms) {
  if (stage_ == Stage::kOver) return;
  if (stage_ == Stage::kWaiting) {
    if (!reached.reaches(order_.stamp)) return;
    stage_ = Stage::kDialing;
    since_ms_ = now_ms;
    if (outbound == nullptr) return finish(End::kNotConnected);
    call_ = outbound->dial(order_.host, order_.port, *this);
    return;
  }
  if (std::exchange(news_, false)) {
    since_ms_ = now_ms;
    overdue_ = false;
    step();
  }
  if (stage_ == Stage::kOver || (!lost_ && now_ms < deadline_ms())) return;
  if (lost_ || overdue_) return finish(failure());
  overdue_ = true;  // a script may have held the loop: what came meanwhile is heard before the next tick
}

void Migration::step() {
  if (answers_ >= answers_wanted()) return finish(End::kAnswered);
  if (stage_ == Stage::kDialing) {
    if (!connected_ || lost_) return;
    stage_ = Stage::kIntroducing;
    if (order_.introductions > 0) send(std::move(order_.introduction));
  }
  if (stage_ == Stage::kIntroducing) {
    if (answers_ < order_.introductions) return;
    if (!refusal_.empty()) return finish(End::kAnswered);  // before a key was sent
    stage_ = Stage::kSending;
  }
  if (writing_ || lost_ || sent_ == order_.letter.size()) return;
  const size_t bytes = std::min(kWriteBytes, order_.letter.size() - sent_);
  sent_ += bytes;
  send(order_.letter.substr(sent_ - bytes, bytes));
}

void Migration::send(Bytes bytes) {
  writing_ = true;
  call_->write(std::move(bytes));
}

void Migration::received(View bytes) {
  news_ = true;
  while (!bytes.empty() && answers_ < answers_wanted()) {
    const size_t end = bytes.find('\n');
    line_.append(bytes.substr(0, end));
    if (line_.size() > kLineMax) return lost();  // that is no answer to what was asked
    if (end == View::npos) return;
    bytes.remove_prefix(end + 1);
    if (line_.ends_with('\r')) line_.pop_back();
    answer(line_);
    line_.clear();
  }
}

void Migration::answer(View line) {
  const size_t number = answers_++;
  const bool fine = line.starts_with('+');
  if (number >= order_.introductions) taken_[number - order_.introductions] = fine;
  if (fine || !refusal_.empty()) return;
  if (line.starts_with('-')) line.remove_prefix(1);  // else it is no error, and no answer to what was asked either
  refusal_ = line.empty() ? "nothing" : Bytes(line);
}

TimeMs Migration::deadline_ms() const {
  if (stage_ == Stage::kWaiting || stage_ == Stage::kOver) return kNever;
  return since_ms_ + order_.timeout_ms;
}

// A target that refuses is one that cannot be written to: so Redis finds it.
Migration::End Migration::failure() const {
  if (!connected_ && (unreachable_ || !lost_)) return End::kNotConnected;
  return writing_ || sent_ < order_.letter.size() ? End::kWriting : End::kReading;
}

void Migration::finish(End end) {
  end_ = end;
  stage_ = Stage::kOver;
  call_.reset();
  Bytes().swap(order_.letter);
}

}  // namespace leat
