// SPDX-License-Identifier: Apache-2.0
// The disk of this machine.                                                                        [libuv fs, flock]
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "wal/file.h"

namespace leat::wal {

namespace {

Status failure(const char* call, View path, int code) {
  return Status::error(Bytes("cannot ") + call + " " + Bytes(path) + ": " + uv_strerror(code));
}

// A libuv file request that runs at once, on this thread.
class Request {
 public:
  ~Request() { uv_fs_req_cleanup(&req_); }
  uv_fs_t* get() { return &req_; }

 private:
  uv_fs_t req_{};
};

class UvFile final : public File {
 public:
  UvFile(uv_file file, Bytes path) : file_(file), path_(std::move(path)) {}
  ~UvFile() override {
    Request request;
    uv_fs_close(nullptr, request.get(), file_, nullptr);
  }

  Status write(uint64_t offset, View bytes) override {
    go_through_cache();
    while (!bytes.empty()) {
      uv_buf_t buffer =
          uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(std::min(bytes.size(), kPieceMax)));
      Request request;
      const int done = uv_fs_write(nullptr, request.get(), file_, &buffer, 1, static_cast<int64_t>(offset), nullptr);
      if (done == UV_EINTR) continue;
      if (done <= 0) return failure("write", path_, done == 0 ? UV_EIO : done);
      bytes.remove_prefix(static_cast<size_t>(done));
      offset += static_cast<uint64_t>(done);
    }
    return Status::fine();
  }

  Status write_pages(uint64_t offset, View bytes) override {
    CHECK(offset % kPageBytes == 0 && bytes.size() % kPageBytes == 0);
    CHECK(reinterpret_cast<uintptr_t>(bytes.data()) % kPageBytes == 0);
    if (!go_around_cache()) return write(offset, bytes);
    while (!bytes.empty()) {
      const ssize_t done = ::pwrite(file_, bytes.data(), std::min(bytes.size(), kPieceMax), static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0 && errno != EINVAL) return failure("write", path_, -errno);
      if (done <= 0 || done % kPageBytes != 0) {  // this file system takes the flag and not the write
        can_go_around_ = false;
        return write(offset, bytes);
      }
      bytes.remove_prefix(static_cast<size_t>(done));
      offset += static_cast<uint64_t>(done);
    }
    return Status::fine();
  }

  Status write_zeros(uint64_t offset, uint64_t size) override {
    const uint64_t end = offset + size;
    const uint64_t first = (offset + kPageBytes - 1) / kPageBytes * kPageBytes;  // whole pages go around the cache
    const uint64_t last = end / kPageBytes * kPageBytes;
    if (first >= last || !zero_directly(first, last)) return zero_through_cache(offset, end);
    Status done = zero_through_cache(offset, first);
    return done.ok() ? zero_through_cache(last, end) : done;
  }

  Result<size_t> read(uint64_t offset, char* to, size_t size) override {
    go_through_cache();
    size_t total = 0;
    while (total < size) {
      uv_buf_t buffer = uv_buf_init(to + total, static_cast<unsigned>(std::min(size - total, kPieceMax)));
      Request request;
      const int done =
          uv_fs_read(nullptr, request.get(), file_, &buffer, 1, static_cast<int64_t>(offset + total), nullptr);
      if (done == UV_EINTR) continue;
      if (done < 0) return failure("read", path_, done);
      if (done == 0) break;
      total += static_cast<size_t>(done);
    }
    return total;
  }

  bool is_removed() const override {
#ifdef __linux__
    // Asked for nothing else: who asks a file for its times makes the next write state a new one, and a kernel that
    // keeps no journal writes the inode in every fdatasync then. Measured behind each sync: 61 us of CPU for an LPUSH
    // instead of 41.
    struct statx links;
    if (::statx(file_, "", AT_EMPTY_PATH, STATX_NLINK, &links) == 0) return links.stx_nlink == 0;
#endif
    struct stat status;  // also where a sandbox forbids what it does not know
    return fstat(file_, &status) == 0 && status.st_nlink == 0;
  }

  Status sync() override {
    Request request;
    const int code = uv_fs_fdatasync(nullptr, request.get(), file_, nullptr);
    return code == 0 ? Status::fine() : failure("sync", path_, code);
  }

