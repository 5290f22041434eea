// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/mender.h"

#include <algorithm>
#include <cmath>

#include "chunks/packed.h"
#include "chunks/windows.h"
#include "consumers/pending.h"

namespace leat {

namespace {

// As the structures lay out their bytes: list.h, sorted_set.h, stream.h, byte_map.h, consumers/group.h.
constexpr size_t kListHead = sizeof(int64_t), kScore = sizeof(double);
constexpr size_t kEntriesHead = 2 * sizeof(uint64_t), kStreamHead = 5 * sizeof(uint64_t);
constexpr uint8_t kDeleted = 1, kSameNames = 2;
constexpr size_t kGroupHead = 32, kConsumerHead = 20;
constexpr size_t kProducersHead = 32, kRemembered = 48;
constexpr uint8_t kPointsToValue = 16;  // in a key's row, key_table.h

bool belongs_to_group(ChunkKind kind) {
  return kind == ChunkKind::kGroup || kind == ChunkKind::kConsumer || kind == ChunkKind::kPending;
}

std::optional<Type> type_of(ChunkKind kind) {
  switch (kind) {
    case ChunkKind::kString:
      return Type::kString;
    case ChunkKind::kListItems:
      return Type::kList;
    case ChunkKind::kSetMembers:
      return Type::kSet;
    case ChunkKind::kSortedSetItems:
      return Type::kSortedSet;
    case ChunkKind::kHashFields:
    case ChunkKind::kHashLifetimes:
      return Type::kHash;
    case ChunkKind::kStreamHead:
    case ChunkKind::kStreamEntries:
    case ChunkKind::kProducers:
    case ChunkKind::kRemembered:
      return Type::kStream;
    default:
      return std::nullopt;
  }
}

Bytes counted(uint64_t count, const char* one, const char* several) {
  return std::to_string(count) + ' ' + (count == 1 ? one : several);
}

// `item` moves behind the item: `lead` bytes, an entry, the way back.
void skip_item(const char*& item, size_t lead) {
  const char* const start = item;
  item += lead;
  ChunkStore::skip_entry(item);
  packed::skip_back(item, item - start);
}

struct StreamItem {
  uint8_t flags;
  StreamId id;
  const char* fields;
  const char* end;
};

StreamItem parse_stream_item(View chunk, const char* at) {
  const char* const start = at;
  StreamItem item{};
  item.flags = static_cast<uint8_t>(*at++);
  const uint64_t ms = read_varint(at);
  item.id.ms = get_fixed<uint64_t>(chunk.data()) + ms;
  item.id.seq = read_varint(at) + (ms == 0 ? get_fixed<uint64_t>(chunk.data() + sizeof(uint64_t)) : 0);
  item.fields = at;
  ChunkStore::skip_entry(at);
  packed::skip_back(at, at - start);
  item.end = at;
  return item;
}

template <typename Visit>  // visit(const StreamItem&, const char* start)
void for_each_stream_item(View chunk, Visit visit) {
  for (const char *at = chunk.data() + kEntriesHead, *end = chunk.data() + chunk.size(); at < end;) {
    const StreamItem item = parse_stream_item(chunk, at);
    visit(item, at);
    at = item.end;
  }
}

Bytes stream_head(StreamId last_id, uint64_t entries_added) {
  Bytes head;
  for (const uint64_t number : {last_id.ms, last_id.seq, uint64_t{0}, uint64_t{0}, entries_added})
    put_fixed(head, number);
  return head;
}

using PendingEntries = std::span<const consumers::PendingEntry>;
PendingEntries pending_of(View chunk) {
  return {reinterpret_cast<const consumers::PendingEntry*>(chunk.data()),
          chunk.size() / sizeof(consumers::PendingEntry)};
}

uint32_t slot_of(View consumer) { return get_fixed<uint32_t>(consumer.data()); }

}  // namespace

void KeyspaceMender::add(const SavedChunk& chunk) {
  const bool numbered =
      chunk.id != 0 && chunk.id <= state_.last.chunk && chunk.owner != 0 && chunk.owner <= state_.last.value;
  if (!numbered) return lose({.what = "chunk " + std::to_string(chunk.id) + " has a number that was never given out"});
  pieces_.push_back(
      {.id = chunk.id, .owner = chunk.owner, .kind = chunk.kind, .detail = chunk.detail, .bytes = Bytes(chunk.bytes)});
}

void KeyspaceMender::miss(ValueId owner, const Bytes& what) {
  wanted_.insert(owner);
  lose({.owner = owner, .what = what});
}

void KeyspaceMender::mend() {
  std::sort(pieces_.begin(), pieces_.end(),
            [](const Piece& a, const Piece& b) { return a.owner != b.owner ? a.owner < b.owner : a.id < b.id; });
  std::vector<Pieces> tables(state_.roots.size());
  for (size_t at = 0; at < pieces_.size();) {
    const ValueId owner = pieces_[at].owner;
    Pieces of_one;
    for (; at < pieces_.size() && pieces_[at].owner == owner; ++at) of_one.push_back(std::move(pieces_[at]));
    const auto root = std::find(state_.roots.begin(), state_.roots.end(), owner);
    if (root != state_.roots.end())
      tables[static_cast<size_t>(root - state_.roots.begin())] = std::move(of_one);
    else if (belongs_to_group(of_one.front().kind))
      mend_group(std::move(of_one));
    else
      mend_value(owner, std::move(of_one));
  }
  Pieces().swap(pieces_);
  for (const auto& [group, stream] : streams_) {
    if (wanted_.contains(group)) wanted_.insert(stream);
  }
  for (size_t db = 0; db < tables.size(); ++db) mend_table(static_cast<DbIndex>(db), std::move(tables[db]));
  if (gap_) adopt_orphans(*gap_);
  name_losses();
}

void KeyspaceMender::keep(Pieces pieces) {
  for (Piece& piece : pieces) kept_.push_back(std::move(piece));
}

// ---- values

void KeyspaceMender::mend_value(ValueId owner, Pieces pieces) {
  const auto type = type_of(pieces.front().kind);
  if (!type) return;  // a key table that no database has: it was flushed, and was being freed
  const auto strays = std::erase_if(pieces, [&](const Piece& piece) { return type_of(piece.kind) != type; });
  if (strays > 0) miss(owner, counted(strays, "chunk", "chunks") + " of another type");
  bool there = false;
  switch (*type) {
    case Type::kString:
      there = mend_string(owner, pieces);
      break;
    case Type::kList:
      there = mend_items(owner, pieces, kListHead, 0);
      break;
    case Type::kSortedSet:
      there = mend_sorted_set(owner, pieces);
      break;
    case Type::kSet:
      there = mend_map(owner, pieces);
      break;
    case Type::kHash:
      there = mend_hash(owner, pieces);
      break;
    case Type::kStream:
      there = mend_stream(owner, pieces);
      break;
  }
  if (!there) return;
  values_.emplace(owner, *type);
  keep(std::move(pieces));
}

// The windows of a long string follow each other, full but for the last. Zeros stand where one is lost; what was behind
// the last one that is left is not known.
bool KeyspaceMender::mend_string(ValueId owner, Pieces& pieces) {
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.detail < b.detail; });
  if (pieces.front().detail == 0) return pieces.size() == 1;  // a short one
  Bytes bytes;
  uint64_t zeros = 0;
  size_t used = 0;
  bool ends = false;
  for (const Piece& piece : pieces) {
    const size_t at = size_t{piece.detail - 1} * kWindowBytes;
    if (ends || at < bytes.size() || at > kChunkBytesMax - kWindowBytes || piece.bytes.size() > kWindowBytes) continue;
    ++used;
    zeros += at - bytes.size();
    bytes.resize(at);
    bytes += piece.bytes;
    ends = piece.bytes.size() < kWindowBytes;
  }
  if (zeros == 0 && ends && used == pieces.size() && bytes.size() > kSavedWholeMax) return true;
  if (zeros > 0) miss(owner, counted(zeros, "byte", "bytes") + " of the string, for which zeros stand");
  if (!ends) miss(owner, "the end of the string, from byte " + std::to_string(bytes.size()) + " on");
  pieces = string_pieces(owner, bytes);
  return true;
}

