// SPDX-License-Identifier: Apache-2.0
// format.h: the numbers of Redis' serialisation that its readers and writers share.
//
// A dump := layout: u8, object, version: u16, check: u64 (crc64.h, of everything before it)
// A file := "REDIS", four digits of its version, part*, 255, check: u64 (since version 5; 0: there is none)
//   part    := layout: u8, key: string, object |
//              252 at_ms: i64 | 253 at_s: u32                when the next key expires
//              248 idle_s: length | 249 frequency: u8        how the next key is used
//              254 number: length                            the database of what follows
//              251 keys: length, with a lifetime: length     how many are in it
//              250 name: string, value: string               about the server that wrote it
//              245 code: string                              a library of functions
//              247 module: length, values                    of a module, and of no key
//              244 slot, keys, with a lifetime: lengths      of a cluster
//   length  := 00vvvvvv | 01vvvvvv u8 | 10000000 u32 | 10000001 u64, the last three big-endian
//   string  := length bytes | 11000000 i8 | 11000001 i16 | 11000010 i32 (its decimal text) |
//              11000011 length(compressed) length(plain) bytes (lzf.h)
// All else is little-endian, but for the stream ids in the groups.
// Source:  https://github.com/sripathikrishnan/redis-rdb-tools/wiki/Redis-RDB-Dump-File-Format, and what
//          redis-server writes
#pragma once

#include <cstddef>
#include <cstdint>

namespace leat::rdb {

// What an object is, and how it is laid out.
enum class Layout : uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kSortedSet = 3,  // scores as text
  kHash = 4,
  kSortedSet2 = 5,  // scores as doubles
  kModule = 6,
  kModule2 = 7,
  kHashZipmap = 9,
  kListZiplist = 10,
  kSetIntset = 11,
  kSortedSetZiplist = 12,
  kHashZiplist = 13,
  kListQuicklist = 14,   // ziplists
  kStream = 15,          // Redis 5
  kHashListpack = 16,
  kSortedSetListpack = 17,
  kListQuicklist2 = 18,  // listpacks, and long elements as they are
  kStream2 = 19,         // Redis 7.0: counts of what was ever added and read
  kSetListpack = 20,
  kStream3 = 21,         // Redis 7.2: when a consumer last got something
  kHashLifetimesEarly = 22,  // of Redis 7.4's release candidates
  kHashListpackLifetimesEarly = 23,
  kHashLifetimes = 24,   // Redis 7.4
  kHashListpackLifetimes = 25,
  kNone = 255,  // no object: a file's end
};

// The other parts of a file.
enum class Part : uint8_t {
  kSlot = 244,
  kLibrary = 245,
  kLibraryEarly = 246,  // of release candidates of Redis 7.0
  kModule = 247,
  kIdle = 248,
  kFrequency = 249,
  kAbout = 250,
  kCounts = 251,
  kExpiryMs = 252,
  kExpiryS = 253,
  kDatabase = 254,
  kEnd = 255,
};

constexpr uint16_t kVersionMax = 12;      // Redis 7.4
constexpr uint16_t kVersionPlain = 6;     // Redis 2.6: every type but streams
constexpr uint16_t kVersionStream = 9;    // Redis 5
constexpr uint16_t kVersionStream2 = 10;  // Redis 7.0
constexpr uint16_t kVersionLifetimes = 12;  // Redis 7.4: fields of a hash with lifetimes
constexpr size_t kFooterBytes = 2 + 8;
constexpr uint16_t kVersionChecked = 5;  // of a file that ends with a check

constexpr uint8_t kLength14 = 0x40, kLength32 = 0x80, kLength64 = 0x81;
constexpr uint8_t kText8 = 0xC0, kText16 = 0xC1, kText32 = 0xC2, kTextLzf = 0xC3;
constexpr uint8_t kNotANumber = 253, kInfinity = 254, kMinusInfinity = 255;  // a score's text has no length so great
constexpr uint8_t kPlainNode = 1, kPackedNode = 2;                           // of a quicklist2

// What a module's values begin with, each; the first ends them.
constexpr uint64_t kModuleEnd = 0, kModuleSigned = 1, kModuleUnsigned = 2, kModuleFloat = 3, kModuleDouble = 4,
                   kModuleText = 5;

// Of an entry in a stream's listpack.
constexpr int64_t kEntryDeleted = 1, kEntrySameNames = 2;

}  // namespace leat::rdb
