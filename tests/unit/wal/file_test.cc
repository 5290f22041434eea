// SPDX-License-Identifier: Apache-2.0
// The real disk, briefly: each call once, and a whole log on it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "wal/check.h"
#include "wal/folder.h"
#include "wal/log.h"
#include "wal/snapshot_store.h"

namespace leat::wal {

class FileTest : public ::testing::Test {
 protected:
  FileTest() {
    char pattern[] = "/tmp/leat-wal-test-XXXXXX";
    folder = ::mkdtemp(pattern);
  }
  ~FileTest() override { remove_all(folder); }

  void remove_all(const Bytes& path) {
    const auto names = files->list(path);
    if (names.ok()) {
      for (const Bytes& name : *names) remove_all(join_path(path, name));
      ::rmdir(path.c_str());
      return;
    }
    ::unlink(path.c_str());
  }

  Result<std::unique_ptr<Log>> open_log() {
    replayed = 0;
    lock.reset();
    auto locked = open_folder(*files, folder + "/data", random_u64);
    if (!locked.ok()) return locked.status();
    lock = std::move(*locked);
    return Log::open(*files, clock, *events, {.folder = folder + "/data", .thread = LogThread::kNever},
                     [this](Index, TimeMs, View) {
                       ++replayed;
                       return Status::fine();
                     });
  }

  Bytes folder;
  std::unique_ptr<FileSystem> files = system_files();
  SystemClock clock;
  std::unique_ptr<Events> events = Events::silent();
  uint64_t replayed = 0;
  std::unique_ptr<FileLock> lock;
};

TEST_F(FileTest, EachCall) {
  const Bytes path = join_path(folder, "file");
  EXPECT_FALSE(files->open(path, OpenMode::kRead).ok());
  EXPECT_FALSE(*files->exists(path));
  auto file = files->open(path, OpenMode::kCreate);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->write(3, "hello").ok());
  ASSERT_TRUE((*file)->sync().ok());
  EXPECT_EQ(*(*file)->size(), 8u);
  char bytes[16];
  EXPECT_EQ(*(*file)->read(3, bytes, sizeof bytes), 5u);
  EXPECT_EQ(View(bytes, 5), "hello");
  ASSERT_TRUE((*file)->truncate(4).ok());
  EXPECT_EQ(*(*file)->size(), 4u);
  ASSERT_TRUE(files->make_folder(join_path(folder, "inner")).ok());
  EXPECT_FALSE(files->make_folder(join_path(folder, "inner")).ok());
  ASSERT_TRUE(files->rename(path, join_path(folder, "renamed")).ok());
  ASSERT_TRUE(files->sync_folder(folder).ok());
  EXPECT_EQ(*files->list(folder), (std::vector<Bytes>{"inner", "renamed"}));
  ASSERT_TRUE(files->unlink(join_path(folder, "renamed")).ok());
  const Status missing = files->unlink(join_path(folder, "renamed"));
  EXPECT_EQ(missing.text(), "cannot remove " + folder + "/renamed: no such file or directory");
}

// Whatever way they take to the disk, they are zeros, exactly where they were asked for.
TEST_F(FileTest, ZerosStandWhereTheyWereAskedFor) {
  const Bytes path = join_path(folder, "file");
  const uint64_t size = (uint64_t{2} << 20) + 777;
  for (const auto& [from, to] : {std::pair<uint64_t, uint64_t>{0, size}, {kPageBytes, size}, {100, size - 100}, {5, 9},
                                 {kPageBytes - 1, 2 * kPageBytes + 1}, {kPageBytes, 3 * kPageBytes}}) {
    auto file = files->open(path, OpenMode::kCreate);
    ASSERT_TRUE(file.ok());
    Bytes expected(size, 'x');
    ASSERT_TRUE((*file)->write(0, expected).ok());
    ASSERT_TRUE((*file)->write_zeros(from, to - from).ok());
    std::fill(expected.begin() + static_cast<ptrdiff_t>(from), expected.begin() + static_cast<ptrdiff_t>(to), '\0');
    Bytes bytes(size + 1, '?');
    ASSERT_EQ(*(*file)->read(0, bytes.data(), bytes.size()), size);
    bytes.resize(size);
    EXPECT_TRUE(bytes == expected) << from << " to " << to;
    ASSERT_TRUE((*file)->write(from, "y").ok());  // and the file can be written as before
  }
}