KeyspaceMender::Pieces KeyspaceMender::string_pieces(ValueId owner, View bytes) {
  Pieces pieces;
  const auto add = [&](uint32_t detail, View part) {
    pieces.push_back({.id = ++state_.last.chunk,
                      .owner = owner,
                      .kind = ChunkKind::kString,
                      .detail = detail,
                      .bytes = Bytes(part)});
  };
  if (bytes.size() <= kSavedWholeMax) add(0, bytes);
  else
    for (uint32_t at = 0; at <= bytes.size() / kWindowBytes; ++at)
      add(at + 1, bytes.substr(at * kWindowBytes, kWindowBytes));
  return pieces;
}

bool KeyspaceMender::is_there(const char* entry) const {
  const uint64_t head = read_varint(entry);
  return (head & 1) == 0 || blobs_.contains(head >> 1);
}

// Leaves out the items whose bytes were in a blob that is lost, and chunks that are empty then.
bool KeyspaceMender::mend_items(ValueId owner, Pieces& pieces, size_t head, size_t lead) {
  uint64_t lost = 0;
  for (Piece& piece : pieces) {
    Bytes kept = piece.bytes.substr(0, head);
    for (const char *at = piece.bytes.data() + head, *end = piece.bytes.data() + piece.bytes.size(); at < end;) {
      const char* const start = at;
      skip_item(at, lead);
      if (is_there(start + lead))
        kept.append(start, at);
      else
        ++lost;
    }
    piece.bytes = std::move(kept);
  }
  std::erase_if(pieces, [head](const Piece& piece) { return piece.bytes.size() <= head; });
  if (lost > 0) miss(owner, counted(lost, "long element", "long elements") + " whose bytes are lost");
  return !pieces.empty();
}

