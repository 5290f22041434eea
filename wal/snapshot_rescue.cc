// SPDX-License-Identifier: Apache-2.0
#include "wal/snapshot_rescue.h"

#include "wal/overlay.h"
#include "wal/segment.h"
#include "wal/snapshot_columns.h"
#include "wal/snapshot_schema.h"

namespace leat::wal {

namespace {

constexpr uint64_t kIdMax = INT64_MAX;
constexpr uint64_t kProbes = 512;  // ids sought one by one behind a bad page: more than a page of small rows has
constexpr size_t kStateBytesMax = 64 << 10;  // of meta: beyond, it is not read bit by bit
constexpr size_t kTroubleMax = 10000;        // bad pages; beyond, the rest of the table is given up

// Each cell is checked when its page is read. With a writable schema SQLite forgives a file that was cut short, and
// reads the pages that are left.
constexpr char kSettings[] =
    "PRAGMA writable_schema = ON;"
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;";

constexpr size_t kPage = 4096;
constexpr size_t kChangesAt = 24, kPagesAt = 28, kValidForAt = 92;  // in SQLite's header; its numbers are big-endian

void set_big_endian(Bytes& page, size_t at, uint32_t number) { set_fixed(page.data() + at, __builtin_bswap32(number)); }

// Page 1 as it is in every snapshot: SQLite's header, and where the tables begin. Without free pages, which nobody
// reads.
Result<Bytes> first_page(uint32_t pages) {
  const auto nothing = no_files();
  OverlayFiles memory(*nothing);
  const Bytes path(kSnapshotName);
  {
    auto database = Database::open(memory, path);
    if (!database.ok()) return database.status();
    Status made = (*database)->run("PRAGMA journal_mode = OFF;");
    if (made.ok()) made = (*database)->run(kSnapshotSchema);
    if (!made.ok()) return made;
  }
  auto file = memory.open(path, OpenMode::kRead);
  if (!file.ok()) return file.status();
  Bytes page(kPage, '\0');
  const auto got = (*file)->read(0, page.data(), page.size());
  if (!got.ok()) return got.status();
  set_big_endian(page, kChangesAt, 1);
  set_big_endian(page, kPagesAt, pages);
  set_big_endian(page, kValidForAt, 1);
  return page;
}

Status replace_first_page(FileSystem& files, const Bytes& path) {
  auto file = files.open(path, OpenMode::kWrite);
  if (!file.ok()) return file.status();
  const auto size = (*file)->size();
  if (!size.ok()) return size.status();
  const auto page = first_page(static_cast<uint32_t>(*size / kPage));
  return page.ok() ? (*file)->write(0, *page) : page.status();
}

Status find_tables(Database& database) {
  if (Status set = database.run(kSettings); !set.ok()) return set;
  for (const char* table : {"SELECT 1 FROM chunks LIMIT 0", "SELECT 1 FROM blobs LIMIT 0"}) {
    Statement looked(database, table);
    if (const auto there = looked.step(); !there.ok()) return there.status();
  }
  return Status::fine();
}

// One bit that turned, anywhere in the row, is found by trying each: 64 bits of a mark do not fit by accident.
bool turn_back(SnapshotMeta& meta, SnapshotTally& told, uint64_t& mark) {
  uint64_t time = static_cast<uint64_t>(meta.time_ms);
  const auto fits = [&] {
    meta.time_ms = static_cast<TimeMs>(time);
    return mark == mark_of(meta, told);
  };
  if (fits()) return true;
  for (uint64_t* number :
       {&meta.cluster_id, &meta.server_id, &meta.term, &meta.index, &time, &told.rows, &told.digest, &mark}) {
    for (unsigned bit = 0; bit < 64; ++bit) {
      *number ^= uint64_t{1} << bit;
      if (fits()) return true;
      *number ^= uint64_t{1} << bit;
    }
  }
  for (char& byte : meta.state) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      byte = static_cast<char>(byte ^ 1 << bit);
      if (fits()) return true;
      byte = static_cast<char>(byte ^ 1 << bit);
    }
  }
  return false;
}

}  // namespace

struct SnapshotRescue::Table {
  const char* name;
  const char* from_id;  // rows at or behind an id, in order
  const char* at_id;
  bool is_chunks;
};

SnapshotRescue::~SnapshotRescue() = default;

Result<std::unique_ptr<SnapshotRescue>> SnapshotRescue::open(FileSystem& files, const Bytes& folder) {
  const Bytes path = join_path(folder, kSnapshotName);
  auto database = Database::open(files, path);
  if (!database.ok()) return database.status();
  Status found = find_tables(**database);
  if (!found.ok() && (*database)->seems_damaged()) {  // then it is page 1, which says nothing that is not known
    database->reset();
    if (Status replaced = replace_first_page(files, path); !replaced.ok()) return replaced;
    database = Database::open(files, path);
    if (!database.ok()) return database.status();
    found = find_tables(**database);
  }
  if (!found.ok()) return found;
  std::unique_ptr<SnapshotRescue> rescue(new SnapshotRescue(std::move(*database)));
  rescue->read_meta();
  return rescue;
}

