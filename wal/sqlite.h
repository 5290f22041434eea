// SPDX-License-Identifier: Apache-2.0
// sqlite.h: one connection to a database file, and statements, with our Status for SQLite's codes.             [SQLite]
//
// Used by: snapshot_store.
// Always:  - the sentence of a failure is the disk's where the disk failed, SQLite's otherwise;
//          - one thread at a time.
#pragma once

#include <memory>

#include "wal/sqlite_vfs.h"

namespace leat::wal {

class Database {
 public:
  // `files` must outlive this.
  static Result<std::unique_ptr<Database>> open(FileSystem& files, const Bytes& path);
  ~Database();  // takes an unfinished transaction back

  Status run(const char* sql);              // one statement or several, without results
  Result<int64_t> number(const char* sql);  // the first column of the only row
  // Of the call that just failed: the sentence, SQLite's own words, and whether it found the file damaged (a disk that
  // failed is another matter).
  Status failure() const;
  Bytes complaint() const { return sqlite3_errmsg(connection_); }
  bool seems_damaged() const;
  void give_back_memory() { sqlite3_db_release_memory(connection_); }  // of its cache of pages
  const Bytes& path() const { return path_; }
  uint64_t bytes_written() const { return vfs_.bytes_written(); }
  void on_piece(std::function<void()> rest) { vfs_.on_piece(std::move(rest)); }

 private:
  friend class Statement;
  Database(FileSystem& files, Bytes path) : vfs_(files), path_(std::move(path)) {}

  SqliteVfs vfs_;
  const Bytes path_;
  sqlite3* connection_ = nullptr;
};

// Prepared once, run often. Bind, step, read, rewind. A statement that could not be prepared fails with its first step.
class Statement {
 public:
  Statement(Database& database, const char* sql);  // which must outlive this
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  Statement& bind(int place, uint64_t value);  // places count from 1; bit by bit
  Statement& bind(int place, int64_t value);
  Statement& bind(int place, View bytes);  // borrowed until rewind()
  Result<bool> step();                     // whether a row is there to be read
  void rewind();
  Status run();  // to its end, results ignored, and rewinds

  int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  uint64_t number_u64(int column) const { return static_cast<uint64_t>(number(column)); }
  View bytes(int column) const;  // until the next step

 private:
  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  Status prepared_;
};

}  // namespace leat::wal
