// SPDX-License-Identifier: Apache-2.0
// A damaged folder is salvaged: what comes out starts, is sound, has every key that no lost record and no lost row
// touched exactly as it was, and the list names what was lost. The ledger is taken before the damage: the digest of
// each key, and which keys each record is about.
#include "broker/tools/salvage.h"

#include <random>

#include "broker/batch.h"
#include "broker/keyspace/mender.h"
#include "broker/storage/proof.h"
#include "tests/support/broker_test.h"
#include "wal/check.h"
#include "wal/segment.h"

namespace leat::testing {

class SalvageTest : public BrokerTest {
 protected:
  using Files = std::map<Bytes, Bytes>;
  using Key = std::pair<DbIndex, Bytes>;
  struct Salvaged {
    SalvageReport report;
    std::vector<Bytes> lines;
    Bytes refusal;  // empty: it was made

    Bytes text() const {
      Bytes all = refusal;
      for (const Bytes& line : lines) all += line + "\n";
      return all;
    }
    bool has(const Bytes& part) const { return text().find(part) != Bytes::npos; }
  };

  void SetUp() override {
    config.segment_bytes = 8 << 10;
    start();
  }

  // All kinds of values, short ones and such as take several chunks; a tick is a record.
  void write_some(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      const Bytes n = std::to_string(++written_);
      for (const Bytes& line :
           {"SET text:" + n + " " + Bytes(static_cast<size_t>(written_) * 37 % 900, 'x'),
            "RPUSH list a" + n + " " + Bytes(300, 'l'), "ZADD zset " + n + " m" + n + Bytes(200, 'z'),
            "HSET hash f" + n + " " + Bytes(250, 'h'), "XADD stream * n " + n + " v " + Bytes(200, 's'),
            "SADD set " + n + Bytes(150, 'm'),
            "RPUSH long:" + std::to_string(written_ % 3) + " " + n + Bytes(1500, 'b'), Bytes("LPOP list"),
            "HSET small:" + n + " a b", Bytes("XREADGROUP GROUP g c COUNT 1 STREAMS stream >")}) {
        advance_ms(5);
        const Reply reply = call(line);
        ASSERT_FALSE(reply.is_error()) << reply << " for " << line;
      }
    }
  }
  void make_group() { ASSERT_EQ(call("XGROUP CREATE stream g 0 MKSTREAM"), ok()); }

  // The process dies; what it leaves is taken down.
  void leave() {
    advance_ms(2000);
    advance_ms(20);
    was_ = keys_of(rooms().keyspace);
    digest_ = digest();
    last_ = broker().log()->proposed();
    disk.kill();
    const auto names = disk.list("data");
    for (const Bytes& name : *names) files_[name] = disk.contents("data/" + name);
    EffectDecoder decoder;
    ASSERT_TRUE(wal::read_folder(disk, "data", 1, [&](const wal::RecordHeader& header, View body) {
                  if (header.type != wal::RecordType::kBatch) return;
                  ASSERT_TRUE(decoder
                                  .decode(body,
                                          [&](DbIndex db, const Effect& effect) {
                                            std::visit(
                                                [&](const auto& one) {
                                                  for_each_key(db, one, [&](DbIndex where, View key) {
                                                    touched_[header.index].insert({where, Bytes(key)});
                                                  });
                                                },
                                                effect);
                                            return Status::fine();
                                          })
                                  .ok());
                }).ok());
    start();
  }

  static std::map<Key, uint64_t> keys_of(const Keyspace& keyspace) {
    std::map<Key, uint64_t> keys;
    for (DbIndex db = 0; db < kDatabases; ++db) {
      const Database& database = keyspace.database(db);
      database.for_each([&](View key, const Found&) { keys[{db, Bytes(key)}] = database.digest_of(key); });
    }
    return keys;
  }

  static void put(SimDisk& to, const Files& files) {
    static_cast<void>(to.make_folder("data"));
    for (const auto& [name, bytes] : files) to.put("data/" + name, bytes);
  }

