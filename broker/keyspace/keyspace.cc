// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/keyspace.h"

#include <algorithm>

#include "broker/keyspace/hash.h"
#include "broker/keyspace/set.h"
#include "broker/keyspace/string.h"
#include "chunks/digest.h"

namespace leat {

namespace {
constexpr size_t kDieAtOnceBytes = 64 * kChunkBytesTarget;  // freeing so much takes some tens of microseconds
constexpr size_t kRowWorth = 64;         // of a load
constexpr size_t kFarWorth = 512;        // a row's value, or its place among the expiries, is somewhere else in memory
constexpr uint8_t kStateForm = 1, kStateFormWithLibraries = 2, kStateFormWithUsers = 3;
constexpr uint64_t kDigestOfUsers = 0x7573657273;  // so that a user is not taken for a library of its name
constexpr size_t kValueBytes = 64;                          // an object beside its chunks, about
constexpr size_t kRowBytes = 12;         // beside a key and its row: two lengths, a tag, an offset, the note of its use
constexpr size_t kExpiryBytes = 10;      // among the expiries
}  // namespace

struct Database::Held {
  Row row;
  Bytes text;
  std::unique_ptr<Value> value;
  uint32_t use;
};

bool is_due_whole(const Found& hash, TimeMs now_ms) { return static_cast<const Hash&>(*hash.value).is_due(now_ms); }

Database::Database(ChunkStore& chunks, ValueId id) : chunks_(chunks), id_(id), table_(chunks, id) {}
Database::~Database() = default;

Found Database::found_in(View packed) const {
  const Row row = KeyTable::unpack(packed);
  Found found{.type = row.type,
              .written = row.written,
              .label = row.label,
              .expire_at_ms = row.expire_at_ms,
              .field_due_ms = consumers::kNever,
              .text = row.text,
              .value = nullptr,
              .use = nullptr};
  if (row.value == 0) return found;
  found.value = values_.find(row.value)->get();
  if (row.type == Type::kString) found.text = static_cast<String*>(found.value)->bytes();
  else if (row.type == Type::kHash) found.field_due_ms = static_cast<const Hash*>(found.value)->next_due_ms();
  return found;
}

void Database::prefetch_members(View key, Views members) const {
  const auto found = find(key);
  if (found && found->value != nullptr && found->value->size() > kNearKeys) found->value->prefetch(members);
}

std::optional<Found> Database::find(View key) const {
  const auto place = table_.locate(key, table_.hash_of(key));
  if (!place) return std::nullopt;
  Found found = found_in(place->value);
  found.use = place->note;
  return found;
}

String& Database::long_string(const Row& row) const {
  CHECK(row.type == Type::kString && row.value != 0);
  return static_cast<String&>(**values_.find(row.value));
}

// ---- changing

// Writes a row over what is at `place`, or a new one.
void Database::set_row(View key, uint64_t hash, const std::optional<KeyTable::Place>& place, const Row& row) {
  if (place)
    table_.replace(*place, row);
  else
    table_.insert(key, hash, row);
}

// The same for a row that points to a new value.
void Database::point_row(View key, uint64_t hash, const std::optional<KeyTable::Place>& place, Row row,
                         std::unique_ptr<Value> value) {
  row.text = {};
  row.label = Encoding::kListpack;  // the value's own counts
  row.value = value->id();
  values_.insert(row.value) = std::move(value);
  ++values_alive_;
  set_row(key, hash, place, row);
}

void Database::erase_row(uint64_t hash, const std::optional<KeyTable::Place>& place) {
  CHECK(place.has_value());
  forget(KeyTable::unpack(place->value), hash);
  table_.remove(*place, hash);
}

bool Database::fits_bench(View entries, Views added) {
  if (added.size() > kBenchAddedMax) return false;
  size_t bytes = entries.size();
  for (const View one : added) {
    if (one.size() > kRowTextMax) return false;
    bytes += varint_size(one.size() << 1) + one.size();
  }
  return bytes <= kBenchBytes;
}

// What a row leaves behind when it goes: its place among the expiries, its value.
void Database::forget(const Row& row, uint64_t hash) {
  if (row.expire_at_ms != 0) CHECK(expiries_.remove(row.expire_at_ms, ByteMap::high_bits(hash)));
  if (row.value == 0) return;
  forget_fields(**values_.find(row.value), hash);
  bury(std::move(*values_.find(row.value)));
  values_.erase(row.value);
  --values_alive_;
}

// A hash's place among those whose fields end, as its key goes …
void Database::forget_fields(const Value& value, uint64_t hash) {
  if (value.type() != Type::kHash) return;
  const TimeMs next_ms = static_cast<const Hash&>(value).next_due_ms();
  if (next_ms != consumers::kNever) CHECK(field_expiries_.remove(next_ms, ByteMap::high_bits(hash)));
}

// … and as it comes.
void Database::await_fields(const Value& value, uint64_t hash) {
  if (value.type() != Type::kHash) return;
  const TimeMs next_ms = static_cast<const Hash&>(value).next_due_ms();
  if (next_ms != consumers::kNever) field_expiries_.add(next_ms, ByteMap::high_bits(hash));
}

void Database::bury(std::unique_ptr<Value> value) {
  if (value->memory() > kDieAtOnceBytes) dead_.push_back(std::move(value));
}

void Database::set_string(View key, View value) {
  const uint64_t hash = table_.hash_of(key);
  const auto place = table_.locate(key, hash);
  Row row;
  if (place) {
    const Row old = KeyTable::unpack(place->value);
    if (old.type == Type::kString && old.value != 0 && value.size() > kRowTextMax) {
      if (old.expire_at_ms != 0) CHECK(expiries_.remove(old.expire_at_ms, ByteMap::high_bits(hash)));
      long_string(old).assign(value);
      row.value = old.value;
      return table_.replace(*place, row);
    }
    forget(old, hash);
  }
  if (value.size() <= kRowTextMax) {
    row.text = value;
    return set_row(key, hash, place, row);
  }
  auto made = make<String>();
  made->assign(value);
  point_row(key, hash, place, row, std::move(made));
}

void Database::write_string(View key, size_t offset, View bytes) {
  const uint64_t hash = table_.hash_of(key);
  const auto place = table_.locate(key, hash);
  Row row = place ? KeyTable::unpack(place->value) : Row{};
  CHECK(row.type == Type::kString);
  if (row.value != 0) return long_string(row).write(offset, bytes);

  const size_t size = std::max(row.text.size(), bytes.empty() ? 0 : offset + bytes.size());
  row.written = true;
  char text[kRowTextMax];
  if (size <= kRowTextMax) {
    std::memset(text, 0, size);
    if (!row.text.empty()) std::memcpy(text, row.text.data(), row.text.size());
    if (!bytes.empty()) std::memcpy(text + offset, bytes.data(), bytes.size());
    row.text = View(text, size);
    return set_row(key, hash, place, row);
  }
  auto made = make<String>();
  made->assign(row.text);
  made->write(offset, bytes);
  point_row(key, hash, place, row, std::move(made));
}

void Database::adopt(View key, std::unique_ptr<Value> value, TimeMs expire_at_ms) {
  Held held{.row = {.type = value->type(), .expire_at_ms = expire_at_ms, .value = value->id()},
            .text = {},
            .value = nullptr,
            .use = 0};
  held.value = std::move(value);
  install(key, std::move(held));
}

void Database::install(View key, Held held) {
  const uint64_t hash = table_.hash_of(key);
  const auto place = table_.locate(key, hash);
  if (place) forget(KeyTable::unpack(place->value), hash);
  if (held.row.expire_at_ms != 0) expiries_.add(held.row.expire_at_ms, ByteMap::high_bits(hash));
  if (held.value != nullptr) {
    await_fields(*held.value, hash);
    values_.insert(held.row.value) = std::move(held.value);
    ++values_alive_;
  } else {
    held.row.text = held.text;
  }
  set_row(key, hash, place, held.row);
  if (held.use == 0) return;
  if (const auto moved = table_.locate(key, hash); moved->note != nullptr) *moved->note = held.use;
}

bool Database::erase(View key) {
  const uint64_t hash = table_.hash_of(key);
  const auto place = table_.locate(key, hash);
  if (place) erase_row(hash, place);
  return place.has_value();
}

void Database::set_expiry(View key, TimeMs at_ms) {
  const uint64_t hash = table_.hash_of(key);
  const auto place = table_.locate(key, hash);
  CHECK(place.has_value());
  Row row = KeyTable::unpack(place->value);
  if (row.expire_at_ms == at_ms) return;
  if (row.expire_at_ms != 0) CHECK(expiries_.remove(row.expire_at_ms, ByteMap::high_bits(hash)));
  if (at_ms != 0) expiries_.add(at_ms, ByteMap::high_bits(hash));
  row.expire_at_ms = at_ms;
  table_.replace(*place, row);  // packs a copy of the text first
}

void Database::move(View key, Database& to, View to_key) {
  if (&to == this && key == to_key) return;
  const uint64_t hash = table_.hash_of(key);
  const auto place = table_.locate(key, hash);
  CHECK(place.has_value());
  Held held{.row = KeyTable::unpack(place->value),
            .text = {},
            .value = nullptr,
            .use = place->note == nullptr ? 0 : *place->note};
  held.text = held.row.text;
  if (held.row.expire_at_ms != 0) CHECK(expiries_.remove(held.row.expire_at_ms, ByteMap::high_bits(hash)));
  if (held.row.value != 0) {
    held.value = std::move(*values_.find(held.row.value));
    forget_fields(*held.value, hash);
    values_.erase(held.row.value);
    --values_alive_;
  }
  table_.remove(*place, hash);
  to.install(to_key, std::move(held));
}

void Database::copy(View key, Database& to, View to_key) const {
  if (&to == this && key == to_key) return;
  const auto place = table_.locate(key, table_.hash_of(key));
  CHECK(place.has_value());
  Held held{.row = KeyTable::unpack(place->value), .text = {}, .value = nullptr, .use = 0};
  held.text = held.row.text;
  if (held.row.value != 0) {
    const ValueId id = chunks_.next_value_id();
    held.value = (*values_.find(held.row.value))->clone(id);
    held.row.value = id;
  }
  to.install(to_key, std::move(held));
}

// ---- asking

std::optional<Bytes> Database::random_key(uint64_t dice) const {
  if (size() == 0) return std::nullopt;
  return Bytes(table_.rows().random(dice).key);
}

std::vector<Database::Due> Database::due(TimeMs now_ms, size_t limit) const {
  std::vector<Due> keys;
  expiries_.for_due(now_ms, [&](const consumers::Deadline& deadline) {
    if (keys.size() >= limit) return false;
    table_.rows().for_high_bits(static_cast<uint32_t>(deadline.payload), [&](View key, View row) {
      const Row unpacked = KeyTable::unpack(row);
      if (unpacked.expire_at_ms == deadline.at_ms) keys.push_back({Bytes(key), unpacked.type});
    });
    return true;
  });
  return keys;
}

std::optional<Database::DueFields> Database::due_fields(TimeMs now_ms, size_t limit) const {
  std::optional<DueFields> due;
  field_expiries_.for_due(now_ms, [&](const consumers::Deadline& deadline) {
    table_.rows().for_high_bits(static_cast<uint32_t>(deadline.payload), [&](View key, View packed) {
      const Row row = KeyTable::unpack(packed);
      if (due || row.type != Type::kHash || row.value == 0) return;
      const Hash& hash = static_cast<const Hash&>(**values_.find(row.value));
      if (hash.next_due_ms() == deadline.at_ms) due = {.key = Bytes(key), .fields = hash.due(now_ms, limit)};
    });
    return !due;
  });
  return due;
}

uint64_t Database::digest_of(View key, const Found& found) const {
  uint64_t digest = digest::chain(digest::of(key), static_cast<uint64_t>(found.type));
  digest = digest::chain(digest, static_cast<uint64_t>(found.expire_at_ms));
  return digest::chain(digest, content_digest(found));
}

uint64_t Database::content_digest(const Found& found) const {
  if (found.type == Type::kString) return digest::of(found.text);
  if (found.type == Type::kHash) return see<Hash>(found)->digest();
  if (found.type == Type::kSet) return see<Set>(found)->digest();
  return found.value->digest();
}

uint64_t Database::digest_of(View key) const {
  const auto found = find(key);
  return found ? digest_of(key, *found) : 0;
}

uint64_t Database::value_digest_of(View key) const {
  const auto found = find(key);
  if (!found) return 0;
  return digest::chain(content_digest(*found), static_cast<uint64_t>(found->type) * 2 + (found->expire_at_ms != 0));
}

uint64_t Database::digest() const {
  uint64_t digest = 0;
  for_each([&](View key, const Found& found) { digest = digest::mix(digest, digest_of(key, found)); });
  return digest;
}

size_t Database::index_memory() const {
  return table_.rows().index_memory() + values_.memory() + expiries_.memory() + field_expiries_.memory() +
         (values_alive_ + dead_.size()) * kValueBytes;
}

Database::Weight Database::weight_of(View key) const {
  const auto place = table_.locate(key, table_.hash_of(key));
  if (!place) return {};
  const Row row = KeyTable::unpack(place->value);
  Weight weight{.bytes = kRowBytes + key.size() + place->value.size(), .expires = row.expire_at_ms != 0};
  if (weight.expires) weight.bytes += kExpiryBytes;
  if (row.value != 0) weight.bytes += kValueBytes + (*values_.find(row.value))->weight();
  return weight;
}

// ---- out of a snapshot

Status Database::load(std::vector<std::unique_ptr<Chunk>> table, IdTable<std::unique_ptr<Value>>& values,
                      Pause& pause) {
  if (!table_.load(std::move(table), pause)) return Status::error("the snapshot's key table does not fit together");
  Status done;
  table_.rows().for_each([&](View key, View packed) {
    const Row row = KeyTable::unpack(packed);
    pause.after(row.value != 0 || row.expire_at_ms != 0 ? kFarWorth : kRowWorth);
    if (row.expire_at_ms != 0) expiries_.add(row.expire_at_ms, ByteMap::high_bits(table_.hash_of(key)));
    if (row.value == 0) return;
    std::unique_ptr<Value>* const value = values.find(row.value);
    if (value == nullptr || *value == nullptr || (*value)->type() != row.type) {
      done = Status::error("the snapshot has no value " + std::to_string(row.value) + " of the type that its key says");
      return;
    }
    await_fields(**value, table_.hash_of(key));
    values_.insert(row.value) = std::move(*value);
    ++values_alive_;
  });
  return done;
}

// ---- the dead

bool Database::free_dead(size_t chunks) {
  while (!dead_.empty() && chunks > 0) {
    // A value says only whether it is done, so it gets its chunks in small helpings.
    const size_t helping = std::min<size_t>(chunks, 16);
    if (dead_.back()->free_some(helping)) dead_.pop_back();
    chunks -= helping;
  }
  return dead_.empty();
}

bool Database::free_all(size_t chunks) {
  if (!free_dead(chunks)) return false;
  while (chunks > 0 && values_alive_ > 0) {
    const ValueId id = values_.any();
    auto& value = *values_.find(id);
    chunks -= std::min(chunks, 1 + value->memory() / kChunkBytesTarget);
    bury(std::move(value));
    values_.erase(id);
    --values_alive_;
    if (!dead_.empty()) return false;
  }
  return values_alive_ == 0 && chunks > 0 && table_.clear_some(chunks) && expiries_.clear_some(chunks) &&
         field_expiries_.clear_some(chunks);
}

namespace {

// Of the texts in it; there may be no database yet.
std::vector<Bytes> text_names(const Database* texts) {
  std::vector<Bytes> names;
  if (texts == nullptr) return names;
  texts->for_each([&](View name, const Found& found) {
    if (found.type == Type::kString) names.emplace_back(name);
  });
  return names;
}

}  // namespace

Keyspace::Keyspace(uint64_t hash_seed) : chunks_(std::make_unique<ChunkStore>(hash_seed)) {
  for (DbIndex db = 0; db < kDatabases; ++db)
    databases_.push_back(make_database());
}
Keyspace::~Keyspace() = default;

void Keyspace::swap(DbIndex a, DbIndex b) { std::swap(databases_.at(a), databases_.at(b)); }

void Keyspace::swap_content(Keyspace& other) {
  std::swap(chunks_, other.chunks_);
  std::swap(databases_, other.databases_);
  std::swap(libraries_, other.libraries_);
  std::swap(users_, other.users_);
  std::swap(dead_, other.dead_);
}

void Keyspace::flush(DbIndex db) {
  freed_ += databases_.at(db)->size() + databases_.at(db)->dead();
  dead_.push_back(std::exchange(databases_.at(db), make_database()));
}

bool Keyspace::free_some(size_t chunks) {
  if (!dead_.empty()) {
    if (dead_.back()->free_all(chunks)) dead_.pop_back();
    return false;  // the rest next time: one call is one slice
  }
  for (const auto& database : databases_) {
    if (!free_dead(*database, chunks)) return false;
  }
  if (libraries_ != nullptr && !libraries_->free_dead(chunks)) return false;
  return users_ == nullptr || users_->free_dead(chunks);
}

size_t Keyspace::dead() const {
  size_t count = 0;
  for (const auto& database : databases_) count += database->dead();
  for (const auto& database : dead_) count += database->size();
  return count;
}

bool Keyspace::free_dead(Database& database, size_t chunks) {
  const size_t before = database.dead();
  const bool all = database.free_dead(chunks);
  freed_ += before - database.dead();
  return all;
}

void Keyspace::set_library(View name, View code) {
  if (libraries_ == nullptr) libraries_ = make_database();
  libraries_->set_string(name, code);
}

void Keyspace::delete_library(View name) { CHECK(libraries_ != nullptr && libraries_->erase(name)); }

void Keyspace::flush_libraries() {
  if (libraries_ != nullptr) dead_.push_back(std::move(libraries_));
  if (users_ != nullptr) libraries_ = make_database();
}

std::optional<View> Keyspace::library(View name) const {
  const auto found = libraries_ == nullptr ? std::nullopt : libraries_->find(name);
  if (!found || found->type != Type::kString) return std::nullopt;
  return found->text;
}

std::vector<Bytes> Keyspace::library_names() const { return text_names(libraries_.get()); }

void Keyspace::set_user(View name, View rules) {
  if (libraries_ == nullptr) libraries_ = make_database();
  if (users_ == nullptr) users_ = make_database();
  users_->set_string(name, rules);
}

void Keyspace::delete_user(View name) { CHECK(users_ != nullptr && users_->erase(name)); }

std::optional<View> Keyspace::user(View name) const {
  const auto found = users_ == nullptr ? std::nullopt : users_->find(name);
  if (!found || found->type != Type::kString) return std::nullopt;
  return found->text;
}

std::vector<Bytes> Keyspace::user_names() const { return text_names(users_.get()); }

bool Keyspace::tidy_memory(size_t steps, ChunkMemory::Hour hour) {
  const uint64_t moves = chunks_->memory().moves();
  const bool done = chunks_->memory().tidy(steps, hour);
  if (chunks_->memory().moves() == moves) return done;
  for (const auto& database : databases_) database->forget_places();
  if (libraries_ != nullptr) libraries_->forget_places();
  if (users_ != nullptr) users_->forget_places();
  return done;
}

size_t Keyspace::memory() const {
  size_t bytes = chunks_->bytes();
  for (const auto& database : databases_) bytes += database->index_memory();
  for (const auto& database : dead_) bytes += database->index_memory();
  if (users_ != nullptr) bytes += users_->index_memory();
  return bytes + (libraries_ == nullptr ? 0 : libraries_->index_memory());
}

Bytes Keyspace::state() const {
  State state{.hash_seed = chunks_->hash_seed(), .last = chunks_->last_ids(), .roots = {}};
  for (const auto& database : databases_) state.roots.push_back(database->id());
  if (libraries_ != nullptr) state.roots.push_back(libraries_->id());
  if (users_ != nullptr) state.roots.push_back(users_->id());
  return encode(state);
}

// state := form: u8, hash seed: u64, last ids of chunks, values, blobs: u64 each, the id of each database's table: u64,
//          with forms 2 and 3 that of the libraries' table: u64, with form 3 that of the users': u64
// Form 1 says that there are no libraries: a leat that knows none can read it. So is form 2 for users.
Bytes Keyspace::encode(const State& state) {
  Bytes encoded(1, static_cast<char>(kStateForm + state.roots.size() - kDatabases));
  for (const uint64_t number : {state.hash_seed, state.last.chunk, state.last.value, state.last.blob})
    put_fixed(encoded, number);
  for (const ValueId root : state.roots) put_fixed(encoded, root);
  return encoded;
}

std::optional<Keyspace::State> Keyspace::parse(View state) {
  if (state.empty() || state[0] < kStateForm || state[0] > kStateFormWithUsers) return std::nullopt;
  const size_t roots = kDatabases + static_cast<size_t>(state[0] - kStateForm);
  if (state.size() != 1 + (4 + roots) * sizeof(uint64_t)) return std::nullopt;
  const auto number = [&](size_t at) { return get_fixed<uint64_t>(state.data() + 1 + at * sizeof(uint64_t)); };
  State parsed{.hash_seed = number(0), .last = {number(1), number(2), number(3)}, .roots = {}};
  for (size_t db = 0; db < roots; ++db) parsed.roots.push_back(number(4 + db));
  return parsed;
}

uint64_t Keyspace::digest() const {
  uint64_t digest = 0;
  for (const auto& database : databases_) digest = digest::chain(digest, database->digest());
  // Without libraries it is what it was before there could be any: backups of that time know it.
  if (libraries_ != nullptr && libraries_->size() > 0) digest = digest::chain(digest, libraries_->digest());
  if (users_ != nullptr && users_->size() > 0) digest = digest::chain(digest ^ kDigestOfUsers, users_->digest());
  return digest;
}

}  // namespace leat
