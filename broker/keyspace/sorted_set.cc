// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/sorted_set.h"

#include <algorithm>
#include <bit>

#include "chunks/chunk_meter.h"
#include "chunks/digest.h"
#include "chunks/packed.h"

namespace leat {

namespace {
constexpr size_t kScore = sizeof(double);
constexpr size_t kMergedMax = kChunkBytesTarget / 2;

double score_of(const char* item) { return get_fixed<double>(item); }

const char* after_item(const char* item) {
  const char* at = item + kScore;
  ChunkStore::skip_entry(at);
  packed::skip_back(at, at - item);
  return at;
}

const char* end_of(const Chunk& chunk) { return chunk.data() + chunk.size(); }
bool is_blob(const char* item) { return packed::is_blob(item + kScore); }

// Item number `index` of `count`, walked to from the nearer end.
const char* item_at(const Chunk& chunk, uint64_t index, uint64_t count) {
  if (index < count / 2) {
    const char* at = chunk.data();
    for (; index > 0; --index) at = after_item(at);
    return at;
  }
  const char* at = end_of(chunk);
  for (; index < count; ++index) at -= packed::size_before(at);
  return at;
}

// Members that differ in their first eight bytes are in the order of these numbers.
uint64_t prefix_of(View member) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, member.data(), std::min(member.size(), sizeof bytes));
  return __builtin_bswap64(bytes);
}
}  // namespace

SortedSet::SortedSet(ChunkStore& chunks, ValueId id, uint64_t hash_seed)
    : Value(kType, id), chunks_(chunks), hash_seed_(hash_seed) {}
SortedSet::~SortedSet() { free_some(SIZE_MAX); }

uint32_t SortedSet::tag(View member) const { return digest::of(member, hash_seed_) >> 32; }

SortedSet::Probe SortedSet::probe_at(double score, View member) {
  return {score, Cut::kBeforeMember, member, prefix_of(member), false};
}

bool SortedSet::lies_before(const char* item, const Probe& probe) const {
  const double score = score_of(item);
  if (score != probe.score && !probe.any_score) return score < probe.score;
  if (probe.cut == Cut::kBeforeScore || probe.cut == Cut::kAfterScore) return probe.cut == Cut::kAfterScore;
  const char* entry = item + kScore;
  const int order = chunks_.read_entry(entry).compare(probe.member);
  return order != 0 ? order < 0 : probe.cut == Cut::kAfterMember;
}

// The same of a leaf's first item, mostly without looking into the chunk.
bool SortedSet::starts_before(const Leaf& leaf, const Probe& probe) const {
  if (leaf.score != probe.score && !probe.any_score) return leaf.score < probe.score;
  const bool by_member = probe.cut == Cut::kBeforeMember || probe.cut == Cut::kAfterMember;
  if (by_member && leaf.prefix != probe.prefix) return leaf.prefix < probe.prefix;
  return lies_before(leaf.chunk->data(), probe);
}

// Must not be empty. The chunk is walked from both ends at once: what is added lies near one of them more often than
// not, and otherwise the processor follows two chains side by side.
SortedSet::Spot SortedSet::seek(const Probe& probe) const {
  const Place place = leaves_.last_where([&](const Leaf& leaf) { return starts_before(leaf, probe); });
  const Leaf& leaf = leaves_.at(place);
  const char* const data = leaf.chunk->data();
  const char *low = data, *high = end_of(*leaf.chunk);
  uint32_t before = 0, behind = 0;
  while (low < high && lies_before(low, probe)) {
    low = after_item(low);
    ++before;
    if (low == high) break;
    const char* const last = high - packed::size_before(high);
    if (lies_before(last, probe)) return {place, static_cast<size_t>(high - data), leaf.count - behind};
    high = last;
    ++behind;
  }
  return {place, static_cast<size_t>(low - data), before};
}

uint64_t SortedSet::rank_of(const Probe& probe) const {
  if (leaves_.empty()) return 0;
  const Spot spot = seek(probe);
  return leaves_.rank(spot.place) + spot.ordinal;
}

bool SortedSet::holds(const Spot& spot, double score, View member) const {
  const Chunk& chunk = *leaves_.at(spot.place).chunk;
  if (spot.offset == chunk.size()) return false;
  const char* at = chunk.data() + spot.offset;
  if (score_of(at) != score) return false;
  at += kScore;
  return chunks_.read_entry(at) == member;
}

