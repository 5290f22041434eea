// SPDX-License-Identifier: Apache-2.0
#include "consumers/producers.h"

#include <xxhash.h>

#include <algorithm>

#include "schemas/check.h"

namespace leat::consumers {

namespace {
constexpr size_t kHeadNumbers = 4;
constexpr int kForgottenAtOnce = 16;
}  // namespace

Producers::Producers(ChunkStore& chunks, ValueId stream)
    : chunks_(chunks),
      stream_(stream),
      head_(chunks.create(stream, ChunkKind::kProducers)),
      ids_(RememberedIds::Home{&chunks, stream, ChunkKind::kRemembered}) {
  chunks_.mutate(*head_).open(0, kHeadNumbers * sizeof(uint64_t));
  write_head();
}

Producers::~Producers() { chunks_.retire(std::move(head_)); }

void Producers::write_head() {
  const uint64_t head[kHeadNumbers] = {duration_ms_, ids_max_, added_, twice};
  std::memcpy(chunks_.mutate(*head_).data(), head, sizeof head);
}

std::optional<StreamId> Producers::find(Print print, TimeMs now_ms) const {
  const auto found = by_print_.find(print);
  if (found == by_print_.end() || !counts(*ids_.find(found->second), now_ms)) return std::nullopt;
  return found->second;
}

Producers::Tracked Producers::tracked(TimeMs now_ms) const {
  Tracked tracked{0, ids_.size()};
  for (auto at = ids_.begin(); at.valid() && !counts(*at, now_ms); at.next()) --tracked.ids;
  for (const auto& [name, producer] : producers_) {
    tracked.producers += now_ms - producer.last_ms < static_cast<TimeMs>(duration_ms_);
  }
  return tracked;
}

void Producers::configure(uint64_t duration_ms, uint64_t ids_max) {
  forget_all();
  duration_ms_ = duration_ms;
  ids_max_ = ids_max;
  write_head();
}

void Producers::forget_all() {
  ids_.free_some(SIZE_MAX);
  by_print_.clear();
  producers_.clear();
}

void Producers::remember(const Remembered& one) {
  for (int i = 0; i < kForgottenAtOnce && !ids_.empty(); ++i) {
    const Remembered oldest = *ids_.begin();
    if (counts(oldest, one.at_ms)) break;
    forget(oldest.id);
  }
  if (const auto same = by_print_.find(one.print); same != by_print_.end()) forget(same->second);
  forget(one.id);  // an id that is given again: the stream was emptied, and XSETID went back
  const auto producer = producers_.find(one.producer);
  if (producer != producers_.end() && producer->second.count() >= ids_max_) {
    forget(producer->second.ids[producer->second.first]);
  }
  ids_.insert(one);
  note(one);
  ++added_;
  write_head();
}

void Producers::note(const Remembered& one) {
  by_print_[one.print] = one.id;
  Producer& producer = producers_[one.producer];
  producer.ids.push_back(one.id);
  producer.last_ms = std::max(producer.last_ms, one.at_ms);
}

void Producers::forget(StreamId id) {
  const Remembered* const found = ids_.find(id);
  if (found == nullptr) return;
  by_print_.erase(found->print);
  const auto place = producers_.find(found->producer);
  Producer& producer = place->second;
  if (producer.ids[producer.first] == id) ++producer.first;
  else producer.ids.erase(std::find(producer.ids.begin() + producer.first, producer.ids.end(), id));
  if (producer.count() == 0) {
    producers_.erase(place);
  } else if (producer.first > producer.count()) {
    producer.ids.erase(producer.ids.begin(), producer.ids.begin() + producer.first);
    producer.first = 0;
  }
  ids_.erase(id);
}

std::unique_ptr<Producers> Producers::clone(ValueId stream) const {
  auto copied = std::make_unique<Producers>(chunks_, stream);
  copied->duration_ms_ = duration_ms_;
  copied->ids_max_ = ids_max_;
  copied->added_ = added_;
  copied->twice = twice;
  copied->ids_.copy(ids_);
  copied->by_print_ = by_print_;
  copied->producers_ = producers_;
  copied->write_head();
  return copied;
}

uint64_t Producers::digest() const {
  const uint64_t head[] = {duration_ms_, ids_max_, added_};
  uint64_t digest = XXH3_64bits(head, sizeof head);
  for (auto at = ids_.begin(); at.valid(); at.next()) digest = XXH3_64bits_withSeed(&*at, sizeof *at, digest);
  return digest;
}

size_t Producers::weight() const {
  constexpr size_t kRemembered = sizeof(Remembered) + 80, kProducer = 150;  // its look-up, its place at its producer
  return sizeof *this + ids_.size() * kRemembered + producers_.size() * kProducer;
}

bool Producers::free_some(size_t arrays) {
  by_print_.clear();
  producers_.clear();
  return ids_.free_some(arrays);
}

bool Producers::load(std::vector<std::unique_ptr<Chunk>> rows, Pause& pause) {
  bool has_head = false;
  std::vector<std::unique_ptr<Chunk>> ids;
  for (auto& row : rows) {
    if (row->kind() == ChunkKind::kRemembered) {
      ids.push_back(std::move(row));
      continue;
    }
    if (has_head || row->size() != kHeadNumbers * sizeof(uint64_t)) return false;
    has_head = true;
    chunks_.retire(std::exchange(head_, std::move(row)));
  }
  if (!has_head || !ids_.load(std::move(ids), pause)) return false;
  uint64_t head[kHeadNumbers];
  std::memcpy(head, head_->data(), sizeof head);
  duration_ms_ = head[0], ids_max_ = head[1], added_ = head[2], twice = head[3];
  for (auto at = ids_.begin(); at.valid(); at.next()) {
    note(*at);
    pause.after(sizeof(Remembered));
  }
  return true;
}

}  // namespace leat::consumers
