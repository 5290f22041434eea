// SPDX-License-Identifier: Apache-2.0
// vocabulary.h: the words that rules are made of: the commands by name and number, and the categories that they are in.
//
// Used by: rules (selector.h), ACL CAT, COMMAND INFO. The command table fills it, so this room knows no command itself.
// Always:  - a command's number is its number in the table; a sub-command is called "client|list", and comes behind its
//            container;
//          - categories are Redis 7.4's, in its order.
#pragma once

#include <array>
#include <bitset>
#include <map>
#include <optional>
#include <vector>

#include "schemas/bytes.h"

namespace leat::access {

constexpr size_t kCommandsMax = 1024;
using CommandSet = std::bitset<kCommandsMax>;

using Categories = uint32_t;  // a bit each
constexpr std::array<View, 21> kCategoryNames = {
    "keyspace",    "read", "write",  "set",    "sortedset", "list", "hash", "string",   "bitmap",
    "hyperloglog", "geo",  "stream", "pubsub", "admin",     "fast", "slow", "blocking", "dangerous",
    "connection",  "transaction",    "scripting"};
std::optional<Categories> category_named(View name);  // in any case, without the @

class Vocabulary {
 public:
  struct Word {
    Bytes name;  // lower case
    Categories categories;
    std::optional<size_t> container;
    std::vector<size_t> subcommands;
  };
  void add(View name, Categories categories);  // the next number
  std::optional<size_t> find(View name) const;  // in any case
  const Word& operator[](size_t number) const { return words_[number]; }
  size_t size() const { return words_.size(); }

 private:
  std::vector<Word> words_;
  std::map<Bytes, size_t, std::less<>> numbers_;
};

}  // namespace leat::access
