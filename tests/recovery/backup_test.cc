// SPDX-License-Identifier: Apache-2.0
// Backups of a broker at work, and what is restored: the state of the backup, or of any moment that the log still has.
// The ledger is the live keyspace's digest, kept while the log is written.
#include "wal/backup.h"

#include "broker/tools/restore_tool.h"
#include "tests/support/broker_test.h"
#include "wal/restore.h"
#include "wal/segment.h"

namespace leat::testing {

class BackupTest : public BrokerTest {
 protected:
  struct Seen {
    Index index;
    TimeMs time_ms;
    uint64_t digest;
  };

  void SetUp() override {
    config.segment_bytes = 16 << 10;
    config.retain_log_hours = 24;
    start();
  }

  void note() { ledger.push_back({broker().log()->proposed(), rooms().time.now_ms(), digest()}); }

  // A step is a tick, so each of these is a record, 10 ms after the last.
  void write_some(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      const Bytes id = std::to_string(++writes_);
      for (const Bytes& line :
           {"RPUSH jobs " + id + " " + Bytes(600, 'j'), "HSET h f" + id + " v", "ZADD z " + id + " m" + id,
            "XADD s * f " + id, "SET big:" + id + " " + Bytes(writes_ % 3 == 0 ? 9000 : 9, 'b'), Bytes("LPOP jobs")}) {
        advance_ms(10);
        ASSERT_FALSE(call(line).is_error());
        note();
      }
    }
  }

  std::vector<Bytes> list(const Bytes& folder) {
    auto names = disk.list(folder);
    return names.ok() ? std::move(*names) : std::vector<Bytes>();
  }

  // As `cp -r` of the folder: the broker goes on, and its log of that moment is there, its tail not even sealed.
  void copy_folder(const Bytes& from, const Bytes& to) {
    ASSERT_TRUE(disk.make_folder(to).ok());
    ASSERT_TRUE(disk.sync_folder("").ok());
    for (const Bytes& name : list(from)) {
      if (name != wal::kLockName) disk.put(to + "/" + name, disk.contents(from + "/" + name));
    }
  }
  std::map<Bytes, Bytes> contents_of(const Bytes& folder) {
    std::map<Bytes, Bytes> all;
    for (const Bytes& name : list(folder)) all[name] = disk.contents(folder + "/" + name);
    return all;
  }
  void remove_folder(const Bytes& folder) {
    for (const Bytes& name : list(folder)) ASSERT_TRUE(disk.unlink(folder + "/" + name).ok());
    ASSERT_TRUE(disk.remove_folder(folder).ok());
  }

  Result<wal::RestoreReport> restore(const Bytes& source, wal::Moment until = {}, const Bytes& log = "") {
    return wal::restore_folder(
        disk, {.source = source, .log = log, .to = "restored", .until = until, .random = [this] { return ++random_; }});
  }
  Bytes refusal(const Bytes& source, wal::Moment until = {}, const Bytes& log = "") {
    const auto done = restore(source, until, log);
    return done.ok() ? "it was restored" : Bytes(done.status().text());
  }

  // Of a broker that starts from that folder. Another change must then be possible, and be there at the next start.
  uint64_t digest_of(const Bytes& folder) {
    Config other = config;
    other.data_dir = folder;
    const auto events = Events::silent();
    Broker started({.files = disk, .clock = clock, .events = *events, .seed = 42, .deterministic = true}, other);
    Status opened = started.lock_folder();
    if (opened.ok()) opened = started.open();
    EXPECT_TRUE(opened.ok()) << opened.text();
    return opened.ok() ? started.rooms().keyspace.digest() : 0;
  }

  void expect_restored(const Bytes& source, wal::Moment until, const Bytes& log, const Seen& seen) {
    const auto report = restore(source, until, log);
    ASSERT_TRUE(report.ok()) << report.status().text();
    ASSERT_EQ(report->last, seen.index);
    ASSERT_EQ(digest_of("restored"), seen.digest);
    ASSERT_EQ(digest_of("restored"), seen.digest) << "at the second start";
    remove_folder("restored");
  }

  Bytes info(const Bytes& name) {
    const Bytes text = call("INFO persistence").text;
    const size_t at = text.find("\r\n" + name + ":");
    if (at == Bytes::npos) return "";
    const size_t begin = at + name.size() + 3;
    return text.substr(begin, text.find("\r\n", begin) - begin);
  }

