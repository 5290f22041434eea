// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/string.h"

namespace leat {

String::String(ChunkStore& chunks, ValueId id) : Value(kType, id), chunks_(chunks) {
  encoding = Encoding::kRaw;
  chunks_.begin(chunk_, id, ChunkKind::kString);
}

String::~String() { chunks_.end(chunk_); }

void String::assign(View bytes) {
  ChunkEdit edit = chunks_.mutate(chunk_);
  edit.erase(0, edit.size());
  const size_t capacity = chunk_.memory() - sizeof(Chunk);
  if (bytes.size() > capacity || bytes.size() < capacity / 2) edit.fit();  // frees: an exact home for the new bytes
  edit.append(bytes);
}

void String::write(size_t offset, View bytes) {
  if (bytes.empty()) return;
  ChunkEdit edit = chunks_.mutate(chunk_);
  const size_t size = edit.size(), end = offset + bytes.size();
  if (end > size) {
    char* const gap = edit.open(size, end - size);
    if (offset > size) std::memset(gap, 0, offset - size);
  }
  std::memcpy(edit.data() + offset, bytes.data(), bytes.size());
}

bool String::load(std::vector<std::unique_ptr<Chunk>> chunks) {
  if (chunks.size() != 1) return false;
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
