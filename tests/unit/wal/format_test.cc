// SPDX-License-Identifier: Apache-2.0
// The example of wal/format.md, byte by byte, and what a header may not be.
#include "wal/format.h"

#include <gtest/gtest.h>

#include <fstream>

namespace leat::wal {

namespace {

Bytes hex_of(View bytes) {
  Bytes hex;
  for (const char byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[static_cast<uint8_t>(byte) >> 4];
    hex += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return hex;
}

constexpr SegmentHeader kExampleSegment{
    .salt = 0x1122334455667788, .cluster_id = 0xc1, .server_id = 0x51, .sequence = 1, .capacity = 4096};

Bytes example() {
  Bytes bytes = encode_segment_header(kExampleSegment);
  append_frame(bytes, {.type = RecordType::kConfiguration, .index = 1, .time_ms = 0},
               encode_configuration({.cluster_id = 0xc1, .server_id = 0x51}), kExampleSegment.salt, bytes.size());
  append_frame(bytes, {.type = RecordType::kBatch, .index = 2, .synced = 1, .time_ms = 1700000000000}, "hello",
               kExampleSegment.salt, bytes.size());
  append_frame(bytes, {.type = RecordType::kSeal, .index = 3, .synced = 2, .time_ms = 1700000000000}, "",
               kExampleSegment.salt, bytes.size());
  return bytes;
}

// The hex digits of every line of format.md that looks like "  0040  …  | meaning".
Bytes hex_in_document() {
  std::ifstream file(LEAT_SOURCE_DIR "/wal/format.md");
  EXPECT_TRUE(file.good());
  Bytes hex, line;
  while (std::getline(file, line)) {
    const size_t bar = line.find(" | ");
    if (line.rfind("    0", 0) != 0 || bar == Bytes::npos) continue;
    for (const char c : line.substr(10, bar - 10)) {
      if (c != ' ') hex += c;
    }
  }
  return hex;
}

}  // namespace

TEST(Format, TheExampleOfTheDocumentIsWhatWeWrite) { EXPECT_EQ(hex_in_document(), hex_of(example())); }

TEST(Format, AFrameIsValidOnlyAtItsPlace) {
  Bytes frame;
  append_frame(frame, {.index = 7, .synced = 3, .time_ms = 9}, "body", 42, 64);
  ASSERT_EQ(frame.size(), frame_size(4));
  EXPECT_TRUE(frame_is_valid(frame, 42, 64));
  EXPECT_FALSE(frame_is_valid(frame, 42, 72));
  EXPECT_FALSE(frame_is_valid(frame, 43, 64));
  const auto header = parse_record_header(frame);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->length, 4u);
  EXPECT_EQ(header->index, 7u);
  EXPECT_EQ(header->synced, 3u);
  EXPECT_EQ(header->time_ms, 9);
  EXPECT_FALSE(header->more());
}

TEST(Format, ZerosAreNoRecord) { EXPECT_FALSE(parse_record_header(Bytes(kRecordHeaderSize, '\0')).has_value()); }

TEST(Format, EveryFlippedBitOfAFrameShows) {
  Bytes frame;
  append_frame(frame, {.index = 7, .synced = 3, .time_ms = 9}, "body", 42, 64);
  for (size_t bit = 0; bit < frame.size() * 8; ++bit) {
    frame[bit / 8] = static_cast<char>(frame[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(frame_is_valid(frame, 42, 64)) << bit;
    frame[bit / 8] = static_cast<char>(frame[bit / 8] ^ (1 << bit % 8));
  }
}

TEST(Format, SegmentHeadersOfOtherVersionsAndDamagedOnesAreTold) {
  const Bytes good = encode_segment_header(kExampleSegment);
  ASSERT_TRUE(parse_segment_header(good).ok());
  EXPECT_EQ(parse_segment_header(good)->capacity, 4096u);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(parse_segment_header(bad).ok()) << bit;
  }
  EXPECT_FALSE(parse_segment_header(View(good).substr(0, 63)).ok());
}

TEST(Format, SizesOfBatches) {
  EXPECT_EQ(records_of(1), 1u);
  EXPECT_EQ(records_of(kRecordBodyMax), 1u);
  EXPECT_EQ(records_of(kRecordBodyMax + 1), 2u);
  EXPECT_EQ(frames_size(5), 56u);
  EXPECT_EQ(frames_size(kRecordBodyMax + 5), frame_size(kRecordBodyMax) + 56);
}

}  // namespace leat::wal