  Salvaged salvage(SimDisk& on, const Bytes& from = "data", const Bytes& to = "saved") {
    Salvaged saved;
    const Tell tell = [&](const Finding& finding) { saved.lines.push_back(finding.line()); };
    auto report = salvage_folder(on, {.from = from, .to = to, .random = [this] { return ++random_; }}, tell);
    if (report.ok())
      saved.report = std::move(*report);
    else
      saved.refusal = Bytes(report.status().text());
    return saved;
  }

  // What a broker that starts on it has. It must be able to go on: one more change, seen by the next start.
  std::map<Key, uint64_t> start_on(SimDisk& on, const Bytes& folder, Index after) {
    Config other = config;
    other.data_dir = folder;
    const auto events = Events::silent();
    std::map<Key, uint64_t> keys;
    for (int start = 0; start < 2; ++start) {
      Broker started({.files = on, .clock = clock, .events = *events, .seed = 7, .deterministic = true}, other);
      Status opened = started.lock_folder();
      if (opened.ok()) opened = started.open();
      EXPECT_TRUE(opened.ok()) << opened.text();
      if (!opened.ok()) return {};
      EXPECT_GT(started.log()->proposed(), after) << "indexes fell";
      const auto now = keys_of(started.rooms().keyspace);
      if (start == 1) {
        EXPECT_TRUE(now.contains({0, "one more"}));
      }
      if (start == 0) keys = now;
      started.rooms().batch.emit(0, StringSet{.key = "one more", .value = "v"});
      started.tick();
    }
    return keys;
  }

  void expect_sound(SimDisk& on, const Bytes& folder, const Salvaged& saved) {
    const auto report = wal::check_folder(on, folder);
    ASSERT_TRUE(report.ok()) << report.status().text();
    EXPECT_TRUE(report->sound) << report->verdict << "\n" << saved.text();
    const auto proof = prove_folder(on, folder);
    ASSERT_TRUE(proof.ok()) << proof.status().text() << "\n" << saved.text();
    EXPECT_EQ(proof->digest, saved.report.digest);
    EXPECT_EQ(proof->keys, saved.report.keys);
  }

  // All keys but `spared` are as they were.
  void expect_rest_as_it_was(const std::map<Key, uint64_t>& now, const std::set<Key>& spared, const Salvaged& saved) {
    for (const auto& [key, digest] : was_) {
      if (spared.contains(key)) continue;
      const auto found = now.find(key);
      if (found == now.end())
        ADD_FAILURE() << "key " << key.second << " is lost\n" << saved.text();
      else if (found->second != digest)
        ADD_FAILURE() << "key " << key.second << " is another\n" << saved.text();
    }
    for (const auto& [key, digest] : now) {
      if (key.second.starts_with(kLostValue)) continue;  // whose own key is lost
      if (!was_.contains(key) && !spared.contains(key)) ADD_FAILURE() << "key " << key.second << " came from nowhere";
    }
  }

  std::set<Key> touched(Index from, Index to) const {
    std::set<Key> keys;
    for (auto at = touched_.lower_bound(from); at != touched_.end() && at->first <= to; ++at)
      keys.insert(at->second.begin(), at->second.end());
    return keys;
  }

  // What a start would refuse, salvage takes.
  Salvaged salvage_damaged(SimDisk& on, const Files& files) {
    put(on, files);
    const auto sound = wal::check_folder(on, "data");
    EXPECT_TRUE(sound.ok() && !sound->sound);
    Salvaged saved = salvage(on);
    EXPECT_EQ(saved.refusal, "");
    return saved;
  }

  // Salvages `files`, expects exactly records `from` to `to` lost and nothing else of the log or the snapshot.
  Salvaged expect_lost_records(const Files& files, Index from, Index to, const Bytes& file) {
    SimDisk damaged;
    const Salvaged saved = salvage_damaged(damaged, files);
    const Bytes range =
        " from=" + std::to_string(from) + " to=" + std::to_string(to) + " count=" + std::to_string(to - from + 1);
    EXPECT_TRUE(saved.has("lost=records file=" + file) && saved.has(range)) << saved.text() << range;
    EXPECT_EQ(saved.report.lost_records, to - from + 1) << saved.text();
    EXPECT_EQ(saved.report.lost_rows, 0u);
    EXPECT_EQ(saved.report.lost_batches, 0u);
    EXPECT_FALSE(saved.report.lost_nothing());
    expect_sound(damaged, "saved", saved);
    expect_rest_as_it_was(start_on(damaged, "saved", last_), touched(from, to), saved);
    return saved;
  }