// Chunks in the order of what `keys_of` names (first, last); one that reaches into the one before is left out: it is of
// another time.
template <typename KeysOf>
void KeyspaceMender::keep_ascending(ValueId owner, Pieces& pieces, KeysOf keys_of) {
  using Keys = decltype(keys_of(View()));
  std::vector<std::pair<Keys, Piece*>> ordered;  // the keys may look into the pieces, which stay where they are
  for (Piece& piece : pieces) ordered.emplace_back(keys_of(piece.bytes), &piece);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return a.first.first < b.first.first; });
  std::vector<Piece*> chosen;
  const Keys* before = nullptr;
  for (const auto& [keys, piece] : ordered) {
    if (before != nullptr && !(before->second < keys.first)) continue;
    before = &keys;
    chosen.push_back(piece);
  }
  const uint64_t strays = pieces.size() - chosen.size();
  Pieces kept;
  for (Piece* const piece : chosen) kept.push_back(std::move(*piece));
  pieces = std::move(kept);
  if (strays > 0) miss(owner, counted(strays, "chunk", "chunks") + " that reached into others");
}

bool KeyspaceMender::mend_sorted_set(ValueId owner, Pieces& pieces) {
  if (!mend_items(owner, pieces, 0, kScore)) return false;
  keep_ascending(owner, pieces, [this](View chunk) {
    const auto key_of = [this](const char* item) {
      const double score = get_fixed<double>(item);
      item += kScore;
      return std::pair<double, View>(score, chunks_.read_entry(item));
    };
    const char* const end = chunk.data() + chunk.size();
    return std::pair(key_of(chunk.data()), key_of(end - packed::size_before(end)));
  });
  return true;
}

// An entry without its field names is no entry either: those of the chunk's first serve the others.
bool KeyspaceMender::keep_stream_items(Piece& piece, uint64_t& lost) const {
  Bytes kept = piece.bytes.substr(0, kEntriesHead);
  uint64_t live = 0;
  const char* const first = piece.bytes.data() + kEntriesHead;
  const bool names_there = is_there(parse_stream_item(piece.bytes, first).fields);
  for_each_stream_item(piece.bytes, [&](const StreamItem& item, const char* start) {
    const bool deleted = (item.flags & kDeleted) != 0, leads = kept.size() == kEntriesHead;
    const bool named = names_there || (item.flags & kSameNames) == 0;
    const bool readable = named && (is_there(item.fields) || (deleted && !leads));
    if (readable) kept.append(start, item.end);
    if (deleted) return;
    readable ? ++live : ++lost;
  });
  piece.bytes = std::move(kept);
  return live > 0;
}

