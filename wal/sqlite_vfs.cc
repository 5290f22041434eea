// SPDX-License-Identifier: Apache-2.0
#include "wal/sqlite_vfs.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>

namespace leat::wal {

namespace {

// What SQLite calls PENDING_BYTE and the 512 bytes that its locks take. No page of a database ever stands there.
constexpr uint64_t kLockOffset = 0x40000000;
constexpr uint64_t kLockBytes = 512;
// A sync of the log that comes while so much is on its way to the disk waits for it, so it is little: with 256 KiB 99
// of 100 awaited pushes took 2.5 times as long while a snapshot was taken as without one, with these 1.7 times.
constexpr uint64_t kPieceBytes = uint64_t{64} << 10;
// Reads come page by page, and a load wants them all: what follows one is fetched with it.
constexpr size_t kReadAhead = size_t{128} << 10;
constexpr int kSectorBytes = 4096;  // a page: what a torn write of a page can reach is only that page
constexpr int kPathBytesMax = 4096;

// Addresses are unique as long as what lives there does.
Bytes unique_name(const void* owner) {
  char name[32];
  std::snprintf(name, sizeof name, "leat-%p", owner);
  return name;
}

}  // namespace

struct SqliteVfs::OpenFile : sqlite3_file {
  OpenFile(SqliteVfs& vfs, std::unique_ptr<File> file, Bytes path, bool is_new)
      : sqlite3_file{}, vfs(vfs), file(std::move(file)), path(std::move(path)), name_owed(is_new) {}

  int read(char* to, size_t size, uint64_t offset);
  int write(View bytes, uint64_t offset);
  int end_piece();
  int truncate(uint64_t size);
  int sync();
  Result<View> peek(size_t size, uint64_t offset);

  SqliteVfs& vfs;
  std::unique_ptr<File> file;
  const Bytes path;
  bool name_owed;          // the folder does not surely know the file yet
  uint64_t in_cache = 0;   // bytes that the disk was not told of
  Bytes window;            // what was read last …
  uint64_t window_at = 0;  // … and where it began
  uint64_t expected = 0;   // where a reader that goes straight on would read next
};

Result<View> SqliteVfs::OpenFile::peek(size_t size, uint64_t offset) {
  const bool held = offset >= window_at && offset + size <= window_at + window.size();
  if (!held) {
    window.resize(std::max(size, offset == expected ? kReadAhead : size));
    const auto got = file->read(offset, window.data(), window.size());
    window.resize(got.ok() ? *got : 0);
    window_at = offset;
    if (!got.ok()) return got.status();
  }
  expected = offset + size;
  return View(window).substr(static_cast<size_t>(offset - window_at), size);
}

int SqliteVfs::OpenFile::read(char* to, size_t size, uint64_t offset) {
  if (!vfs.failure_.ok()) return SQLITE_IOERR_READ;
  const auto got = peek(size, offset);
  if (!got.ok()) return vfs.tell(got.status(), SQLITE_IOERR_READ);
  std::memcpy(to, got->data(), got->size());
  if (got->size() == size) return SQLITE_OK;
  std::memset(to + got->size(), 0, size - got->size());  // SQLite counts on that
  return SQLITE_IOERR_SHORT_READ;
}

int SqliteVfs::OpenFile::write(View bytes, uint64_t offset) {
  if (!vfs.failure_.ok()) return SQLITE_IOERR_WRITE;
  window.clear();
  const int done = vfs.tell(file->write(offset, bytes), SQLITE_IOERR_WRITE);
  vfs.bytes_written_ += bytes.size();
  in_cache += bytes.size();
  return done == SQLITE_OK && in_cache >= kPieceBytes ? end_piece() : done;
}

int SqliteVfs::OpenFile::end_piece() {
  const int done = vfs.tell(file->write_back(), SQLITE_IOERR_WRITE);
  in_cache = 0;
  if (done == SQLITE_OK && vfs.rest_) vfs.rest_();
  return done;
}

int SqliteVfs::OpenFile::truncate(uint64_t size) {
  if (!vfs.failure_.ok()) return SQLITE_IOERR_TRUNCATE;
  window.clear();
  return vfs.tell(file->truncate(size), SQLITE_IOERR_TRUNCATE);
}

int SqliteVfs::OpenFile::sync() {
  if (!vfs.failure_.ok()) return SQLITE_IOERR_FSYNC;
  const int done = vfs.tell(file->sync(), SQLITE_IOERR_FSYNC);
  if (done != SQLITE_OK) return done;
  in_cache = 0;
  if (!std::exchange(name_owed, false)) return SQLITE_OK;
  return vfs.tell(vfs.files_.sync_folder(parent_folder(path)), SQLITE_IOERR_DIR_FSYNC);
}

// Every call of SQLite, handed to the object that it is about.
struct SqliteVfs::Calls {
  static OpenFile& of(sqlite3_file* file) { return *static_cast<OpenFile*>(file); }
  static SqliteVfs& of(sqlite3_vfs* vfs) { return *static_cast<SqliteVfs*>(vfs->pAppData); }