  Status write_back() override {
#ifdef __linux__
    constexpr unsigned kAll = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    return ::sync_file_range(file_, 0, 0, kAll) == 0 ? Status::fine() : failure("write back", path_, -errno);
#else
    return sync();
#endif
  }

  Status truncate(uint64_t size) override {
    Request request;
    const int code = uv_fs_ftruncate(nullptr, request.get(), file_, static_cast<int64_t>(size), nullptr);
    return code == 0 ? Status::fine() : failure("truncate", path_, code);
  }

  Result<uint64_t> size() override {
    Request request;
    const int code = uv_fs_fstat(nullptr, request.get(), file_, nullptr);
    if (code != 0) return failure("stat", path_, code);
    return request.get()->statbuf.st_size;
  }

  // A lock of the open file and not of the process: one of the process would be lost with any other File on this path.
  Status lock_range(uint64_t offset, uint64_t size) override {
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_start = static_cast<off_t>(offset);
    range.l_len = static_cast<off_t>(size);
    if (::fcntl(file_, F_OFD_SETLK, &range) == 0) return Status::fine();
    if (errno != EAGAIN && errno != EACCES) return failure("lock", path_, -errno);
    return Status::error(path_ + " is in use by another program: close it there first");
  }

 private:
  // The flag is the file's, and it stays as the last write or read wanted it: a log only ever writes pages.
  bool go_around_cache() {
    if (around_cache_ || !can_go_around_) return around_cache_;
    const int flags = ::fcntl(file_, F_GETFL);
    return around_cache_ = can_go_around_ = flags >= 0 && ::fcntl(file_, F_SETFL, flags | O_DIRECT) == 0;
  }
  void go_through_cache() {
    if (!around_cache_) return;
    around_cache_ = false;
    const int flags = ::fcntl(file_, F_GETFL);
    CHECK(flags >= 0 && ::fcntl(file_, F_SETFL, flags & ~O_DIRECT) == 0);
  }

  // False: this file system cannot, or it failed; then the way through the cache decides, and finds the words.
  bool zero_directly(uint64_t from, uint64_t to) {
    if (!go_around_cache()) return false;
    while (from < to) {
      iovec pieces[16];
      int count = 0;
      for (uint64_t at = from; at < to && count < 16; at += pieces[count++].iov_len) {
        pieces[count] = {const_cast<char*>(kZeros), static_cast<size_t>(std::min<uint64_t>(sizeof kZeros, to - at))};
      }
      const ssize_t done = ::pwritev(file_, pieces, count, static_cast<off_t>(from));
      if (done <= 0 || done % kPageBytes != 0) break;
      from += static_cast<uint64_t>(done);
    }
    return from == to;
  }

  Status zero_through_cache(uint64_t from, uint64_t to) {
    Status done;
    for (; from < to && done.ok(); from += sizeof kZeros) {
      done = write(from, View(kZeros, static_cast<size_t>(std::min<uint64_t>(sizeof kZeros, to - from))));
    }
    return done;
  }

  alignas(kPageBytes) static constexpr char kZeros[size_t{64} << 10] = {};
  static constexpr size_t kPieceMax = size_t{1} << 30;  // Linux writes at most 2 GiB at once
  uv_file file_;
  Bytes path_;
  bool around_cache_ = false, can_go_around_ = true;
};

class FlockLock final : public FileLock {
 public:
  explicit FlockLock(int file) : file_(file) {}
  ~FlockLock() override { ::close(file_); }

 private:
  int file_;
};

Bytes pid_in(int file) {
  char text[32];
  const ssize_t size = ::pread(file, text, sizeof text, 0);
  Bytes pid;
  for (ssize_t at = 0; at < size && text[at] >= '0' && text[at] <= '9'; ++at) pid += text[at];
  return pid.empty() ? "unknown" : pid;
}

Status write_pid(int file, const Bytes& path) {
  const Bytes text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file, 0) != 0) return failure("truncate", path, -errno);
  const ssize_t done = ::pwrite(file, text.data(), text.size(), 0);
  if (done < 0) return failure("write", path, -errno);
  return Status::fine();
}

class UvFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const Bytes& path, OpenMode mode) override {
    const int flags = mode == OpenMode::kRead    ? UV_FS_O_RDONLY
                      : mode == OpenMode::kWrite ? UV_FS_O_RDWR
                                                 : UV_FS_O_RDWR | UV_FS_O_CREAT | UV_FS_O_TRUNC;
    Request request;
    const int file = uv_fs_open(nullptr, request.get(), path.c_str(), flags, 0640, nullptr);
    if (file < 0) return failure("open", path, file);
    return std::unique_ptr<File>(std::make_unique<UvFile>(file, path));
  }

  Status rename(const Bytes& from, const Bytes& to) override {
    Request request;
    const int code = uv_fs_rename(nullptr, request.get(), from.c_str(), to.c_str(), nullptr);
    return code == 0 ? Status::fine() : failure("rename", from + " to " + to, code);
  }

  Status unlink(const Bytes& path) override {
    Request request;
    const int code = uv_fs_unlink(nullptr, request.get(), path.c_str(), nullptr);
    return code == 0 ? Status::fine() : failure("remove", path, code);
  }

  Status make_folder(const Bytes& path) override {
    Request request;
    const int code = uv_fs_mkdir(nullptr, request.get(), path.c_str(), 0750, nullptr);
    return code == 0 ? Status::fine() : failure("make folder", path, code);
  }

  Result<uint64_t> free_bytes(const Bytes& folder) override {
    Request request;
    const int code = uv_fs_statfs(nullptr, request.get(), folder.c_str(), nullptr);
    if (code != 0) return failure("look at the disk of", folder, code);
    const auto& disk = *static_cast<const uv_statfs_t*>(request.get()->ptr);
    return disk.f_bavail * disk.f_bsize;
  }

  Status remove_folder(const Bytes& path) override {
    Request request;
    const int code = uv_fs_rmdir(nullptr, request.get(), path.c_str(), nullptr);
    return code == 0 ? Status::fine() : failure("remove folder", path, code);
  }

  Status sync_folder(const Bytes& path) override {
    Request opening;
    const int folder = uv_fs_open(nullptr, opening.get(), path.c_str(), UV_FS_O_RDONLY | UV_FS_O_DIRECTORY, 0, nullptr);
    if (folder < 0) return failure("open folder", path, folder);
    Request syncing;
    const int code = uv_fs_fsync(nullptr, syncing.get(), folder, nullptr);
    Request closing;
    uv_fs_close(nullptr, closing.get(), folder, nullptr);
    return code == 0 ? Status::fine() : failure("sync folder", path, code);
  }

  Result<std::vector<Bytes>> list(const Bytes& folder) override {
    Request request;
    const int code = uv_fs_scandir(nullptr, request.get(), folder.c_str(), 0, nullptr);
    if (code < 0) return failure("list folder", folder, code);
    std::vector<Bytes> names;
    uv_dirent_t entry;
    while (uv_fs_scandir_next(request.get(), &entry) == 0) names.emplace_back(entry.name);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<bool> exists(const Bytes& path) override {
    Request request;
    const int code = uv_fs_stat(nullptr, request.get(), path.c_str(), nullptr);
    if (code == 0) return true;
    if (code == UV_ENOENT) return false;
    return failure("stat", path, code);
  }

  Result<std::unique_ptr<FileLock>> lock(const Bytes& path) override {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (file < 0) return failure("open", path, -errno);
    auto lock = std::make_unique<FlockLock>(file);
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return failure("lock", path, -errno);
      return Status::error("the folder is in use by process " + pid_in(file) + ", which holds " + path);
    }
    Status written = write_pid(file, path);
    if (!written.ok()) return written;
    return std::unique_ptr<FileLock>(std::move(lock));
  }

  Result<std::optional<Bytes>> lock_owner(const Bytes& path) override {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) return std::optional<Bytes>();
    if (file < 0) return failure("open", path, -errno);
    const FlockLock closes(file);
    if (::flock(file, LOCK_SH | LOCK_NB) == 0) return std::optional<Bytes>();
    if (errno != EWOULDBLOCK) return failure("lock", path, -errno);
    return std::optional<Bytes>(pid_in(file));
  }
};

}  // namespace

std::unique_ptr<FileSystem> system_files() { return std::make_unique<UvFileSystem>(); }

Bytes join_path(View folder, View name) {
  Bytes path(folder);
  if (!path.empty() && path.back() != '/') path += '/';
  return path.append(name);
}

Bytes parent_folder(View path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  if (slash == View::npos) return ".";
  return slash == 0 ? "/" : Bytes(path.substr(0, slash));
}

}  // namespace leat::wal