bool KeyspaceMender::mend_stream(ValueId owner, Pieces& pieces) {
  uint64_t lost = 0;
  Pieces heads, entries, producers, remembered;
  for (Piece& piece : pieces) {
    if (piece.kind == ChunkKind::kStreamHead)
      heads.push_back(std::move(piece));
    else if (piece.kind == ChunkKind::kProducers || piece.kind == ChunkKind::kRemembered)
      (piece.kind == ChunkKind::kProducers ? producers : remembered).push_back(std::move(piece));
    else if (piece.bytes.size() > kEntriesHead && keep_stream_items(piece, lost))
      entries.push_back(std::move(piece));
  }
  if (lost > 0) miss(owner, counted(lost, "long entry", "long entries") + " whose bytes are lost");
  mend_producers(owner, producers, remembered);
  const auto ids_of = [](View chunk) {
    StreamId first = kStreamIdMax, last;
    for_each_stream_item(chunk, [&](const StreamItem& item, const char*) {
      first = std::min(first, item.id);
      last = item.id;
    });
    return std::pair(first, last);
  };
  keep_ascending(owner, entries, ids_of);
  std::erase_if(heads, [](const Piece& head) { return head.bytes.size() != kStreamHead; });
  if (heads.empty()) {
    if (entries.empty()) return false;
    uint64_t live = 0;
    for (const Piece& piece : entries) {
      for_each_stream_item(piece.bytes,
                           [&](const StreamItem& item, const char*) { live += (item.flags & kDeleted) == 0; });
    }
    miss(owner, "its last id and counters: they begin anew with its entries");
    heads.push_back({.id = ++state_.last.chunk,
                     .owner = owner,
                     .kind = ChunkKind::kStreamHead,
                     .detail = 0,
                     .bytes = stream_head(ids_of(entries.back().bytes).second, live)});
  }
  heads.resize(1);
  pieces = std::move(heads);
  for (Pieces* const rest : {&entries, &producers, &remembered}) {
    for (Piece& piece : *rest) pieces.push_back(std::move(piece));
  }
  return true;
}

void KeyspaceMender::mend_producers(ValueId owner, Pieces& heads, Pieces& remembered) {
  std::erase_if(heads, [](const Piece& head) { return head.bytes.size() != kProducersHead; });
  std::erase_if(remembered,
                [](const Piece& piece) { return piece.bytes.empty() || piece.bytes.size() % kRemembered != 0; });
  keep_ascending(owner, remembered, [](View chunk) {
    const auto id_at = [chunk](size_t at) {
      return StreamId{get_fixed<uint64_t>(chunk.data() + at),
                      get_fixed<uint64_t>(chunk.data() + at + sizeof(uint64_t))};
    };
    return std::pair(id_at(0), id_at(chunk.size() - kRemembered));
  });
  if (heads.size() == 1 || (heads.empty() && remembered.empty())) return;
  miss(owner, "what it remembered of its producers' ids: one that is sent again is added again");
  heads.clear(), remembered.clear();
}

// ---- hashes, sets and key tables

bool KeyspaceMender::keep_entries(Piece& piece, bool values, uint64_t& lost) const {
  Bytes kept;
  for (const char *at = piece.bytes.data(), *end = at + piece.bytes.size(); at < end;) {
    const char* const start = at;
    bool there = is_there(at);
    ChunkStore::skip_entry(at);
    if (values) {
      there = is_there(at) && there;
      ChunkStore::skip_entry(at);
    }
    if (there)
      kept.append(start, at);
    else
      ++lost;
  }
  piece.bytes = std::move(kept);
  return !piece.bytes.empty();
}

