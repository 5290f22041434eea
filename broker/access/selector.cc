// SPDX-License-Identifier: Apache-2.0
#include "broker/access/selector.h"

#include <algorithm>

#include "broker/protocol/glob.h"
#include "broker/protocol/words.h"

namespace leat::access {

const Status kUnknownRule = Status::error("Syntax error");
const Status kUnknownCommand = Status::error("Unknown command or category name in ACL");
const Status kPatternsEnded = Status::error(
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try "
    "'resetkeys' to "
    "start with an empty list of patterns");
const Status kChannelsEnded = Status::error(
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try "
    "'resetchannels' to start with an empty list of channels");
const Status kFirstWordOfSubcommand = Status::error("Allowing first-arg of a subcommand is not supported");

bool has_blanks(View text) { return text.find_first_of(View(" \t\n\v\f\r\0", 7)) != View::npos; }

bool channel_fits(const std::vector<Bytes>& patterns, const ChannelUse& use) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const Bytes& one) { return use.is_pattern ? one == use.name : glob_match(one, use.name); });
}

Status Selector::set(View rule, const Vocabulary& words) {
  const auto is = [&](View one, View other) { return same_word(rule, one) || same_word(rule, other); };
  if (is("allkeys", "~*") || is("resetkeys", "resetkeys")) {
    all_keys_ = !same_word(rule, "resetkeys");
    keys_.clear();
    return Status::fine();
  }
  if (is("allchannels", "&*") || is("resetchannels", "resetchannels")) {
    all_channels_ = !same_word(rule, "resetchannels");
    channels_.clear();
    return Status::fine();
  }
  if (is("allcommands", "+@all")) return set_all_commands(true), Status::fine();
  if (is("nocommands", "-@all")) return set_all_commands(false), Status::fine();
  if (rule.empty()) return kUnknownRule;
  if (rule[0] == '~' || rule[0] == '%') return add_keys(rule);
  if (rule[0] == '&') return add_channels(rule.substr(1));
  const bool allowed = rule[0] == '+';
  if (!allowed && rule[0] != '-') return kUnknownRule;
  const View name = rule.substr(1);
  if (name.starts_with('@')) return set_category(name.substr(1), allowed, words);
  return allowed ? allow(name, words) : forbid(name, words);
}

// "~glob", "%R~glob", "%W~glob", "%RW~glob"
Status Selector::add_keys(View rule) {
  if (all_keys_) return kPatternsEnded;
  uint8_t grants = 0;
  size_t at = 1;
  if (rule[0] == '~') grants = kReads | kWrites;
  for (; rule[0] == '%' && at < rule.size(); ++at) {
    const char c = rule[at];
    const bool reads = c == 'R' || c == 'r', writes = c == 'W' || c == 'w';
    if (reads && !(grants & kReads)) grants |= kReads;
    else if (writes && !(grants & kWrites)) grants |= kWrites;
    else if (c != '~') return kUnknownRule;
    else break;
  }
  if (grants == 0) return kUnknownRule;
  if (rule[0] == '%') at = std::min(at + 1, rule.size());
  const View glob = rule.substr(at);
  if (has_blanks(glob)) return kUnknownRule;
  const auto there = std::find_if(keys_.begin(), keys_.end(), [&](const KeyPattern& one) { return one.glob == glob; });
  if (there != keys_.end()) there->grants |= grants;
  else keys_.push_back({Bytes(glob), grants});
  return Status::fine();
}

Status Selector::add_channels(View glob) {
  if (all_channels_) return kChannelsEnded;
  if (has_blanks(glob)) return kUnknownRule;
  if (std::find(channels_.begin(), channels_.end(), glob) == channels_.end()) channels_.emplace_back(glob);
  return Status::fine();
}

// "get", "client|list", or "select|0": one first argument of a command without sub-commands
Status Selector::allow(View name, const Vocabulary& words) {
  const size_t bar = name.rfind('|');
  if (bar == View::npos) {
    const auto command = words.find(name);
    if (!command) return kUnknownCommand;
    set_command(*command, true, words);
    note_rule(words[*command].name, true);
    return Status::fine();
  }
  const View first = name.substr(bar + 1);
  const auto command = words.find(name.substr(0, bar));
  if (!command) return kUnknownCommand;
  if (words[*command].container) return kFirstWordOfSubcommand;
  if (first.empty() || has_blanks(first)) return kUnknownRule;
  if (!words[*command].subcommands.empty()) {
    const auto sub = words.find(name);
    if (!sub) return kUnknownCommand;
    set_command(*sub, true, words);
  } else {
    auto& allowed = first_words_[*command];
    const bool known = std::any_of(allowed.begin(), allowed.end(), [&](View one) { return same_word(one, first); });
    if (!known) allowed.emplace_back(first);
  }
  note_rule(name, true);
  return Status::fine();
}

