// SPDX-License-Identifier: Apache-2.0
#include "chunks/windows.h"

#include <algorithm>

namespace leat {

Windows::~Windows() {
  leave();
  free_some(SIZE_MAX);
}

// The last window is never full, so what comes at the end changes it.
void Windows::before_write(size_t from, size_t to) {
  const size_t last = std::min((to - 1) / kWindowBytes, windows_.size() - 1);
  for (size_t at = std::min(from, whole_.size()) / kWindowBytes; at <= last; ++at) chunks_.touch(windows_[at]);
}

void Windows::before_assign() {
  leave();
  for (Window& window : windows_) chunks_.touch(window);
}

// What the snapshot under way has yet to take of bytes that are going altogether, it gets with their memory: nothing is
// copied, however long the string.
void Windows::leave() {
  const auto is_frozen = [this](const Window& window) { return chunks_.is_frozen(window); };
  if (std::none_of(windows_.begin(), windows_.end(), is_frozen)) return;
  const std::shared_ptr<const char[]> memory = chunks_.mutate(whole_).give_away();
  for (Window& window : windows_) {
    if (is_frozen(window)) chunks_.leave(window, memory);
  }
}

// As many windows as the bytes have now, and the last one, or those that are new, as long.
void Windows::follow() {
  const size_t size = whole_.size(), count = size / kWindowBytes + 1;
  if (windows_.size() > count) free_some(windows_.size() - count);
  for (size_t at = windows_.empty() ? 0 : windows_.size() - 1; at < count; ++at) {
    if (at == windows_.size()) chunks_.begin(windows_.emplace_back(whole_, at), owner_, ChunkKind::kString);
    windows_[at].end_ = static_cast<uint32_t>(std::min(size, (at + 1) * kWindowBytes));
  }
}

// From the end on: the string may be cut here.
bool Windows::free_some(size_t count) {
  for (; count > 0 && !windows_.empty(); --count) {
    chunks_.end(windows_.back());
    windows_.pop_back();
  }
  return windows_.empty();
}

bool Windows::fit_together(std::vector<std::unique_ptr<Chunk>>& rows, Pause& pause) {
  const auto number = [](const auto& row) { return row->loaded_detail(); };
  sort_with_pauses(rows, [&](const auto& a, const auto& b) { return number(a) < number(b); }, pause);
  for (size_t at = 0; at < rows.size(); ++at) {
    const size_t size = rows[at]->size();
    const bool is_sized = at + 1 < rows.size() ? size == kWindowBytes : size < kWindowBytes;
    if (number(rows[at]) != at + 1 || !is_sized) return false;
  }
  const size_t size = (rows.size() - 1) * kWindowBytes + rows.back()->size();
  return size > kSavedWholeMax && size <= kChunkBytesMax;
}

void Windows::load(std::vector<std::unique_ptr<Chunk>> rows, Pause& pause) {
  char* const bytes = chunks_.mutate(whole_).renew((rows.size() - 1) * kWindowBytes + rows.back()->size());
  for (auto& row : rows) {
    Window& window = windows_.emplace_back(whole_, windows_.size());
    window.end_ += static_cast<uint32_t>(row->size());
    chunks_.move_to_window(*row, window);
    if (!row->empty()) std::memcpy(bytes + window.begin_, row->data(), row->size());
    pause.after(row->memory());
    row.reset();  // one by one: there is no second copy of all
  }
}

}  // namespace leat
