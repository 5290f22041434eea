// SPDX-License-Identifier: Apache-2.0
// file.h: the one interface to disk. Tests put a disk behind it that fails, tears, forgets and fills up.
//
// Used by: every file of wal/; the broker makes one with system_files() and passes it on.
// Always:  - every call is synchronous and whole: a write wrote everything or failed;
//          - the sentence of a failure names the call, the file and the reason;
//          - one File is used by one thread at a time, the FileSystem by any.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "schemas/bytes.h"
#include "schemas/status.h"

namespace leat::wal {

class File {
 public:
  virtual ~File() = default;  // closes
  virtual Status write(uint64_t offset, View bytes) = 0;
  // The same for whole pages (kPageBytes) at the beginning of one, in the file and in memory (page_buffer.h). Where the
  // disk allows it they do not pass through the page cache: such a write with its sync takes a third less of the core.
  virtual Status write_pages(uint64_t offset, View bytes) { return write(offset, bytes); }
  // The same as writing zeros, but where the disk allows it around the cache: filling a segment that way takes 3 ms of
  // CPU, through the cache 180.
  virtual Status write_zeros(uint64_t offset, uint64_t size) = 0;
  // Fewer bytes than asked for only at the end of the file.
  virtual Result<size_t> read(uint64_t offset, char* to, size_t size) = 0;
  virtual Status sync() = 0;  // the bytes and the size (fdatasync)
  virtual bool is_removed() const { return false; }  // no folder has it any more: what is in it ends with this File
  // Brings what was written to the disk's door, and waits for that, so that a sync later on, of any file, finds little
  // to do. Promises nothing: the disk may still lose it. Much kinder to the log beside it than sync().
  virtual Status write_back() = 0;
  virtual Status truncate(uint64_t size) = 0;
  virtual Result<uint64_t> size() = 0;
  // Keeps these bytes to this File alone, also against other programs, until it is closed. Fails at once when another
  // has a part of them, be it only to read.
  virtual Status lock_range(uint64_t offset, uint64_t size) = 0;
};

// Held until it is destroyed, or the process dies. Survives a rename of the folder around it.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode : uint8_t {
  kRead,
  kWrite,   // and read; must exist
  kCreate,  // and write and read; emptied if it exists
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const Bytes& path, OpenMode mode) = 0;
  virtual Status rename(const Bytes& from, const Bytes& to) = 0;
  virtual Status unlink(const Bytes& path) = 0;
  virtual Status make_folder(const Bytes& path) = 0;
  virtual Result<uint64_t> free_bytes(const Bytes& folder) = 0;  // that this process may still write there
  virtual Status remove_folder(const Bytes& path) = 0;  // an empty one
  virtual Status sync_folder(const Bytes& path) = 0;  // its names: what was created, renamed, removed in it
  virtual Result<std::vector<Bytes>> list(const Bytes& folder) = 0;  // names, sorted
  virtual Result<bool> exists(const Bytes& path) = 0;
  // Makes the file if need be and writes this process' id into it. When another holds it, the sentence names its id.
  virtual Result<std::unique_ptr<FileLock>> lock(const Bytes& path) = 0;
  // The id of the process that holds the lock; nothing when nobody does. Changes nothing.
  virtual Result<std::optional<Bytes>> lock_owner(const Bytes& path) = 0;
};

constexpr uint64_t kPageBytes = 4096;

std::unique_ptr<FileSystem> system_files();

Bytes join_path(View folder, View name);
Bytes parent_folder(View path);

}  // namespace leat::wal
