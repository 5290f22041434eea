// SPDX-License-Identifier: Apache-2.0
// A log that stands on a snapshot: what is replayed, what is not even read, what is refused and in which words.
#include "tests/unit/wal/log_fixture.h"
#include "wal/snapshot.h"

namespace leat::wal {

class BehindSnapshotTest : public LogFixture {
 protected:
  // Batch number n is record n + 2: 60 of them in segments of 2 KB, closed.
  void make_log(uint64_t batches = 60) {
    open();
    for (uint64_t number = 0; number < batches; ++number) propose(number);
    cluster_id = log->recovery().cluster_id;
    last = log->proposed();
    close();
  }
  void close() {
    ASSERT_TRUE(log->close().ok());
    log.reset();
  }
  std::vector<Index> named_segments() {
    std::vector<Index> firsts;
    const auto names = disk.list("data");
    for (const Bytes& name : *names) {
      if (const auto first = parse_segment_name(name)) firsts.push_back(*first);
    }
    return firsts;
  }
  void remove_segment(Index first) { disk.remove(path(segment_name(first))); }
  void stand_on(Index after) { options.origin = {.after = after, .cluster_id = cluster_id}; }
  // As if the broker had one: open_folder only asks for the name.
  void put_snapshot() { disk.put(path(kSnapshotName), "x"); }
  Bytes refusal() {
    const auto opened = try_open();
    return opened.ok() ? "it was opened" : Bytes(opened.status().text());
  }

