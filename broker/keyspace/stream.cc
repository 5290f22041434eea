// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/stream.h"

#include <algorithm>

#include "chunks/chunk_meter.h"
#include "chunks/digest.h"
#include "chunks/packed.h"

namespace leat {

namespace {
constexpr size_t kHead = 2 * sizeof(uint64_t);  // the first id
constexpr size_t kStreamHead = 5 * sizeof(uint64_t);
constexpr uint8_t kDeleted = 1;
constexpr uint8_t kSameNames = 2;
constexpr size_t kItemHeadMax = 1 + 2 * kVarintBytesMax + packed::kItemOverheadMax;  // all but the fields
constexpr uint32_t kRewriteFrom = 8;  // entries of a chunk, two thirds of them deleted, from which it is rewritten

size_t sized(View bytes) { return varint_size(bytes.size()) + bytes.size(); }

char* write_sized(char* to, View bytes) {
  to += write_varint(to, bytes.size());
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

View read_sized(const char*& from) {
  const size_t size = read_varint(from);
  const View bytes(from, size);
  from += size;
  return bytes;
}

size_t fields_size(std::span<const View> pairs, bool same_names) {
  size_t size = same_names ? 0 : varint_size(pairs.size() / 2);
  for (size_t i = same_names; i < pairs.size(); i += 1 + same_names) size += sized(pairs[i]);
  return size;
}

void write_fields(char* to, std::span<const View> pairs, bool same_names) {
  if (!same_names) to += write_varint(to, pairs.size() / 2);
  for (size_t i = same_names; i < pairs.size(); i += 1 + same_names) to = write_sized(to, pairs[i]);
}
}  // namespace

struct Stream::Item {
  uint8_t flags;
  StreamId id;
  const char* fields;  // the entry
  size_t offset;
  size_t after;
  bool deleted() const { return flags & kDeleted; }
  // A deleted entry has given its blob back, unless others lean on its names.
  bool holds_blob() const { return packed::is_blob(fields) && (!deleted() || offset == kHead); }
};

Stream::Item Stream::parse(const Leaf& leaf, size_t offset) {
  Item item;
  const char* const data = leaf.chunk->data();
  const char* at = data + offset;
  item.offset = offset;
  item.flags = *at++;
  const uint64_t ms = read_varint(at);
  item.id.ms = leaf.first.ms + ms;
  item.id.seq = read_varint(at) + (ms == 0 ? leaf.first.seq : 0);
  item.fields = at;
  ChunkStore::skip_entry(at);
  packed::skip_back(at, at - (data + offset));
  item.after = at - data;
  return item;
}

Stream::Stream(ChunkStore& chunks, ValueId id, uint64_t)
    : Value(kType, id), chunks_(chunks), head_(chunks.create(id, ChunkKind::kStreamHead)), front_(kHead) {
  encoding = Encoding::kStream;
  chunks_.mutate(*head_).open(0, kStreamHead);
  chunk_bytes_ = head_->memory();
  write_head();
}
Stream::~Stream() {
  free_some(SIZE_MAX);
  chunks_.retire(std::move(head_));
}

void Stream::write_head() {
  const uint64_t head[] = {last_id_.ms, last_id_.seq, max_deleted_id_.ms, max_deleted_id_.seq, entries_added_};
  static_assert(sizeof head == kStreamHead);
  std::memcpy(chunks_.mutate(*head_).data(), head, kStreamHead);
}

StreamId Stream::first_id() const {
  if (leaves_.empty()) return {};
  const Leaf& leaf = leaves_.at(leaves_.first());
  Item item = parse(leaf, front_);
  while (item.deleted()) item = parse(leaf, item.after);
  return item.id;
}

// Appending.

void Stream::append(StreamId id, std::span<const View> pairs) {
  CHECK(id > last_id_);
  const ChunkMeter meter(chunks_, chunk_bytes_);
  const size_t most = kItemHeadMax + std::min(fields_size(pairs, false), kInlineEntryMax);
  if (leaves_.empty() || leaves_.at(leaves_.last()).chunk->size() + most > kChunkBytesTarget) {
    if (!leaves_.empty()) chunks_.mutate(*leaves_.at(leaves_.last()).chunk).fit();
    Leaf leaf;
    leaf.first = id;
    leaf.chunk = chunks_.create(this->id(), ChunkKind::kStreamEntries);
    leaves_.insert(leaves_.end(), std::move(leaf));
  }
  const Place place = leaves_.last();
  write_item(leaves_.at(place), id, pairs);
  leaves_.adjust(place, 1);
  last_id_ = id;
  ++entries_added_;
  write_head();
}

// At the end of the chunk; the count of live entries is the caller's.
void Stream::write_item(Leaf& leaf, StreamId id, std::span<const View> pairs) {
  if (leaf.chunk->empty()) {
    char* const head = chunks_.mutate(*leaf.chunk).open(0, kHead);
    set_fixed(head, leaf.first.ms);
    set_fixed(head + sizeof(uint64_t), leaf.first.seq);
  }
  const bool same_names = leaf.total > 0 && names_as_first(leaf, pairs);
  const size_t size = fields_size(pairs, same_names);

  char head[1 + 3 * kVarintBytesMax];  // all of the item before its fields
  size_t used = 0;
  head[used++] = same_names ? kSameNames : 0;
  used += write_varint(head + used, id.ms - leaf.first.ms);
  used += write_varint(head + used, id.seq - (id.ms == leaf.first.ms ? leaf.first.seq : 0));
  const bool blob = size > kInlineEntryMax;
  if (blob) {
    Bytes fields(size, 0);
    write_fields(fields.data(), pairs, same_names);
    used += write_varint(head + used, chunks_.keep(fields) << 1 | 1);
    blob_bytes_ += size;
    ++leaf.blobs;
  } else {
    used += write_varint(head + used, size << 1);
  }
  const size_t body = used + (blob ? 0 : size);
  ChunkEdit edit = chunks_.mutate(*leaf.chunk);
  char* const to = edit.open(edit.size(), packed::item_size(body));
  std::memcpy(to, head, used);
  if (!blob) write_fields(to + used, pairs, same_names);
  packed::write_back(to + body, body);
  ++leaf.total;
}

View Stream::first_fields(const Leaf& leaf) const {
  const char* at = parse(leaf, kHead).fields;
  return chunks_.read_entry(at);
}

bool Stream::names_as_first(const Leaf& leaf, std::span<const View> pairs) const {
  const char* at = first_fields(leaf).data();
  if (read_varint(at) != pairs.size() / 2) return false;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (read_sized(at) != pairs[i]) return false;
    read_sized(at);
  }
  return true;
}

void Stream::read_fields(const Leaf& leaf, const Item& item, std::vector<View>& pairs) const {
  const char* entry = item.fields;
  const char* at = chunks_.read_entry(entry).data();
  const bool same_names = item.flags & kSameNames;
  const char* names = same_names ? first_fields(leaf).data() : nullptr;
  const size_t count = read_varint(same_names ? names : at);
  pairs.resize(2 * count);
  for (size_t i = 0; i < 2 * count; i += 2) {
    pairs[i] = read_sized(same_names ? names : at);
    if (same_names) read_sized(names);
    pairs[i + 1] = read_sized(at);
  }
}

// Deleting.

bool Stream::erase(StreamId id) {
  const ChunkMeter meter(chunks_, chunk_bytes_);
  const Cursor at = find(id);
  if (!at.valid()) return false;
  max_deleted_id_ = std::max(max_deleted_id_, id);
  write_head();
  if (!mark_deleted(at.place_, at.offset_)) return true;
  const Leaf& leaf = leaves_.at(at.place_);
  if (leaf.total >= kRewriteFrom && leaf.count * 3 <= leaf.total) rewrite(at.place_);
  return true;
}

void Stream::drop_front(uint64_t count) {
  CHECK(count <= size());
  const ChunkMeter meter(chunks_, chunk_bytes_);
  while (count > 0) {
    const Place place = leaves_.first();
    const Leaf& leaf = leaves_.at(place);
    if (leaf.count <= count) {
      count -= leaf.count;
      remove_leaf(place);
      continue;
    }
    for (size_t offset = front_; count > 0;) {  // mark_deleted moves front_ along
      const Item item = parse(leaf, offset);
      offset = item.after;
      if (item.deleted()) continue;
      mark_deleted(place, item.offset);
      --count;
    }
  }
}

bool Stream::mark_deleted(Place place, size_t offset) {
  Leaf& leaf = leaves_.at(place);
  if (leaf.count == 1) {
    remove_leaf(place);
    return false;
  }
  const Item item = parse(leaf, offset);
  if (offset != kHead) release(leaf, item);
  chunks_.mutate(*leaf.chunk).data()[offset] |= kDeleted;
  leaves_.adjust(place, -1);
  if (place == leaves_.first()) settle_front();
  return true;
}

void Stream::settle_front() {
  const Leaf& leaf = leaves_.at(leaves_.first());
  while (parse(leaf, front_).deleted()) front_ = parse(leaf, front_).after;
}

void Stream::release(Leaf& leaf, const Item& item) {
  if (!item.holds_blob()) return;
  const char* entry = item.fields;
  blob_bytes_ -= chunks_.read_entry(entry).size();
  entry = item.fields;
  chunks_.release_entry(entry);
  --leaf.blobs;
}

void Stream::remove_leaf(Place place) {
  if (place == leaves_.first()) front_ = kHead;
  Leaf leaf = leaves_.take(place);
  for (size_t offset = kHead; leaf.blobs > 0;) {
    const Item item = parse(leaf, offset);
    release(leaf, item);
    offset = item.after;
  }
  chunks_.retire(std::move(leaf.chunk));
}

// What lives moves to a new chunk, counted from a new first id.
void Stream::rewrite(Place place) {
  if (place == leaves_.first()) front_ = kHead;
  Leaf& old = leaves_.at(place);
  Leaf fresh;
  fresh.chunk = chunks_.create(id(), ChunkKind::kStreamEntries);
  std::vector<View> pairs;
  for (size_t offset = kHead; offset < old.chunk->size();) {
    const Item item = parse(old, offset);
    offset = item.after;
    if (item.deleted()) continue;
    if (fresh.total == 0) fresh.first = item.id;
    read_fields(old, item, pairs);
    write_item(fresh, item.id, pairs);
  }
  for (size_t offset = kHead; old.blobs > 0;) {
    const Item item = parse(old, offset);
    release(old, item);
    offset = item.after;
  }
  chunks_.mutate(*fresh.chunk).fit();
  fresh.count = old.count;
  chunks_.retire(std::move(old.chunk));
  old = std::move(fresh);
}

void Stream::set_last(StreamId last_id, uint64_t entries_added, StreamId max_deleted_id) {
  const ChunkMeter meter(chunks_, chunk_bytes_);
  // Deleted entries may have ids above it, and would stand before those that come.
  if (last_id < last_id_ && !leaves_.empty()) rewrite(leaves_.last());
  last_id_ = last_id;
  entries_added_ = entries_added;
  max_deleted_id_ = max_deleted_id;
  write_head();
}

// Looking.

Stream::Place Stream::leaf_for(StreamId id) const {
  return leaves_.last_where([id](const Leaf& leaf) { return leaf.first <= id; });
}

// Walked from both ends at once: readers follow the writers closely.
size_t Stream::offset_for(Place place, StreamId id) const {
  const Leaf& leaf = leaves_.at(place);
  size_t low = place == leaves_.first() ? front_ : kHead, high = leaf.chunk->size();
  while (low < high) {
    const Item item = parse(leaf, low);
    if (item.id >= id) return low;
    low = item.after;
    if (low == high) break;
    const size_t last = high - packed::size_before(leaf.chunk->data() + high);
    if (parse(leaf, last).id < id) return high;
    high = last;
  }
  return low;
}

Stream::Cursor Stream::cursor(StreamId from) const {
  Cursor cursor;
  if (leaves_.empty() || from > last_id_) return cursor;
  cursor.stream_ = this;
  cursor.place_ = leaf_for(from);
  cursor.after_ = offset_for(cursor.place_, from);
  cursor.next();
  return cursor;
}

Stream::Cursor Stream::cursor_back(StreamId from) const {
  Cursor cursor;
  if (leaves_.empty()) return cursor;
  cursor.stream_ = this;
  cursor.place_ = leaf_for(from);
  cursor.offset_ = from >= last_id_ ? cursor.leaf().chunk->size() : offset_for(cursor.place_, from.next());
  cursor.previous();
  return cursor;
}

Stream::Cursor Stream::find(StreamId id) const {
  Cursor cursor;
  if (leaves_.empty() || id > last_id_) return cursor;
  cursor.stream_ = this;
  cursor.place_ = leaf_for(id);
  cursor.offset_ = offset_for(cursor.place_, id);
  if (cursor.offset_ == cursor.leaf().chunk->size() || !cursor.read() || cursor.id_ != id) cursor.stream_ = nullptr;
  return cursor;
}

uint64_t Stream::count_before(StreamId id) const {
  if (leaves_.empty()) return 0;
  if (id > last_id_) return size();
  const Place place = leaf_for(id);
  const Leaf& leaf = leaves_.at(place);
  uint64_t count = leaves_.rank(place);
  for (size_t offset = place == leaves_.first() ? front_ : kHead; offset < leaf.chunk->size();) {
    const Item item = parse(leaf, offset);
    if (item.id >= id) break;
    count += !item.deleted();
    offset = item.after;
  }
  return count;
}

uint64_t Stream::count_after(StreamId id) const { return id >= last_id_ ? 0 : size() - count_before(id.next()); }

const Stream::Leaf& Stream::Cursor::leaf() const { return stream_->leaves_.at(place_); }

bool Stream::Cursor::read() {
  const Item item = parse(leaf(), offset_);
  id_ = item.id;
  after_ = item.after;
  return !item.deleted();
}

bool Stream::Cursor::step() {
  offset_ = after_;
  if (offset_ < leaf().chunk->size()) return true;
  place_ = stream_->leaves_.next(place_);
  offset_ = kHead;
  if (!stream_->leaves_.valid(place_)) stream_ = nullptr;
  return stream_ != nullptr;
}

bool Stream::Cursor::step_back() {
  if (offset_ == kHead) {
    place_ = stream_->leaves_.previous(place_);
    if (!stream_->leaves_.valid(place_)) {
      stream_ = nullptr;
      return false;
    }
    offset_ = leaf().chunk->size();
  }
  offset_ -= packed::size_before(leaf().chunk->data() + offset_);
  return true;
}

void Stream::Cursor::next() {
  while (step() && !read()) continue;
}

void Stream::Cursor::previous() {
  while (step_back() && !read()) continue;
}

void Stream::Cursor::fields(std::vector<View>& pairs) const {
  stream_->read_fields(leaf(), parse(leaf(), offset_), pairs);
}

// Groups.

const consumers::Group* Stream::find_group(View name) const {
  const auto found = groups_.find(name);
  return found == groups_.end() ? nullptr : found->second.get();
}

consumers::Group* Stream::find_group(View name) {
  return const_cast<consumers::Group*>(std::as_const(*this).find_group(name));
}

consumers::Group& Stream::create_group(View name, StreamId last_delivered, int64_t entries_read) {
  const auto [at, created] = groups_.emplace(
      Bytes(name), std::make_unique<consumers::Group>(chunks_, id(), Bytes(name), last_delivered, entries_read));
  CHECK(created);
  return *at->second;
}

bool Stream::destroy_group(View name) {
  const auto found = groups_.find(name);
  if (found == groups_.end()) return false;
  groups_.erase(found);
  return true;
}

consumers::Producers& Stream::open_producers() {
  if (producers_ == nullptr) producers_ = std::make_unique<consumers::Producers>(chunks_, id());
  return *producers_;
}

// The value.

size_t Stream::memory() const {
  size_t bytes = sizeof *this + blob_bytes_ +
                 leaves_.estimate([](const Leaf& leaf) { return sizeof(Chunk) + leaf.chunk->size(); });
  for (const auto& [name, group] : groups_) bytes += group->memory();
  if (producers_ != nullptr) bytes += producers_->weight();
  return bytes;
}

size_t Stream::weight() const {
  size_t bytes = sizeof *this + blob_bytes_ + chunk_bytes_ + leaves_.size() * sizeof(Leaf);
  for (const auto& [name, group] : groups_) bytes += group->weight();
  if (producers_ != nullptr) bytes += producers_->weight();
  return bytes;
}

std::unique_ptr<Value> Stream::clone(ValueId id) const {
  auto copied = std::make_unique<Stream>(chunks_, id, 0);
  for (Place place = leaves_.first(); leaves_.valid(place); place = leaves_.next(place)) {
    const Leaf& leaf = leaves_.at(place);
    Leaf twin{leaf.first, chunks_.create(id, ChunkKind::kStreamEntries), leaf.count, leaf.total, leaf.blobs};
    chunks_.mutate(*twin.chunk).append(leaf.chunk->bytes());
    copied->chunk_bytes_ += twin.chunk->memory();
    uint32_t blobs = leaf.blobs;
    for (size_t offset = kHead; blobs > 0;) {
      const Item item = parse(leaf, offset);
      offset = item.after;
      if (!item.holds_blob()) continue;
      const char* entry = item.fields;
      chunks_.share_entry(entry);
      --blobs;
    }
    copied->leaves_.insert(copied->leaves_.end(), std::move(twin));
  }
  copied->blob_bytes_ = blob_bytes_;
  copied->front_ = front_;
  copied->set_last(last_id_, entries_added_, max_deleted_id_);
  for (const auto& [name, group] : groups_) copied->groups_.emplace(name, group->clone(id));
  if (producers_ != nullptr) copied->producers_ = producers_->clone(id);
  copied->encoding = encoding;
  return copied;
}

bool Stream::load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) {
  std::vector<Leaf> leaves;
  std::vector<std::unique_ptr<Chunk>> remembered;
  bool has_head = false;
  chunk_bytes_ = 0;
  for (auto& chunk : chunks) {
    pause.after(chunk->memory());
    if (chunk->kind() == ChunkKind::kProducers || chunk->kind() == ChunkKind::kRemembered) {
      remembered.push_back(std::move(chunk));
      continue;
    }
    chunk_bytes_ += chunk->memory();
    if (chunk->kind() == ChunkKind::kStreamHead) {
      if (has_head || chunk->size() != kStreamHead) return false;
      has_head = true;
      chunks_.retire(std::exchange(head_, std::move(chunk)));
      continue;
    }
    if (chunk->size() <= kHead) return false;
    Leaf leaf;
    leaf.first = {get_fixed<uint64_t>(chunk->data()), get_fixed<uint64_t>(chunk->data() + sizeof(uint64_t))};
    leaf.chunk = std::move(chunk);
    load_items(leaf);
    if (leaf.count == 0) return false;
    leaves.push_back(std::move(leaf));
  }
  sort_with_pauses(leaves, [](const Leaf& a, const Leaf& b) { return a.first < b.first; }, pause);
  for (Leaf& leaf : leaves) leaves_.insert(leaves_.end(), std::move(leaf));
  if (!leaves_.empty()) settle_front();
  uint64_t head[kStreamHead / sizeof(uint64_t)];
  std::memcpy(head, head_->data(), kStreamHead);
  last_id_ = {head[0], head[1]};
  max_deleted_id_ = {head[2], head[3]};
  entries_added_ = head[4];
  return has_head && (remembered.empty() || open_producers().load(std::move(remembered), pause));
}