  std::vector<Seen> ledger;

 private:
  int writes_ = 0;
  uint64_t random_ = 1000;
};

TEST_F(BackupTest, IsTheStateWhenItWasAskedFor) {
  write_some(4);
  const Seen seen = ledger.back();
  const Reply reply = call("LEAT BACKUP kept");
  ASSERT_EQ(reply.items.size(), 8u) << reply;
  EXPECT_EQ(reply.items[0], bulk("index"));
  EXPECT_EQ(reply.items[1], integer(static_cast<int64_t>(seen.index)));
  EXPECT_EQ(info("backup_last_status"), "ok");
  EXPECT_EQ(info("backup_last_folder"), "kept");
  write_some(2);
  EXPECT_EQ(list("kept"), std::vector<Bytes>{"snapshot.db"});
  expect_restored("kept", {}, "", seen);
  const auto before = contents_of("kept");
  expect_restored("kept", {.index = seen.index}, "", seen);
  EXPECT_EQ(contents_of("kept"), before);
}

TEST_F(BackupTest, IsRefusedInAFolderThatIsTakenAndEndsNothing) {
  write_some(1);
  ASSERT_TRUE(disk.make_folder("empty").ok());
  ASSERT_FALSE(call("LEAT BACKUP empty").is_error()) << "an empty folder is as good as none";
  const Reply taken = call("LEAT BACKUP empty");
  EXPECT_NE(taken.text.find("empty is not empty (it holds snapshot.db): name a new folder"), Bytes::npos) << taken;
  EXPECT_TRUE(call("LEAT BACKUP data/lock/kept").is_error());
  EXPECT_TRUE(call("LEAT BACKUP \"\"").is_error());
  EXPECT_EQ(info("backup_last_status"), "err");
  EXPECT_EQ(call("LLEN jobs"), integer(1));
  EXPECT_FALSE(call("LEAT BACKUP kept").is_error());
  EXPECT_EQ(call("LEAT HELP").items.size(), 3u);
}

// On the disk of the log a backup that fills it would end the broker.
TEST_F(BackupTest, LeavesRoomForTheLog) {
  write_some(1);
  disk.set_capacity(uint64_t{200} << 20);
  const Reply reply = call("LEAT BACKUP kept");
  EXPECT_NE(reply.text.find("must stay for the log"), Bytes::npos) << reply;
  EXPECT_TRUE(list("kept.new").empty());
  disk.set_capacity(uint64_t{300} << 20);
  EXPECT_FALSE(call("LEAT BACKUP kept").is_error());
}

// A broker that stops answers who waits.
TEST_F(BackupTest, EndsWithTheBroker) {
  client().send_without_tick("LEAT BACKUP kept");
  broker().stop();
  tick();
  EXPECT_TRUE(broker().stopped());
  EXPECT_TRUE(client().has_reply());
  restart();
}

// The whole point: at every record, from the log alone, and from a backup with the log behind it; by index and by time.
TEST_F(BackupTest, EveryMomentBehindIsReached) {
  note();
  write_some(3);
  call("LEAT BACKUP kept");
  const Index kept = broker().log()->proposed();
  write_some(3);
  call("FLUSHALL");
  note();
  write_some(1);
  call("SAVE");
  write_some(1);
  copy_folder("data", "copy");
  const auto before = contents_of("copy");
  for (const Seen& seen : ledger) {
    SCOPED_TRACE(seen.index);
    expect_restored("copy", {.index = seen.index}, "", seen);
    if (seen.index < kept) continue;
    expect_restored("kept", {.index = seen.index}, "copy", seen);
    const bool last_of_its_time = &seen == &ledger.back() || (&seen)[1].time_ms > seen.time_ms;
    if (seen.index > kept && last_of_its_time) expect_restored("kept", {.time_ms = seen.time_ms}, "copy", seen);
  }
  expect_restored("copy", {}, "", ledger.back());
  EXPECT_EQ(contents_of("copy"), before) << "the source is only read";
}