TEST_F(FileTest, TheLockNamesItsOwner) {
  const Bytes path = join_path(folder, "lock");
  auto first = files->lock(path);
  ASSERT_TRUE(first.ok());
  const auto second = files->lock(path);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().text().find("in use by process " + std::to_string(::getpid())), View::npos);
  first = Status::error("given up");
  EXPECT_TRUE(files->lock(path).ok());
}

TEST_F(FileTest, ALogComesBack) {
  auto log = open_log();
  ASSERT_TRUE(log.ok()) << log.status().text();
  for (int number = 0; number < 50; ++number) (*log)->propose("batch " + std::to_string(number), number);
  EXPECT_EQ((*log)->committed(), (*log)->proposed());
  ASSERT_TRUE((*log)->close().ok());
  log = open_log();
  ASSERT_TRUE(log.ok()) << log.status().text();
  EXPECT_EQ(replayed, 50u);
  (*log)->propose("one more", 99);
  log = Status::error("crashed");
  log = open_log();
  ASSERT_TRUE(log.ok()) << log.status().text();
  EXPECT_EQ(replayed, 51u);
  const auto in_use = check_folder(*files, folder + "/data");
  ASSERT_FALSE(in_use.ok());
  EXPECT_NE(in_use.status().text().find("in use by process " + std::to_string(::getpid())), View::npos);
  lock.reset();
  EXPECT_TRUE(check_folder(*files, folder + "/data")->sound);
}

// While a broker has it, other programs find the snapshot locked, as SQLite locks; and the other way round.
TEST_F(FileTest, OtherProgramsAreKeptFromASnapshotInUse) {
  auto store = SnapshotStore::open(*files, folder);
  ASSERT_TRUE(store.ok()) << store.status().text();
  ASSERT_TRUE((*store)->put(SnapshotBlob{.id = 1, .bytes = "hello"}).ok());
  ASSERT_TRUE((*store)->commit({.index = 42}).ok());

  // As the sqlite3 shell would.
  sqlite3* shell = nullptr;
  ASSERT_EQ(sqlite3_open(join_path(folder, kSnapshotName).c_str(), &shell), SQLITE_OK);
  const char* ask = "SELECT 1 / (log_index = 42) FROM meta";
  EXPECT_EQ(sqlite3_exec(shell, ask, nullptr, nullptr, nullptr), SQLITE_BUSY);
  EXPECT_EQ(Bytes(sqlite3_errmsg(shell)), "database is locked");
  store = Status::error("closed");
  EXPECT_EQ(sqlite3_exec(shell, ask, nullptr, nullptr, nullptr), SQLITE_OK);

  ASSERT_EQ(sqlite3_exec(shell, "BEGIN; SELECT * FROM meta", nullptr, nullptr, nullptr), SQLITE_OK);
  store = SnapshotStore::open(*files, folder);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.status().text(), folder + "/snapshot.db is in use by another program: close it there first");
  ASSERT_EQ(sqlite3_exec(shell, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  store = SnapshotStore::open(*files, folder);
  EXPECT_TRUE(store.ok());
  sqlite3_close(shell);
}

TEST(Paths, JoinAndParent) {
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(parent_folder("a"), ".");
  EXPECT_EQ(parent_folder("/a"), "/");
  EXPECT_EQ(parent_folder("/a/b/"), "/a");
}

}  // namespace leat::wal
