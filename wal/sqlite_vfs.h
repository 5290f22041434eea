// SPDX-License-Identifier: Apache-2.0
// sqlite_vfs.h: SQLite on our file interface, so that the disk behind it can be the simulated one too.         [SQLite]
//
// Used by: sqlite.h, one for each connection.
// Always:  - after the first failed call of the disk every call fails, so nothing is written on top of an unknown
//            state: the next start takes the unfinished transaction back, from its journal;
//          - the database file is kept from other programs while it is open, by the locks that SQLite itself takes;
//          - a new file's name is synced with its first sync, and dirty pages never pile up beyond kPieceBytes.
#pragma once

#include <sqlite3.h>

#include <functional>

#include "wal/file.h"

namespace leat::wal {

class SqliteVfs {
 public:
  explicit SqliteVfs(FileSystem& files);  // which must outlive this
  ~SqliteVfs();                           // after its last connection
  SqliteVfs(const SqliteVfs&) = delete;
  SqliteVfs& operator=(const SqliteVfs&) = delete;

  const char* name() const { return name_.c_str(); }         // for sqlite3_open_v2
  const Status& failure() const { return failure_; }         // of the first call that failed
  uint64_t bytes_written() const { return bytes_written_; }  // since this was made, all files together
  // Called when a piece of kPieceBytes is at the disk's door, in the middle of whatever SQLite is doing.
  void on_piece(std::function<void()> rest) { rest_ = std::move(rest); }

 private:
  struct OpenFile;
  struct Calls;  // what SQLite calls

  int open(const char* path, sqlite3_file* into, int flags);
  int remove(const char* path, bool sync_folder);
  int tell(Status status, int code);

  FileSystem& files_;
  const Bytes name_;
  sqlite3_vfs vfs_{};
  Status failure_;
  uint64_t bytes_written_ = 0;
  std::function<void()> rest_;
};

}  // namespace leat::wal