std::optional<SortedSet::Spot> SortedSet::locate(View member) const {
  if (!index_.active()) return scan(member);
  Spot spot{};
  const bool found = index_.find(tag(member), [&](double score) {
    spot = seek(probe_at(score, member));
    if (spot.offset == leaves_.at(spot.place).chunk->size()) spot = {leaves_.next(spot.place), 0, 0};
    return leaves_.valid(spot.place) && holds(spot, score, member);
  });
  return found ? std::optional(spot) : std::nullopt;
}

// Without an index there is at most one leaf.
std::optional<SortedSet::Spot> SortedSet::scan(View member) const {
  if (leaves_.empty()) return std::nullopt;
  const Chunk& chunk = *leaves_.at(leaves_.first()).chunk;
  uint32_t ordinal = 0;
  for (const char* at = chunk.data(); at < end_of(chunk); at = after_item(at), ++ordinal) {
    const char* entry = at + kScore;
    if (chunks_.read_entry(entry) == member)
      return Spot{leaves_.first(), static_cast<size_t>(at - chunk.data()), ordinal};
  }
  return std::nullopt;
}

std::optional<double> SortedSet::score(View member) const {
  const auto spot = locate(member);
  if (!spot) return std::nullopt;
  return score_of(leaves_.at(spot->place).chunk->data() + spot->offset);
}

std::optional<uint64_t> SortedSet::rank(View member) const {
  const auto spot = locate(member);
  if (!spot) return std::nullopt;
  return leaves_.rank(spot->place) + spot->ordinal;
}

std::optional<std::pair<uint64_t, double>> SortedSet::rank_and_score(View member) const {
  const auto spot = locate(member);
  if (!spot) return std::nullopt;
  return std::pair(leaves_.rank(spot->place) + spot->ordinal,
                   score_of(leaves_.at(spot->place).chunk->data() + spot->offset));
}

bool SortedSet::add(View member, double score) {
  CHECK(score == score);  // NaN has no place in an order
  const ChunkMeter meter(chunks_, chunk_bytes_);
  const auto spot = locate(member);
  double before = 0;
  if (spot) {
    before = score_of(leaves_.at(spot->place).chunk->data() + spot->offset);
    if (before == score) return false;
    erase_items(spot->place, spot->offset, 1, false);  // the index only learns of the new score, below
  }
  insert_item(member, score);
  if (!index_.active()) {
    if (leaves_.size() > 1 || size() > kIndexFrom) index_all();
  } else if (spot) {
    index_.update(tag(member), before, score);
  } else {
    index_.insert(tag(member), score);
  }
  return !spot;
}

bool SortedSet::remove(View member) {
  const ChunkMeter meter(chunks_, chunk_bytes_);
  const auto spot = locate(member);
  if (!spot) return false;
  erase_items(spot->place, spot->offset, 1, index_.active());
  return true;
}

void SortedSet::erase_range(uint64_t rank, uint64_t count) {
  CHECK(rank + count <= size());
  const ChunkMeter meter(chunks_, chunk_bytes_);
  while (count > 0) {
    uint64_t within = rank;
    const Place place = leaves_.seek(within);
    const Leaf& leaf = leaves_.at(place);
    const uint64_t some = std::min<uint64_t>(count, leaf.count - within);
    erase_items(place, item_at(*leaf.chunk, within, leaf.count) - leaf.chunk->data(), some, index_.active());
    count -= some;
  }
}

SortedSet::Place SortedSet::add_leaf(Place before) {
  Leaf leaf;
  leaf.chunk = chunks_.create(this->id(), ChunkKind::kSortedSetItems);
  return leaves_.insert(before, std::move(leaf));
}

