// SPDX-License-Identifier: Apache-2.0
// Libraries of functions out of a damaged folder.
#include "broker/storage/proof.h"
#include "broker/tools/salvage.h"
#include "tests/support/broker_test.h"

namespace leat::testing {
namespace {

class LibrariesRecoveryTest : public BrokerTest {
 protected:
  Reply load(const Bytes& name, const Bytes& more = "") {
    const Bytes code = "#!lua name=" + name + "\n" + more + "redis.register_function('f_" + name +
                       "', function() return '" + name + "' end)";
    return client().call_words({"FUNCTION", "LOAD", "REPLACE", code});
  }
  // What is on the disk now, on another, so that the broker may live on meanwhile.
  void copy_folder(SimDisk& from, const Bytes& folder, SimDisk& to) {
    static_cast<void>(to.make_folder(folder));
    const auto names = from.list(folder);
    for (const Bytes& name : *names) to.put(folder + "/" + name, from.contents(folder + "/" + name));
  }
  // Salvages data on that disk, and goes on with what came of it.
  Bytes salvage(SimDisk& damaged) {
    Bytes lines;
    const Tell tell = [&](const Finding& finding) { lines += finding.line() + "\n"; };
    const auto random = [this] { return ++random_; };
    const auto report = salvage_folder(damaged, {.from = "data", .to = "saved", .random = random}, tell);
    EXPECT_TRUE(report.ok()) << report.status().text();
    if (!report.ok()) return lines;
    copy_folder(damaged, "saved", disk);
    config.data_dir = "saved";
    restart();
    EXPECT_EQ(digest(), report->digest);
    return lines;
  }
  uint64_t random_ = 0;
};

TEST_F(LibrariesRecoveryTest, SalvageOfAWholeFolderKeepsThem) {
  load("a");
  load("long", "--" + Bytes(100'000, 'x') + "\n");
  ASSERT_TRUE(broker().save().ok());
  load("b");
  call("SET k v");
  advance_ms(50);
  const uint64_t was = digest();
  SimDisk copy;
  copy_folder(disk, "data", copy);
  EXPECT_EQ(salvage(copy), "");
  EXPECT_EQ(digest(), was);
  for (const Bytes name : {"a", "b", "long"}) EXPECT_EQ(call("FCALL f_" + name + " 0"), bulk(name));
}

// A flipped bit in the row that holds the libraries costs them, and that is told; keys stay.
TEST_F(LibrariesRecoveryTest, SalvageTellsWhatIsLost) {
  load("marked_library");
  for (int i = 0; i < 50; ++i) call("SET k" + std::to_string(i) + " v");
  ASSERT_TRUE(broker().save().ok());
  call("SET k v");
  advance_ms(50);
  SimDisk damaged;
  copy_folder(disk, "data", damaged);
  Bytes snapshot = damaged.contents("data/snapshot.db");
  const size_t at = snapshot.find("name=marked_library");
  ASSERT_NE(at, Bytes::npos);
  snapshot[at] = static_cast<char>(snapshot[at] ^ 4);
  damaged.put("data/snapshot.db", snapshot);
  const auto names = damaged.list("data");
  for (const Bytes& name : *names) {  // from the first record on the log would give it back
    if (name.ends_with("0002.log")) static_cast<void>(damaged.unlink("data/" + name));
  }
  const Bytes lines = salvage(damaged);
  EXPECT_NE(lines.find("lost=library"), Bytes::npos) << lines;
  EXPECT_EQ(lines.find("db=16"), Bytes::npos) << lines;
  EXPECT_EQ(call("FCALL f_marked_library 0"), error("ERR Function not found"));
  EXPECT_GE(call("DBSIZE").number(), 50);
  EXPECT_EQ(load("marked_library"), bulk("marked_library"));
}

}  // namespace
}  // namespace leat::testing
