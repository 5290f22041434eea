// SPDX-License-Identifier: Apache-2.0
// A dump.rdb becomes a data folder: a broker starts on it and goes on, with all that the file holds; a damaged file, or
// a disk that fails at any call, leaves no folder.
#include "broker/tools/import.h"

#include "broker/rdb/crc64.h"
#include "broker/rdb/dump_writer.h"
#include "broker/tools/salvage.h"
#include "tests/support/broker_test.h"
#include "wal/check.h"

namespace leat::testing {
namespace {

class ImportTest : public BrokerTest {
 protected:
  // As Redis would write what this broker holds now.
  Bytes file_of_all() {
    Bytes file = "REDIS0012";
    for (const Bytes& name : rooms().keyspace.library_names()) {
      file += '\xf5';
      put_text(file, Bytes(*rooms().keyspace.library(name)));
    }
    for (DbIndex db = 0; db < kDatabases; ++db) {
      const Database& database = rooms().keyspace.database(db);
      file += '\xfe';
      file += static_cast<char>(db);
      database.for_each([&](View key, const Found& found) {
        if (found.expire_at_ms != kNoExpiry) file += '\xfc', put_fixed(file, found.expire_at_ms);
        Bytes dump;
        rdb::append_dump(dump, database, found, 0);
        file += dump[0];
        put_text(file, Bytes(key));
        file += View(dump).substr(1, dump.size() - 11);
      });
    }
    return ended(file);
  }
  static Bytes ended(Bytes file) {
    file += '\xff';
    put_fixed(file, rdb::crc64(file));
    return file;
  }
  static void put_text(Bytes& out, const Bytes& text) {
    out += '\x80';
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(text.size() >> shift);
    out += text;
  }

  Result<ImportReport> import(SimDisk& on, const Bytes& file) {
    static_cast<void>(on.make_folder("in"));
    on.put("in/dump.rdb", file);
    lines_.clear();
    const Tell tell = [this](const Finding& finding) { lines_ += finding.line() + "\n"; };
    return import_file(
        on, {.file = "in/dump.rdb", .to = "made", .now_ms = clock.wall_ms(), .random = [this] { return ++random_; }},
        tell);
  }