// One that does not fit its mark is none: an index that is wrong would have effects applied twice, or never.
void SnapshotRescue::read_meta() {
  Statement row(*database_, kSelectMeta);
  const auto there = row.step();
  if (!there.ok() || !*there || row.bytes(kMetaStateColumn).size() > kStateBytesMax) return;
  auto [meta, told, mark] = meta_row(row);
  if (!turn_back(meta, told, mark)) return;
  told_ = told;
  meta_ = std::move(meta);
}

Status SnapshotRescue::read(const RescueListener& listener) {
  const Table blobs{.name = "blobs",
                    .from_id = "SELECT id, mark, bytes FROM blobs WHERE id >= ? ORDER BY id",
                    .at_id = "SELECT id, mark, bytes FROM blobs WHERE id = ?",
                    .is_chunks = false};
  const Table chunks{.name = "chunks",
                     .from_id = "SELECT id, owner, kind, detail, mark, bytes FROM chunks WHERE id >= ? ORDER BY id",
                     .at_id = "SELECT id, owner, kind, detail, mark, bytes FROM chunks WHERE id = ?",
                     .is_chunks = true};
  Status done = read_table(blobs, listener);
  return done.ok() ? read_table(chunks, listener) : done;
}

Status SnapshotRescue::read_table(const Table& table, const RescueListener& listener) {
  lost_.clear();
  uint64_t next = 1;
  for (size_t trouble = 0; trouble < kTroubleMax && next <= kIdMax; ++trouble) {
    const auto ended = read_from(table, next, listener);
    if (!ended.ok() || *ended) return ended.status();
    if (Status told = listener.on_lost({.table = table.name, .id = next, .page = true}); !told.ok()) return told;
    Status done = probe(table, next, listener);
    if (done.ok()) done = step_behind(table, next);
    if (!done.ok()) return done;
  }
  return Status::fine();
}

// In order, until the table ends (true) or a page cannot be read; `next` is then behind the last row that could be.
Result<bool> SnapshotRescue::read_from(const Table& table, uint64_t& next, const RescueListener& listener) {
  Statement row(*database_, table.from_id);
  row.bind(1, next);
  for (;;) {
    const auto there = row.step();
    if (!there.ok()) return database_->seems_damaged() ? Result<bool>(false) : there.status();
    if (!*there) return true;
    const uint64_t id = row.number_u64(0);
    if (id < next || id > kIdMax) return false;  // pages that lead in a circle
    Status taken = take(table, row, listener);
    if (!taken.ok()) return taken;
    next = id + 1;
  }
}

// Rows on the bad page that can still be found by their ids, and those right behind it.
Status SnapshotRescue::probe(const Table& table, uint64_t& next, const RescueListener& listener) {
  Statement row(*database_, table.at_id);
  for (uint64_t left = kProbes; left > 0 && next <= kIdMax; --left, ++next) {
    const auto there = row.bind(1, next).step();
    if (!there.ok() && !database_->seems_damaged()) return there.status();
    Status taken = there.ok() && *there ? take(table, row, listener) : Status::fine();
    row.rewind();
    if (!taken.ok()) return taken;
  }
  return Status::fine();
}

// Moves `next` to where reading can go on: farther and farther, then back to the first such place.
Status SnapshotRescue::step_behind(const Table& table, uint64_t& next) {
  uint64_t bad = next, step = 1;
  for (;; step *= 2) {
    const auto good = can_seek(table, next);
    if (!good.ok()) return good.status();
    if (*good) break;
    if (next > kIdMax - step) return next = kIdMax + 1, Status::fine();
    bad = next;
    next += step;
  }
  while (next - bad > 1) {
    const uint64_t middle = bad + (next - bad) / 2;
    const auto good = can_seek(table, middle);
    if (!good.ok()) return good.status();
    (*good ? next : bad) = middle;
  }
  return Status::fine();
}

// Whether the way to the first row at or behind an id can be read.
Result<bool> SnapshotRescue::can_seek(const Table& table, uint64_t id) {
  Statement row(*database_, table.from_id);
  const auto there = row.bind(1, id).step();
  if (there.ok()) return !*there || (row.number_u64(0) >= id && row.number_u64(0) <= kIdMax);
  return database_->seems_damaged() ? Result<bool>(false) : there.status();
}

Status SnapshotRescue::take(const Table& table, Statement& row, const RescueListener& listener) {
  const uint64_t id = row.number_u64(0);
  uint64_t mark = 0;
  bool whole = false;
  LostRow lost{.table = table.name, .id = id};
  SnapshotRow chunk;
  SnapshotBlob blob;
  if (table.is_chunks) {
    chunk = {.id = id,
             .owner = row.number_u64(1),
             .kind = static_cast<uint8_t>(row.number(2)),
             .detail = row.number(3),
             .bytes = row.bytes(5)};
    mark = mark_of(chunk);
    whole = mark == row.number_u64(4) && row.number(2) == chunk.kind;
    lost.owner = chunk.owner;
  } else {
    blob = {.id = id, .bytes = row.bytes(2)};
    mark = mark_of(blob);
    whole = mark == row.number_u64(1);
  }
  if (!whole) return lost_.insert(id).second ? listener.on_lost(lost) : Status::fine();
  seen_.add(mark);
  return table.is_chunks ? listener.on_chunk(chunk) : listener.on_blob(blob);
}

}  // namespace leat::wal
