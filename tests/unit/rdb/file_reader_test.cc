// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/file_reader.h"

#include <gtest/gtest.h>

#include "broker/rdb/crc64.h"

namespace leat::rdb {
namespace {

Bytes operator""_b(const char* text, size_t size) { return Bytes(text, size); }

Bytes with_check(Bytes file) {
  file += '\xff';
  put_fixed(file, crc64(file));
  return file;
}

// What it tells, a line each; the last is "end", or why it stopped. The source gives `step` bytes at once.
Bytes told(const Bytes& file, size_t step = SIZE_MAX) {
  FileReader reader([&](uint64_t offset, char* to, size_t size) -> Result<size_t> {
    const View bytes = View(file).substr(std::min<size_t>(offset, file.size())).substr(0, std::min(size, step));
    std::memcpy(to, bytes.data(), bytes.size());
    return bytes.size();
  });
  Bytes lines;
  for (;;) {
    const auto item = reader.next();
    if (!item.ok()) return lines + Bytes(item.status().text());
    if (const auto* key = std::get_if<FileReader::Key>(&*item)) {
      lines += std::to_string(key->database) + " " + Bytes(key->name) + " " + std::to_string(key->expire_at_ms) + " " +
               std::to_string(static_cast<int>(key->object.layout)) + " " + std::to_string(key->object.body.size()) + "\n";
    } else if (const auto* library = std::get_if<FileReader::Library>(&*item)) {
      lines += "library " + Bytes(library->code) + "\n";
    } else if (std::holds_alternative<FileReader::Module>(*item)) {
      lines += "module\n";
    } else {
      return lines + "end";
    }
  }
}

const Bytes kHead = "REDIS0011";
const Bytes kText = "\0\3key\5value"_b;
// About the server, a library, keys in two databases, with lifetimes, a list, and what modules leave.
const Bytes kAll = kHead + "\xfa\tredis-ver\x06" "7.0.15" + "\xf5\x0b#!lua name=" + "\xfe\0\xfb\2\1"_b + kText +
                   "\xfc\x15\xcd\x5b\7\0\0\0\0"_b + "\xf8\5"_b + "\1\4list\2\1a\xc0\x7f"_b + "\xf4\1\2\3"_b + "\xfe\3"_b +
                   "\xfd\2\0\0\0"_b + "\xf9\7"_b + "\0\1s\xc3\5\5\1ab \0"_b +
                   "\7\3mod\x81\0\0\0\0\0\0\0\1\2\5\3\xff\xff\xff\xff\4\0\0\0\0\0\0\0\0\5\2xy\0"_b + "\xf7\1\2\2\1\1\0"_b;
const Bytes kToldOfAll =
    "library #!lua name=\n"
    "0 key 0 0 6\n"
    "0 list 123456789 1 5\n"
    "3 s 2000 0 8\n"
    "3 mod 0 7 30\n"
    "module\n"
    "end";

TEST(FileReaderTest, TellsEveryPart) { EXPECT_EQ(told(with_check(kAll)), kToldOfAll); }

TEST(FileReaderTest, TakesWhateverTheSourceGivesAtOnce) {
  for (const size_t step : {1, 2, 7, 64}) EXPECT_EQ(told(with_check(kAll), step), kToldOfAll);
}

TEST(FileReaderTest, ReadsAKeyThatIsLongerThanAPiece) {
  Bytes file = kHead + "\0\1k\x80"_b + "\0\x30\0\0"_b + Bytes(3 << 20, 'v');
  EXPECT_EQ(told(with_check(file + kText)), "0 k 0 0 3145733\n0 key 0 0 6\nend");
}

TEST(FileReaderTest, WithoutACheckNoneIsAskedFor) {
  EXPECT_EQ(told("REDIS0004" + kText + "\xff"), "0 key 0 0 6\nend");
  EXPECT_EQ(told(kHead + kText + "\xff" + Bytes(8, '\0')), "0 key 0 0 6\nend");  // rdbchecksum no
  EXPECT_EQ(told(with_check(kHead)), "end");
}

TEST(FileReaderTest, ACutIsTold) {
  const Bytes whole = with_check(kAll);
  for (size_t size = kHead.size(); size < whole.size(); ++size) {
    const Bytes said = told(whole.substr(0, size));
    ASSERT_NE(said.find("it ends in the middle of what begins at byte "), Bytes::npos) << size << ": " << said;
  }
  for (size_t size = 0; size < kHead.size(); ++size) {
    ASSERT_NE(told(whole.substr(0, size)).find("it does not begin as a dump of Redis does"), Bytes::npos) << size;
  }
}

TEST(FileReaderTest, NoTurnedBitIsTakenForTheWhole) {
  const Bytes whole = with_check(kAll);
  for (size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes file = whole;
      file[at] = static_cast<char>(file[at] ^ 1 << bit);
      if (file.substr(file.size() - 8) == Bytes(8, '\0')) continue;
      ASSERT_FALSE(told(file).ends_with("end")) << at << " " << bit << ": " << told(file);
    }
  }
}

TEST(FileReaderTest, SaysWhyItReadsOnlyUpToThere) {
  const auto says = [](const Bytes& file, const char* part) {
    const Bytes said = told(file);
    EXPECT_NE(said.find(part), Bytes::npos) << said;
  };
  says("*3\r\n$3\r\nSET\r\n", "an append-only file, or another one?");
  says("REDIS00x1" + kText, "does not begin as a dump of Redis does");
  says("REDIS0013" + kText, "it is of version 13 of the format, and leat reads up to 12");
  says("REDIS0000" + kText, "it is of version 0");
  says(with_check(kHead + kText) + "*1\r\n$4\r\nPING\r\n", "behind its end, at byte 29, there is more");
  says(with_check(kHead + "\6\1m\x81"), "what begins at byte 9 of 22 is nothing that Redis up to 7.4 writes (its first byte is 6)");
  says(with_check(kHead + "\x1a\1m\0"_b), "its first byte is 26");
  says(with_check(kHead + "\xf6\1\1"), "at byte 9 there are functions of a release candidate of Redis 7.0");
  says(kHead + "\xff" + Bytes(8, '\1'), "its check does not fit its content");
}

}  // namespace
}  // namespace leat::rdb
