// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/loader.h"

#include <algorithm>

#include "broker/keyspace/encoding.h"
#include "broker/keyspace/stream.h"
#include "broker/keyspace/string.h"

namespace leat {

namespace {
constexpr size_t kPauseEvery = 4096;  // values

Status misfit(ValueId owner, const char* what) {
  return Status::error("the snapshot's value " + std::to_string(owner) + ' ' + what);
}

bool belongs_to_group(ChunkKind kind) {
  return kind == ChunkKind::kGroup || kind == ChunkKind::kConsumer || kind == ChunkKind::kPending;
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
      return std::make_unique<Hash>(chunks, id);
    case ChunkKind::kStreamHead:
    case ChunkKind::kStreamEntries:
      return std::make_unique<Stream>(chunks, id, chunks.hash_seed());
    default:
      return nullptr;
  }
}

bool fits(ChunkKind kind, const Value& value) {
  switch (value.type()) {
    case Type::kString:
      return kind == ChunkKind::kString;
    case Type::kList:
      return kind == ChunkKind::kListItems;
    case Type::kSet:
      return kind == ChunkKind::kSetMembers;
    case Type::kSortedSet:
      return kind == ChunkKind::kSortedSetItems;
    case Type::kHash:
      return kind == ChunkKind::kHashFields;
    case Type::kStream:
      return kind == ChunkKind::kStreamHead || kind == ChunkKind::kStreamEntries;
  }
  return false;
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
  chunks_.push_back(keyspace_.chunks().load(chunk));
  return Status::fine();
}

void KeyspaceLoader::add_blob(BlobId id, View bytes) {
  keyspace_.chunks().load_blob(id, bytes);
  blobs_.push_back(id);
}

Status KeyspaceLoader::finish(const std::function<void()>& pause) {
  std::sort(chunks_.begin(), chunks_.end(), [](const auto& a, const auto& b) {
    return a->owner() != b->owner() ? a->owner() < b->owner() : a->id() < b->id();
  });
  for (size_t at = 0, built = 0; at < chunks_.size(); ++built) {
    const ValueId owner = chunks_[at]->owner();
    Chunks of_one;
    for (; at < chunks_.size() && chunks_[at]->owner() == owner; ++at) of_one.push_back(std::move(chunks_[at]));
    if (Status done = build(owner, std::move(of_one)); !done.ok()) return done;
    if (built % kPauseEvery == 0) pause();
  }
  Chunks().swap(chunks_);
  if (Status done = attach_groups(); !done.ok()) return done;
  if (Status done = open_databases(pause); !done.ok()) return done;
  for (const ValueId id : value_ids_) {
    if (auto& left = *values_.find(id); left != nullptr) left.reset();  // dead: no key leads to it
  }
  drop_unshared_blobs();
  return Status::fine();
}

// What the chunks of one owner are: a table, a group, or a value.
Status KeyspaceLoader::build(ValueId owner, Chunks chunks) {
  ChunkStore& store = keyspace_.chunks();
  const ChunkKind kind = chunks.front()->kind();
  if (kind == ChunkKind::kKeyRows) {
    const auto root = std::find(roots_.begin(), roots_.end(), owner);
    if (root != roots_.end()) tables_[root - roots_.begin()] = std::move(chunks);
    else for (auto& dead : chunks) store.retire(std::move(dead));  // of a database that was flushed
    return Status::fine();
  }
  if (belongs_to_group(kind)) {
    if (!std::all_of(chunks.begin(), chunks.end(), [](const auto& one) { return belongs_to_group(one->kind()); }))
      return misfit(owner, "mixes a consumer group with something else");
    auto group = consumers::Group::load(store, std::move(chunks));
    if (group == nullptr) return misfit(owner, "is no consumer group");
    groups_.push_back(std::move(group));
    return Status::fine();
  }
  auto value = make_value(kind, store, owner);
  if (value == nullptr) return misfit(owner, "is of an unknown kind");
  if (!std::all_of(chunks.begin(), chunks.end(), [&](const auto& one) { return fits(one->kind(), *value); }))
    return misfit(owner, "mixes chunks of several types");
  if (!value->load(std::move(chunks))) return misfit(owner, "has chunks that do not fit together");
  label_anew(*value, keyspace_.encodings);
  values_.insert(owner) = std::move(value);
  value_ids_.push_back(owner);
  return Status::fine();
}

Status KeyspaceLoader::attach_groups() {
  for (auto& group : groups_) {
    std::unique_ptr<Value>* const slot = values_.find(group->stream());
    if (slot == nullptr || *slot == nullptr || (*slot)->type() != Type::kStream) continue;  // of a stream that is gone
    const ValueId stream = group->stream();
    if (!static_cast<Stream&>(**slot).load_group(std::move(group))) return misfit(stream, "has two groups of one name");
  }
  groups_.clear();
  return Status::fine();
}

Status KeyspaceLoader::open_databases(const std::function<void()>& pause) {
  for (DbIndex db = 0; db < roots_.size(); ++db) {
    auto database = std::make_unique<Database>(keyspace_.chunks(), roots_[db]);
    if (Status done = database->load(std::move(tables_[db]), values_, pause); !done.ok()) return done;
    keyspace_.install(db, std::move(database));
  }
  return Status::fine();
}

void KeyspaceLoader::drop_unshared_blobs() {
  for (const BlobId id : blobs_) {
    keyspace_.chunks().share(id);  // a reference more and one less: without any other it goes
    keyspace_.chunks().release(id);
  }
}

}  // namespace leat
