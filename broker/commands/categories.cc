// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/categories.h"

#include <algorithm>

#include "broker/protocol/words.h"

namespace leat {

namespace {

using access::Categories;

// What neither the family nor the traits tell. Names split at blanks; a container's stands for its sub-commands.
struct Category {
  View name, commands;
};
constexpr Category kMoreCategories[] = {
    {"admin", "LASTSAVE ROLE"},
    {"connection", "ASKING COMMAND READONLY READWRITE WAIT WAITAOF"},
    {"dangerous", "FLUSHALL FLUSHDB INFO KEYS LASTSAVE MIGRATE RESTORE ROLE SORT SORT_RO SWAPDB"},
    {"keyspace", "DBSIZE FLUSHALL FLUSHDB SWAPDB"},
};
constexpr View kWithoutCategory[] = {"cluster", "leat", "replication", "server"};  // families

Categories named(View name) { return access::category_named(name).value_or(0); }

}  // namespace

Categories categories_of(const Command& command) {
  Categories categories = 0;
  for (const View name : words_of(command.family)) {
    const auto* const end = std::end(kWithoutCategory);
    const bool plain = std::find(std::begin(kWithoutCategory), end, name) != end || command.row.name == "PUBSUB|HELP";
    if (name == "transactions") categories |= named("transaction");
    else if (!plain && !command.is(kContainer)) categories |= named(name);
  }
  if (command.is(kWrite)) categories |= named("write");
  if (command.is(kReadOnly) && !command.is(kContainer) && command.family != "scripting") categories |= named("read");
  if (command.is(kAdmin)) categories |= named("admin") | named("dangerous");
  if (command.is(kBlocks)) categories |= named("blocking");
  const View name = command.row.name.substr(0, command.row.name.find('|'));
  for (const Category& one : kMoreCategories) {
    if (has_word(one.commands, name)) categories |= named(one.name);
  }
  return categories | named(command.is(kFast) ? "fast" : "slow");
}

}  // namespace leat