TEST_F(BackupTest, AMomentBeforeTheFirstChangeIsNoEmptyFolder) {
  const TimeMs before_ms = rooms().time.now_ms();
  write_some(1);
  copy_folder("data", "copy");
  EXPECT_NE(refusal("copy", {.time_ms = before_ms - 1000})
                .find("nothing had been written at that moment: the first change in copy is of "),
            Bytes::npos);
}

TEST_F(BackupTest, FoldersOnTheWayAreMadeAndAFileIsNone) {
  write_some(1);
  call("LEAT BACKUP far/away/kept");
  advance_ms(20);
  EXPECT_TRUE(disk.exists("far/away/kept/snapshot.db").ok() && *disk.exists("far/away/kept/snapshot.db"));
  EXPECT_EQ(refusal("far/away/kept/snapshot.db"), "far/away/kept/snapshot.db is a file: name the folder that holds it");
}

// What is restored goes on, is backed up and restored again: its log names a new server in its middle then.
TEST_F(BackupTest, ARestoredFolderCanBeRestoredFrom) {
  write_some(2);
  copy_folder("data", "copy");
  ASSERT_TRUE(restore("copy", {.index = ledger[7].index}).ok());
  ASSERT_TRUE(disk.rename("restored", "moved").ok());
  config.data_dir = "moved";
  restart();
  EXPECT_EQ(digest(), ledger[7].digest);
  ledger.clear();
  write_some(2);
  copy_folder("moved", "copy2");
  call("LEAT BACKUP kept");
  write_some(1);
  copy_folder("moved", "copy3");
  EXPECT_NE(refusal("kept", {}, "copy").find("were written by two brokers"), Bytes::npos) << "their histories parted";
  const auto on =
      wal::restore_folder(disk, {.source = "kept", .log = "copy3", .to = "again", .random = [] { return 76; }});
  ASSERT_TRUE(on.ok()) << on.status().text();
  EXPECT_EQ(digest_of("again"), ledger.back().digest);
  remove_folder("again");
  for (const Seen& seen : {ledger.front(), ledger[11]}) {
    const auto report = wal::restore_folder(
        disk, {.source = "copy2", .to = "again", .until = {.index = seen.index}, .random = [] { return 77; }});
    ASSERT_TRUE(report.ok()) << report.status().text();
    EXPECT_EQ(digest_of("again"), seen.digest);
    remove_folder("again");
  }
}

TEST_F(BackupTest, AMomentThatIsGoneIsRefusedWithTheEarliestThatIsNot) {
  config.retain_log_hours = 0;
  restart();
  write_some(40);  // several segments
  const Seen early = ledger.front();
  call("SAVE");
  const Index saved = broker().log()->proposed();
  write_some(1);
  copy_folder("data", "copy");
  ASSERT_FALSE(*disk.exists("copy/" + wal::segment_name(1))) << "or it tests less than it says";
  const Bytes said = refusal("copy", {.index = early.index});
  EXPECT_NE(said.find("the earliest moment that can be reached is record " + std::to_string(saved)), Bytes::npos)
      << said;
  EXPECT_NE(refusal("copy", {.time_ms = early.time_ms}).find("earliest"), Bytes::npos);
  EXPECT_NE(refusal("copy", {.index = 100000}).find("the log in copy ends with record"), Bytes::npos);
  EXPECT_NE(refusal("data").find("in use by process"), Bytes::npos);
  EXPECT_NE(refusal("nothing").find("there is no folder nothing"), Bytes::npos);
  expect_restored("copy", {.index = ledger.back().index}, "", ledger.back());
}

// A damaged snapshot.db is why there are backups: the log behind an older one makes up for it.
TEST_F(BackupTest, ABackupAndTheLogMakeUpForADamagedSnapshot) {
  write_some(2);
  call("LEAT BACKUP kept");
  write_some(2);
  call("SAVE");
  write_some(1);
  copy_folder("data", "copy");
  disk.remove("copy/" + wal::segment_name(1));
  disk.flip_bit("copy/snapshot.db", disk.contents("copy/snapshot.db").size() / 2, 3);
  const Bytes page = disk.contents("copy/snapshot.db");
  disk.put("copy/snapshot.db", Bytes(4096, 'x') + page.substr(4096));
  expect_restored("kept", {}, "copy", ledger.back());
  EXPECT_NE(refusal("copy").find("snapshot.db"), Bytes::npos);
  disk.put("kept/snapshot.db", "x" + disk.contents("kept/snapshot.db").substr(1));
  EXPECT_NE(refusal("kept", {}, "copy").find("snapshot.db"), Bytes::npos) << "nothing is made up";
}

