// SPDX-License-Identifier: Apache-2.0
// The packs that a dump may hold: listpack, ziplist, zipmap, intset; and LZF.
#include <gtest/gtest.h>

#include "broker/rdb/distinct.h"
#include "broker/rdb/intset.h"
#include "broker/rdb/listpack.h"
#include "broker/rdb/lzf.h"
#include "broker/rdb/ziplist.h"
#include "broker/rdb/zipmap.h"

namespace leat::rdb {

namespace {

template <typename Pack>
std::optional<std::vector<Bytes>> all_of(View bytes) {
  std::vector<Bytes> found;
  PackedEntry entry;
  Pack pack(bytes);
  while (pack.next(entry)) found.emplace_back(entry.text());
  if (!pack.ok()) return std::nullopt;
  return found;
}

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

// Every byte set to every value, and every length cut: refused, or read without harm (the sanitizers watch).
template <typename Pack>
void damage(const Bytes& pack) {
  for (size_t at = 0; at < pack.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      Bytes spoilt = pack;
      spoilt[at] = static_cast<char>(value);
      static_cast<void>(all_of<Pack>(Bytes(spoilt)));
    }
    EXPECT_FALSE(all_of<Pack>(Bytes(pack.substr(0, at)))) << at;
  }
}

}  // namespace

TEST(ListpackTest, WhatTheBuilderPacksIsReadAgain) {
  const std::vector<Bytes> items = {"", "a", "0", "127", "128", "-1", "-4096", "4095", "4096", "-32768", "32767", "8388607",
                                    "-8388608", "2147483647", "-2147483648", "9223372036854775807", "-9223372036854775808",
                                    "01", "-0", "1.5", Bytes(63, 'x'), Bytes(64, 'x'), Bytes(4095, 'x'), Bytes(4096, 'x'),
                                    Bytes(16380, 'y'), Bytes(16381, 'y'), Bytes(70000, 'z'), Bytes(2097150, 'w')};
  Bytes out;
  ListpackBuilder builder(out);
  for (const Bytes& item : items) builder.add(item);
  builder.finish();
  EXPECT_EQ(all_of<Listpack>(out), items);
}

// 6 + (1 1) + (2 1) + (2 1) + 1 bytes, as redis-server 7.0.15 packs "1", "a" and "-2".
TEST(ListpackTest, IsLaidOutAsRedisDoes) {
  Bytes out;
  ListpackBuilder builder(out);
  for (const View item : {"1", "a", "-2"}) builder.add(item);
  builder.finish();
  EXPECT_EQ(out, bytes_of({15, 0, 0, 0, 3, 0, 1, 1, 0x81, 'a', 2, 0xdf, 0xfe, 2, 0xff}));
}

TEST(ListpackTest, DamageIsFoundOrHarmless) {
  Bytes out;
  ListpackBuilder builder(out);
  for (const View item : {"1", "abc", "-300", "70000", "4000000000"}) builder.add(item);
  builder.add(Bytes(130, 'q'));
  builder.finish();
  damage<Listpack>(out);
  out[4] = 5;  // one more than it says
  EXPECT_FALSE(all_of<Listpack>(out));
  out[4] = out[5] = '\xff';  // too many to say
  EXPECT_EQ(all_of<Listpack>(out)->size(), 6u);
}

TEST(ZiplistTest, EveryFormIsRead) {
  Bytes body = bytes_of({0, 0x02, 'a', 'b'});                             // 4 bytes
  body += bytes_of({4, 0xf1}) + bytes_of({2, 0xfd});                      // 0, 12
  body += bytes_of({2, 0xfe, 0x80}) + bytes_of({3, 0xc0, 0x00, 0x80});    // -128, -32768
  body += bytes_of({4, 0xf0, 0xff, 0xff, 0x7f});                          // 8388607
  body += bytes_of({5, 0xd0, 0, 0, 0, 0x80});                             // -2147483648
  body += bytes_of({6, 0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f});
  body += bytes_of({10, 0x41, 0x00}) + Bytes(256, 'm');                   // 259 bytes
  const size_t last = 10 + body.size();
  body += bytes_of({0xfe, 3, 1, 0, 0, 0x80, 0, 0, 0, 2, 'y', 'z'});
  Bytes pack;
  put_u32(pack, static_cast<uint32_t>(10 + body.size() + 1));
  put_u32(pack, static_cast<uint32_t>(last));
  put_u16(pack, 10);
  pack += body + '\xff';
  const std::vector<Bytes> items = {"ab", "0", "12", "-128", "-32768", "8388607", "-2147483648", "9223372036854775807",
                                    Bytes(256, 'm'), "yz"};
  EXPECT_EQ(all_of<Ziplist>(pack), items);
  damage<Ziplist>(pack);
  pack[4] = static_cast<char>(pack[4] + 1);
  EXPECT_FALSE(all_of<Ziplist>(pack)) << "the last one is elsewhere";
}

