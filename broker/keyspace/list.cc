// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/list.h"

#include <algorithm>

#include "chunks/chunk_meter.h"
#include "chunks/digest.h"
#include "chunks/packed.h"

namespace leat {

namespace {
constexpr size_t kHead = sizeof(int64_t);  // the label
constexpr int64_t kLabelGap = int64_t{1} << 32;
constexpr int64_t kLabelGapMin = 1 << 16;  // a spread goes on until labels are this far apart
constexpr size_t kMergedMax = kChunkBytesTarget / 2;

const char* after_item(const char* item) {
  const char* at = item;
  ChunkStore::skip_entry(at);
  packed::skip_back(at, at - item);
  return at;
}

const char* begin_of(const Chunk& chunk) { return chunk.data() + kHead; }
const char* end_of(const Chunk& chunk) { return chunk.data() + chunk.size(); }

// Item number `index` of `count`, walked to from the nearer end.
const char* item_at(const Chunk& chunk, uint64_t index, uint64_t count) {
  if (index < count / 2) {
    const char* at = begin_of(chunk);
    for (; index > 0; --index) at = after_item(at);
    return at;
  }
  const char* at = end_of(chunk);
  for (; index < count; ++index) at -= packed::size_before(at);
  return at;
}
}  // namespace

List::List(ChunkStore& chunks, ValueId id, uint64_t) : Value(kType, id), chunks_(chunks) {}
List::~List() { free_some(SIZE_MAX); }

View List::front() const {
  const char* at = begin_of(*leaves_.at(leaves_.first()).chunk);
  return chunks_.read_entry(at);
}

View List::back() const {
  const char* end = end_of(*leaves_.at(leaves_.last()).chunk);
  const char* at = end - packed::size_before(end);
  return chunks_.read_entry(at);
}

View List::at(uint64_t index) const {
  const Place place = leaves_.seek(index);
  const Leaf& leaf = leaves_.at(place);
  const char* at = item_at(*leaf.chunk, index, leaf.count);
  return chunks_.read_entry(at);
}

List::Spot List::spot(uint64_t index) const {
  const Place place = leaves_.seek(index);
  const Leaf& leaf = leaves_.at(place);
  return {place, static_cast<size_t>(item_at(*leaf.chunk, index, leaf.count) - leaf.chunk->data())};
}

void List::push(Side side, View value) {
  const ChunkMeter meter(chunks_, chunk_bytes_);
  const bool left = side == Side::kLeft;
  const size_t most = std::min(value.size(), kInlineEntryMax) + packed::kItemOverheadMax;
  Place place = left ? leaves_.first() : leaves_.last();
  if (leaves_.empty() || leaves_.at(place).chunk->size() + most > kChunkBytesTarget) {
    place = add_leaf(left ? leaves_.first() : leaves_.end());
  }
  write({place, left ? kHead : leaves_.at(place).chunk->size()}, value);
}

// A new item at the spot.
void List::write(Spot spot, View value) {
  const packed::Entry entry(chunks_, value);
  Leaf& leaf = leaves_.at(spot.place);
  ChunkEdit edit = chunks_.mutate(*leaf.chunk);
  packed::write_back(entry.write(edit.open(spot.offset, packed::item_size(entry.size()))), entry.size());
  if (entry.blob()) {
    ++leaf.blobs;
    blob_bytes_ += value.size();
  }
  leaves_.adjust(spot.place, 1);
}

// Gives back what the item holds; `item` moves behind it. Counts stay as they are.
void List::release(Leaf& leaf, const char*& item) {
  const char* const start = item;
  if (packed::is_blob(item)) {
    const char* entry = item;
    blob_bytes_ -= chunks_.read_entry(entry).size();
    chunks_.release_entry(item);
    --leaf.blobs;
  } else {
    ChunkStore::skip_entry(item);
  }
  packed::skip_back(item, item - start);
}

void List::drop(Side side, uint64_t count) {
  CHECK(count <= size());
  const ChunkMeter meter(chunks_, chunk_bytes_);
  while (count > 0) {
    const Place place = side == Side::kLeft ? leaves_.first() : leaves_.last();
    Leaf& leaf = leaves_.at(place);
    if (leaf.count <= count) {
      count -= leaf.count;
      remove_leaf(place);
      continue;
    }
    const size_t from = side == Side::kLeft ? 0 : leaf.count - count;
    erase_items({place, static_cast<size_t>(item_at(*leaf.chunk, from, leaf.count) - leaf.chunk->data())}, count);
    return;
  }
}

// Some, not all, of the items of one chunk.
void List::erase_items(Spot spot, uint64_t count) {
  Leaf& leaf = leaves_.at(spot.place);
  const char* const start = leaf.chunk->data() + spot.offset;
  const char* end = start;
  for (uint64_t left = count; left > 0; --left) release(leaf, end);
  chunks_.mutate(*leaf.chunk).erase(spot.offset, end - start);
  leaves_.adjust(spot.place, -static_cast<int64_t>(count));
}

void List::set(uint64_t index, View value) {
  const ChunkMeter meter(chunks_, chunk_bytes_);
  const auto [place, offset] = spot(index);
  Leaf& leaf = leaves_.at(place);
  const packed::Entry entry(chunks_, value);
  const size_t size = packed::item_size(entry.size());
  const char* const start = leaf.chunk->data() + offset;
  const char* end = start;
  release(leaf, end);
  const size_t before = end - start;
  ChunkEdit edit = chunks_.mutate(*leaf.chunk);
  if (size > before) edit.open(offset, size - before);
  if (size < before) edit.erase(offset, before - size);
  packed::write_back(entry.write(edit.data() + offset), entry.size());
  if (entry.blob()) {
    ++leaf.blobs;
    blob_bytes_ += value.size();
  }
  split(place);
}

void List::insert(uint64_t index, View value) {
  CHECK(index <= size());
  if (index == 0) return push(Side::kLeft, value);
  if (index == size()) return push(Side::kRight, value);
  const ChunkMeter meter(chunks_, chunk_bytes_);
  const Spot at = spot(index);
  write(at, value);
  split(at.place);
}

void List::erase(uint64_t index, uint64_t count) {
  CHECK(index + count <= size());
  const ChunkMeter meter(chunks_, chunk_bytes_);
  while (count > 0) {
    uint64_t within = index;
    const Place place = leaves_.seek(within);
    Leaf& leaf = leaves_.at(place);
    const uint64_t some = std::min<uint64_t>(count, leaf.count - within);
    count -= some;
    if (some == leaf.count) {
      remove_leaf(place);
      continue;
    }
    erase_items({place, static_cast<size_t>(item_at(*leaf.chunk, within, leaf.count) - leaf.chunk->data())}, some);
    if (!merge(place) && place != leaves_.first()) merge(leaves_.previous(place));
  }
}

// Takes the next chunk's items in, where both are small.
bool List::merge(Place place) {
  const Place after = leaves_.next(place);
  if (!leaves_.valid(after)) return false;
  Leaf& left = leaves_.at(place);
  if (left.chunk->size() + leaves_.at(after).chunk->size() > kMergedMax) return false;
  Leaf right = leaves_.take(after);  // `left` stays where it is: it lies before
  Leaf& into = leaves_.at(place);
  chunks_.mutate(*into.chunk).append(right.chunk->bytes().substr(kHead));
  into.blobs += right.blobs;
  leaves_.adjust(place, right.count);
  chunks_.retire(std::move(right.chunk));
  return true;
}

// Cuts a chunk that has grown too large in the middle of its bytes.
void List::split(Place place) {
  Leaf& leaf = leaves_.at(place);
  if (leaf.chunk->size() <= kChunkBytesTarget || leaf.count < 2) return;
  const char* at = begin_of(*leaf.chunk);
  uint32_t kept = 0, blobs = 0;
  while (kept == 0 || (at < leaf.chunk->data() + leaf.chunk->size() / 2 && kept + 1 < leaf.count)) {
    blobs += packed::is_blob(at);
    at = after_item(at);
    ++kept;
  }
  const size_t cut = at - leaf.chunk->data();
  const uint32_t moved = leaf.count - kept, moved_blobs = leaf.blobs - blobs;
  const Place made = add_leaf(leaves_.next(place));
  place = leaves_.previous(made);
  Leaf& left = leaves_.at(place);
  Leaf& right = leaves_.at(made);
  chunks_.mutate(*right.chunk).append(left.chunk->bytes().substr(cut));
  ChunkEdit edit = chunks_.mutate(*left.chunk);
  edit.erase(cut, edit.size() - cut);
  edit.fit();
  left.blobs = blobs;
  right.blobs = moved_blobs;
  leaves_.adjust(place, -static_cast<int64_t>(moved));
  leaves_.adjust(made, moved);
}

int64_t List::label(Place place) const { return get_fixed<int64_t>(leaves_.at(place).chunk->data()); }

// An empty chunk; the neighbour that it relieves is not expected to grow any more.
List::Place List::add_leaf(Place before) {
  const int64_t label = label_between(before);
  if (!leaves_.empty() && before == leaves_.first()) chunks_.mutate(*leaves_.at(before).chunk).fit();
  if (!leaves_.empty() && before == leaves_.end()) chunks_.mutate(*leaves_.at(leaves_.last()).chunk).fit();
  Leaf leaf{.chunk = chunks_.create(this->id(), ChunkKind::kListItems)};
  ChunkEdit edit = chunks_.mutate(*leaf.chunk);
  set_fixed(edit.open(0, kHead), label);
  return leaves_.insert(before, std::move(leaf));
}

int64_t List::label_between(Place before) {
  if (leaves_.empty()) return 0;
  for (;;) {
    if (!leaves_.valid(before)) {
      const int64_t last = label(leaves_.last());
      if (last < INT64_MAX - kLabelGap) return last + kLabelGap;
    } else if (before == leaves_.first()) {
      const int64_t first = label(before);
      if (first > INT64_MIN + kLabelGap) return first - kLabelGap;
    } else {
      const int64_t low = label(leaves_.previous(before)), high = label(before);
      const uint64_t gap = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
      if (gap >= 2) return low + static_cast<int64_t>(gap / 2);
    }
    spread_labels(before);
  }
}

// Makes room for a label before this place: chunks on both sides are taken in until the range they span gives each
// kLabelGapMin, and get labels evenly spaced over it. The whole list, when it comes to that, is centred on zero.
void List::spread_labels(Place around) {
  Place low = leaves_.valid(around) ? around : leaves_.last(), high = low;
  uint64_t chunks = 1;
  int64_t from = 0;
  uint64_t gap = 0;
  for (uint64_t reach = 2;; reach *= 2) {
    for (uint64_t step = 0; step < reach && low != leaves_.first(); ++step, ++chunks) low = leaves_.previous(low);
    for (uint64_t step = 0; step < reach && high != leaves_.last(); ++step, ++chunks) high = leaves_.next(high);
    if (low == leaves_.first() || high == leaves_.last()) {
      while (low != leaves_.first()) low = leaves_.previous(low), ++chunks;
      while (high != leaves_.last()) high = leaves_.next(high), ++chunks;
      gap = kLabelGap;
      from = -static_cast<int64_t>(chunks / 2) * kLabelGap;
      break;
    }
    gap = (static_cast<uint64_t>(label(high)) - static_cast<uint64_t>(label(low))) / chunks;
    from = label(low);
    if (gap >= kLabelGapMin) break;
  }
  for (Place place = low;; place = leaves_.next(place), from += gap) {
    set_fixed(chunks_.mutate(*leaves_.at(place).chunk).data(), from);
    if (place == high) return;
  }
}

void List::remove_leaf(Place place) {
  Leaf leaf = leaves_.take(place);
  const char* at = begin_of(*leaf.chunk);
  const char* const end = end_of(*leaf.chunk);
  while (leaf.blobs > 0 && at < end) release(leaf, at);
  chunks_.retire(std::move(leaf.chunk));
}

List::Cursor List::cursor(uint64_t index) const {
  Cursor cursor;
  if (index >= size()) return cursor;
  cursor.list_ = this;
  cursor.index_ = index;
  const Spot at = spot(index);
  const Chunk& chunk = *leaves_.at(at.place).chunk;
  cursor.place_ = at.place;
  cursor.at_ = chunk.data() + at.offset;
  cursor.end_ = end_of(chunk);
  return cursor;
}

View List::Cursor::value() const {
  const char* at = at_;
  return list_->chunks_.read_entry(at);
}

void List::Cursor::next() {
  ++index_;
  at_ = after_item(at_);
  if (at_ < end_) return;
  place_ = list_->leaves_.next(place_);
  if (!list_->leaves_.valid(place_)) {
    list_ = nullptr;
    return;
  }
  const Chunk& chunk = *list_->leaves_.at(place_).chunk;
  at_ = begin_of(chunk);
  end_ = end_of(chunk);
}

void List::Cursor::previous() {
  --index_;
  if (at_ == begin_of(*list_->leaves_.at(place_).chunk)) {
    place_ = list_->leaves_.previous(place_);
    if (!list_->leaves_.valid(place_)) {
      list_ = nullptr;
      return;
    }
    at_ = end_ = end_of(*list_->leaves_.at(place_).chunk);
  }
  at_ -= packed::size_before(at_);
}

bool List::fits(size_t bytes) const {
  size_t taken = sizeof *this + blob_bytes_;
  for (Place place = leaves_.first(); leaves_.valid(place) && taken <= bytes; place = leaves_.next(place))
    taken += sizeof(Chunk) + leaves_.at(place).chunk->size();
  return taken <= bytes;
}

size_t List::memory() const {
  return sizeof *this + blob_bytes_ +
         leaves_.estimate([](const Leaf& leaf) { return sizeof(Chunk) + leaf.chunk->size(); });
}

size_t List::weight() const { return sizeof *this + blob_bytes_ + chunk_bytes_ + leaves_.size() * sizeof(Leaf); }

std::unique_ptr<Value> List::clone(ValueId id) const {
  auto copied = std::make_unique<List>(chunks_, id, 0);
  const ChunkMeter meter(chunks_, copied->chunk_bytes_);
  for (Place place = leaves_.first(); leaves_.valid(place); place = leaves_.next(place)) {
    const Leaf& leaf = leaves_.at(place);
    Leaf twin{.chunk = chunks_.create(id, ChunkKind::kListItems), .count = leaf.count, .blobs = leaf.blobs};
    chunks_.mutate(*twin.chunk).append(leaf.chunk->bytes());
    uint32_t blobs = leaf.blobs;
    for (const char* at = begin_of(*leaf.chunk); blobs > 0; at = after_item(at)) {
      if (!packed::is_blob(at)) continue;
      const char* entry = at;
      chunks_.share_entry(entry);
      --blobs;
    }
    copied->leaves_.insert(copied->leaves_.end(), std::move(twin));
  }
  copied->blob_bytes_ = blob_bytes_;
  copied->encoding = encoding;
  return copied;
}

bool List::load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) {
  std::vector<Leaf> leaves;
  for (auto& chunk : chunks) {
    if (chunk->size() <= kHead) return false;
    pause.after(chunk->memory());
    leaves.push_back(loaded_leaf(std::move(chunk)));
  }
  const auto label_of = [](const Leaf& leaf) { return get_fixed<int64_t>(leaf.chunk->data()); };
  sort_with_pauses(leaves, [&](const Leaf& a, const Leaf& b) { return label_of(a) < label_of(b); }, pause);
  for (Leaf& leaf : leaves) leaves_.insert(leaves_.end(), std::move(leaf));
  return true;
}

List::Leaf List::loaded_leaf(std::unique_ptr<Chunk> chunk) {
  Leaf leaf{.chunk = std::move(chunk)};
  chunk_bytes_ += leaf.chunk->memory();
  for (const char* at = begin_of(*leaf.chunk); at < end_of(*leaf.chunk); at = after_item(at), ++leaf.count) {
    if (!packed::is_blob(at)) continue;
    const char* entry = at;
    blob_bytes_ += chunks_.read_entry(entry).size();
    entry = at;
    chunks_.share_entry(entry);
    ++leaf.blobs;
  }
  return leaf;
}

uint64_t List::digest() const {
  uint64_t digest = digest::of("list");
  for (Cursor at = cursor(0); at.valid(); at.next()) digest = digest::chain(digest, at.value());
  return digest;
}

bool List::labels_rise() const {
  for (Place place = leaves_.first(); leaves_.valid(place) && place != leaves_.last(); place = leaves_.next(place)) {
    if (label(place) >= label(leaves_.next(place))) return false;
  }
  return true;
}

bool List::free_some(size_t chunks) {
  for (; chunks > 0 && !leaves_.empty(); --chunks) remove_leaf(leaves_.last());
  return leaves_.empty();
}

}  // namespace leat