// Whether all its keys lie where a segment of its depth would have them.
bool KeyspaceMender::fits_prefix(const Piece& piece, bool values, uint64_t& prefix) const {
  const int rest = 64 - piece.detail;
  bool first = true, fits = true;
  for (const char *at = piece.bytes.data(), *end = at + piece.bytes.size(); at < end;) {
    const uint64_t hash = chunks_.hash_of(chunks_.read_entry(at));
    if (values) ChunkStore::skip_entry(at);
    const uint64_t begin = rest == 64 ? 0 : hash >> rest << rest;
    if (std::exchange(first, false)) prefix = begin;
    fits = fits && begin == prefix;
  }
  return fits;
}

// Segments side by side, and how much of the hashes they cover; what covers a part that another covers is of another
// time.
double KeyspaceMender::keep_disjoint(ValueId owner, Pieces& pieces, bool values) {
  std::map<uint64_t, Piece*> by_prefix;
  uint64_t strays = 0;
  double cover = 0;
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.detail > b.detail; });
  for (Piece& piece : pieces) {
    cover += std::ldexp(1.0, -static_cast<int>(piece.detail));
    if (piece.bytes.empty()) continue;
    uint64_t prefix = 0;
    bool fits = piece.detail <= 64 && fits_prefix(piece, values, prefix);
    const auto next = by_prefix.lower_bound(prefix);  // deeper ones came first: it may hold them, not lie in them
    const uint64_t last = !fits || piece.detail == 0 ? UINT64_MAX : prefix + ((uint64_t{1} << (64 - piece.detail)) - 1);
    if (next != by_prefix.end() && next->first <= last) fits = false;
    if (fits)
      by_prefix.emplace(prefix, &piece);
    else
      ++strays, piece.bytes.clear();
  }
  std::erase_if(pieces, [](const Piece& piece) { return piece.bytes.empty(); });
  if (strays > 0) miss(owner, counted(strays, "chunk", "chunks") + " that reached into others");
  return cover;
}

bool KeyspaceMender::mend_map(ValueId owner, Pieces& pieces) {
  const bool values = pieces.front().kind == ChunkKind::kHashFields;
  uint64_t lost = 0;
  for (Piece& piece : pieces) keep_entries(piece, values, lost);
  if (lost > 0) miss(owner, counted(lost, "long element", "long elements") + " whose bytes are lost");
  const double cover = keep_disjoint(owner, pieces, values);
  const int percent = static_cast<int>(std::lround((1 - cover) * 100));
  if (cover < 1) miss(owner, "about " + std::to_string(percent) + " % of its elements");
  return !pieces.empty();
}

// A lifetime without its field goes, a field without its lifetime lives on.
bool KeyspaceMender::mend_hash(ValueId owner, Pieces& pieces) {
  Pieces lifetimes;
  for (Piece& piece : pieces) {
    if (piece.kind == ChunkKind::kHashLifetimes) lifetimes.push_back(std::move(piece));
  }
  std::erase_if(pieces, [](const Piece& piece) { return piece.kind == ChunkKind::kHashLifetimes; });
  if (pieces.empty() || !mend_map(owner, pieces)) return false;
  if (lifetimes.empty()) return true;
  std::unordered_set<View> fields;
  for (const Piece& piece : pieces) {
    for (const char *at = piece.bytes.data(), *end = at + piece.bytes.size(); at < end; ChunkStore::skip_entry(at))
      fields.insert(chunks_.read_entry(at));
  }
  uint64_t lost = 0;
  for (Piece& piece : lifetimes) {
    keep_entries(piece, true, lost);
    keep_lifetimes(piece, fields);
  }
  if (lost > 0) miss(owner, counted(lost, "lifetime", "lifetimes") + " of fields with long names: they live on");
  const double cover = keep_disjoint(owner, lifetimes, true);
  const int percent = static_cast<int>(std::lround((1 - cover) * 100));
  if (cover < 1) miss(owner, "about " + std::to_string(percent) + " % of its fields' lifetimes: they live on");
  for (Piece& piece : lifetimes) pieces.push_back(std::move(piece));
  return true;
}