// Behind the moment the log may be damaged; before it, it may not.
TEST_F(BackupTest, DamageMattersOnlyBeforeTheMoment) {
  write_some(12);
  restart();  // so that all is sealed and known synced
  write_some(1);
  copy_folder("data", "copy");
  const Seen first = ledger.front(), last = ledger.back();
  const Bytes segment = "copy/" + wal::segment_name(2);
  ASSERT_GT(disk.contents(segment).size(), 4000u);
  disk.flip_bit(segment, 3000, 1);
  expect_restored("copy", {.index = first.index}, "", first);
  const Bytes said = refusal("copy", {.index = last.index});
  EXPECT_NE(said.find("is damaged at offset"), Bytes::npos) << said;
}

class BackupFaultTest : public BackupTest {
 protected:
  void make_source() {
    write_some(3);
    call("SAVE");
    write_some(1);
    copy_folder("data", "copy");
    source_ = contents_of("copy");
  }

  // Runs `make`, which makes `folder`, with every call failing in turn, alone or as the last one before a power cut.
  // What is there afterwards is nothing, or passes `check`; and a new attempt succeeds.
  template <typename Make, typename Check>
  void try_every_call(const Bytes& folder, Make make, Check check) {
    const uint64_t before = disk.calls();
    ASSERT_TRUE(make());
    const uint64_t calls = disk.calls() - before;
    check();
    remove_folder(folder);
    for (const bool cut : {false, true}) {
      for (uint64_t call = 1; call <= calls; ++call) {
        SCOPED_TRACE((cut ? "a power cut at call " : "failed call ") + std::to_string(call));
        if (cut) disk.stop_at(disk.calls() + call);
        else disk.fail_at(disk.calls() + call);
        const bool whole = make();  // one without which it can be done may fail: the snapshot, when the log has all
        disk.stop_at(0);
        disk.fail_at(0);
        if (cut) disk.power_cut(call);
        ASSERT_TRUE(!whole || !list(folder).empty());
        if (list(folder).empty()) {
          ASSERT_TRUE(make());
        }
        check();
        ASSERT_EQ(contents_of("copy"), source_);
        remove_folder(folder);
        ASSERT_TRUE(disk.sync_folder("").ok());
      }
    }
  }

  void TearDown() override {}  // the power was cut under the broker of SetUp

 private:
  std::map<Bytes, Bytes> source_;
};

TEST_F(BackupFaultTest, ABackupIsWholeOrNotThere) {
  make_source();
  try_every_call(
      "kept", [&] { return wal::write_backup(disk, "copy", "kept", nullptr).ok(); },
      [&] {
        const auto report = wal::verify_snapshot(disk, "kept");
        ASSERT_TRUE(report.ok()) << report.status().text();
      });
}

TEST_F(BackupFaultTest, ARestoredFolderIsWholeOrNotThere) {
  make_source();
  const uint64_t wanted = ledger.back().digest;
  try_every_call(
      "restored", [&] { return restore("copy").ok(); }, [&] { ASSERT_EQ(digest_of("restored"), wanted); });
}

// A failing disk under the backup ends the backup; under the log or the snapshot, the broker, as ever.
TEST_F(BackupFaultTest, NoFailedCallOfABackupLosesAnything) {
  write_some(2);
  const uint64_t wanted = digest();
  int went_on = 0;
  for (uint64_t nth = 1;; nth += 2) {
    SCOPED_TRACE(nth);
    const Bytes folder = "kept" + std::to_string(nth);
    disk.fail_at(disk.calls() + nth);
    client().send("LEAT BACKUP " + folder);
    disk.fail_at(0);
    if (broker().failed().ok()) {
      const Reply reply = client().reply();
      if (!reply.is_error()) break;
      ++went_on;
      EXPECT_EQ(info("backup_last_status"), "err");
      const bool named = !list(folder).empty();  // all but the sync of its name had succeeded
      EXPECT_EQ(call("LEAT BACKUP " + folder).is_error(), named);
      EXPECT_TRUE(wal::verify_snapshot(disk, folder).ok());
    } else {
      restart();
    }
    ASSERT_EQ(digest(), wanted);
  }
  EXPECT_GT(went_on, 5) << "or it tests less than it says";
}