// Leaves that fill at the end of the set (times, mostly) stay full; others are cut in the middle.
void SortedSet::insert_item(View member, double score) {
  if (leaves_.empty()) add_leaf(leaves_.end());
  Spot spot = seek(probe_at(score, member));
  const size_t most = kScore + std::min(member.size(), kInlineEntryMax) + packed::kItemOverheadMax;
  const size_t used = leaves_.at(spot.place).chunk->size();
  if (used + most > kChunkBytesTarget && spot.offset == used && spot.place == leaves_.last()) {
    chunks_.mutate(*leaves_.at(spot.place).chunk).fit();
    spot = {add_leaf(leaves_.end()), 0, 0};
  }
  const packed::Entry entry(chunks_, member);
  const size_t body = kScore + entry.size();
  Leaf& leaf = leaves_.at(spot.place);
  char* const to = chunks_.mutate(*leaf.chunk).open(spot.offset, packed::item_size(body));
  set_fixed(to, score);
  packed::write_back(entry.write(to + kScore), body);
  if (entry.blob()) {
    ++leaf.blobs;
    blob_bytes_ += member.size();
  }
  leaves_.adjust(spot.place, 1);
  if (spot.offset == 0) refresh(leaf);
  split(spot.place);
}

// What is known of a leaf's first item.
void SortedSet::refresh(Leaf& leaf) const {
  leaf.score = score_of(leaf.chunk->data());
  const char* entry = leaf.chunk->data() + kScore;
  leaf.prefix = prefix_of(chunks_.read_entry(entry));
}

// `count` items of one chunk, out of the index too if `indexed`.
void SortedSet::erase_items(Place place, size_t offset, uint32_t count, bool indexed) {
  Leaf& leaf = leaves_.at(place);
  const char* const start = leaf.chunk->data() + offset;
  const char* end = start;
  for (uint32_t left = count; left > 0; --left) {
    const char* entry = end + kScore;
    if (indexed || is_blob(end)) {
      const View member = chunks_.read_entry(entry);
      if (indexed) index_.erase(tag(member), score_of(end));
      if (is_blob(end)) {
        blob_bytes_ -= member.size();
        --leaf.blobs;
        entry = end + kScore;
        chunks_.release_entry(entry);
      }
    }
    end = after_item(end);
  }
  leaves_.adjust(place, -int64_t{count});
  if (leaf.count == 0) return remove_leaf(place);
  chunks_.mutate(*leaf.chunk).erase(offset, end - start);
  if (offset == 0) refresh(leaf);
  if (!merge(place) && place != leaves_.first()) merge(leaves_.previous(place));
  if (indexed && leaves_.size() == 1 && size() < kIndexFrom / 2) index_.clear();
}

void SortedSet::remove_leaf(Place place) {
  chunks_.retire(leaves_.take(place).chunk);
  if (leaves_.empty()) index_.clear();
}

bool SortedSet::merge(Place place) {
  const Place after = leaves_.next(place);
  if (!leaves_.valid(after)) return false;
  if (leaves_.at(place).chunk->size() + leaves_.at(after).chunk->size() > kMergedMax) return false;
  Leaf right = leaves_.take(after);
  Leaf& left = leaves_.at(place);
  chunks_.mutate(*left.chunk).append(right.chunk->bytes());
  left.blobs += right.blobs;
  leaves_.adjust(place, right.count);
  chunks_.retire(std::move(right.chunk));
  return true;
}

void SortedSet::split(Place place) {
  Leaf& leaf = leaves_.at(place);
  if (leaf.chunk->size() <= kChunkBytesTarget || leaf.count < 2) return;
  const char* at = leaf.chunk->data();
  const char* const middle = at + leaf.chunk->size() / 2;
  uint32_t kept = 0, blobs = 0;
  while (kept == 0 || (at < middle && kept + 1 < leaf.count)) {
    blobs += is_blob(at);
    at = after_item(at);
    ++kept;
  }
  const size_t cut = at - leaf.chunk->data();
  Leaf right;
  right.chunk = chunks_.create(this->id(), ChunkKind::kSortedSetItems);
  right.count = leaf.count - kept;
  right.blobs = leaf.blobs - blobs;
  chunks_.mutate(*right.chunk).append(leaf.chunk->bytes().substr(cut));
  ChunkEdit edit = chunks_.mutate(*leaf.chunk);
  edit.erase(cut, edit.size() - cut);
  edit.fit();
  leaf.blobs = blobs;
  leaves_.adjust(place, -int64_t{right.count});
  refresh(right);
  leaves_.insert(leaves_.next(place), std::move(right));
}

void SortedSet::index_all() {
  for (Cursor at = front(); at.valid(); at.next()) index_.insert(tag(at.member()), at.score());
}