  // Nothing says how much came behind what is left, and salvage says just that.
  void expect_open_end(const Files& files, const Bytes& why) {
    SimDisk damaged;
    const Salvaged saved = salvage_damaged(damaged, files);
    EXPECT_TRUE(saved.has(" to=unknown count=unknown ") && saved.has(why)) << saved.text();
    EXPECT_TRUE(saved.report.open_end);
    EXPECT_FALSE(saved.report.lost_nothing());
    expect_sound(damaged, "saved", saved);
  }

  void expect_nothing_lost(const Files& files) {
    SimDisk damaged;
    put(damaged, files);
    const Salvaged saved = salvage(damaged);
    EXPECT_EQ(saved.text(), "");
    EXPECT_TRUE(saved.report.lost_nothing());
    EXPECT_EQ(saved.report.digest, digest_);
    EXPECT_EQ(saved.report.index, last_);
    expect_sound(damaged, "saved", saved);
    expect_rest_as_it_was(start_on(damaged, "saved", last_), {}, saved);
  }

  // Where record `index` stands.
  std::pair<Bytes, uint64_t> place_of(Index index) {
    const auto segments = wal::list_segments(disk, "data");
    for (const auto& segment : *segments) {
      const auto file = disk.open("data/" + segment.name, wal::OpenMode::kRead);
      const auto offset = wal::find_record(**file, segment.header, {segment.named, wal::kSegmentHeaderSize}, index);
      if (segment.named <= index && offset.ok()) return {segment.name, *offset};
    }
    return {"", 0};
  }

  std::vector<Bytes> segments() const {
    std::vector<Bytes> names;
    for (const auto& [name, bytes] : files_) {
      if (wal::parse_segment_name(name)) names.push_back(name);
    }
    return names;
  }

  Files files_;
  std::map<Key, uint64_t> was_;
  std::map<Index, std::set<Key>> touched_;
  uint64_t digest_ = 0;
  Index last_ = 0;
  int written_ = 0;
  uint64_t random_ = 1000;
};

// ---- nothing is wrong

TEST_F(SalvageTest, OfAWholeFolderLosesNothing) {
  make_group();
  write_some(20);
  leave();
  expect_nothing_lost(files_);
}

TEST_F(SalvageTest, OfAWholeFolderWithASnapshotLosesNothing) {
  make_group();
  write_some(20);
  ASSERT_TRUE(broker().save().ok());
  write_some(10);
  leave();
  expect_nothing_lost(files_);
}

TEST_F(SalvageTest, TrimsATornTailAsAStartDoes) {
  write_some(0);
  make_group();
  write_some(5);
  leave();
  const auto [name, offset] = place_of(last_);
  files_[name].resize(offset + 20);
  files_[name].resize(8 << 10);
  SimDisk torn;
  put(torn, files_);
  const auto sound = wal::check_folder(torn, "data");
  ASSERT_TRUE(sound->sound) << "it was known to be synced: " << sound->verdict;
  const Salvaged saved = salvage(torn);
  EXPECT_EQ(saved.text(), "");
  EXPECT_EQ(saved.report.index, last_ - 1);
}

TEST_F(SalvageTest, RefusesWhatIsNoFolderOrInUse) {
  write_some(0);
  leave();
  SimDisk other;
  EXPECT_EQ(salvage(other).refusal, "there is no folder data");
  ASSERT_TRUE(other.make_folder("data").ok());
  EXPECT_NE(salvage(other).refusal.find("holds no snapshot and no log: there is nothing to salvage"), Bytes::npos);
  EXPECT_NE(salvage(disk).refusal.find("in use by process"), Bytes::npos);
  put(other, files_);
  ASSERT_TRUE(other.make_folder("taken").ok());
  other.put("taken/file", "x");
  EXPECT_NE(salvage(other, "data", "taken").refusal.find("is not empty"), Bytes::npos);
}