class BackupScheduleTest : public BackupTest {
 protected:
  static constexpr int64_t kHourMs = 3600 * 1000;
  void SetUp() override {
    config.backup_dir = "backups";
    config.backup_every_hours = 2;
    config.backup_keep = 3;
    BackupTest::SetUp();
  }
  std::vector<Bytes> names() { return list("backups"); }
};

TEST_F(BackupScheduleTest, EverySoManyHoursAndTheOldestGoes) {
  tick(), tick(), tick();
  ASSERT_EQ(names().size(), 1u) << "the first at once: there is none yet";
  EXPECT_EQ(names()[0], "backup-2023-11-14T221320Z-1");
  std::vector<Seen> seen;
  for (int hours = 0; hours < 10; ++hours) {
    write_some(1);
    advance_ms(kHourMs);
    tick();
    seen.push_back(ledger.back());
    EXPECT_LE(names().size(), 3u);
  }
  ASSERT_EQ(names().size(), 3u);
  EXPECT_EQ(info("backup_last_status"), "ok");
  const auto parsed = wal::parse_backup_name(names().back());
  ASSERT_TRUE(parsed);
  for (const Seen& one : ledger) {
    if (one.index == parsed->index) expect_restored("backups/" + names().back(), {}, "", one);
  }
  const std::vector<Bytes> before = names();
  restart();
  tick(), tick();
  EXPECT_EQ(names(), before) << "a restart makes none too many";
}

TEST_F(BackupScheduleTest, AFailedOneIsTriedAgainAndNoneIsRemovedForIt) {
  tick(), tick(), tick();
  const std::vector<Bytes> before = names();
  write_some(1);
  disk.put("backups/backup-2023-11-14T000000Z-1.new", "a file where a folder should be");
  config.backup_keep = 1;
  restart();
  advance_ms(2 * kHourMs);
  tick(), tick();
  ASSERT_EQ(names().size(), 2u + 1u) << "the new one stays beside the old one: what stands in the way is not leat's";
  EXPECT_EQ(names()[1], before[0]);
}

TEST(BackupNameTest, SaysTimeAndIndex) {
  EXPECT_EQ(wal::backup_name(1'700'000'000'999, 42), "backup-2023-11-14T221320Z-42");
  const auto parsed = wal::parse_backup_name("backup-2023-11-14T221320Z-42");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->time_ms, 1'700'000'000'000);
  EXPECT_EQ(parsed->index, 42u);
  for (const char* other :
       {"backup-2023-11-14T221320Z-42.new", "backup-2023-11-14", "backup-2023-13-14T221320Z-42", "lock"}) {
    EXPECT_FALSE(wal::parse_backup_name(other)) << other;
  }
}

TEST(MomentTest, IsARecordOrATime) {
  EXPECT_EQ(parse_moment("4711")->index, 4711u);
  EXPECT_EQ(parse_moment("4711")->time_ms, INT64_MAX);
  EXPECT_EQ(parse_moment("2023-11-14T22:13:20Z")->time_ms, 1'700'000'000'000);
  EXPECT_EQ(parse_moment("2023-11-14T22:13:20.25Z")->time_ms, 1'700'000'000'250);
  EXPECT_EQ(parse_moment("2023-11-14T23:13:20+01:00")->time_ms, 1'700'000'000'000);
  EXPECT_EQ(parse_moment("2023-11-14T17:13:20-0500")->time_ms, 1'700'000'000'000);
  EXPECT_EQ(parse_moment("@1700000000")->time_ms, 1'700'000'000'000);
  EXPECT_EQ(parse_moment("@1700000000123")->time_ms, 1'700'000'000'123);
  for (const char* bad :
       {"", "0", "-3", "@", "@x", "yesterday", "2023-11-14T22:13:20", "2023-02-30T00:00:00Z", "2023-11-14T25:00:00Z"}) {
    EXPECT_FALSE(parse_moment(bad).ok()) << bad;
  }
}

}  // namespace leat::testing