SortedSet::Cursor SortedSet::cursor(uint64_t rank) const {
  Cursor cursor;
  if (rank >= size()) return cursor;
  cursor.set_ = this;
  cursor.rank_ = rank;
  cursor.place_ = leaves_.seek(rank);
  const Leaf& leaf = leaves_.at(cursor.place_);
  cursor.at_ = item_at(*leaf.chunk, rank, leaf.count);
  cursor.end_ = end_of(*leaf.chunk);
  return cursor;
}

View SortedSet::Cursor::member() const {
  const char* at = at_ + kScore;
  return set_->chunks_.read_entry(at);
}

void SortedSet::Cursor::next() {
  ++rank_;
  at_ = after_item(at_);
  if (at_ < end_) return;
  place_ = set_->leaves_.next(place_);
  if (!set_->leaves_.valid(place_)) {
    set_ = nullptr;
    return;
  }
  const Chunk& chunk = *set_->leaves_.at(place_).chunk;
  at_ = chunk.data();
  end_ = end_of(chunk);
}

void SortedSet::Cursor::previous() {
  --rank_;
  if (at_ == set_->leaves_.at(place_).chunk->data()) {
    place_ = set_->leaves_.previous(place_);
    if (!set_->leaves_.valid(place_)) {
      set_ = nullptr;
      return;
    }
    at_ = end_ = end_of(*set_->leaves_.at(place_).chunk);
  }
  at_ -= packed::size_before(at_);
}

uint64_t SortedSet::lower_rank(ScoreBound min) const {
  return rank_of({min.score, min.exclusive ? Cut::kAfterScore : Cut::kBeforeScore, {}, 0, false});
}

uint64_t SortedSet::upper_rank(ScoreBound max) const {
  return rank_of({max.score, max.exclusive ? Cut::kBeforeScore : Cut::kAfterScore, {}, 0, false});
}

uint64_t SortedSet::lower_rank(LexBound min) const {
  if (empty() || min.kind == LexBound::kMin) return 0;
  if (min.kind == LexBound::kMax) return size();
  const Cut cut = min.kind == LexBound::kExclusive ? Cut::kAfterMember : Cut::kBeforeMember;
  return rank_of({0, cut, min.member, prefix_of(min.member), true});
}

uint64_t SortedSet::upper_rank(LexBound max) const {
  if (empty() || max.kind == LexBound::kMin) return 0;
  if (max.kind == LexBound::kMax) return size();
  const Cut cut = max.kind == LexBound::kExclusive ? Cut::kBeforeMember : Cut::kAfterMember;
  return rank_of({0, cut, max.member, prefix_of(max.member), true});
}

// The ranks at which the members with tags of [cursor, next) lie: one run for each score that the index has for them.
struct SortedSet::Stretch {
  std::vector<std::pair<uint64_t, uint64_t>> runs;  // rank, count
  uint64_t next = 0;
  uint64_t walked = 0;  // the counts' sum
};

SortedSet::Stretch SortedSet::stretch(uint64_t cursor, size_t count) const {
  std::vector<double> scores;
  Stretch found;
  found.next = index_.scan(cursor, count, [&](uint32_t, double score) { scores.push_back(score); });
  std::sort(scores.begin(), scores.end());
  scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
  for (const double score : scores) {
    const uint64_t rank = lower_rank(ScoreBound{score}), run = upper_rank(ScoreBound{score}) - rank;
    found.runs.emplace_back(rank, run);
    found.walked += run;
  }
  return found;
}

SortedSet::Page SortedSet::scan(uint64_t cursor, size_t count) const {
  Page page;
  if (!index_.active()) {
    for (Cursor at = front(); at.valid(); at.next()) page.entries.push_back({at.score(), at.member()});
    return page;
  }
  if (cursor >= ScoreIndex::kTags) return page;
  Stretch found = stretch(cursor, count);
  if (const size_t worth = found.walked / kWalkedPerEntry; worth > count) found = stretch(cursor, worth);
  const uint64_t end = found.next == 0 ? ScoreIndex::kTags : found.next;
  for (const auto& [rank, run] : found.runs) {
    Cursor at = this->cursor(rank);
    for (uint64_t left = run; left > 0; --left, at.next()) {
      const uint32_t tagged = ScoreIndex::filled(tag(at.member()));
      if (tagged >= cursor && tagged < end) page.entries.push_back({at.score(), at.member()});
    }
  }
  page.next = found.next;
  return page;
}

