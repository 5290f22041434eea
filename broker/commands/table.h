// SPDX-License-Identifier: Apache-2.0
// table.h: all commands, gathered from their families.
//
// Used by: the executor (look-up), COMMAND (what the rows say).
// Always:  - names are looked up in any case, without allocating;
//          - a family is added in one place: the list in table.cc.
#pragma once

#include <deque>

#include "broker/access/vocabulary.h"
#include "broker/commands/command.h"
#include "broker/protocol/words.h"

namespace leat {

class CommandTable {
 public:
  CommandTable();
  CommandTable(const CommandTable&) = delete;
  CommandTable& operator=(const CommandTable&) = delete;

  // By "get" or "client|list".
  const Command* find(View name) const;
  // The command of a request: of a container, the sub-command if args[1] names one; else the container itself.
  const Command* find(Args args) const;
  // The same, for who has just sent `before` (null: nothing): programs say one thing again and again.
  const Command* find(Args args, const Command* before) const {
    const bool again =
        before != nullptr && before->row.name == args[0] && before->subcommands.empty() && !before->is_subcommand;
    return again ? before : find(args);
  }
  const std::deque<Command>& all() const { return commands_; }  // sub-commands too
  size_t top_level() const { return top_level_; }
  const access::Vocabulary& words() const { return words_; }  // the same, as rules about users name them

 private:
  static constexpr int kSlotBits = 12;
  static constexpr size_t kSlots = size_t{1} << kSlotBits;  // several times the number of names
  static size_t slot(View name);
  std::deque<Command> commands_;
  std::vector<const Command*> slots_;
  size_t top_level_ = 0;
  access::Vocabulary words_;
};

}  // namespace leat
