// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/loader.h"

#include <algorithm>

#include "broker/keyspace/encoding.h"
#include "broker/keyspace/stream.h"
#include "broker/keyspace/string.h"

namespace leat {

namespace {
// What a step is worth beside the chunks that are looked through: Pause counts bytes.
constexpr size_t kRowWorth = 64;     // a chunk's row is put to its owner's
constexpr size_t kValueWorth = 256;  // a value or a group is made and entered, a blob looked up
constexpr size_t kFreedAtOnce = 16;  // chunks

constexpr char kDoNotFit[] = "has chunks that do not fit together";

Status misfit(ValueId owner, const char* what) {
  return Status::error("the snapshot's value " + std::to_string(owner) + ' ' + what);
}

constexpr uint32_t bit(ChunkKind kind) { return uint32_t{1} << static_cast<uint32_t>(kind); }
constexpr uint32_t kStreamKinds = bit(ChunkKind::kStreamHead) | bit(ChunkKind::kStreamEntries) |
                                  bit(ChunkKind::kProducers) | bit(ChunkKind::kRemembered);
constexpr uint32_t kHashKinds = bit(ChunkKind::kHashFields) | bit(ChunkKind::kHashLifetimes);
constexpr uint32_t kGroupKinds = bit(ChunkKind::kGroup) | bit(ChunkKind::kConsumer) | bit(ChunkKind::kPending);

// The kinds of chunks that may lie beside one of this kind.
uint32_t kinds_beside(ChunkKind kind) {
  if (bit(kind) & kStreamKinds) return kStreamKinds;
  if (bit(kind) & kHashKinds) return kHashKinds;
  return bit(kind) & kGroupKinds ? kGroupKinds : bit(kind);
}

std::unique_ptr<Value> make_value(ChunkKind kind, ChunkStore& chunks, ValueId id) {
  switch (kind) {
    case ChunkKind::kString:
      return std::make_unique<String>(chunks, id);
    case ChunkKind::kListItems:
      return std::make_unique<List>(chunks, id, chunks.hash_seed());
    case ChunkKind::kSetMembers:
      return std::make_unique<Set>(chunks, id);
    case ChunkKind::kSortedSetItems:
      return std::make_unique<SortedSet>(chunks, id, chunks.hash_seed());
    case ChunkKind::kHashFields:
    case ChunkKind::kHashLifetimes:
      return std::make_unique<Hash>(chunks, id);
    case ChunkKind::kStreamHead:
    case ChunkKind::kStreamEntries:
    case ChunkKind::kProducers:
    case ChunkKind::kRemembered:
      return std::make_unique<Stream>(chunks, id, chunks.hash_seed());
    default:
      return nullptr;
  }
}
}  // namespace

Status KeyspaceLoader::begin(View state) {
  const auto parsed = Keyspace::parse(state);
  if (!parsed) return Status::error("the snapshot's state of the keyspace has another form than this version knows");
  last_ = parsed->last;
  roots_ = parsed->roots;
  tables_.resize(roots_.size());
  keyspace_.chunks().set_hash_seed(parsed->hash_seed);
  keyspace_.chunks().set_last_ids(last_);
  return Status::fine();
}

Status KeyspaceLoader::add(const SavedChunk& chunk) {
  if (chunk.id == 0 || chunk.id > last_.chunk || chunk.owner == 0 || chunk.owner > last_.value)
    return Status::error("the snapshot's chunk " + std::to_string(chunk.id) + " has a number that was never given out");
  if (chunk.kind != ChunkKind::kString && chunk.detail > UINT8_MAX)
    return misfit(chunk.owner, "has a chunk of no depth");
  rows_.push_back({.owner = chunk.owner, .chunk = keyspace_.chunks().load(chunk)});
  return Status::fine();
}

void KeyspaceLoader::add_blob(BlobId id, View bytes) {
  keyspace_.chunks().load_blob(id, bytes);
  blobs_.push_back(id);
}

Status KeyspaceLoader::finish(const std::function<void()>& rest) {
  Pause pause(rest);
  sort_with_pauses(rows_, [](const Row& a, const Row& b) { return a.owner < b.owner; }, pause);
  for (size_t at = 0; at < rows_.size();) {
    if (Status done = build(take_owner(at, pause), pause); !done.ok()) return done;
  }
  std::vector<Row>().swap(rows_);
  if (Status done = attach_groups(pause); !done.ok()) return done;
  if (Status done = open_databases(pause); !done.ok()) return set_aside_ ? misfit(*set_aside_, kDoNotFit) : done;
  free_dead(pause);
  drop_unshared_blobs(pause);
  return Status::fine();
}

// What the owner of the row at `at` has; `at` moves behind it.
KeyspaceLoader::Owner KeyspaceLoader::take_owner(size_t& at, Pause& pause) {
  Owner owner{.id = rows_[at].owner, .kind = rows_[at].chunk->kind()};
  for (; at < rows_.size() && rows_[at].owner == owner.id; ++at) {
    owner.kinds |= bit(rows_[at].chunk->kind());
    owner.chunks.push_back(std::move(rows_[at].chunk));
    pause.after(kRowWorth);
  }
  return owner;
}

// A table, a group, or a value.
Status KeyspaceLoader::build(Owner owner, Pause& pause) {
  if (owner.kinds & ~kinds_beside(owner.kind)) return misfit(owner.id, "mixes chunks of several types");
  pause.after(kValueWorth);
  if (owner.kind == ChunkKind::kKeyRows) return keep_table(std::move(owner), pause);
  return bit(owner.kind) & kGroupKinds ? build_group(std::move(owner), pause) : build_value(std::move(owner), pause);
}

Status KeyspaceLoader::keep_table(Owner owner, Pause& pause) {
  const auto root = std::find(roots_.begin(), roots_.end(), owner.id);
  if (root != roots_.end()) {
    tables_[root - roots_.begin()] = std::move(owner.chunks);
    return Status::fine();
  }
  for (auto& dead : owner.chunks) {  // of a database that was flushed
    pause.after(dead->memory());
    keyspace_.chunks().retire(std::move(dead));
  }
  return Status::fine();
}

Status KeyspaceLoader::build_group(Owner owner, Pause& pause) {
  auto group = consumers::Group::load(keyspace_.chunks(), std::move(owner.chunks), pause);
  if (group == nullptr) return misfit(owner.id, "is no consumer group");
  groups_.push_back(std::move(group));
  return Status::fine();
}

// A long string whose windows are not all there was being freed, or is damaged: the latter when a key leads to it.
Status KeyspaceLoader::set_aside(Owner owner, Pause& pause) {
  if (!set_aside_) set_aside_ = owner.id;
  for (auto& chunk : owner.chunks) {
    pause.after(chunk->memory());
    keyspace_.chunks().retire(std::move(chunk));
  }
  return Status::fine();
}

Status KeyspaceLoader::build_value(Owner owner, Pause& pause) {
  if (owner.kind == ChunkKind::kString && !String::fit_together(owner.chunks, pause))
    return set_aside(std::move(owner), pause);
  auto value = make_value(owner.kind, keyspace_.chunks(), owner.id);
  if (value == nullptr) return misfit(owner.id, "is of an unknown kind");
  if (!value->load(std::move(owner.chunks), pause)) return misfit(owner.id, kDoNotFit);
  label_anew(*value, keyspace_.encodings);
  values_.insert(owner.id) = std::move(value);
  value_ids_.push_back(owner.id);
  return Status::fine();
}

Status KeyspaceLoader::attach_groups(Pause& pause) {
  for (auto& group : groups_) {
    pause.after(kValueWorth);
    std::unique_ptr<Value>* const slot = values_.find(group->stream());
    if (slot == nullptr || *slot == nullptr || (*slot)->type() != Type::kStream) continue;  // of a stream that is gone
    const ValueId stream = group->stream();
    if (!static_cast<Stream&>(**slot).load_group(std::move(group))) return misfit(stream, "has two groups of one name");
  }
  groups_.clear();
  return Status::fine();
}

Status KeyspaceLoader::open_databases(Pause& pause) {
  for (DbIndex db = 0; db < roots_.size(); ++db) {
    auto database = std::make_unique<Database>(keyspace_.chunks(), roots_[db]);
    if (Status done = database->load(std::move(tables_[db]), values_, pause); !done.ok()) return done;
    keyspace_.install(db, std::move(database));
  }
  return Status::fine();
}

// No key leads to them.
void KeyspaceLoader::free_dead(Pause& pause) {
  for (const ValueId id : value_ids_) {
    pause.after(kRowWorth);
    auto& left = *values_.find(id);
    if (left == nullptr) continue;
    while (!left->free_some(kFreedAtOnce)) pause.after(kFreedAtOnce * kChunkBytesTarget);
    left.reset();
  }
}

void KeyspaceLoader::drop_unshared_blobs(Pause& pause) {
  for (const BlobId id : blobs_) {
    pause.after(kValueWorth);
    keyspace_.chunks().drop_unshared(id);
  }
}

}  // namespace leat