void KeyspaceMender::keep_lifetimes(Piece& piece, const std::unordered_set<View>& fields) const {
  Bytes kept;
  for (const char *at = piece.bytes.data(), *end = at + piece.bytes.size(); at < end;) {
    const char* const start = at;
    const bool there = fields.contains(chunks_.read_entry(at));
    const View time = chunks_.read_entry(at);
    if (there && time.size() == sizeof(TimeMs) && get_fixed<TimeMs>(time.data()) > 0) kept.append(start, at);
  }
  piece.bytes = std::move(kept);
}

void KeyspaceMender::mend_table(DbIndex db, Pieces pieces) {
  std::erase_if(pieces, [](const Piece& piece) { return piece.kind != ChunkKind::kKeyRows; });
  uint64_t lost = 0, keys = 0;
  for (Piece& piece : pieces) keep_entries(piece, true, lost);
  const ValueId root = state_.roots[db];
  const size_t before = losses_.size();
  const double cover = keep_disjoint(root, pieces, true);
  losses_.resize(before);
  if (lost > 0) lose({.db = db, .whole = true, .what = counted(lost, "key", "keys") + " whose long names are lost"});
  for (Piece& piece : pieces) {
    Bytes kept;
    for (const char *at = piece.bytes.data(), *end = at + piece.bytes.size(); at < end; ++keys) {
      const char* const start = at;
      ChunkStore::skip_entry(at);
      ChunkStore::skip_entry(at);
      mend_row(db, View(start, static_cast<size_t>(at - start)), kept);
    }
    piece.bytes = std::move(kept);
  }
  if (cover < 1) {
    if (!gap_ && db < kDatabases) gap_ = db;  // what is no library or user must not become one
    const double about = cover == 0 ? 0 : static_cast<double>(keys) * (1 - cover) / cover;
    const int percent = static_cast<int>(std::lround((1 - cover) * 100));
    const Bytes some = "about " + counted(static_cast<uint64_t>(std::llround(about)), "key", "keys") +
                       ", whose names are not known: " + std::to_string(percent) + " % of its key table";
    lose({.db = db, .whole = true, .what = cover == 0 ? Bytes("all keys, whose names are not known") : some});
  }
  keep(std::move(pieces));
}

// A row whose value is lost, or is another key's already, goes.
void KeyspaceMender::mend_row(DbIndex db, View entry, Bytes& kept) {
  const char* at = entry.data();
  const View key = chunks_.read_entry(at);
  const Row row = KeyTable::unpack(chunks_.read_entry(at));
  if (row.value != 0) {
    const auto value = values_.find(row.value);
    if (value == values_.end() || value->second != row.type) {
      return lose({.owner = row.value,
                   .db = db,
                   .key = Bytes(key),
                   .whole = true,
                   .what = "its value, a " + Bytes(name_of(row.type)) + ", is lost"});
    }
    values_.erase(value);
    if (wanted_.contains(row.value)) names_.emplace(row.value, std::pair(db, Bytes(key)));
  }
  kept.append(entry);
}

// ---- consumer groups

void KeyspaceMender::mend_group(Pieces pieces) {
  Pieces heads, consumers, pending;
  std::set<uint32_t> slots;
  const ValueId owner = pieces.front().owner;
  for (Piece& piece : pieces) {
    if (piece.kind == ChunkKind::kGroup && piece.bytes.size() >= kGroupHead)
      heads.push_back(std::move(piece));
    else if (piece.kind == ChunkKind::kConsumer && piece.bytes.size() >= kConsumerHead &&
             slots.insert(slot_of(piece.bytes)).second)
      consumers.push_back(std::move(piece));
    else if (piece.kind == ChunkKind::kPending && !piece.bytes.empty() &&
             piece.bytes.size() % sizeof(consumers::PendingEntry) == 0)
      pending.push_back(std::move(piece));
  }
  if (heads.empty()) {
    uint64_t entries = 0;
    for (const Piece& piece : pending) entries += pending_of(piece.bytes).size();
    return lose({.owner = owner,
                 .what = "a consumer group lost its name and its stream: " +
                         counted(consumers.size(), "consumer", "consumers") + ", " + std::to_string(entries) +
                         " pending"});
  }
  heads.resize(1);
  streams_.emplace(owner, get_fixed<uint64_t>(heads.front().bytes.data()));
  keep_ascending(owner, pending, [](View chunk) {
    const PendingEntries entries = pending_of(chunk);
    return std::pair(entries.front().id, entries.back().id);
  });
  add_lost_consumers(owner, pending, consumers);
  keep(std::move(heads));
  keep(std::move(consumers));
  keep(std::move(pending));
}

