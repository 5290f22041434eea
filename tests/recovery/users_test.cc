// SPDX-License-Identifier: Apache-2.0
// Users out of a damaged folder.
#include "broker/tools/salvage.h"
#include "tests/support/broker_test.h"

namespace leat::testing {
namespace {

class UsersRecoveryTest : public BrokerTest {
 protected:
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

TEST_F(UsersRecoveryTest, SalvageOfAWholeFolderKeepsThem) {
  call("ACL SETUSER a on >pw ~* +@all");
  ASSERT_TRUE(broker().save().ok());
  call("ACL SETUSER b on");
  call("ACL SETUSER a -flushall");
  call("SET k v");
  advance_ms(50);
  const uint64_t was = digest();
  const Reply users = call("ACL LIST");
  SimDisk copy;
  copy_folder(disk, "data", copy);
  EXPECT_EQ(salvage(copy), "");
  EXPECT_EQ(digest(), was);
  EXPECT_EQ(call("ACL LIST"), users);
}

// A flipped bit in the row that holds the users costs them, and that is told; keys stay.
TEST_F(UsersRecoveryTest, SalvageTellsWhatIsLost) {
  call("ACL SETUSER marked_user on");
  for (int i = 0; i < 50; ++i) call("SET k" + std::to_string(i) + " v");
  ASSERT_TRUE(broker().save().ok());
  call("SET k v");
  advance_ms(50);
  SimDisk damaged;
  copy_folder(disk, "data", damaged);
  Bytes snapshot = damaged.contents("data/snapshot.db");
  const size_t at = snapshot.find("marked_user");
  ASSERT_NE(at, Bytes::npos);
  snapshot[at] = static_cast<char>(snapshot[at] ^ 4);
  damaged.put("data/snapshot.db", snapshot);
  const auto names = damaged.list("data");
  for (const Bytes& name : *names) {  // from the first record on the log would give it back
    if (name.ends_with("0002.log")) static_cast<void>(damaged.unlink("data/" + name));
  }
  const Bytes lines = salvage(damaged);
  EXPECT_NE(lines.find("lost=user"), Bytes::npos) << lines;
  EXPECT_EQ(lines.find("db=17"), Bytes::npos) << lines;
  EXPECT_EQ(call("ACL USERS"), array("default"));
  EXPECT_GE(call("DBSIZE").number(), 50);
}

// A user in the log that this version cannot read stops no start: it is told, and off.
TEST_F(UsersRecoveryTest, OneThatCannotBeReadIsOff) {
  rooms().batch.emit(0, UserSet{.user = "future", .rules = "on nopass ~* +@all +a-command-of-later"});
  restart();
  EXPECT_EQ(connect().call("AUTH future x").text.substr(0, 9), "WRONGPASS");
  EXPECT_EQ(call("ACL SETUSER future reset on nopass"), ok());
  EXPECT_EQ(connect().call("AUTH future x"), ok());
}

// What a power cut could take back nobody has seen.
TEST_F(UsersRecoveryTest, AnAcknowledgedUserSurvivesAPowerCut) {
  EXPECT_EQ(call("ACL SETUSER u on >pw"), ok());
  EXPECT_EQ(call("ACL DELUSER u"), integer(1));
  EXPECT_EQ(call("ACL SETUSER v on >pw"), ok());
  restart_after_power_cut(7);
  EXPECT_EQ(call("ACL USERS"), array("default", "v"));
}

}  // namespace
}  // namespace leat::testing