  void fill() {
    for (const char* line :
         {"SET text hello EX 1000", "SET number 12", "RPUSH list a b c", "SADD set 1 2 x", "ZADD zset 1 a 2.5 b -inf c",
          "HSET hash f v g w", "HEXPIRE hash 500 FIELDS 1 f", "XADD stream 1-1 a b c d", "XADD stream 2-1 a b",
          "XGROUP CREATE stream g 0", "XREADGROUP GROUP g ann COUNT 1 STREAMS stream >", "SELECT 9", "SET text other",
          "SELECT 0"}) {
      const Reply reply = call(line);
      ASSERT_FALSE(reply.is_error()) << line << ": " << reply;
    }
    for (int i = 0; i < 500; ++i) call("RPUSH long " + Bytes(100 + i, 'x'));
    call("SET longer " + Bytes(20'000, 'y'));
    client().call_words({"FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 7 end)"});
  }

  Bytes lines_;
  uint64_t random_ = 0;
};

TEST_F(ImportTest, ABrokerGoesOnWithAllThatTheFileHolds) {
  fill();
  const uint64_t was = digest();
  const auto report = import(disk, file_of_all());
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_EQ(report->keys, 10u);
  EXPECT_EQ(report->libraries, 1u);
  EXPECT_EQ(report->expired, 0u);
  EXPECT_EQ(report->lost, 0u) << lines_;
  EXPECT_EQ(report->index, 12u);
  const auto checked = wal::check_folder(disk, "made");
  ASSERT_TRUE(checked.ok() && checked->sound);
  config.data_dir = "made";
  restart();
  EXPECT_EQ(digest(), was);
  EXPECT_EQ(call("FCALL f 0"), integer(7));
  EXPECT_EQ(call("HTTL hash FIELDS 2 f g"), array(500, -1));
  EXPECT_EQ(call("INCR number"), integer(13));
  restart();
  EXPECT_EQ(call("GET number"), bulk("13"));
}

// A snapshot that was damaged later must not let the log alone, which has none of it, pass for everything.
TEST_F(ImportTest, ItsLogDoesNotClaimToHaveEverything) {
  fill();
  ASSERT_TRUE(import(disk, file_of_all()).ok());
  Bytes snapshot = disk.contents("made/snapshot.db");
  for (size_t at = 4096; at < snapshot.size(); ++at) snapshot[at] = static_cast<char>(~snapshot[at]);
  disk.put("made/snapshot.db", snapshot);
  const auto salvaged = salvage_folder(disk, {.from = "made", .to = "saved", .random = [this] { return ++random_; }},
                                       [](const Finding&) {});
  EXPECT_TRUE(!salvaged.ok() || !salvaged->lost_nothing());
}

TEST_F(ImportTest, WhatHasExpiredIsLeftOutAndWhatCannotBeKeptIsTold) {
  Bytes file = "REDIS0011";
  const auto part = [&file](View bytes) { file += bytes; };
  part(View("\xfe\x00", 2));
  part(View("\xfc\1\0\0\0\0\0\0\0\0\4gone\1v", 17));
  part(View("\x00\4here\1v", 8));
  part(View("\7\3mod\x81\0\0\0\0\0\0\0\1\0", 15));
  part(View("\xfe\x14\x00\3far\1v", 9));
  part("\xf5\5print");
  const auto report = import(disk, ended(file));
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_EQ(report->keys, 1u);
  EXPECT_EQ(report->expired, 1u);
  EXPECT_EQ(report->lost, 3u);
  EXPECT_EQ(lines_,
            "lost=key db=0 key=\"mod\" why=\"it is of a module, and leat has none\"\n"
            "lost=key db=20 key=\"far\" why=\"leat has 16 databases, from 0 on\"\n"
            "lost=library code=\"print\" why=\"ERR Missing library metadata\"\n");
}

TEST_F(ImportTest, ADamagedFileLeavesNothing) {
  const auto refused = [this](const Bytes& file, const char* part) {
    const auto report = import(disk, file);
    ASSERT_FALSE(report.ok());
    EXPECT_NE(report.status().text().find(part), View::npos) << report.status().text();
    EXPECT_NE(report.status().text().find("in/dump.rdb: "), View::npos) << report.status().text();
    EXPECT_NE(report.status().text().find("Nothing was made"), View::npos) << report.status().text();
    EXPECT_FALSE(*disk.exists("made"));
    EXPECT_FALSE(*disk.exists("made.new"));
  };
  fill();
  const Bytes whole = file_of_all();
  refused(whole.substr(0, whole.size() / 2), "it ends in the middle");
  Bytes turned = whole;
  turned[whole.find("hello")] ^= 1;
  refused(turned, "its check does not fit its content");
  const Bytes key("\0\1k\1v", 5);
  refused(ended("REDIS0011" + key + key), "key \"k\" is there twice");
  refused(ended("REDIS0011" + Bytes("\2\1s\2\1a\1a", 8)), "what it says of key \"s\" cannot be: ERR Bad data format");
  refused("", "does not begin as a dump of Redis does");
}

TEST_F(ImportTest, ADiskThatFailsLeavesNoFolderOrAWholeOne) {
  fill();
  const Bytes file = file_of_all();
  const uint64_t was = digest();
  SimDisk counted;
  ASSERT_TRUE(import(counted, file).ok());
  for (uint64_t call = 2; call <= counted.calls(); ++call) {
    SimDisk failing;  // the first call makes the file's folder
    failing.fail_at(call);
    const auto report = import(failing, file);
    failing.power_cut(call);
    if (!*failing.exists("made")) {
      ASSERT_FALSE(report.ok()) << call;
      continue;
    }
    const auto checked = wal::check_folder(failing, "made");
    ASSERT_TRUE(checked.ok() && checked->sound) << call;
  }
  EXPECT_EQ(digest(), was);
}

}  // namespace
}  // namespace leat::testing