// What is pending for a consumer whose row is lost stays pending, for a stand-in: XAUTOCLAIM finds it.
void KeyspaceMender::add_lost_consumers(ValueId owner, const Pieces& pending, Pieces& consumers) {
  std::set<uint32_t> known, lost;
  for (const Piece& consumer : consumers) known.insert(slot_of(consumer.bytes));
  for (const Piece& piece : pending) {
    for (const auto& entry : pending_of(piece.bytes)) {
      if (!known.contains(entry.consumer)) lost.insert(entry.consumer);
    }
  }
  for (const uint32_t slot : lost) {
    const Bytes name = Bytes(kLostConsumer) + std::to_string(slot);
    miss(owner, "a consumer's name: what it held is pending for " + name);
    Piece piece{.id = ++state_.last.chunk, .owner = owner, .kind = ChunkKind::kConsumer, .detail = 0, .bytes = {}};
    put_fixed(piece.bytes, slot);
    put_fixed(piece.bytes, TimeMs{0});
    put_fixed(piece.bytes, TimeMs{-1});
    piece.bytes.append(name);
    consumers.push_back(std::move(piece));
  }
}

// ---- values without a key

// Without a gap in the key tables, what no key leads to was being freed when the snapshot was taken. With one it may
// have lost its key: it gets a new one, in a segment that is there.
void KeyspaceMender::adopt_orphans(DbIndex db) {
  std::vector<size_t> segments;
  for (size_t at = 0; at < kept_.size(); ++at) {
    if (kept_[at].owner == state_.roots[db] && !kept_[at].bytes.empty()) segments.push_back(at);
  }
  if (segments.empty()) {
    segments.push_back(kept_.size());
    kept_.push_back({++state_.last.chunk, state_.roots[db], ChunkKind::kKeyRows, 0, {}});
  }
  const std::map<ValueId, Type> orphans(values_.begin(), values_.end());
  size_t next = 0;
  for (const auto& [value, type] : orphans) {
    Piece& segment = kept_[segments[next++ % segments.size()]];
    const Bytes name = free_name(value, segment);
    Bytes row(1, static_cast<char>(static_cast<uint8_t>(type) | kPointsToValue));
    put_varint(row, value);
    for (const View part : {View(name), View(row)}) {
      put_varint(segment.bytes, part.size() << 1);
      segment.bytes.append(part);
    }
    lose({.owner = value,
          .db = db,
          .key = name,
          .whole = true,
          .what = "no key that could be read leads to this " + Bytes(name_of(type)) + ": it has this one now"});
  }
}

// One whose hash falls into the segment.
Bytes KeyspaceMender::free_name(ValueId value, const Piece& segment) const {
  const int rest = 64 - segment.detail;
  uint64_t prefix = 0;
  if (!segment.bytes.empty()) fits_prefix(segment, true, prefix);
  for (uint64_t number = 0;; ++number) {
    Bytes name = Bytes(kLostValue) + std::to_string(value) + '-' + std::to_string(number);
    if (rest == 64 || chunks_.hash_of(name) >> rest == prefix >> rest) return name;
  }
}

void KeyspaceMender::name_losses() {
  for (Loss& loss : losses_) {
    if (loss.owner == 0 || loss.key) continue;
    const auto stream = streams_.find(loss.owner);
    const auto name = names_.find(stream == streams_.end() ? loss.owner : stream->second);
    if (name == names_.end()) continue;
    loss.db = name->second.first;
    loss.key = name->second.second;
  }
}

}  // namespace leat
