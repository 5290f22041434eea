// SPDX-License-Identifier: Apache-2.0
#include "wal/snapshot_store.h"

#include <algorithm>

#include "wal/segment.h"
#include "wal/snapshot_columns.h"
#include "wal/snapshot_schema.h"

namespace leat::wal {

namespace {

constexpr int64_t kApplicationId = 0x6c656174;  // these two as in schemas/snapshot.sql
constexpr int64_t kVersion = 1;
constexpr uint64_t kIdMax = INT64_MAX;  // SQLite's ids are signed, and its order is that of their signs
constexpr uint64_t kProgressEvery = uint64_t{8} << 20;

// A rollback journal and not a write-ahead log: a first snapshot then writes each page once, a later one about twice.
// secure_delete (on in Debian) would write zeros over every page that is freed.
constexpr char kSettings[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = TRUNCATE;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA secure_delete = OFF;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -16384;"  // KiB
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;";

Status remove_if_there(FileSystem& files, const Bytes& path) {
  const auto exists = files.exists(path);
  if (!exists.ok()) return exists.status();
  return *exists ? files.unlink(path) : Status::fine();
}

Status make_tables(FileSystem& files, const Bytes& path) {
  auto database = Database::open(files, path);
  if (!database.ok()) return database.status();
  Status done =
      (*database)->run("PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL;");  // it is thrown away if cut short
  return done.ok() ? (*database)->run(kSnapshotSchema) : done;
}

// Beside, then renamed. A journal that stayed behind when its database was removed would be played into the new one.
Status make_new(FileSystem& files, const Bytes& folder) {
  const Bytes unfinished = join_path(folder, kSnapshotUnfinished);
  Status done = remove_if_there(files, unfinished);
  if (done.ok()) done = remove_if_there(files, join_path(folder, kSnapshotJournal));
  if (done.ok()) done = make_tables(files, unfinished);
  if (done.ok()) done = files.sync_folder(folder);
  if (done.ok()) done = files.rename(unfinished, join_path(folder, kSnapshotName));
  return done.ok() ? files.sync_folder(folder) : done;
}

// A process that died may have cut the journal short, or made it, and synced neither. Over what the disk still has of
// it the next one would be written, and a power cut could then play back a part of the old: this makes the disk know
// what we see.
Status settle_journal(FileSystem& files, const Bytes& folder) {
  const Bytes path = join_path(folder, kSnapshotJournal);
  const auto exists = files.exists(path);
  if (!exists.ok()) return exists.status();
  if (!*exists) return Status::fine();
  const auto journal = files.open(path, OpenMode::kWrite);
  if (!journal.ok()) return journal.status();
  Status done = (*journal)->sync();
  return done.ok() ? files.sync_folder(folder) : done;
}

Status check_version(Database& database) {
  const auto application = database.number("PRAGMA application_id");
  if (!application.ok()) return application.status();
  const auto version = database.number("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*application == kApplicationId && *version == kVersion) return Status::fine();
  if (*application != kApplicationId) return Status::error(database.path() + " is not a snapshot of leat");
  return Status::error(database.path() + " has format version " + std::to_string(*version) +
                       ", this leat reads version " + std::to_string(kVersion));
}

Bytes name_of(const char* table, uint64_t id) { return Bytes("row ") + std::to_string(id) + " of table " + table; }

Status too_large(const Bytes& what, uint64_t bytes) {
  return Status::error(what + " has " + std::to_string(bytes) + " bytes, and a snapshot can hold at most " +
                       std::to_string(kSnapshotBytesMax) + " in one");
}

}  // namespace

struct SnapshotStore::Statements {
  explicit Statements(Database& database)
      : chunk_mark(database, "SELECT mark FROM chunks WHERE id = ?"),
        blob_mark(database, "SELECT mark FROM blobs WHERE id = ?"),
        put_chunk(database, "REPLACE INTO chunks (id, owner, kind, detail, mark, bytes) VALUES (?, ?, ?, ?, ?, ?)"),
        put_blob(database, "REPLACE INTO blobs (id, mark, bytes) VALUES (?, ?, ?)"),
        drop_chunk(database, "DELETE FROM chunks WHERE id = ?"),
        drop_blob(database, "DELETE FROM blobs WHERE id = ?"),
        put_meta(
            database,
            "REPLACE INTO meta (id, cluster_id, server_id, term, log_index, time_ms, row_count, digest, mark, state)"
            " VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)") {}

  Statement chunk_mark, blob_mark;
  Statement put_chunk, put_blob;
  Statement drop_chunk, drop_blob;
  Statement put_meta;
};

SnapshotStore::SnapshotStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
SnapshotStore::~SnapshotStore() = default;

Result<std::unique_ptr<SnapshotStore>> SnapshotStore::open(FileSystem& files, const Bytes& folder) {
  const Bytes path = join_path(folder, kSnapshotName);
  const auto exists = files.exists(path);
  if (!exists.ok()) return exists.status();
  Status done = *exists ? settle_journal(files, folder) : make_new(files, folder);
  if (!done.ok()) return done;
  auto database = Database::open(files, path);
  if (!database.ok()) return database.status();
  std::unique_ptr<SnapshotStore> store(new SnapshotStore(std::move(*database)));
  done = store->prepare();
  if (!done.ok()) return store->advised(std::move(done));
  return store;
}

Status SnapshotStore::prepare() {
  Status done = database_->run(kSettings);
  if (done.ok()) done = check_version(*database_);
  if (!done.ok()) return done;
  statements_ = std::make_unique<Statements>(*database_);
  return read_meta();
}

Status SnapshotStore::read_meta() {
  Statement row(*database_, kSelectMeta);
  const auto there = row.step();
  if (!there.ok()) return there.status();
  return *there ? take_meta(row) : check_empty();
}

Status SnapshotStore::take_meta(Statement& row) {
  MetaRow stored = meta_row(row);
  committed_ = tally_ = stored.tally;
  if (stored.mark != mark_of(stored.meta, committed_)) return damaged("the row of table meta does not fit its mark");
  meta_ = std::move(stored.meta);
  return Status::fine();
}

// Nothing is committed without meta: rows without it mean that it was lost.
Status SnapshotStore::check_empty() {
  const auto rows = database_->number("SELECT EXISTS (SELECT 1 FROM chunks) + EXISTS (SELECT 1 FROM blobs)");
  if (!rows.ok()) return rows.status();
  return *rows == 0 ? Status::fine() : damaged("there are rows, but table meta is empty");
}

// How far a load is.
struct SnapshotStore::Loading {
  const SnapshotLoader& loader;
  SnapshotTally seen;
  uint64_t bytes = 0;
  uint64_t total = 0;

  void add(uint64_t mark, uint64_t row_bytes) {
    seen.add(mark);
    const uint64_t before = bytes;
    bytes += row_bytes;
    const bool tells = loader.on_progress && before / kProgressEvery != bytes / kProgressEvery;
    if (tells) loader.on_progress(bytes, std::max(bytes, total));
  }
};

Status SnapshotStore::load(const SnapshotLoader& loader) {
  if (!status_.ok()) return status_;
  const auto total = file_bytes();  // more or less
  if (!total.ok()) return keep(total.status());
  Loading loading{.loader = loader, .total = *total};
  Status done = load_blobs(loading);
  if (done.ok()) done = load_chunks(loading);
  if (!done.ok()) return keep(advised(std::move(done)));
  database_->give_back_memory();  // all of it was read once, and nobody will ask for it again
  if (loader.on_progress) loader.on_progress(loading.bytes, loading.bytes);
  const SnapshotTally& seen = loading.seen;
  if (seen == committed_) return Status::fine();
  return keep(damaged("it holds " + std::to_string(seen.rows) +
                      " rows, each whole, and table meta says that there are " + std::to_string(committed_.rows) +
                      (seen.rows == committed_.rows ? ", with another digest" : "")));
}

Status SnapshotStore::load_blobs(Loading& loading) {
  const auto& take = loading.loader.on_blob;
  Statement row(*database_, "SELECT id, mark, bytes FROM blobs ORDER BY id");
  uint64_t last = 0;
  for (;;) {
    const auto there = row.step();
    if (!there.ok() || !*there) return there.status();
    const SnapshotBlob blob{.id = row.number_u64(0), .bytes = row.bytes(2)};
    const uint64_t mark = mark_of(blob);
    Status whole = check_row("blobs", blob.id, mark == row.number_u64(1), last);
    if (!whole.ok()) return whole;
    loading.add(mark, blob.bytes.size());
    Status taken = take ? take(blob) : Status::fine();
    if (!taken.ok()) return damaged(name_of("blobs", blob.id) + " cannot be used: " + Bytes(taken.text()));
  }
}

Status SnapshotStore::load_chunks(Loading& loading) {
  const auto& take = loading.loader.on_chunk;
  Statement row(*database_, "SELECT id, owner, kind, detail, mark, bytes FROM chunks ORDER BY id");
  ChunkId last = 0;
  for (;;) {
    const auto there = row.step();
    if (!there.ok() || !*there) return there.status();
    const SnapshotRow chunk{.id = row.number_u64(0),
                            .owner = row.number_u64(1),
                            .kind = static_cast<uint8_t>(row.number(2)),
                            .detail = row.number(3),
                            .bytes = row.bytes(5)};
    const uint64_t mark = mark_of(chunk);
    const bool fits = mark == row.number_u64(4) && row.number(2) == chunk.kind;
    Status whole = check_row("chunks", chunk.id, fits, last);
    if (!whole.ok()) return whole;
    loading.add(mark, chunk.bytes.size());
    Status taken = take ? take(chunk) : Status::fine();
    if (!taken.ok()) return damaged(name_of("chunks", chunk.id) + " cannot be used: " + Bytes(taken.text()));
  }
}

Status SnapshotStore::check_row(const char* table, uint64_t id, bool fits_mark, uint64_t& last) const {
  if (!fits_mark) return damaged(name_of(table, id) + " does not fit its mark");
  const bool follows = id > std::exchange(last, id);
  return follows ? Status::fine() : damaged(name_of(table, id) + " is not in its place");
}

Status SnapshotStore::check_pages() {
  Statement row(*database_, "PRAGMA quick_check(1)");
  const auto there = row.step();
  if (!there.ok()) return advised(there.status());
  if (!*there || row.bytes(0) == "ok") return Status::fine();
  return damaged(Bytes(row.bytes(0)));
}

Result<uint64_t> SnapshotStore::file_bytes() {
  const auto pages = database_->number("PRAGMA page_count");
  if (!pages.ok()) return pages.status();
  const auto page_bytes = database_->number("PRAGMA page_size");
  if (!page_bytes.ok()) return page_bytes.status();
  return static_cast<uint64_t>(*pages * *page_bytes);
}

Status SnapshotStore::begin() {
  if (!status_.ok() || begun_) return status_;
  begun_ = true;
  return keep(database_->run("BEGIN IMMEDIATE"));
}

Status SnapshotStore::make_room(const char* table, Statement& mark_of_old, uint64_t id, uint64_t bytes) {
  if (id == 0 || id > kIdMax) return Status::error(name_of(table, id) + " cannot be: ids go from 1 to 2^63 - 1");
  if (bytes > kSnapshotBytesMax) return too_large(name_of(table, id), bytes);
  return forget_old(mark_of_old, id);
}

// A row that is to be replaced or dropped leaves the tally.
Status SnapshotStore::forget_old(Statement& mark_of_old, uint64_t id) {
  const auto there = mark_of_old.bind(1, id).step();
  if (there.ok() && *there) tally_.take_away(mark_of_old.number_u64(0));
  mark_of_old.rewind();
  return there.status();
}

Status SnapshotStore::put(const SnapshotRow& row) {
  if (!begin().ok()) return status_;
  Status done = make_room("chunks", statements_->chunk_mark, row.id, row.bytes.size());
  if (!done.ok()) return keep(std::move(done));
  const uint64_t mark = mark_of(row);
  tally_.add(mark);
  Statement& put = statements_->put_chunk;
  put.bind(1, row.id).bind(2, row.owner).bind(3, int64_t{row.kind}).bind(4, row.detail).bind(5, mark);
  return keep(put.bind(6, row.bytes).run());
}

Status SnapshotStore::put(const SnapshotBlob& blob) {
  if (!begin().ok()) return status_;
  Status done = make_room("blobs", statements_->blob_mark, blob.id, blob.bytes.size());
  if (!done.ok()) return keep(std::move(done));
  const uint64_t mark = mark_of(blob);
  tally_.add(mark);
  return keep(statements_->put_blob.bind(1, blob.id).bind(2, mark).bind(3, blob.bytes).run());
}

Status SnapshotStore::drop(Statement& mark_of_old, Statement& drop, uint64_t id) {
  if (!begin().ok()) return status_;
  Status done = forget_old(mark_of_old, id);
  return keep(done.ok() ? drop.bind(1, id).run() : std::move(done));
}

Status SnapshotStore::drop_chunk(ChunkId id) { return drop(statements_->chunk_mark, statements_->drop_chunk, id); }
Status SnapshotStore::drop_blob(uint64_t id) { return drop(statements_->blob_mark, statements_->drop_blob, id); }

Status SnapshotStore::commit(const SnapshotMeta& meta) {
  if (!begin().ok()) return status_;
  const bool fits = meta.state.size() <= kSnapshotBytesMax;
  Status done = fits ? write_meta(meta) : too_large("the state beside the chunks", meta.state.size());
  if (done.ok()) done = give_back_pages();
  if (done.ok()) done = database_->run("COMMIT");
  if (!done.ok()) return keep(std::move(done));
  database_->give_back_memory();  // the next snapshot is minutes away, and its rows are elsewhere
  begun_ = false;
  meta_ = meta;
  committed_ = tally_;
  return status_;
}

Status SnapshotStore::write_meta(const SnapshotMeta& meta) {
  Statement& put = statements_->put_meta;
  put.bind(1, meta.cluster_id).bind(2, meta.server_id).bind(3, meta.term).bind(4, meta.index).bind(5, meta.time_ms);
  put.bind(6, tally_.rows).bind(7, tally_.digest).bind(8, mark_of(meta, tally_)).bind(9, meta.state);
  return put.run();
}

// When most of the file is free pages, some of them go: 4 MiB a commit, so that no commit waits long for it.
Status SnapshotStore::give_back_pages() {
  const auto free = database_->number("PRAGMA freelist_count");
  if (!free.ok()) return free.status();
  const auto pages = database_->number("PRAGMA page_count");
  if (!pages.ok()) return pages.status();
  return *free > *pages / 2 ? database_->run("PRAGMA incremental_vacuum(1024)") : Status::fine();
}

Status SnapshotStore::keep(Status done) {
  if (status_.ok() && !done.ok()) status_ = std::move(done);
  return status_;
}

// What SQLite found, in our words.
Status SnapshotStore::advised(Status why) const {
  return database_->seems_damaged() ? damaged(database_->complaint()) : std::move(why);
}

Status SnapshotStore::damaged(const Bytes& what) const {
  return Status::error(database_->path() + " is damaged: " + what +
                       ". Restore the folder from a backup or a replica; without one: leat salvage " +
                       parent_folder(database_->path()) + " --to NEW keeps what is left, and loses nothing while " +
                       "the log still begins at record 1 (the file " + segment_name(1) + ")");
}

}  // namespace leat::wal
