// SPDX-License-Identifier: Apache-2.0
// selector.h: one set of permissions: which commands, on which keys, in which channels. A user has one, and may
// have more.
//
// Used by: user.h.
// Always:  - a rule that is refused has changed nothing;
//          - what rules() tells makes the same selector again, when its words are set on a new one;
//          - a command is allowed by its bit, or, where it has no sub-commands, for one first argument.
// Source:  https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
#pragma once

#include <map>
#include <span>

#include "broker/access/vocabulary.h"
#include "schemas/status.h"

namespace leat::access {

enum class Denial : uint8_t { kNone, kCommand, kKey, kChannel };  // of two, the greater is told

enum Need : uint8_t { kReads = 1, kWrites = 2 };  // of a key: a pattern must grant all that is needed

struct KeyUse {
  View key;
  uint8_t needs;  // none: any pattern that fits will do (EXISTS, TYPE …)
  size_t at;      // among the request's words
};
struct ChannelUse {
  View name;
  bool is_pattern;  // PSUBSCRIBE: then only that very pattern allows it
  size_t at;
};

// A request, as far as it matters here.
struct Act {
  size_t command;
  bool for_anyone;  // AUTH, HELLO, QUIT, RESET: no rule forbids them
  std::optional<View> first_word;
  std::span<const KeyUse> keys;
  std::span<const ChannelUse> channels;
};

struct Verdict {
  Denial denial = Denial::kNone;
  size_t at = 0;  // the word with the key or the channel
};

// Why a rule is refused: what Redis says behind "Error in ACL SETUSER modifier '…': ".
extern const Status kUnknownRule, kUnknownCommand, kPatternsEnded, kChannelsEnded, kFirstWordOfSubcommand;

class Selector {
 public:
  explicit Selector(bool all_channels) : all_channels_(all_channels) {}

  // "~jobs:*", "+get", "-@dangerous", "allkeys" …
  Status set(View rule, const Vocabulary& words);
  Verdict judge(const Act& act) const;
  bool may_run(const Act& act) const;     // the command, whatever its keys
  bool reads_all_keys() const;            // SORT's BY and GET: which keys they read nobody knows before
  bool unrestricted() const { return all_commands_ && all_keys_ && all_channels_; }
  bool all_channels() const { return all_channels_; }
  const std::vector<Bytes>& channels() const { return channels_; }

  Bytes keys_text() const;      // "~* …", "%R~…"; "" when there are none
  Bytes channels_text() const;  // "&* …"
  Bytes commands_text() const;  // "-@all +get …"
  std::vector<Bytes> rules() const;

 private:
  struct KeyPattern {
    Bytes glob;
    uint8_t grants;
  };

  Status add_keys(View rule);
  Status add_channels(View rule);
  Status allow(View name, const Vocabulary& words);
  Status forbid(View name, const Vocabulary& words);
  Status set_category(View name, bool allowed, const Vocabulary& words);
  void set_command(size_t number, bool allowed, const Vocabulary& words);
  void set_all_commands(bool allowed);
  void note_rule(View name, bool allowed);
  bool allows_first_word(const Act& act) const;
  bool allows_key(const KeyUse& use) const;
  bool allows_channel(const ChannelUse& use) const;

  static constexpr size_t kToCome = kCommandsMax - 1;  // the bit of commands that a later version adds
  CommandSet commands_;
  bool all_commands_ = false, all_keys_ = false, all_channels_;
  std::map<size_t, std::vector<Bytes>> first_words_;  // by command
  std::vector<KeyPattern> keys_;
  std::vector<Bytes> channels_;
  std::vector<Bytes> command_rules_;  // "+get", "-@write": as they were given, less those that a later one stands for
};

// Whether one of the patterns lets a client listen there; a pattern to listen to must be among them itself.
bool channel_fits(const std::vector<Bytes>& patterns, const ChannelUse& use);
// Rules stand in one line, split at blanks.
bool has_blanks(View text);

}  // namespace leat::access
