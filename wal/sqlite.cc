// SPDX-License-Identifier: Apache-2.0
#include "wal/sqlite.h"

#include "wal/out_of_memory.h"

namespace leat::wal {

Result<std::unique_ptr<Database>> Database::open(FileSystem& files, const Bytes& path) {
  std::unique_ptr<Database> database(new Database(files, path));
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &database->connection_, flags, database->vfs_.name());
  if (code != SQLITE_OK) return database->failure();
  sqlite3_extended_result_codes(database->connection_, 1);
  return database;
}

Database::~Database() { CHECK(sqlite3_close(connection_) == SQLITE_OK); }

Status Database::failure() const {
  if (!vfs_.failure().ok()) return vfs_.failure();
  if ((sqlite3_errcode(connection_) & 0xff) == SQLITE_NOMEM) end_of_memory();
  return Status::error(path_ + ": " + sqlite3_errmsg(connection_));
}

bool Database::seems_damaged() const {
  const int code = sqlite3_errcode(connection_) & 0xff;
  // An error in SQL that is always the same is one in the tables that it is about.
  return vfs_.failure().ok() && (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR);
}

Status Database::run(const char* sql) {
  return sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr) == SQLITE_OK ? Status::fine() : failure();
}

Result<int64_t> Database::number(const char* sql) {
  Statement statement(*this, sql);
  const auto row = statement.step();
  if (!row.ok()) return row.status();
  if (!*row) return Status::error(path_ + ": no answer to " + sql);
  return statement.number(0);
}

Statement::Statement(Database& database, const char* sql) : database_(database) {
  // The flag: it is there for long, so its memory is not taken from what short ones share.
  const int code = sqlite3_prepare_v3(database.connection_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  if (code != SQLITE_OK) prepared_ = database.failure();
}

Statement& Statement::bind(int place, uint64_t value) { return bind(place, static_cast<int64_t>(value)); }

Statement& Statement::bind(int place, int64_t value) {
  sqlite3_bind_int64(statement_, place, value);
  return *this;
}

Statement& Statement::bind(int place, View bytes) {
  const char* from = bytes.data() != nullptr ? bytes.data() : "";  // a null pointer would be SQL's NULL
  sqlite3_bind_blob64(statement_, place, from, bytes.size(), SQLITE_STATIC);
  return *this;
}

Result<bool> Statement::step() {
  if (!prepared_.ok()) return prepared_;
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) return database_.failure();
  return code == SQLITE_ROW;
}

void Statement::rewind() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Status Statement::run() {
  for (;;) {
    const auto row = step();
    if (row.ok() && *row) continue;
    rewind();
    return row.status();
  }
}

View Statement::bytes(int column) const {
  const auto* from = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return View(from, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

}  // namespace leat::wal
