// SPDX-License-Identifier: Apache-2.0
// command.h: a command is one row and one function.
//
// Used by: the families (list.cc, hash.cc …), which end with their rows; the table, which gathers them; the executor.
// Always:  - rows of a family are sorted by name and unique; a sub-command's row is called "CLIENT|LIST";
//          - one gait for every handler: parse, look, decide, emit, reply. All that can fail comes before the
//            first emit;
//          - what a row says (arity, keys, traits) is checked by the executor before the handler runs, and is what
//            COMMAND tells: there is no second list.
#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "broker/keyspace/value.h"
#include "broker/protocol/args.h"
#include "broker/protocol/reply_sink.h"
#include "schemas/ids.h"
#include "schemas/status.h"

namespace leat {

class Context;

// What a client is told that would have to wait where it may not. When nothing came in time it is always a null array,
// or what kHandler makes of it.
enum class OnTimeout : uint8_t { kNull, kNullArray, kHandler };  // kHandler: it runs again, with Context::time_is_up

// A handler that finds nothing asks to be run again when one of the keys is touched, until the deadline.
struct Wait {
  std::vector<Bytes> keys;
  TimeMs deadline_ms = 0;  // monotonic; 0: for ever. From Context::deadline_ms, so that a second run waits no longer
  OnTimeout on_timeout = OnTimeout::kNullArray;
  Type wanted = Type::kList;       // a key of another type cannot end the wait …
  bool ends_on_error = false;      // … unless this: XREADGROUP is told when its group or key is gone
  // monotonic; then the handler runs again though nothing was touched. 0: what it waits for comes with no time; kNever:
  // with a time, and nothing is in sight (XREADGROUP … CLAIM)
  TimeMs look_again_ms = 0;
  Index synced = 0;                // when this is on disk the handler runs again; 0: the disk is not what it waits for
  std::vector<StreamId> resolved;  // what the first run resolved (XREAD … $), one for each key
};

// How a handler ended: it replied, the client erred, or it waits.
class [[nodiscard]] Outcome {
 public:
  Outcome(Replied) {}
  Outcome(Status status) : status_(std::move(status)) { CHECK(!status_.ok()); }
  Outcome(Wait wait) : wait_(std::make_unique<Wait>(std::move(wait))) {}

  bool replied() const { return status_.ok() && wait_ == nullptr; }
  const Status& status() const { return status_; }
  bool waits() const { return wait_ != nullptr; }
  Wait& wait() { return *wait_; }

 private:
  Status status_;
  std::unique_ptr<Wait> wait_;
};

using Handler = Outcome (*)(Context& ctx, Args args);

// Where a command's keys stand among its words.
struct Keys {
  enum class Kind : uint8_t { kNone, kRange, kCounted, kStreams, kStored, kMigrated, kShards };
  Kind kind = Kind::kNone;
  int8_t first = 0;
  int8_t last = 0;  // negative: from the end
  int8_t step = 0;
  int8_t count_at = 0;  // kCounted: the word with the number of keys, which follow it; `first` is one more key, or 0.
                        // kStored: from this word on, STORE or STOREDIST and one more key may come

  constexpr bool any() const { return kind != Kind::kNone && kind != Kind::kShards; }

  static constexpr Keys none() { return {}; }
  static constexpr Keys at(int8_t index) { return {Kind::kRange, index, index, 1, 0}; }
  static constexpr Keys range(int8_t first, int8_t last, int8_t step = 1) {
    return {Kind::kRange, first, last, step, 0};
  }
  static constexpr Keys counted(int8_t count_at, int8_t also = 0) { return {Kind::kCounted, also, 0, 0, count_at}; }
  static constexpr Keys stored(int8_t first, int8_t from) { return {Kind::kStored, first, first, 1, from}; }
  // Shard channels: where a cluster would have them, but no keys.
  static constexpr Keys shards(int8_t first, int8_t last) { return {Kind::kShards, first, last, 1, 0}; }
  static constexpr Keys streams() { return {Kind::kStreams, 0, 0, 0, 0}; }
  static constexpr Keys migrated() { return {Kind::kMigrated, 3, 3, 1, 0}; }  // the third word, or all behind KEYS
};

// As COMMAND INFO names them, and as the executor obeys them.
enum Trait : uint32_t {
  kWrite = 1 << 0,
  kReadOnly = 1 << 1,
  kDenyOom = 1 << 2,
  kAdmin = 1 << 3,
  kWhileSubscribed = 1 << 4,  // allowed while a RESP2 client is subscribed
  kNoScript = 1 << 5,
  kBlocks = 1 << 6,
  kLoading = 1 << 7,     // answered while loading
  kStale = 1 << 8,
  kFast = 1 << 9,
  kNoAuth = 1 << 10,
  kMovableKeys = 1 << 11,
  kBusy = 1 << 12,       // answered while a script is slow
  kNoMulti = 1 << 13,    // refused inside MULTI
  kRunsInMulti = 1 << 14,  // not queued inside MULTI: EXEC, DISCARD, WATCH …
  kContainer = 1 << 15,  // only its sub-commands do something
  kNoTouch = 1 << 16,    // looking is not using: OBJECT, TTL, TYPE, EXISTS leave the idle time alone
  // No write by name, but it may change something: refused to read-only scripts, waits with writes.
  kMayWrite = 1 << 17,
  kNoSlowLog = 1 << 18,  // EXEC: its commands are noted, one by one
  kNoRest = 1 << 19,     // about a connection: not for callers over REST
  kRunsScript = 1 << 20,  // EVAL, FCALL …
  kLooks = 1 << 21,      // a write that answers what it has read: its look-ups are hits and misses, as a read's are
  kNoMiss = 1 << 22,     // about how a key is kept: one that is not there is no keymiss event
};

struct CommandRow {
  View name;
  int arity;  // the words, the name included; negative: at least so many
  Keys keys;
  uint32_t traits;
  Handler handler;
};

struct Family {
  View name;  // "list", "sortedset" … as ACL categories call it; several with a blank between them: SORT's
  std::span<const CommandRow> rows;
};

// A row in its place in the table.
struct Command {
  CommandRow row;
  View family;
  size_t number = 0;                           // of its statistics
  std::vector<const Command*> subcommands;     // of a container
  bool is_subcommand = false;
  bool is(uint32_t trait) const { return (row.traits & trait) != 0; }
};

constexpr bool well_formed(std::span<const CommandRow> rows) {
  for (size_t i = 0; i < rows.size(); ++i) {
    const CommandRow& row = rows[i];
    if (i > 0 && !(rows[i - 1].name < row.name)) return false;
    if (row.arity == 0) return false;  // a missing handler is found by the table: gcc 12 cannot, with sanitizers on
    const int words = row.arity < 0 ? -row.arity : row.arity;
    const bool ranged = row.keys.kind == Keys::Kind::kRange || row.keys.kind == Keys::Kind::kStored;
    if (ranged && (row.keys.first < 1 || row.keys.first >= words)) return false;
    if (row.keys.kind == Keys::Kind::kCounted && row.keys.count_at >= words) return false;
  }
  return true;
}

Status arity_error(const Command& command);

// The positions of the keys in a request of that row; nullopt when the words do not add up.
std::optional<std::vector<size_t>> key_positions(const CommandRow& row, Args args);

}  // namespace leat