// ---- the log

TEST_F(SalvageTest, ARecordInTheMiddle) {
  make_group();
  write_some(20);
  leave();
  const auto [name, offset] = place_of(60);
  files_[name][offset + wal::kRecordHeaderSize + 3] ^= 1;
  const Salvaged saved = expect_lost_records(files_, 60, 60, name + " offset=" + std::to_string(offset));
  EXPECT_TRUE(saved.has("why=\"it is damaged\""));
}

TEST_F(SalvageTest, ASegmentIsMissing) {
  make_group();
  write_some(20);
  leave();
  const auto names = segments();
  ASSERT_GT(names.size(), 3u);
  files_.erase(names[1]);
  const Salvaged saved =
      expect_lost_records(files_, *wal::parse_segment_name(names[1]), *wal::parse_segment_name(names[2]) - 1, names[0]);
  EXPECT_TRUE(saved.has("the segment that follows is missing"));
}

TEST_F(SalvageTest, TheFirstSegmentIsMissing) {
  make_group();
  write_some(20);
  leave();
  const auto names = segments();
  files_.erase(names[0]);  // it has record 1 alone, the configuration
  expect_nothing_lost(files_);
  files_.erase(names[1]);
  const Salvaged saved = expect_lost_records(files_, 1, *wal::parse_segment_name(names[2]) - 1, "-");
  EXPECT_TRUE(saved.has("why=\"there is no such group\" db=0 GroupDeliver")) << saved.text();
}

TEST_F(SalvageTest, AHeaderIsGone) {
  make_group();
  write_some(20);
  leave();
  const auto names = segments();
  files_[names[1]].replace(0, wal::kSegmentHeaderSize, wal::kSegmentHeaderSize, '\0');
  const Salvaged saved = expect_lost_records(files_, *wal::parse_segment_name(names[1]),
                                             *wal::parse_segment_name(names[2]) - 1, names[1] + " offset=0");
  EXPECT_TRUE(saved.has("this is not a segment of leat's log"));
}

// A frame needs nothing of the header but the salt, and that is found again when one of its bits turned.
TEST_F(SalvageTest, AFlippedBitInAHeaderLosesNothing) {
  make_group();
  write_some(10);
  leave();
  const Bytes name = segments()[1];
  for (size_t at = 0; at < wal::kSegmentHeaderSize; at += 5) {
    SCOPED_TRACE(at);
    Files damaged = files_;
    damaged[name][at] ^= 4;
    SimDisk on;
    put(on, damaged);
    const Salvaged saved = salvage(on);
    EXPECT_EQ(saved.text(), "");
    EXPECT_EQ(saved.report.digest, digest_);
  }
}

TEST_F(SalvageTest, ALostEndIsKnownFromTheNextSegment) {
  make_group();
  write_some(20);
  leave();
  const auto names = segments();
  const Index behind = *wal::parse_segment_name(names[2]);
  const auto [name, offset] = place_of(behind - 2);
  ASSERT_EQ(name, names[1]);
  files_[name].resize(offset);
  expect_lost_records(files_, behind - 2, behind - 1, name + " offset=" + std::to_string(offset));
}

// No later record, and no later name, tells how far the log went.
TEST_F(SalvageTest, AnEndThatIsGoneIsNotTakenForTheEnd) {
  make_group();
  write_some(20);
  leave();
  const Bytes last = segments().back();
  ASSERT_TRUE(files_.contains(Bytes(wal::kSpareName)));
  Files damaged = files_;
  damaged[last].resize(damaged[last].size() / 2);
  expect_open_end(damaged, "the file has been cut off");
  damaged[last].resize(5);
  expect_open_end(damaged, "the file is too short for a segment");
  damaged = files_;
  damaged[last].replace(0, wal::kSegmentHeaderSize, wal::kSegmentHeaderSize, '\0');
  expect_open_end(damaged, "this is not a segment of leat's log");
  damaged = files_;
  damaged.erase(last);
  expect_open_end(damaged, "a segment before next.log is missing");
  damaged = {{wal::segment_name(1), "junk!"}};
  expect_open_end(damaged, "the file is too short for a segment");
}