void Stream::load_items(Leaf& leaf) {
  for (size_t offset = kHead; offset < leaf.chunk->size(); ++leaf.total) {
    const Item item = parse(leaf, offset);
    offset = item.after;
    leaf.count += !item.deleted();
    if (!item.holds_blob()) continue;
    const char* entry = item.fields;
    blob_bytes_ += chunks_.read_entry(entry).size();
    entry = item.fields;
    chunks_.share_entry(entry);
    ++leaf.blobs;
  }
}

bool Stream::load_group(std::unique_ptr<consumers::Group> group) {
  return groups_.emplace(group->name(), std::move(group)).second;
}

uint64_t Stream::digest() const {
  uint64_t digest = digest::of("stream");
  std::vector<View> pairs;
  for (Cursor at = cursor({}); at.valid(); at.next()) {
    at.fields(pairs);
    digest = digest::chain(digest::chain(digest::chain(digest, at.id().ms), at.id().seq), pairs.size());
    for (const View part : pairs) digest = digest::chain(digest, part);
  }
  const uint64_t meta[] = {last_id_.ms, last_id_.seq, max_deleted_id_.ms, max_deleted_id_.seq, entries_added_};
  digest = digest::chain(digest, View(reinterpret_cast<const char*>(meta), sizeof meta));
  for (const auto& [name, group] : groups_) digest = digest::chain(digest, group->digest());
  if (producers_ != nullptr) digest = digest::chain(digest, producers_->digest());
  return digest;
}

bool Stream::free_some(size_t chunks) {
  for (; chunks > 0 && !leaves_.empty(); --chunks) remove_leaf(leaves_.last());
  if (!leaves_.empty()) return false;
  while (!groups_.empty()) {
    if (!groups_.begin()->second->free_some(chunks)) return false;
    groups_.erase(groups_.begin());
  }
  if (producers_ != nullptr && !producers_->free_some(chunks)) return false;
  producers_.reset();
  return true;
}

}  // namespace leat
