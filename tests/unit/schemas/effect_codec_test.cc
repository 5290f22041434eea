// SPDX-License-Identifier: Apache-2.0
#include "schemas/effect_codec.h"

#include <gtest/gtest.h>

namespace leat {

// One of every kind, with every field set to something that would show if fields were mixed up.
class EffectCodecTest : public ::testing::Test {
 protected:
  const std::vector<View> words = {"a", "", "c\xff"};
  const std::vector<View> pairs = {"f", "v", "g", "w"};
  const std::vector<StreamId> ids = {{1, 2}, {UINT64_MAX, UINT64_MAX}};
  const std::vector<ScoredMember> scored = {{-1.5, "x"}, {1e300, "y"}, {3, "z"}, {-0.0, "n"}};
  const std::vector<Effect> effects = {
      StringSet{"k", "v", kKeepExpiry},
      StringWrite{"k", UINT64_MAX, "bytes"},
      ListPush{"k", Side::kRight, words},
      ListPop{"k", Side::kLeft, 3},
      ListSet{"k", 1, "v"},
      ListInsert{"k", 2, "v"},
      ListErase{"k", 3, 4},
      HashSet{"k", pairs},
      HashDelete{"k", words},
      SetAdd{"k", words},
      SetRemove{"k", words},
      SortedSetAdd{"k", scored},
      SortedSetRemove{"k", words},
      SortedSetErase{"k", 5, 6},
      StreamCreate{"k"},
      StreamAdd{"k", {7, 8}, pairs},
      StreamDelete{"k", ids},
      StreamTrim{"k", 9},
      StreamSetId{"k", {1, 2}, 3, {4, 5}},
      GroupCreate{"k", "g", {6, 7}, -1},
      GroupDestroy{"k", "g"},
      GroupSetId{"k", "g", {8, 9}, 10},
      ConsumerCreate{"k", "g", "c", 11},
      ConsumerDelete{"k", "g", "c"},
      GroupDeliver{"k", "g", "c", ids, 12, {13, 14}, -1},
      PendingAck{"k", "g", ids},
      PendingClaim{"k", "g", "c", {15, 16}, 17, 18},
      KeyDelete{"k"},
      KeyExpire{"k"},
      KeySetExpiry{"k", 19},
      KeyRename{"k", "t"},
      KeyCopy{"k", 15, "t"},
      KeyMove{"k", 3},
      DatabaseFlush{},
      DatabaseSwap{4},
      KeyDigest{"k", 0xfedcba9876543210},
      KeyEvict{"k"},
      HashRevise{"k", pairs},
      HashSetExpiry{"k", 20, words},
      HashExpire{"k", words},
      StreamConfigure{"k", 20, 21},
      StreamRemember{"k", {22, 23}, 24, 0xfedcba9876543210, 25, 0x8000000000000000},
      LibrarySet{"l", "code"},
      LibraryDelete{"l"},
      LibrariesFlush{},
      UserSet{"u", "on nopass"},
      UserDelete{"u"},
  };
};

TEST_F(EffectCodecTest, EveryKindComesBackAsItWas) {
  ASSERT_EQ(effects.size(), std::variant_size_v<Effect>) << "a new effect belongs in this list";
  EffectEncoder encoder;
  Bytes batch;
  batch.reserve(1 << 16);
  for (const Effect& effect : effects) {
    std::visit([&](const auto& one) {
      const auto bound = encoder.encode(batch, 7, one);
      EXPECT_EQ(effect_text(7, bound), effect_text(7, effect));
    }, effect);
  }
  size_t at = 0;
  EffectDecoder decoder;
  const Status decoded = decoder.decode(batch, [&](DbIndex db, const Effect& effect) {
    EXPECT_EQ(effect_text(db, effect), effect_text(7, effects[at])) << at;
    ++at;
    return Status::fine();
  });
  EXPECT_TRUE(decoded.ok()) << decoded.text();
  EXPECT_EQ(at, effects.size());
}

// Bytes that passed a checksum are still not trusted: every truncation and every flipped byte is an error or another
// whole effect, never a crash.
TEST_F(EffectCodecTest, DamageIsAnErrorOrAnotherEffect) {
  EffectEncoder encoder;
  EffectDecoder decoder;
  const auto ignore = [](DbIndex, const Effect&) { return Status::fine(); };
  for (const Effect& effect : effects) {
    Bytes batch;
    std::visit([&](const auto& one) { encoder.encode(batch, 0, one); }, effect);
    for (size_t size = 1; size < batch.size(); ++size) {
      EXPECT_FALSE(decoder.decode(View(batch).substr(0, size), ignore).ok());
    }
    for (size_t i = 0; i < batch.size(); ++i) {
      for (const uint8_t flip : {0x01, 0x10, 0x80, 0xff}) {
        Bytes damaged = batch;
        damaged[i] = static_cast<char>(damaged[i] ^ flip);
        (void)decoder.decode(damaged, ignore).ok();
      }
    }
  }
}

// The example of effect.md.
TEST_F(EffectCodecTest, TheDocumentedExample) {
  EffectEncoder encoder;
  Bytes batch;
  const View values[] = {"a"};
  encoder.encode(batch, 0, ListPush{"k", Side::kLeft, values});
  EXPECT_EQ(batch, Bytes("\x95\x03\x00\xc4\x01\x6b\x00\x91\xc4\x01\x61", 11));
}

TEST_F(EffectCodecTest, AnUnknownTagSaysSo) {
  EffectDecoder decoder;
  const Bytes batch("\x92\xcc\xff\x00", 4);
  const Status decoded = decoder.decode(batch, [](DbIndex, const Effect&) { return Status::fine(); });
  EXPECT_NE(decoded.text().find("unknown effect tag 255"), View::npos) << decoded.text();
}

}  // namespace leat
