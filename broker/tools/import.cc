// SPDX-License-Identifier: Apache-2.0
#include "broker/tools/import.h"

#include "broker/keyspace/apply.h"
#include "broker/rdb/file_reader.h"
#include "broker/rdb/restored_value.h"
#include "broker/script/source.h"
#include "broker/storage/new_state.h"
#include "broker/storage/proof.h"
#include "wal/new_folder.h"

namespace leat {

namespace {

// Leat's log has no record of these keys. The folder begins behind as many as a broker would have written, one for
// each: behind the first alone it would look as if a log that lacks them had everything (tools/salvage.cc).
constexpr Index kConfiguration = 1;

// Nobody sends it: as much may come of it as its writer had in memory.
const rdb::ValueCheck::Bounds kBounds{
    .part_max = rdb::FileReader::kStringBytesMax,
    .logged_max = UINT64_MAX,
    .too_long = Status::error("a part of it is longer than 512 MB"),
    .input = {.string_bytes_max = rdb::FileReader::kStringBytesMax, .expanded_max = UINT64_MAX}};

class Importer {
 public:
  Importer(wal::FileSystem& files, const ImportOptions& options, const Tell& tell)
      : files_(files), options_(options), tell_(tell), keyspace_(options.random()) {}

  Result<ImportReport> run();

 private:
  Status read();
  Status take(const rdb::FileReader::Key& key);
  Status take(const rdb::FileReader::Library& library);
  Status take(const rdb::FileReader::Module&);
  Status take(const rdb::FileReader::End&) { return Status::fine(); }
  void lose(Finding finding, View why);
  Status write(const Bytes& folder);
  Status advised(const Status& why) const;

  wal::FileSystem& files_;
  const ImportOptions& options_;
  const Tell& tell_;
  Keyspace keyspace_;
  ImportReport report_;
};

Result<ImportReport> Importer::run() {
  auto folder = wal::NewFolder::begin(files_, options_.to);  // early: a name that is taken is told at once
  if (!folder.ok()) return folder.status();
  Status done = read();
  if (done.ok()) done = write(folder->path());
  if (!done.ok()) {
    folder->give_up();
    return done;
  }
  done = folder->finish();
  if (!done.ok()) return done;
  return report_;
}

Status Importer::read() {
  const auto file = files_.open(options_.file, wal::OpenMode::kRead);
  if (!file.ok()) return file.status();
  rdb::FileReader reader([&](uint64_t offset, char* to, size_t size) { return (*file)->read(offset, to, size); });
  for (;;) {
    const auto item = reader.next();
    if (!item.ok()) return advised(item.status());
    const Status taken = std::visit([this](const auto& one) { return take(one); }, *item);
    if (!taken.ok()) return advised(taken);
    if (std::holds_alternative<rdb::FileReader::End>(*item)) return Status::fine();
  }
}

Status Importer::take(const rdb::FileReader::Key& key) {
  const auto finding = [&key] { return Finding("lost", "key").number("db", key.database).text("key", key.name); };
  if (key.database >= kDatabases) {
    return lose(finding(), "leat has " + std::to_string(kDatabases) + " databases, from 0 on"), Status::fine();
  }
  if (rdb::is_of_module(key.object.layout))
    return lose(finding(), "it is of a module, and leat has none"), Status::fine();
  if (key.expire_at_ms != rdb::kNoLifetime && key.expire_at_ms <= options_.now_ms)
    return ++report_.expired, Status::fine();
  const auto db = static_cast<DbIndex>(key.database);
  const Database& database = keyspace_.database(db);
  if (database.find(key.name)) return Status::error("key " + quoted(key.name) + " is there twice");
  if (const Status whole = rdb::ValueCheck(key.name, kBounds).check(key.object); !whole.ok()) {
    return Status::error("what it says of key " + quoted(key.name) + " cannot be: " + Bytes(whole.text()));
  }
  const rdb::ValueEffects::Emit emit = [&](const Effect& effect) { apply_effect(keyspace_, db, effect); };
  rdb::ValueEffects(database, key.name, key.expire_at_ms == rdb::kNoLifetime ? kNoExpiry : key.expire_at_ms, emit)
      .emit(key.object, kBounds.input);
  return Status::fine();
}

// Whether it runs is for the start to find out, which says so and keeps the text (broker/libraries.h).
Status Importer::take(const rdb::FileReader::Library& library) {
  const auto source = read_library(library.code);
  if (!source.ok()) {
    lose(Finding("lost", "library").text("code", library.code.substr(0, library.code.find('\n'))),
         source.status().text());
    return Status::fine();
  }
  apply_one(keyspace_, 0, LibrarySet{.library = source->name, .code = library.code});
  ++report_.libraries;
  return Status::fine();
}

Status Importer::take(const rdb::FileReader::Module&) {
  lose(Finding("lost", "module"), "what a module keeps beside its keys; leat has no modules");
  return Status::fine();
}

void Importer::lose(Finding finding, View why) {
  ++report_.lost;
  tell_(finding.text("why", why));
}

Status Importer::write(const Bytes& folder) {
  auto store = wal::SnapshotStore::open(files_, folder);
  if (!store.ok()) return store.status();
  report_.keys = count_keys(keyspace_);
  report_.index = kConfiguration + report_.keys + report_.libraries;
  return write_state(files_, folder, keyspace_, std::move(*store),
                     {.ids = {.cluster_id = options_.random(), .server_id = options_.random()},
                      .salt = options_.random(),
                      .index = report_.index,
                      .time_ms = options_.now_ms});
}

Status Importer::advised(const Status& why) const {
  return Status::error(options_.file + ": " + Bytes(why.text()) + ". Nothing was made");
}

}  // namespace

Result<ImportReport> import_file(wal::FileSystem& files, const ImportOptions& options, const Tell& tell) {
  ImportOptions clean = options;
  clean.to = wal::without_last_slash(options.to);
  return Importer(files, clean, tell).run();
}

}  // namespace leat
