// SPDX-License-Identifier: Apache-2.0
// rollback.h: keys as they were before a script over REST touched them; if it fails half-way they become so again.
//
// Used by: ScriptCaller, for callers over REST alone: at Upstash a script that fails leaves none of its writes
//          (docs/rest.md).
// Always:  - nothing is taken back behind the log's back: what restores a key are effects as RESTORE emits them, of the
//            same batch, so that the log and who replays it see the same end;
//          - a key is kept once, when the first effect is about to touch it, as a dump; a script that goes through
//            costs that, and nothing in the log;
//          - beyond kBytesMax of dumps no further value is kept, nor a stream with producers, which no dump holds
//            whole: it stays as the script left it, and the log says so. What flushes or swaps a whole database is not
//            taken back, nor is a message that was published.
#pragma once

#include <map>
#include <utility>

#include "broker/commands/context.h"

namespace leat {

class Rollback {
 public:
  static constexpr size_t kBytesMax = 1 << 20;

  void keep(Context& ctx, DbIndex db, View key);
  // The script has failed: its writes are undone, within the same request.
  void undo(Context& script);

 private:
  struct Before {
    Bytes dump;  // empty: there was no such key
    TimeMs expire_at_ms = kNoExpiry;
    bool kept = true;
  };
  static void put_back(Context& ctx, View key, const Before& before);

  std::map<std::pair<DbIndex, Bytes>, Before> keys_;
  size_t bytes_ = 0;
};

}  // namespace leat
