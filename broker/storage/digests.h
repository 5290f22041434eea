// SPDX-License-Identifier: Apache-2.0
// digests.h: now and then the log says what some of the changed keys have come to, and replay compares.
//
// Used by: Batch, which notes keys; the tick, which states their digests; the start, which compares.
// Always:  - at most kKeysMax keys a statement, none longer than kKeyBytesMax, since it is copied and logged once more,
//            and none whose value is too large to be read through in passing;
//          - a statement is the last thing in its batch, so it is about the state behind everything said before it.
// Why:     replay that makes something else than what was acknowledged (a bug, a memory error) must stop the start
//          instead of going on from there (DESIGN.md sections 3 and 5).
#pragma once

#include <optional>
#include <vector>

#include "broker/keyspace/keyspace.h"
#include "schemas/effect.h"
#include "schemas/status.h"

namespace leat {

class DigestSample {
 public:
  static constexpr size_t kKeysMax = 64;
  static constexpr size_t kKeyBytesMax = 1024;
  static constexpr uint64_t kEveryBytes = 1 << 20;  // of the log, or …
  static constexpr TimeMs kEveryMs = 1000;          // … of time, whichever comes first

  struct Key {
    DbIndex db;
    Bytes name;
  };

  void note(DbIndex db, View key) {
    if (keys_.size() == kKeysMax || key.size() > kKeyBytesMax) return;
    if (keys_.empty() || keys_.back().name != key || keys_.back().db != db) keys_.push_back({db, Bytes(key)});
  }
  bool due(uint64_t log_bytes, TimeMs now_ms) {
    if (keys_.empty() || (log_bytes < next_bytes_ && now_ms < next_ms_)) return false;
    next_bytes_ = log_bytes + kEveryBytes;
    next_ms_ = now_ms + kEveryMs;
    return true;
  }
  std::vector<Key> take() { return std::exchange(keys_, {}); }

 private:
  std::vector<Key> keys_;
  uint64_t next_bytes_ = kEveryBytes;
  TimeMs next_ms_ = 0;
};

// Nothing when the value is too large.
std::optional<uint64_t> digest_of(const Keyspace& keyspace, const DigestSample::Key& key);
// After a replay up to `index`.
Status compare(const Keyspace& keyspace, DbIndex db, const KeyDigest& stated, Index index);

}  // namespace leat
