// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/string.h"

#include <algorithm>

namespace leat {

String::String(ChunkStore& chunks, ValueId id) : Value(kType, id), chunks_(chunks) {
  encoding = Encoding::kRaw;
  chunks_.begin(chunk_, id, ChunkKind::kString);
}

String::~String() {
  windows_.reset();
  chunks_.end(chunk_);
}

// Empty, and saved in this way from now on: under other ids, so that no row changes what it is.
void String::start_over(Saved way) {
  windows_.reset();
  chunks_.end(chunk_);
  chunk_ = Chunk();
  chunks_.begin(chunk_, id(), way == Saved::kWhole ? ChunkKind::kString : ChunkKind::kLoose);
  if (way == Saved::kInWindows) windows_ = std::make_unique<Windows>(chunks_, chunk_, id());
}

void String::assign(View bytes) {
  if (way() != way_for(bytes.size())) start_over(way_for(bytes.size()));
  if (windows_ != nullptr) windows_->before_assign();
  char* const to = chunks_.mutate(chunk_).renew(bytes.size());
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  if (windows_ != nullptr) windows_->follow();
}

void String::write(size_t offset, View bytes) {
  if (bytes.empty()) return;
  const size_t size = this->size(), end = offset + bytes.size();
  if (windows_ == nullptr && end > kSavedWholeMax) {
    const Bytes had(this->bytes());  // not long, and this happens once
    start_over(Saved::kInWindows);
    chunks_.mutate(chunk_).append(had);
    windows_->follow();
  }
  if (windows_ != nullptr) windows_->before_write(offset, end);
  ChunkEdit edit = chunks_.mutate(chunk_);
  if (end > size) {
    char* const gap = edit.open(size, end - size);
    if (offset > size) std::memset(gap, 0, offset - size);
  }
  std::memcpy(edit.data() + offset, bytes.data(), bytes.size());
  if (windows_ != nullptr) windows_->follow();
}

size_t String::memory() const {
  return sizeof *this - sizeof(Chunk) + chunk_.memory() + (windows_ == nullptr ? 0 : windows_->memory());
}

bool String::fit_together(std::vector<std::unique_ptr<Chunk>>& chunks, Pause& pause) {
  return chunks[0]->loaded_detail() == 0 ? chunks.size() == 1 : Windows::fit_together(chunks, pause);
}

bool String::load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) {
  if (!fit_together(chunks, pause)) return false;
  if (chunks[0]->loaded_detail() != 0) {
    start_over(Saved::kInWindows);
    windows_->load(std::move(chunks), pause);
    return true;
  }
  if (chunks[0]->size() > kSavedWholeMax) {  // saved when strings had no windows yet
    assign(chunks[0]->bytes());
    chunks_.retire(std::move(chunks[0]));
    return true;
  }
  chunks_.end(chunk_);
  chunk_ = Chunk();
  chunks_.move(*chunks[0], chunk_);
  return true;
}

std::unique_ptr<Value> String::clone(ValueId id) const {
  auto copy = std::make_unique<String>(chunks_, id);
  copy->assign(bytes());
  copy->encoding = encoding;
  return copy;
}

}  // namespace leat