Status Selector::forbid(View name, const Vocabulary& words) {
  const auto command = words.find(name);
  if (!command) return kUnknownCommand;
  set_command(*command, false, words);
  note_rule(words[*command].name, false);
  return Status::fine();
}

Status Selector::set_category(View name, bool allowed, const Vocabulary& words) {
  const auto category = category_named(name);
  if (!category) return kUnknownCommand;
  for (size_t number = 0; number < words.size(); ++number) {
    if (words[number].categories & *category) set_command(number, allowed, words);
  }
  note_rule("@" + Bytes(name), allowed);
  return Status::fine();
}

void Selector::set_command(size_t number, bool allowed, const Vocabulary& words) {
  commands_.set(number, allowed);
  if (!allowed) all_commands_ = false;
  first_words_.erase(number);
  for (const size_t sub : words[number].subcommands) set_command(sub, allowed, words);
}

void Selector::set_all_commands(bool allowed) {
  if (allowed) commands_.set();
  else commands_.reset();
  all_commands_ = allowed;
  first_words_.clear();
  command_rules_.clear();
}

// A new rule stands for older ones on the same command, its sub-commands and its first arguments.
void Selector::note_rule(View name, bool allowed) {
  const Bytes fresh = lower(name);
  std::erase_if(command_rules_, [&](const Bytes& rule) {
    const View old = View(rule).substr(1);
    return old == fresh || (old.starts_with(fresh) && old[fresh.size()] == '|');
  });
  command_rules_.push_back((allowed ? "+" : "-") + fresh);
}

bool Selector::allows_first_word(const Act& act) const {
  if (!act.first_word || first_words_.empty()) return false;
  const auto allowed = first_words_.find(act.command);
  if (allowed == first_words_.end()) return false;
  return std::any_of(allowed->second.begin(), allowed->second.end(),
                     [&](View one) { return same_word(one, *act.first_word); });
}

bool Selector::may_run(const Act& act) const {
  return all_commands_ || act.for_anyone || commands_.test(act.command) || allows_first_word(act);
}

bool Selector::allows_key(const KeyUse& use) const {
  return std::any_of(keys_.begin(), keys_.end(), [&](const KeyPattern& one) {
    return (one.grants & use.needs) == use.needs && glob_match(one.glob, use.key);
  });
}

bool Selector::allows_channel(const ChannelUse& use) const { return channel_fits(channels_, use); }

Verdict Selector::judge(const Act& act) const {
  if (!may_run(act)) return {Denial::kCommand, 0};
  for (const KeyUse& use : act.keys) {
    if (all_keys_) break;
    if (!allows_key(use)) return {Denial::kKey, use.at};
  }
  for (const ChannelUse& use : act.channels) {
    if (all_channels_) break;
    if (!allows_channel(use)) return {Denial::kChannel, use.at};
  }
  return {};
}

bool Selector::reads_all_keys() const {
  return all_keys_ || std::any_of(keys_.begin(), keys_.end(),
                                  [](const KeyPattern& one) { return one.glob == "*" && (one.grants & kReads); });
}

namespace {
Bytes joined(const std::vector<Bytes>& words) {
  Bytes out;
  for (const Bytes& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}
}  // namespace

Bytes Selector::keys_text() const {
  if (all_keys_) return "~*";
  std::vector<Bytes> words;
  for (const KeyPattern& one : keys_) {
    const View sign = one.grants == (kReads | kWrites) ? "~" : one.grants == kReads ? "%R~" : "%W~";
    words.push_back(Bytes(sign) + one.glob);
  }
  return joined(words);
}

Bytes Selector::channels_text() const {
  if (all_channels_) return "&*";
  std::vector<Bytes> words;
  for (const Bytes& one : channels_) words.push_back("&" + one);
  return joined(words);
}

Bytes Selector::commands_text() const {
  const Bytes rest = joined(command_rules_);
  return Bytes(commands_.test(kToCome) ? "+@all" : "-@all") + (rest.empty() ? "" : " ") + rest;
}

std::vector<Bytes> Selector::rules() const {
  std::vector<Bytes> out;
  const auto add = [&](const Bytes& words) {
    for (size_t at = 0; at < words.size();) {
      const size_t end = std::min(words.find(' ', at), words.size());
      out.push_back(words.substr(at, end - at));
      at = end + 1;
    }
  };
  if (all_keys_) out.emplace_back("~*");
  // "%RW~*" and "~*" are not the same: other patterns may stand beside the former.
  for (const KeyPattern& one : keys_) {
    const View sign = one.grants == (kReads | kWrites) ? (one.glob == "*" ? "%RW~" : "~")
                      : one.grants == kReads           ? "%R~"
                                                       : "%W~";
    out.push_back(Bytes(sign) + one.glob);
  }
  if (!all_channels_) out.emplace_back("resetchannels");
  add(channels_text());
  add(commands_text());
  return out;
}

}  // namespace leat::access