  uint64_t cluster_id = 0;
  Index last = 0;
};

TEST_F(BehindSnapshotTest, OnlyWhatComesBehindItIsReplayed) {
  make_log();
  for (Index after = 0; after <= last; ++after) {
    SCOPED_TRACE(after);
    stand_on(after);
    open();
    ASSERT_EQ(replayed.size(), after == 0 ? 60 : last - after);
    expect_replayed_from(after == 0 ? 0 : after - 1);
    ASSERT_EQ(log->next_index(), last + 1);
    ASSERT_EQ(log->recovery().last, last);
    ASSERT_EQ(log->recovery().first, 1u);
    ASSERT_EQ(log->recovery().last_time_ms, 1059);
    ASSERT_EQ(log->stats().segments, named_segments().size());
    close();
  }
}

TEST_F(BehindSnapshotTest, SegmentsBehindItAreNotReadAndMayBeMissing) {
  make_log();
  put_snapshot();
  const auto firsts = named_segments();
  ASSERT_GT(firsts.size(), 5u);
  // All but the header of the first is rubbish, all of the others that end before the snapshot are gone.
  Bytes spoilt = disk.contents(path(segment_name(1)));
  std::fill(spoilt.begin() + kSegmentHeaderSize, spoilt.end(), 'x');
  disk.put(path(segment_name(1)), spoilt);
  stand_on(firsts[1]);
  open();
  expect_replayed_from(firsts[1] - 1);
  EXPECT_EQ(log->recovery().records, last - firsts[1] + 1);  // of those segments that were read
  close();
  for (size_t at = 0; at + 1 < firsts.size(); ++at) {
    remove_segment(firsts[at]);
    for (const Index after : {firsts[at + 1] - 1, firsts[at + 1], last}) {
      SCOPED_TRACE(after);
      stand_on(after);
      open();
      ASSERT_EQ(replayed.size(), last - after);
      expect_replayed_from(after - 1);
      ASSERT_EQ(log->recovery().first, firsts[at + 1]);
      close();
    }
  }
  open();
  propose(60);
  close();
  open();
  EXPECT_EQ(replayed.size(), 1u);
}

TEST_F(BehindSnapshotTest, RecordsBehindItCanStillBeLocated) {
  make_log();
  stand_on(last - 2);
  open();
  for (Index index = 1; index <= last; ++index) {
    const auto place = log->locate(index);
    ASSERT_TRUE(place.ok()) << place.status().text();
    const auto header = parse_record_header(View(disk.contents(path(place->file))).substr(place->offset));
    ASSERT_EQ(header->index, index);
  }
}

TEST_F(BehindSnapshotTest, AGapBetweenTheTwoIsRefused) {
  make_log();
  put_snapshot();
  const auto firsts = named_segments();
  remove_segment(firsts[0]);
  remove_segment(firsts[1]);
  stand_on(firsts[1]);
  EXPECT_EQ(refusal(), "data/" + segment_name(firsts[2]) +
                           " is damaged at offset 0: the log begins here, and snapshot.db ends with record " +
                           std::to_string(firsts[1]) +
                           ": the segments between are missing. Nothing was changed. `leat check data` shows what is " +
                           "readable; restore the folder from a backup or a replica, or keep what is left: leat " +
                           "salvage data --to NEW");
  stand_on(0);
  EXPECT_NE(refusal().find("the log begins here, the segments before are missing"), Bytes::npos);
  stand_on(firsts[2] - 1);
  open();
  expect_replayed_from(firsts[2] - 2);
}

TEST_F(BehindSnapshotTest, ALogThatEndsBeforeItIsRefused) {
  make_log();
  stand_on(last + 1);
  EXPECT_NE(
      refusal().find(
          "record 62 is unreadable or missing, and record 62 is known to have been on disk: snapshot.db goes up to it"),
      Bytes::npos)
      << refusal();
}

TEST_F(BehindSnapshotTest, AnotherBrokersLogIsRefused) {
  make_log();
  stand_on(5);
  options.origin.cluster_id ^= 1;
  EXPECT_NE(refusal().find("another broker's log than snapshot.db: one of the two was copied here"), Bytes::npos)
      << refusal();
}

TEST_F(BehindSnapshotTest, ASnapshotInTheMiddleOfABatchIsRefused) {
  options.thread = LogThread::kNever;
  open();
  log->propose(Bytes(3 * kRecordBodyMax, 'x'), 5);  // records 2, 3, 4
  close();
  stand_on(3);
  EXPECT_NE(refusal().find("record 3, the last of snapshot.db, stands in the middle of a batch"), Bytes::npos)
      << refusal();
  stand_on(4);
  open();
  EXPECT_TRUE(replayed.empty());
}

TEST_F(BehindSnapshotTest, ASnapshotWithoutASegmentOrALogWithoutItsSnapshotIsRefused) {
  make_log();
  const auto firsts = named_segments();
  remove_segment(1);
  EXPECT_NE(refusal().find("data has a log that begins with " + segment_name(firsts[1]) + " and no snapshot.db"),
            Bytes::npos)
      << refusal();
  put_snapshot();
  for (const Index first : firsts) {
    if (first != 1) remove_segment(first);
  }
  stand_on(last);
  if (*disk.exists(path(kSpareName))) {
    EXPECT_NE(refusal().find("data/next.log is damaged at offset 0: the log begins here"), Bytes::npos) << refusal();
    disk.remove(path(kSpareName));
  }
  EXPECT_NE(refusal().find("data holds snapshot.db but no segment of the log"), Bytes::npos) << refusal();
  EXPECT_NE(refusal().find("`leat check` shows up to which record it goes"), Bytes::npos) << refusal();
}

// What is behind the snapshot was torn, or never got its end: it is trimmed, and the snapshot stays the floor.
TEST_F(BehindSnapshotTest, ATornTailBehindItIsTrimmed) {
  open();
  for (uint64_t number = 0; number < 20; ++number) propose(number);
  const uint64_t id = log->recovery().cluster_id;
  const Index after = log->synced();
  disk.stop_at(disk.calls() + 2);  // written, not synced
  propose(20);
  log.reset();
  disk.power_cut(0);
  options.origin = {.after = after, .cluster_id = id};
  open();
  EXPECT_TRUE(replayed.empty());
  EXPECT_EQ(log->next_index(), after + 1);
  propose(20);
  close();
  open();
  EXPECT_EQ(replayed.size(), 1u);
  expect_replayed_from(20);
}

}  // namespace leat::wal
