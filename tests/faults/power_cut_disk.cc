// SPDX-License-Identifier: Apache-2.0
// power_cut_disk.cc: the simulated disk as a file system of the machine (FUSE): the built broker on a disk whose
// power goes.
//
// Used by: tests/faults/power_cut.py:  power_cut_disk FOLDER   mounts there and stays in the foreground
// Always:  - what is written to the file `power` is a command: "off" fails every call from then on, "on SEED" drops
//            what was not synced, by the seed, and lets new files be opened; files that were open before stay dead;
//          - nothing of it is cached by the kernel, or a cut would go unseen.
#define FUSE_USE_VERSION 31
#include <fuse3/fuse.h>

#include <cerrno>
#include <cstring>

#include "tests/support/sim_disk.h"

namespace {

using leat::Bytes;
using leat::Status;
using leat::View;
using leat::testing::SimDisk;
using leat::wal::File;
using leat::wal::OpenMode;

constexpr View kPower = "/power";

SimDisk& disk() { return *static_cast<SimDisk*>(fuse_get_context()->private_data); }
File& file_of(const fuse_file_info* info) { return *reinterpret_cast<File*>(info->fh); }
const Bytes& folder_of(const fuse_file_info* info) { return *reinterpret_cast<const Bytes*>(info->fh); }
int result(const Status& status) { return status.ok() ? 0 : -EIO; }

// Folders are told from files by their names, of which the broker has few.
bool is_folder(View path) { return path == "/" || path.ends_with("data") || path.ends_with("data.new"); }

int command(View words) {
  if (words.starts_with("off")) disk().stop_at(1);
  else disk().power_cut(std::stoull(Bytes(words.substr(3))));
  return static_cast<int>(words.size());
}

// Named as the kernel's calls are.
struct Calls {
  static void* init(fuse_conn_info*, fuse_config* config) {
    config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
    config->direct_io = 1;
    config->hard_remove = 1;
    config->nullpath_ok = 1;
    return fuse_get_context()->private_data;
  }

  static int getattr(const char* path, struct stat* out, fuse_file_info* info) {
    std::memset(out, 0, sizeof *out);
    out->st_nlink = 1;
    out->st_mode = S_IFREG | 0600;
    if (info != nullptr && info->fh != 0) {
      const auto size = file_of(info).size();
      out->st_size = size.ok() ? static_cast<off_t>(*size) : 0;
      return result(size.status());
    }
    if (path == kPower) return 0;
    const auto exists = disk().exists(path);
    if (!exists.ok()) return -EIO;
    if (!*exists) return -ENOENT;
    if (is_folder(path)) out->st_mode = S_IFDIR | 0700;
    else out->st_size = static_cast<off_t>(disk().contents(path).size());
    return 0;
  }

  static int open_as(const char* path, fuse_file_info* info, OpenMode mode) {
    info->fh = 0;
    if (path == kPower) return 0;
    auto file = disk().open(path, mode);
    if (!file.ok()) return -EIO;
    info->fh = reinterpret_cast<uint64_t>(file->release());
    return 0;
  }
  static int open(const char* path, fuse_file_info* info) { return open_as(path, info, OpenMode::kWrite); }
  static int create(const char* path, mode_t, fuse_file_info* info) { return open_as(path, info, OpenMode::kCreate); }
  static int release(const char*, fuse_file_info* info) {
    if (info->fh != 0) delete &file_of(info);
    return 0;
  }
  static int read(const char*, char* to, size_t size, off_t at, fuse_file_info* info) {
    const auto got = file_of(info).read(static_cast<uint64_t>(at), to, size);
    return got.ok() ? static_cast<int>(*got) : -EIO;
  }
  static int write(const char*, const char* from, size_t size, off_t at, fuse_file_info* info) {
    if (info->fh == 0) return command(View(from, size));
    return file_of(info).write(static_cast<uint64_t>(at), View(from, size)).ok() ? static_cast<int>(size) : -EIO;
  }
  static int fsync(const char*, int, fuse_file_info* info) { return result(file_of(info).sync()); }
  static int truncate(const char* path, off_t size, fuse_file_info* info) {
    if (info != nullptr && info->fh != 0) return result(file_of(info).truncate(static_cast<uint64_t>(size)));
    if (path == kPower) return 0;
    const auto file = disk().open(path, OpenMode::kWrite);
    return file.ok() ? result((*file)->truncate(static_cast<uint64_t>(size))) : -EIO;
  }
  static int rename(const char* from, const char* to, unsigned) { return result(disk().rename(from, to)); }
  static int unlink(const char* path) { return result(disk().unlink(path)); }
  static int mkdir(const char* path, mode_t) { return result(disk().make_folder(path)); }
  // The path comes with this call alone.
  static int opendir(const char* path, fuse_file_info* info) {
    info->fh = reinterpret_cast<uint64_t>(new Bytes(path));
    return 0;
  }
  static int releasedir(const char*, fuse_file_info* info) {
    delete &folder_of(info);
    return 0;
  }
  static int fsyncdir(const char*, int, fuse_file_info* info) { return result(disk().sync_folder(folder_of(info))); }
  static int readdir(const char*, void* into, fuse_fill_dir_t fill, off_t, fuse_file_info* info, fuse_readdir_flags) {
    const auto names = disk().list(folder_of(info));
    if (!names.ok()) return -EIO;
    for (const Bytes& name : *names) fill(into, name.c_str(), nullptr, 0, fuse_fill_dir_flags{});
    return 0;
  }
};

}  // namespace

int main(int, char** words) {
  fuse_operations calls{};
  calls.init = Calls::init;
  calls.getattr = Calls::getattr;
  calls.open = Calls::open;
  calls.create = Calls::create;
  calls.release = Calls::release;
  calls.read = Calls::read;
  calls.write = Calls::write;
  calls.fsync = Calls::fsync;
  calls.truncate = Calls::truncate;
  calls.rename = Calls::rename;
  calls.unlink = Calls::unlink;
  calls.mkdir = Calls::mkdir;
  calls.releasedir = Calls::releasedir;
  calls.opendir = Calls::opendir;
  calls.fsyncdir = Calls::fsyncdir;
  calls.readdir = Calls::readdir;
  SimDisk disk;
  char foreground[] = "-f", one_thread[] = "-s";
  char* arguments[] = {words[0], foreground, one_thread, words[1], nullptr};
  return fuse_main(4, arguments, &calls, &disk);
}
