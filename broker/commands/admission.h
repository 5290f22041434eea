// SPDX-License-Identifier: Apache-2.0
// admission.h: whether what a request may add has room: makes keys go for it, or refuses it.
//
// Used by: the executor, before each request and before each command of a script.
// Always:  - a refusal comes before anything changes; a script or transaction that has begun to write is let finish;
//          - with classes, only those that something may come to are asked, and each for itself; a value that is too
//            long for its key's class is refused where it arrives, also in MULTI and in scripts.
#pragma once

#include <bitset>

#include "broker/commands/context.h"

namespace leat {

class Admission {
 public:
  explicit Admission(Rooms& rooms) : rooms_(rooms) {}  // must outlive this

  // `may_evict`: keys may go now. When they may not (the disk is behind …) nothing is refused for want of room either.
  Status admit(const Client& client, const Command& command, Args args, bool may_evict);
  Status admit_nested(const Command& command, Args args, bool allow_oom);
  bool is_full() const { return out_of_memory_ || full_.any(); }  // found so when the request began

 private:
  using ClassSet = std::bitset<kClassesMax + 1>;

  Status make_room(const Client& client, const Command& command);
  Status make_room(const ClassSet& wanted, bool may_refuse);
  ClassSet classes_of(const Client& client, const Command& command, Args args) const;
  Status fits(const Command& command, Args args) const;
  Status refuse(ClassId id);

  Rooms& rooms_;
  bool checks_ = false;          // this request: room is asked for
  bool out_of_memory_ = false;   // when the request began; without classes
  ClassSet made_, full_;         // what was asked for, and what is full, when the request began
  uint64_t effects_before_ = 0;  // it
};

// The longest string that a key may be made.
uint64_t string_bytes_max(const Context& ctx, View key);
// Of one that would be longer.
Status string_too_long(const Context& ctx, View key);

}  // namespace leat
