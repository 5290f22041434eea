// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/stream.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace leat {
namespace {

using Model = std::map<StreamId, std::vector<Bytes>>;

Bytes random_bytes(std::mt19937_64& dice, size_t size) {
  Bytes bytes(size, 0);
  for (char& byte : bytes) byte = static_cast<char>(dice());
  return bytes;
}

std::vector<Bytes> random_pairs(std::mt19937_64& dice) {
  std::vector<Bytes> pairs;
  const size_t count = 1 + dice() % 4;
  const bool usual = dice() % 4 != 0;
  for (size_t i = 0; i < count; ++i) {
    pairs.push_back(usual ? "field " + std::to_string(i) : random_bytes(dice, dice() % 30));
    pairs.push_back(random_bytes(dice, dice() % 20 == 0 ? dice() % 5000 : dice() % 40));
  }
  return pairs;
}

std::vector<View> views(const std::vector<Bytes>& bytes) { return {bytes.begin(), bytes.end()}; }

void expect_entry(const Stream::Cursor& at, StreamId id, const std::vector<Bytes>& pairs) {
  ASSERT_TRUE(at.valid());
  ASSERT_EQ(at.id(), id);
  std::vector<View> fields;
  at.fields(fields);
  ASSERT_EQ(fields, views(pairs));
}

void expect_same(const Stream& stream, const Model& model) {
  ASSERT_EQ(stream.size(), model.size());
  ASSERT_EQ(stream.first_id(), model.empty() ? StreamId() : model.begin()->first);
  auto at = stream.cursor({});
  for (const auto& [id, pairs] : model) {
    expect_entry(at, id, pairs);
    if (testing::Test::HasFatalFailure()) return;
    at.next();
  }
  ASSERT_FALSE(at.valid());
  auto back = stream.cursor_back(kStreamIdMax);
  for (auto expected = model.rbegin(); expected != model.rend(); ++expected, back.previous()) {
    ASSERT_TRUE(back.valid());
    ASSERT_EQ(back.id(), expected->first);
  }
  ASSERT_FALSE(back.valid());
}

struct Twins {
  Stream& stream;
  Model& model;
  std::mt19937_64& dice;
  StreamId next = {1, 1};

  StreamId some_id() { return {dice() % (next.ms + 2), dice() % 6}; }
  void append() {
    const auto pairs = random_pairs(dice);
    next = dice() % 3 ? StreamId{next.ms + 1 + dice() % 3, dice() % 4} : next.next();
    stream.append(next, views(pairs));
    model[next] = pairs;
  }
  void change() {
    const size_t kind = dice() % 16;
    if (kind < 11 || model.empty()) return append();
    if (kind == 11) {
      const uint64_t count = std::min<uint64_t>(model.size(), dice() % (dice() % 10 == 0 ? 300 : 4));
      stream.drop_front(count);
      model.erase(model.begin(), std::next(model.begin(), count));
      return;
    }
    StreamId id = some_id();
    const auto near = model.lower_bound(id);
    if (dice() % 4 != 0 && near != model.end()) id = near->first;
    ASSERT_EQ(stream.erase(id), model.erase(id) == 1);
  }
  void look() {
    const StreamId id = some_id();
    const auto after = model.lower_bound(id);
    const auto at = stream.cursor(id);
    ASSERT_EQ(at.valid(), after != model.end());
    if (at.valid()) expect_entry(at, after->first, after->second);
    const auto past = model.upper_bound(id);
    const auto back = stream.cursor_back(id);
    ASSERT_EQ(back.valid(), past != model.begin());
    if (back.valid()) expect_entry(back, std::prev(past)->first, std::prev(past)->second);
    ASSERT_EQ(stream.contains(id), model.contains(id));
  }
};

TEST(StreamTest, DoesWhatAMapDoes) {
  for (const uint64_t seed : {1, 2}) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    ChunkStore chunks;
    {
      Stream stream(chunks, 1, 0);
      Model model;
      Twins twins{stream, model, dice};
      for (int round = 0; round < 30000; ++round) {
        twins.change();
        twins.look();
        if (HasFatalFailure()) return;
        if (round % 2000 == 0) {
          expect_same(stream, model);
          const StreamId id = twins.some_id();
          ASSERT_EQ(stream.count_before(id),
                    static_cast<uint64_t>(std::distance(model.begin(), model.lower_bound(id))));
          ASSERT_EQ(stream.count_after(id), static_cast<uint64_t>(std::distance(model.upper_bound(id), model.end())));
        }
      }
      expect_same(stream, model);
      EXPECT_EQ(stream.last_id(), twins.next);
      while (!model.empty()) {
        const StreamId id = std::next(model.begin(), dice() % std::min<size_t>(model.size(), 50))->first;
        ASSERT_TRUE(stream.erase(id));
        model.erase(id);
      }
      EXPECT_EQ(stream.size(), 0u);
      EXPECT_EQ(stream.last_id(), twins.next);
      EXPECT_EQ(chunks.chunks(), 1u) << "its head is what is left";
    }
    EXPECT_EQ(chunks.bytes(), 0u);
    EXPECT_EQ(chunks.chunks(), 0u);
  }
}