// ---- the snapshot

class SnapshotSalvageTest : public SalvageTest {
 protected:
  // The log begins behind the snapshot's segment, unless `hours` of it are kept.
  void make(int64_t hours) {
    config.retain_log_hours = hours;
    start();
    make_group();
    write_some(60);
    ASSERT_TRUE(broker().save().ok());
    write_some(10);
    leave();
    ASSERT_EQ(hours == 0, files_.begin()->first != wal::segment_name(1));
  }
  std::set<Key> lost_;
  Bytes& database() { return files_["snapshot.db"]; }

  // Turns a bit in `bytes`, where they are part of a row and not just left over on a page.
  void flip_in(View bytes) {
    for (size_t at = database().find(bytes); at != Bytes::npos; at = database().find(bytes, at + bytes.size())) {
      database()[at + bytes.size() / 2] ^= 1;
      SimDisk damaged;
      put(damaged, files_);
      const auto report = wal::check_folder(damaged, "data");
      if (report.ok() && !report->sound) return;
      database()[at + bytes.size() / 2] ^= 1;
    }
    FAIL() << "no row has these bytes";
  }
  // Where the page begins that holds `bytes`.
  size_t page_of(View bytes) {
    const size_t at = database().find(bytes);
    EXPECT_NE(at, Bytes::npos);
    return at / 4096 * 4096;
  }
  std::set<Key> named_in(const Salvaged& saved) {
    std::set<Key> keys;
    for (const auto& [key, digest] : was_) {
      if (saved.has("key=\"" + key.second + "\"")) keys.insert(key);
    }
    return keys;
  }
  Salvaged expect_salvaged(const std::set<Key>& spared) {
    SimDisk damaged;
    put(damaged, files_);
    Salvaged saved = salvage(damaged);
    EXPECT_EQ(saved.refusal, "");
    if (saved.refusal.empty()) {
      expect_sound(damaged, "saved", saved);
      auto all = named_in(saved);
      all.insert(spared.begin(), spared.end());
      expect_rest_as_it_was(start_on(damaged, "saved", last_), all, saved);
    }
    return saved;
  }
};

TEST_F(SnapshotSalvageTest, WithTheWholeLogNothingIsLost) {
  make(24);
  for (const size_t at : {size_t{10}, database().size() / 2, database().size() - 100}) {
    Files damaged = files_;
    damaged["snapshot.db"].replace(at, 64, 64, '\0');
    expect_nothing_lost(damaged);
  }
  files_["snapshot.db"].resize(files_["snapshot.db"].size() / 2);
  expect_nothing_lost(files_);
}

TEST_F(SnapshotSalvageTest, WhatCameBehindItIsNotTakenForNothing) {
  make(0);
  Files damaged = files_;
  for (const Bytes& name : segments()) damaged.erase(name);
  expect_open_end(damaged, "the log ends before record ");
  damaged = files_;
  damaged[segments().back()].resize(wal::kSegmentHeaderSize + 1);
  expect_open_end(damaged, "the file has been cut off");
}

// A log that begins with record 1 and is whole as far as it goes is still not all, where the snapshot goes further.
TEST_F(SnapshotSalvageTest, ALogThatEndsBeforeItIsNotTakenForTheWholeLog) {
  make(24);
  Files damaged = files_;
  for (const Bytes& name : segments()) {
    if (name != wal::segment_name(1)) damaged.erase(name);
  }
  damaged.erase(Bytes(wal::kSpareName));
  expect_open_end(damaged, "the log ends before record ");
  SimDisk on;
  put(on, damaged);
  const Salvaged saved = salvage(on);
  EXPECT_GT(saved.report.keys, 100u) << "the snapshot's";
  database().resize(database().size() / 2);  // not whole either, and still more than record 1
  damaged["snapshot.db"] = database();
  SimDisk worse;
  put(worse, damaged);
  EXPECT_FALSE(salvage(worse).report.lost_nothing());
}

