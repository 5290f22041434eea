// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/table.h"

#include <algorithm>
#include <limits>

#include "broker/commands/categories.h"
#include "broker/commands/families.h"
#include "broker/protocol/numbers.h"

namespace leat {

namespace {
// Four bytes, letters in lower case (and some others changed, which matters to nobody here).
uint32_t four_at(const char* text) { return get_fixed<uint32_t>(text) | 0x20202020; }
}  // namespace

// By the length, the first four bytes and the last four, which tell nearly all names apart.
size_t CommandTable::slot(View name) {
  uint64_t mixed = name.size();
  if (name.size() >= 4) {
    mixed += uint64_t{four_at(name.data())} << 32 | four_at(name.data() + name.size() - 4);
  } else {
    for (const char c : name) mixed = mixed << 8 | (c | 0x20);
  }
  return (mixed * 0x9e3779b97f4a7c15) >> (64 - kSlotBits);
}

CommandTable::CommandTable() : slots_(kSlots, nullptr) {
  const Family* const families[] = {&kAclFamily,         &kBitmapFamily,       &kClassFamily,       &kClusterFamily,
                                    &kConnectionFamily,  &kDebugFamily,        &kFunctionFamily,    &kGeoFamily,
                                    &kHashFamily,        &kHashLifetimeFamily, &kHyperLogLogFamily, &kKeyFamily,
                                    &kLatencyFamily,     &kLeatFamily,         &kListFamily,        &kLolwutFamily,
                                    &kMemoryFamily,      &kModuleFamily,       &kMonitorFamily,     &kPubSubFamily,
                                    &kReplicationFamily, &kScriptFamily,       &kServerFamily,      &kSetFamily,
                                    &kSlowLogFamily,     &kSortFamily,         &kSortedSetFamily,   &kStreamFamily,
                                    &kStreamGroupFamily, &kStringFamily,       &kTransactionFamily};
  for (const Family* family : families) {
    for (const CommandRow& row : family->rows) {
      CHECK(row.handler != nullptr);
      commands_.push_back({row, family->name, commands_.size(), {}});
      words_.add(row.name, categories_of(commands_.back()));
    }
  }
  for (const Command& command : commands_) {
    size_t at = slot(command.row.name);
    while (slots_[at] != nullptr) at = (at + 1) % kSlots;
    slots_[at] = &command;
  }
  for (Command& command : commands_) {
    const size_t bar = command.row.name.find('|');
    if (bar == View::npos) {
      ++top_level_;
      continue;
    }
    auto* container = const_cast<Command*>(find(command.row.name.substr(0, bar)));
    CHECK(container != nullptr);
    command.is_subcommand = true;
    container->subcommands.push_back(&command);
  }
}

const Command* CommandTable::find(View name) const {
  for (size_t at = slot(name); slots_[at] != nullptr; at = (at + 1) % kSlots) {
    const View found = slots_[at]->row.name;
    if (found == name || same_word(found, name)) return slots_[at];  // nearly always as it is written here
  }
  return nullptr;
}

const Command* CommandTable::find(Args args) const {
  const Command* command = find(args[0]);
  if (command != nullptr && command->is_subcommand) return nullptr;  // "config|get" is for rules, and for people
  if (command == nullptr || command->subcommands.empty() || args.size() < 2) return command;
  const size_t behind_bar = command->row.name.size() + 1;
  for (const Command* const sub : command->subcommands) {
    if (same_word(sub->row.name.substr(behind_bar), args[1])) return sub;
  }
  return command;
}

namespace {
// Of SORT and GEORADIUS: where the key is that the last STORE or STOREDIST names; 0: there is none. What other options
// take is no option, whatever it reads.
size_t stored_position(Args args, size_t from) {
  size_t stored = 0;
  for (size_t at = from; at < args.size(); ++at) {
    if (same_word(args[at], "LIMIT")) at += 2;
    else if (same_word(args[at], "BY") || same_word(args[at], "GET")) at += 1;
    else if (at + 1 < args.size() && (same_word(args[at], "STORE") || same_word(args[at], "STOREDIST"))) stored = ++at;
  }
  return stored;
}

// Of MIGRATE: the word behind KEYS; 0: there is no such word.
size_t migrated_position(Args args) {
  for (size_t at = 6; at < args.size(); ++at) {
    if (same_word(args[at], "KEYS")) return at + 1;
    if (same_word(args[at], "AUTH")) at += 1;
    else if (same_word(args[at], "AUTH2")) at += 2;
  }
  return 0;
}

// Of XREAD and XREADGROUP: where STREAMS stands; 0: nowhere. A group or a consumer may be called that, too.
size_t streams_position(Args args) {
  for (size_t at = 1; at < args.size(); ++at) {
    if (same_word(args[at], "STREAMS")) return at;
    if (same_word(args[at], "GROUP")) at += 2;
    else if (!same_word(args[at], "NOACK")) at += 1;  // COUNT, BLOCK, CLAIM
  }
  return 0;
}
}  // namespace

std::optional<std::vector<size_t>> key_positions(const CommandRow& row, Args args) {
  std::vector<size_t> positions;
  const auto count = static_cast<int64_t>(args.size());
  switch (row.keys.kind) {
    case Keys::Kind::kNone:
    case Keys::Kind::kShards:
      return positions;
    case Keys::Kind::kRange: {
      const int64_t last = row.keys.last < 0 ? count + row.keys.last : row.keys.last;
      for (int64_t at = row.keys.first; at <= last && at < count; at += row.keys.step) {
        positions.push_back(static_cast<size_t>(at));
      }
      return positions;
    }
    case Keys::Kind::kCounted: {
      if (row.keys.first > 0) positions.push_back(static_cast<size_t>(row.keys.first));
      if (row.keys.count_at >= count) return std::nullopt;
      const auto keys = parse_integer(args[static_cast<size_t>(row.keys.count_at)]);
      if (!keys || *keys < 0 || *keys > count - row.keys.count_at - 1) return std::nullopt;
      for (int64_t i = 0; i < *keys; ++i) positions.push_back(static_cast<size_t>(row.keys.count_at + 1 + i));
      return positions;
    }
    case Keys::Kind::kStored: {
      positions.push_back(static_cast<size_t>(row.keys.first));
      const size_t stored = stored_position(args, static_cast<size_t>(row.keys.count_at));
      if (stored != 0) positions.push_back(stored);
      return positions;
    }
    case Keys::Kind::kMigrated: {
      const size_t behind = migrated_position(args);
      if (behind == 0) return std::vector<size_t>{static_cast<size_t>(row.keys.first)};
      if (!args[static_cast<size_t>(row.keys.first)].empty()) return std::nullopt;
      for (size_t at = behind; at < args.size(); ++at) positions.push_back(at);
      return positions;
    }
    case Keys::Kind::kStreams: {
      const size_t at = streams_position(args);
      const size_t keys = at == 0 ? 0 : (args.size() - at - 1) / 2;
      if (keys == 0) return std::nullopt;
      for (size_t i = 0; i < keys; ++i) positions.push_back(at + 1 + i);
      return positions;
    }
  }
  return std::nullopt;
}

}  // namespace leat
