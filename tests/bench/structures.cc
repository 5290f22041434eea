// SPDX-License-Identifier: Apache-2.0
// structures.cc: what the structures cost by themselves, without sockets, log and scripts.             
// [Google Benchmark]
//
// Used by: people:  build/release/tests/bench_structures [--benchmark_filter=List]
//          CI, to see that it works: a millisecond each.
// Always:  - the numbers of a benchmark are its items: those that are there before the clock starts;
//          - keys and places come from a fixed seed, in no order that a cache could foresee.
#include <benchmark/benchmark.h>

#include <random>

#include "broker/commands/table.h"
#include "broker/keyspace/byte_map.h"
#include "broker/keyspace/list.h"
#include "broker/keyspace/sorted_set.h"
#include "broker/keyspace/stream.h"
#include "broker/protocol/resp_parser.h"
#include "broker/protocol/resp_sink.h"
#include "consumers/deadlines.h"
#include "schemas/effect_codec.h"

namespace leat {
namespace {

using benchmark::DoNotOptimize;
using benchmark::State;

const Bytes kHundred(100, 'x');

Bytes key(uint64_t number) { return "key:" + std::to_string(number); }

// Keys that lie ready, so that making them is not measured; asked for in the order of dice.
class Keys {
 public:
  explicit Keys(size_t count) : dice_(7) {
    for (size_t i = 0; i < count; ++i) keys_.push_back(key(i));
  }
  View random() { return keys_[dice_() % keys_.size()]; }
  uint64_t number() { return dice_(); }
  const std::vector<Bytes>& all() const { return keys_; }

 private:
  std::mt19937_64 dice_;
  std::vector<Bytes> keys_;
};

void fill(ByteMap& map, const Keys& keys) {
  for (const Bytes& one : keys.all()) map.put(one, kHundred);
}

void fill(List& list, int64_t items) {
  for (int64_t i = 0; i < items; ++i) list.push(Side::kLeft, kHundred);
}

double score(Keys& dice) { return static_cast<double>(dice.number() % 1'000'000); }

void fill(SortedSet& set, Keys& keys) {
  for (const Bytes& one : keys.all()) set.add(one, score(keys));
}

void ByteMapFind(State& state) {
  ChunkStore chunks;
  ByteMap map(chunks, 1, ByteMap::Holds::kPairs);
  Keys keys(static_cast<size_t>(state.range(0)));
  fill(map, keys);
  for (auto _ : state) DoNotOptimize(map.find(keys.random()));
}
BENCHMARK(ByteMapFind)->RangeMultiplier(100)->Range(10, 1'000'000);

void ByteMapPutAndErase(State& state) {
  ChunkStore chunks;
  ByteMap map(chunks, 1, ByteMap::Holds::kPairs);
  Keys keys(static_cast<size_t>(state.range(0)));
  fill(map, keys);
  for (auto _ : state) {
    const View one = keys.random();
    map.erase(one);
    map.put(one, kHundred);
  }
}
BENCHMARK(ByteMapPutAndErase)->RangeMultiplier(100)->Range(10, 1'000'000);

void ListPushAndDrop(State& state) {
  ChunkStore chunks;
  List list(chunks, 1, 0);
  fill(list, state.range(0));
  for (auto _ : state) {
    list.push(Side::kLeft, kHundred);
    list.drop(Side::kRight, 1);
  }
}
BENCHMARK(ListPushAndDrop)->RangeMultiplier(100)->Range(100, 1'000'000);

void ListAt(State& state) {
  ChunkStore chunks;
  List list(chunks, 1, 0);
  fill(list, state.range(0));
  Keys dice(1);
  for (auto _ : state) DoNotOptimize(list.at(dice.number() % list.size()));
}
BENCHMARK(ListAt)->RangeMultiplier(100)->Range(100, 1'000'000);

void SortedSetAdd(State& state) {
  ChunkStore chunks;
  SortedSet set(chunks, 1, 0);
  Keys keys(static_cast<size_t>(state.range(0)));
  fill(set, keys);
  for (auto _ : state) set.add(keys.random(), score(keys));
}
BENCHMARK(SortedSetAdd)->RangeMultiplier(100)->Range(100, 1'000'000);

void SortedSetRank(State& state) {
  ChunkStore chunks;
  SortedSet set(chunks, 1, 0);
  Keys keys(static_cast<size_t>(state.range(0)));
  fill(set, keys);
  for (auto _ : state) DoNotOptimize(set.rank(keys.random()));
}
BENCHMARK(SortedSetRank)->RangeMultiplier(100)->Range(100, 1'000'000);

void StreamAppend(State& state) {
  ChunkStore chunks;
  Stream stream(chunks, 1, 0);
  const View pairs[] = {"a", "1", "b", "2", "c", kHundred};
  uint64_t ms = 0;
  for (; ms < static_cast<uint64_t>(state.range(0)); ++ms) stream.append({ms + 1, 0}, pairs);
  for (auto _ : state) {
    stream.append({++ms, 0}, pairs);
    stream.drop_front(1);
  }
}
BENCHMARK(StreamAppend)->RangeMultiplier(100)->Range(100, 1'000'000);

void DeadlinesAddAndPop(State& state) {
  consumers::Deadlines<uint64_t> deadlines;
  Keys dice(1);
  for (int64_t i = 0; i < state.range(0); ++i)
    deadlines.add(static_cast<TimeMs>(dice.number() % 1'000'000), dice.number());
  for (auto _ : state) {
    deadlines.add(static_cast<TimeMs>(dice.number() % 1'000'000), dice.number());
    DoNotOptimize(deadlines.pop_due(1'000'000));
  }
}
BENCHMARK(DeadlinesAddAndPop)->RangeMultiplier(100)->Range(100, 1'000'000);

void EffectEncode(State& state) {
  EffectEncoder encoder;
  Bytes batch;
  const View values[] = {kHundred};
  for (auto _ : state) {
    if (batch.size() > 256 * 1024) batch.clear();
    DoNotOptimize(encoder.encode(batch, 0, ListPush{.key = "jobs", .side = Side::kLeft, .values = values}));
  }
}
BENCHMARK(EffectEncode);

void RequestParse(State& state) {
  RespParser parser;
  const Bytes request = "*3\r\n$5\r\nLPUSH\r\n$4\r\njobs\r\n$100\r\n" + kHundred + "\r\n";
  for (auto _ : state) DoNotOptimize(parser.next(request, {}));
}
BENCHMARK(RequestParse);

void CommandFind(State& state) {
  const CommandTable table;
  const View words[] = {"lpush", "jobs", kHundred};
  for (auto _ : state) DoNotOptimize(table.find(Args(words)));
}
BENCHMARK(CommandFind);

void ReplyWrite(State& state) {
  Bytes out;
  RespSink sink(out, 2);
  for (auto _ : state) {
    if (out.size() > 64 * 1024) out.clear();
    sink.bulk(kHundred);
  }
}
BENCHMARK(ReplyWrite);

}  // namespace
}  // namespace leat

BENCHMARK_MAIN();