TEST_F(SnapshotSalvageTest, ARowWithAFlippedBitIsNamed) {
  make(0);
  flip_in(Bytes(200, 'z'));
  const Salvaged saved = expect_salvaged({});
  EXPECT_EQ(saved.report.lost_rows, 1u) << saved.text();
  EXPECT_TRUE(saved.has("lost=row table=chunks id=")) << saved.text();
  EXPECT_TRUE(saved.has("lost=part db=0 key=\"zset\"")) << saved.text();
  EXPECT_EQ(saved.report.lost_records, 0u);
}

TEST_F(SnapshotSalvageTest, ALongElementIsNamed) {
  make(0);
  flip_in(Bytes(1400, 'b'));
  const Salvaged saved = expect_salvaged({});
  EXPECT_TRUE(saved.has("lost=row table=blobs")) << saved.text();
  EXPECT_TRUE(saved.has("1 long element whose bytes are lost")) << saved.text();
}

// The key table says itself how much of it is gone.
TEST_F(SnapshotSalvageTest, APageOfKeysIsCounted) {
  make(0);
  const size_t page = page_of("small:30");
  for (const auto& [key, digest] : was_) {  // their names stand there
    static_cast<void>(digest);
    if (View(database()).substr(page, 4096).find(key.second) != View::npos) lost_.insert(key);
  }
  database().replace(page, 4096, 4096, '\0');
  const Salvaged saved = expect_salvaged(lost_);
  EXPECT_TRUE(saved.has("whose names are not known: ")) << saved.text();
  EXPECT_GE(saved.report.lost_rows, 1u);
}

// Whatever stands there is known: where the tables begin.
TEST_F(SnapshotSalvageTest, WithoutItsFirstPageNothingIsLost) {
  make(0);
  database().replace(0, 4096, 4096, '\0');
  expect_nothing_lost(files_);
}

TEST_F(SnapshotSalvageTest, AFlippedBitInMetaIsTurnedBack) {
  make(0);
  const size_t at = database().find(rooms().keyspace.state().substr(0, 9));  // its form and the hash seed
  ASSERT_NE(at, Bytes::npos);
  for (const size_t byte : {at - 10, at - 1, at + 4, at + 100}) {
    Files damaged = files_;
    damaged["snapshot.db"][byte] ^= 16;
    expect_nothing_lost(damaged);
  }
}

TEST_F(SnapshotSalvageTest, WithoutMetaAndWithoutTheWholeLogTheRestOfTheLogIsKept) {
  make(0);
  const size_t at = database().find(rooms().keyspace.state().substr(0, 9));
  ASSERT_NE(at, Bytes::npos);
  database()[at + 4] ^= 1;
  database()[at + 40] ^= 1;
  SimDisk damaged;
  put(damaged, files_);
  const Salvaged saved = salvage(damaged);
  EXPECT_EQ(saved.refusal, "");
  EXPECT_TRUE(saved.has("lost=snapshot")) << saved.text();
  EXPECT_TRUE(saved.has("lost=records file=- offset=0 from=1 ")) << saved.text();
  EXPECT_NE(saved.report.base.find("not even its table meta"), Bytes::npos);
  expect_sound(damaged, "saved", saved);
  start_on(damaged, "saved", last_);
}

TEST_F(SnapshotSalvageTest, BothAreDamaged) {
  make(0);
  flip_in(Bytes(250, 'h'));
  const Index lost = last_ - 20;
  const auto [name, offset] = place_of(lost);
  files_[name][offset + wal::kRecordHeaderSize] ^= 1;
  const Salvaged saved = expect_salvaged(touched(lost, lost));
  EXPECT_TRUE(saved.has(" from=" + std::to_string(lost) + " to=" + std::to_string(lost) + " count=1")) << saved.text();
  EXPECT_TRUE(saved.has("key=\"hash\"")) << saved.text();
}

TEST_F(SnapshotSalvageTest, IsCutShort) {
  make(0);
  database().resize(database().size() / 4096 * 3 / 4 * 4096);
  SimDisk damaged;
  put(damaged, files_);
  const Salvaged saved = salvage(damaged);
  EXPECT_EQ(saved.refusal, "");
  EXPECT_GT(saved.report.lost_rows, 0u) << saved.text();
  expect_sound(damaged, "saved", saved);
  start_on(damaged, "saved", last_);
}