TEST(StreamTest, IdsReachFromOneEndToTheOther) {
  ChunkStore chunks;
  Stream stream(chunks, 1, 0);
  const std::vector<Bytes> pairs = {"f", "v"};
  const StreamId ids[] = {{0, 1}, {0, UINT64_MAX}, {1, 0}, {UINT64_MAX, 0}, kStreamIdMax};
  for (const StreamId id : ids) stream.append(id, views(pairs));
  auto at = stream.cursor({});
  for (const StreamId id : ids) {
    expect_entry(at, id, pairs);
    EXPECT_TRUE(stream.contains(id));
    at.next();
  }
  EXPECT_EQ(stream.cursor_back(kStreamIdMax).id(), kStreamIdMax);
  EXPECT_EQ(stream.count_after({0, 1}), 4u);
  EXPECT_EQ(stream.count_after(kStreamIdMax), 0u);
}

TEST(StreamTest, TrimmingAndDeletingKeepTheirOwnRecords) {
  ChunkStore chunks;
  Stream stream(chunks, 1, 0);
  const std::vector<View> pairs = {"field", "value"};
  for (uint64_t ms = 1; ms <= 1000; ++ms) stream.append({ms, 0}, pairs);
  stream.drop_front(10);
  EXPECT_EQ(stream.max_deleted_id(), StreamId());
  EXPECT_EQ(stream.first_id(), (StreamId{11, 0}));
  EXPECT_TRUE(stream.erase({500, 0}));
  EXPECT_FALSE(stream.erase({500, 0}));
  EXPECT_TRUE(stream.erase({400, 0}));
  EXPECT_EQ(stream.max_deleted_id(), (StreamId{500, 0}));
  EXPECT_EQ(stream.entries_added(), 1000u);
  EXPECT_EQ(stream.size(), 988u);
  stream.set_last({2000, 5}, 3000, {600, 0});
  EXPECT_EQ(stream.last_id(), (StreamId{2000, 5}));
  EXPECT_EQ(stream.entries_added(), 3000u);
}

// Deleted entries do not hold memory for long, wherever they are.
TEST(StreamTest, ThinnedOutChunksAreRewritten) {
  ChunkStore chunks;
  Stream stream(chunks, 1, 0);
  const Bytes value(60, 'v');
  const std::vector<View> pairs = {"field", value};
  for (uint64_t ms = 1; ms <= 10000; ++ms) stream.append({ms, 0}, pairs);
  const size_t before = chunks.bytes();
  for (uint64_t ms = 1; ms <= 10000; ++ms) {
    if (ms % 10 != 0) {
      ASSERT_TRUE(stream.erase({ms, 0}));
    }
  }
  EXPECT_EQ(stream.size(), 1000u);
  EXPECT_LT(chunks.bytes(), before / 3);
  uint64_t ms = 10;
  for (auto at = stream.cursor({}); at.valid(); at.next(), ms += 10) EXPECT_EQ(at.id(), (StreamId{ms, 0}));
}

TEST(StreamTest, ACloneGoesItsOwnWay) {
  std::mt19937_64 dice(3);
  ChunkStore chunks;
  Stream stream(chunks, 1, 0);
  Model model;
  Twins twins{stream, model, dice};
  for (int round = 0; round < 4000; ++round) twins.change();
  const StreamId ids[] = {{1, 1}, {2, 2}};
  stream.create_group("workers", {3, 3}, 2).deliver(ids, "alice", 1000);
  const auto copied = stream.clone(2);
  Stream& twin = static_cast<Stream&>(*copied);
  EXPECT_EQ(twin.digest(), stream.digest());
  twin.find_group("workers")->ack({1, 1});
  EXPECT_NE(twin.digest(), stream.digest());
  stream.find_group("workers")->ack({1, 1});
  EXPECT_EQ(twin.digest(), stream.digest());

  Model twin_model = model;
  Twins others{twin, twin_model, dice, twins.next};
  for (int round = 0; round < 4000; ++round) {
    twins.change();
    others.change();
  }
  expect_same(stream, model);
  expect_same(twin, twin_model);
  while (!twin.free_some(1)) continue;
  expect_same(stream, model);
  EXPECT_TRUE(stream.free_some(SIZE_MAX));
  EXPECT_EQ(chunks.chunks(), 2u) << "the heads are what is left";
}

TEST(StreamTest, GroupsGoByName) {
  ChunkStore chunks;
  Stream stream(chunks, 1, 0);
  stream.create_group("b", {}, 0);
  stream.create_group("a", {5, 0}, consumers::kEntriesReadUnknown);
  EXPECT_EQ(stream.groups().begin()->first, "a");
  EXPECT_EQ(stream.find_group("c"), nullptr);
  EXPECT_EQ(stream.find_group("a")->last_delivered(), (StreamId{5, 0}));
  EXPECT_TRUE(stream.destroy_group("a"));
  EXPECT_FALSE(stream.destroy_group("a"));
}

}  // namespace
}  // namespace leat
