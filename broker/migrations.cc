// SPDX-License-Identifier: Apache-2.0
#include "broker/migrations.h"

#include <algorithm>

namespace leat {

void Migrations::call_by(Outbound* outbound) {
  outbound_ = outbound;
  for (auto& [asker, migration] : by_asker_) migration.hang_up();
}

Ticket Migrations::watch(DbIndex db, View key) {
  watches_.watch(next_watch_, {.db = db, .key = Bytes(key), .there = true, .readers = true});
  return next_watch_++;
}

void Migrations::begin(Ticket asker, Migration::Order order) {
  forget(asker);
  by_asker_.try_emplace(asker, std::move(order));
}

const Migration* Migrations::of(Ticket asker) const {
  const auto found = by_asker_.find(asker);
  return found == by_asker_.end() ? nullptr : &found->second;
}

void Migrations::forget(Ticket asker) {
  const auto found = by_asker_.find(asker);
  if (found == by_asker_.end()) return;
  for (const Ticket watched : found->second.order().watches) watches_.forget(watched);
  by_asker_.erase(found);
}

size_t Migrations::watched() const {
  size_t keys = 0;
  for (const auto& [asker, migration] : by_asker_) keys += migration.order().watches.size();
  return keys;
}

void Migrations::tick(const Stamp& reached, TimeMs now_ms) {
  for (auto& [asker, migration] : by_asker_) migration.go_on(outbound_, reached, now_ms);
}

std::optional<Ticket> Migrations::done() const {
  const auto found = std::find_if(by_asker_.begin(), by_asker_.end(),
                                  [](const auto& one) { return one.second.end() != Migration::End::kNone; });
  if (found == by_asker_.end()) return std::nullopt;
  return found->first;
}

std::optional<TimeMs> Migrations::next_deadline_ms() const {
  TimeMs next_ms = Migration::kNever;
  for (const auto& [asker, migration] : by_asker_) next_ms = std::min(next_ms, migration.deadline_ms());
  if (next_ms == Migration::kNever) return std::nullopt;
  return next_ms;
}

}  // namespace leat