// ---- anything

class AnyDamageTest : public SnapshotSalvageTest, public ::testing::WithParamInterface<int64_t> {
 protected:
  static uint64_t seeds() {
    const char* const wanted = std::getenv("LEAT_SEEDS");
    return wanted == nullptr ? 300 : std::strtoull(wanted, nullptr, 10);
  }

  // A bit, a run of bytes, a page, a cut, a whole file.
  Bytes damage(Files& files, std::mt19937_64& dice) {
    auto chosen = files.begin();
    std::advance(chosen, static_cast<ptrdiff_t>(dice() % files.size()));
    Bytes& bytes = chosen->second;
    if (bytes.empty()) return "";
    const size_t at = dice() % bytes.size(), page = at / 4096 * 4096;
    Bytes what = chosen->first + "@" + std::to_string(at) + " ";
    switch (dice() % 8) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        files.erase(chosen);
        break;
      case 2:
        std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(page), std::min<size_t>(4096, bytes.size() - page), '\0');
        break;
      case 3:
        std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(at), std::min<size_t>(100, bytes.size() - at),
                    static_cast<char>(dice()));
        break;
      default:
        bytes[at] = static_cast<char>(bytes[at] ^ 1 << dice() % 8);
    }
    return what;
  }

  std::set<Key> touched_by(const Salvaged& saved) {
    std::set<Key> keys;
    for (const Bytes& line : saved.lines) {
      unsigned long long from = 0, to = 0;
      const size_t at = line.find(" from=");
      if (!line.starts_with("lost=records") || std::sscanf(line.c_str() + at, " from=%llu to=%llu", &from, &to) != 2)
        continue;
      keys.merge(touched(from, to));
    }
    return keys;
  }

  void expect_salvaged(SimDisk& damaged, const Salvaged& saved) {
    expect_sound(damaged, "saved", saved);
    const Salvaged again = salvage(damaged, "saved", "again");
    EXPECT_EQ(again.text(), "");
    EXPECT_EQ(again.report.digest, saved.report.digest);
    const auto now = start_on(damaged, "saved", saved.report.index);
    if (saved.report.lost_nothing() && saved.report.index == last_) {
      EXPECT_EQ(now, was_);
    }
    // What a lost row held can be of any key; a lost record's keys are known, and a tail that was trimmed is lost as
    // well.
    if (saved.report.lost_rows > 0 || saved.report.lost_parts > 0) return;
    if (saved.has(" from=1 ") && !touched_.contains(2))
      return;  // the snapshot is gone: records from before it were lost
    auto spared = touched_by(saved);
    spared.merge(touched(saved.report.index + 1, last_));
    expect_rest_as_it_was(now, spared, saved);
  }
};

// One to four of them: a sound folder, or a sentence that says why not. Only the keys of lost records are another, and
// what was made can be salvaged again without a loss.
TEST_P(AnyDamageTest, GivesASoundFolderOrARefusal) {
  make(GetParam());
  const Files whole = files_;
  uint64_t refused = 0, lossless = 0;
  for (uint64_t seed = 1; seed <= seeds(); ++seed) {
    std::mt19937_64 dice(seed);
    Files files = whole;
    Bytes what;
    for (uint64_t left = 1 + dice() % 4; left > 0; --left) what += damage(files, dice);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + what);
    SimDisk damaged;
    put(damaged, files);
    const Salvaged saved = salvage(damaged);
    lossless += saved.refusal.empty() && saved.report.lost_nothing();
    refused += !saved.refusal.empty();
    if (saved.refusal.empty())
      expect_salvaged(damaged, saved);
    else
      EXPECT_FALSE(*damaged.exists("saved"));
    if (HasFailure()) return;
  }
  EXPECT_LE(refused, seeds() / 10);
  EXPECT_GE(lossless, seeds() / 10);
}
INSTANTIATE_TEST_SUITE_P(HoursOfLogKept, AnyDamageTest, ::testing::Values(0, 24));

}  // namespace leat::testing
