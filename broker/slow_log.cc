// SPDX-License-Identifier: Apache-2.0
#include "broker/slow_log.h"

namespace leat {

namespace {
constexpr size_t kWordsMax = 32;
constexpr size_t kWordBytesMax = 128;
}  // namespace

void SlowLog::note(Entry entry) {
  entry.id = next_id_++;
  entries_.push_front(std::move(entry));
  while (entries_.size() > static_cast<size_t>(config_.slowlog_entries_max)) entries_.pop_back();
}

std::vector<Bytes> cut_words(const std::vector<View>& words) {
  std::vector<Bytes> cut;
  const bool too_many = words.size() > kWordsMax;
  const size_t shown = too_many ? kWordsMax - 1 : words.size();
  for (size_t i = 0; i < shown; ++i) {
    Bytes word(words[i].substr(0, kWordBytesMax));
    if (words[i].size() > kWordBytesMax)
      word += "... (" + std::to_string(words[i].size() - kWordBytesMax) + " more bytes)";
    cut.push_back(std::move(word));
  }
  if (too_many) cut.push_back("... (" + std::to_string(words.size() - shown) + " more arguments)");
  return cut;
}

}  // namespace leat