size_t SortedSet::memory() const {
  return sizeof *this + blob_bytes_ + index_.memory() +
         leaves_.estimate([](const Leaf& leaf) { return sizeof(Chunk) + leaf.chunk->size(); });
}

size_t SortedSet::weight() const {
  constexpr size_t kIndexed = 16;  // a member in the index, about
  return sizeof *this + blob_bytes_ + chunk_bytes_ + leaves_.size() * sizeof(Leaf) + index_.size() * kIndexed;
}

std::unique_ptr<Value> SortedSet::clone(ValueId id) const {
  auto copied = std::make_unique<SortedSet>(chunks_, id, hash_seed_);
  const ChunkMeter meter(chunks_, copied->chunk_bytes_);
  for (Place place = leaves_.first(); leaves_.valid(place); place = leaves_.next(place)) {
    const Leaf& leaf = leaves_.at(place);
    Leaf twin{chunks_.create(id, ChunkKind::kSortedSetItems), leaf.count, leaf.blobs, leaf.score, leaf.prefix};
    chunks_.mutate(*twin.chunk).append(leaf.chunk->bytes());
    uint32_t blobs = leaf.blobs;
    for (const char* at = leaf.chunk->data(); blobs > 0; at = after_item(at)) {
      if (!is_blob(at)) continue;
      const char* entry = at + kScore;
      chunks_.share_entry(entry);
      --blobs;
    }
    copied->leaves_.insert(copied->leaves_.end(), std::move(twin));
  }
  if (index_.active()) copied->index_all();
  copied->blob_bytes_ = blob_bytes_;
  copied->encoding = encoding;
  return copied;
}

bool SortedSet::load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) {
  std::vector<Leaf> leaves;
  for (auto& chunk : chunks) {
    if (chunk->empty()) return false;
    pause.after(chunk->memory());
    leaves.push_back(loaded_leaf(std::move(chunk)));
  }
  const auto goes_before = [this](const Leaf& a, const Leaf& b) {
    const char* entry = b.chunk->data() + kScore;
    return starts_before(a, {b.score, Cut::kBeforeMember, chunks_.read_entry(entry), b.prefix});
  };
  sort_with_pauses(leaves, goes_before, pause);
  for (Leaf& leaf : leaves) leaves_.insert(leaves_.end(), std::move(leaf));
  if (leaves_.size() > 1 || size() > kIndexFrom) index_loaded(pause);
  return true;
}

SortedSet::Leaf SortedSet::loaded_leaf(std::unique_ptr<Chunk> chunk) {
  Leaf leaf{.chunk = std::move(chunk)};
  chunk_bytes_ += leaf.chunk->memory();
  refresh(leaf);
  for (const char* at = leaf.chunk->data(); at < end_of(*leaf.chunk); at = after_item(at), ++leaf.count) {
    if (!is_blob(at)) continue;
    const char* entry = at + kScore;
    blob_bytes_ += chunks_.read_entry(entry).size();
    entry = at + kScore;
    chunks_.share_entry(entry);
    ++leaf.blobs;
  }
  return leaf;
}

void SortedSet::index_loaded(Pause& pause) {
  constexpr size_t kIndexedWorth = 128;  // a slot far away
  index_.reserve(size(), pause);
  for (Cursor at = front(); at.valid(); at.next()) {
    index_.insert(tag(at.member()), at.score());
    pause.after(kIndexedWorth);
  }
}

uint64_t SortedSet::digest() const {
  uint64_t digest = digest::of("zset");
  for (Cursor at = front(); at.valid(); at.next()) {
    digest = digest::chain(digest, std::bit_cast<uint64_t>(at.score()));
    digest = digest::chain(digest, at.member());
  }
  return digest;
}

bool SortedSet::free_some(size_t chunks) {
  if (!index_.free_some(chunks)) return false;
  for (; chunks > 0 && !leaves_.empty(); --chunks) {
    const Place place = leaves_.last();
    erase_items(place, 0, leaves_.at(place).count, false);
  }
  return leaves_.empty();
}

}  // namespace leat