TEST(ZipmapTest, NamesValuesAndWhatIsUnused) {
  const Bytes pack = bytes_of({2, 3, 'f', 'o', 'o', 3, 2, 'b', 'a', 'r', 0, 0, 1, 'g', 0, 0, 0xff});
  EXPECT_EQ(all_of<Zipmap>(pack), (std::vector<Bytes>{"foo", "bar", "g", ""}));
  damage<Zipmap>(pack);
  Bytes longer = bytes_of({254, 1, 'f', 254, 44, 1, 0, 0, 0}) + Bytes(300, 'v') + '\xff';
  EXPECT_EQ(all_of<Zipmap>(longer), (std::vector<Bytes>{"f", Bytes(300, 'v')}));
  EXPECT_FALSE(all_of<Zipmap>(bytes_of({1, 1, 'f', 0xff}))) << "a name without a value";
}

TEST(IntsetTest, OfEveryWidthInOrder) {
  const Bytes two = bytes_of({2, 0, 0, 0, 3, 0, 0, 0, 0xfe, 0xff, 0, 0, 7, 0});
  EXPECT_EQ(all_of<Intset>(two), (std::vector<Bytes>{"-2", "0", "7"}));
  damage<Intset>(two);
  EXPECT_EQ(all_of<Intset>(bytes_of({8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0})), (std::vector<Bytes>{"4294967296"}));
  EXPECT_FALSE(all_of<Intset>(bytes_of({2, 0, 0, 0, 2, 0, 0, 0, 7, 0, 7, 0}))) << "twice the same";
  EXPECT_FALSE(all_of<Intset>(bytes_of({3, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0})));
}

TEST(LzfTest, ExpandsWhatItCompressed) {
  Bytes plain, out = "before";
  for (int i = 0; i < 1000; ++i) plain += "line " + std::to_string(i % 17) + "\n";
  const size_t took = lzf_append(out, plain, 4);
  ASSERT_GT(took, 0u);
  EXPECT_EQ(out.size(), 6 + took);
  Bytes again;
  EXPECT_TRUE(lzf_expand(View(out).substr(6), plain.size(), again));
  EXPECT_EQ(again, plain);
  EXPECT_FALSE(lzf_expand(View(out).substr(6), plain.size() - 1, again));
  EXPECT_FALSE(lzf_expand(View(out).substr(6), plain.size() + 1, again));
  EXPECT_FALSE(lzf_expand(View(out).substr(7), plain.size(), again));
}

TEST(LzfTest, TakesNoMemoryForWhatCannotBe) {
  Bytes out;
  EXPECT_FALSE(lzf_expand("\x01" "ab", 4u << 30, out));
  EXPECT_FALSE(lzf_expand("\x01" "ab", 400 << 20, out));
  EXPECT_EQ(out.capacity(), Bytes().capacity());
  EXPECT_EQ(lzf_append(out, "short and all different", 4), 0u);
  EXPECT_TRUE(out.empty());
}

TEST(DistinctTest, FindsWhatIsThereTwice) {
  Distinct small;
  EXPECT_TRUE(small.add("a") && small.add("b") && small.add("") && small.look());
  EXPECT_TRUE(small.add("b"));
  EXPECT_FALSE(small.look());
  Distinct large;
  size_t taken = 0;
  while (taken < 10'000'000 && large.add("again")) ++taken;
  EXPECT_LT(taken, 100'000u) << "found before it takes much memory";
}

}  // namespace leat::rdb