  static int close(sqlite3_file* file) {
    of(file).~OpenFile();
    return SQLITE_OK;
  }
  static int read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
    return of(file).read(static_cast<char*>(to), static_cast<size_t>(size), static_cast<uint64_t>(offset));
  }
  static int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
    return of(file).write(View(static_cast<const char*>(from), static_cast<size_t>(size)),
                          static_cast<uint64_t>(offset));
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) { return of(file).truncate(static_cast<uint64_t>(size)); }
  static int sync(sqlite3_file* file, int) { return of(file).sync(); }
  static int size(sqlite3_file* file, sqlite3_int64* size) {
    const auto got = of(file).file->size();
    if (!got.ok()) return of(file).vfs.tell(got.status(), SQLITE_IOERR_FSTAT);
    *size = static_cast<sqlite3_int64>(*got);
    return SQLITE_OK;
  }
  // The whole file was locked when it was opened.
  static int lock(sqlite3_file*, int) { return SQLITE_OK; }
  static int unlock(sqlite3_file*, int) { return SQLITE_OK; }
  static int is_reserved(sqlite3_file*, int* reserved) { return *reserved = 0, SQLITE_OK; }
  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return kSectorBytes; }
  static int characteristics(sqlite3_file*) { return 0; }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* into, int flags, int* out_flags) {
    if (out_flags != nullptr) *out_flags = flags;
    return of(vfs).open(path, into, flags);
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
    return of(vfs).remove(path, sync_folder != 0);
  }
  static int exists(sqlite3_vfs* vfs, const char* path, int, int* exists) {
    const auto found = of(vfs).files_.exists(path);
    if (!found.ok()) return of(vfs).tell(found.status(), SQLITE_IOERR_ACCESS);
    *exists = *found ? 1 : 0;
    return SQLITE_OK;
  }
  static int full_path(sqlite3_vfs*, const char* path, int size, char* full) {
    return std::snprintf(full, static_cast<size_t>(size), "%s", path) < size ? SQLITE_OK : SQLITE_CANTOPEN;
  }
  // No statement of ours asks for chance, for sleep or for the time.
  static int randomness(sqlite3_vfs*, int, char*) { return 0; }
  static int sleep(sqlite3_vfs*, int) { return 0; }
  static int time(sqlite3_vfs*, double* now) { return *now = 0, SQLITE_OK; }
  static int last_error(sqlite3_vfs*, int, char*) { return 0; }

  static const sqlite3_io_methods kOfFile;
};

const sqlite3_io_methods SqliteVfs::Calls::kOfFile = {
    .iVersion = 1,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = is_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
};

SqliteVfs::SqliteVfs(FileSystem& files) : files_(files), name_(unique_name(this)) {
  vfs_.iVersion = 1;
  vfs_.szOsFile = sizeof(OpenFile);
  vfs_.mxPathname = kPathBytesMax;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = Calls::open;
  vfs_.xDelete = Calls::remove;
  vfs_.xAccess = Calls::exists;
  vfs_.xFullPathname = Calls::full_path;
  vfs_.xRandomness = Calls::randomness;
  vfs_.xSleep = Calls::sleep;
  vfs_.xCurrentTime = Calls::time;
  vfs_.xGetLastError = Calls::last_error;
  CHECK(sqlite3_vfs_register(&vfs_, 0) == SQLITE_OK);
}

SqliteVfs::~SqliteVfs() { sqlite3_vfs_unregister(&vfs_); }

int SqliteVfs::tell(Status status, int code) {
  if (status.ok()) return SQLITE_OK;
  if (failure_.ok()) failure_ = std::move(status);
  return code;
}

int SqliteVfs::open(const char* path, sqlite3_file* into, int flags) {
  into->pMethods = nullptr;                                       // until there is something to close
  if (path == nullptr || !failure_.ok()) return SQLITE_CANTOPEN;  // temporary files stay in memory
  const auto found = files_.exists(path);
  if (!found.ok()) return tell(found.status(), SQLITE_CANTOPEN);
  if (!*found && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
  const OpenMode mode = !*found                                ? OpenMode::kCreate
                        : (flags & SQLITE_OPEN_READWRITE) != 0 ? OpenMode::kWrite
                                                               : OpenMode::kRead;
  auto file = files_.open(path, mode);
  if (!file.ok()) return tell(file.status(), SQLITE_CANTOPEN);
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) {
    Status locked = (*file)->lock_range(kLockOffset, kLockBytes);
    if (!locked.ok()) return tell(std::move(locked), SQLITE_CANTOPEN);
  }
  static_assert(alignof(OpenFile) <= 8);  // as SQLite aligns what it allocates
  new (into) OpenFile(*this, std::move(*file), path, !*found);
  into->pMethods = &Calls::kOfFile;
  return SQLITE_OK;
}

int SqliteVfs::remove(const char* path, bool sync_folder) {
  if (!failure_.ok()) return SQLITE_IOERR_DELETE;
  const auto found = files_.exists(path);
  if (!found.ok()) return tell(found.status(), SQLITE_IOERR_DELETE);
  if (!*found) return SQLITE_IOERR_DELETE_NOENT;
  const int done = tell(files_.unlink(path), SQLITE_IOERR_DELETE);
  if (done != SQLITE_OK || !sync_folder) return done;
  return tell(files_.sync_folder(parent_folder(path)), SQLITE_IOERR_DIR_FSYNC);
}

}  // namespace leat::wal
