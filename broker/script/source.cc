// SPDX-License-Identifier: Apache-2.0
#include "broker/script/source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <climits>
#include <cstdint>
#include <optional>

#include "broker/protocol/words.h"

namespace leat {

namespace {

struct FlagName {
  View name;
  bool ScriptFlags::*flag;
};
constexpr FlagName kFlagNames[] = {
    {"no-writes", &ScriptFlags::no_writes},         {"allow-oom", &ScriptFlags::allow_oom},
    {"allow-stale", &ScriptFlags::allow_stale},     {"no-cluster", &ScriptFlags::no_cluster},
    {"allow-cross-slot-keys", &ScriptFlags::allow_cross_slot_keys},
    {"allow-key-locking", &ScriptFlags::allow_key_locking},
};

Status read_option(ScriptFlags& flags, View option) {
  constexpr View kFlags = "flags=";
  if (!option.starts_with(kFlags)) return Status::error("ERR Unknown lua shebang option: " + Bytes(option));
  View names = option.substr(kFlags.size());
  while (!names.empty()) {
    const size_t end = names.find(',');
    const View flag = names.substr(0, end);
    if (!set_flag(flags, flag)) return Status::error("ERR Unexpected flag in script shebang: " + Bytes(flag));
    if (end == View::npos) break;
    names.remove_prefix(end + 1);
    if (names.empty()) return Status::error("ERR Unexpected flag in script shebang: ");
  }
  return Status::fine();
}

// The words of a first line, as redis-cli splits a line: quotes hold a word together, and escapes work within "…".
class LineSplitter {
 public:
  explicit LineSplitter(View line) : line_(line) {}

  std::optional<std::vector<Bytes>> words() {  // nothing where quotes do not match
    std::vector<Bytes> words;
    for (;;) {
      while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
      if (at_ == line_.size()) return words;
      if (!word(words.emplace_back())) return std::nullopt;
    }
  }

 private:
  static bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

  bool word(Bytes& out) {
    while (at_ < line_.size() && !is_blank(line_[at_])) {
      const char c = line_[at_++];
      if (c != '"' && c != '\'') out += c;
      else if (!quoted(c, out)) return false;
    }
    return true;
  }

  // A closing quote ends its word.
  bool quoted(char quote, Bytes& out) {
    while (at_ < line_.size()) {
      const char c = line_[at_++];
      if (c == quote) return at_ == line_.size() || is_blank(line_[at_]);
      if (c == '\\' && at_ < line_.size() && (quote == '"' || line_[at_] == quote)) escape(quote, out);
      else out += c;
    }
    return false;
  }

  void escape(char quote, Bytes& out) {
    const char kind = line_[at_++];
    const View hex = line_.substr(at_, 2);
    const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
    if (quote == '"' && kind == 'x' && hex.size() == 2 && is_hex(hex[0]) && is_hex(hex[1])) {
      out += static_cast<char>(std::stoi(Bytes(hex), nullptr, 16));
      at_ += 2;
      return;
    }
    constexpr View kKinds = "nrtba", kBytes = "\n\r\t\b\a";
    const size_t known = quote == '"' ? kKinds.find(kind) : View::npos;
    out += known == View::npos ? kind : kBytes[known];
  }

  const View line_;
  size_t at_ = 0;
};

}  // namespace

bool set_flag(ScriptFlags& flags, View name) {
  for (const FlagName& one : kFlagNames) {
    if (one.name == name) return flags.*one.flag = true;
  }
  return false;
}

std::vector<View> names_of(const ScriptFlags& flags) {
  std::vector<View> names;
  for (const FlagName& one : kFlagNames) {
    if (flags.*one.flag) names.push_back(one.name);
  }
  return names;
}

Result<ScriptSource> read_shebang(View body) {
  ScriptSource source{.code = body};
  if (!body.starts_with("#!")) return source;
  const size_t end = body.find('\n');
  if (end == View::npos) return Status::error("ERR Invalid script shebang");
  const auto words = LineSplitter(body.substr(0, end)).words();
  if (!words) return Status::error("ERR Invalid engine in script shebang");
  if (words->front() != "#!lua") return Status::error("ERR Unexpected engine in script shebang: " + words->front());
  source.flags.declared = true;
  for (size_t at = 1; at < words->size(); ++at) {
    if (Status status = read_option(source.flags, (*words)[at]); !status.ok()) return status;
  }
  source.code = body.substr(end);
  return source;
}

bool is_library_name(View name) {
  const auto fits = [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; };
  return !name.empty() && std::all_of(name.begin(), name.end(), fits);
}

Result<LibrarySource> read_library(View text) {
  if (!text.starts_with("#!")) return Status::error("ERR Missing library metadata");
  const size_t end = text.find('\n');
  const auto words = end == View::npos ? std::nullopt : LineSplitter(text.substr(0, end)).words();
  if (!words) return Status::error("ERR Invalid library metadata");
  constexpr View kName = "name=";
  std::optional<Bytes> name;
  for (size_t at = 1; at < words->size(); ++at) {
    const Bytes& word = (*words)[at];
    if (!same_word(View(word).substr(0, kName.size()), kName)) {
      return Status::error("ERR Invalid metadata value given: " + word);
    }
    if (name) return Status::error("ERR Invalid metadata value, name argument was given multiple times");
    name = word.substr(kName.size());
  }
  if (!name) return Status::error("ERR Library name was not given");
  if (!is_library_name(*name)) return Status::error(Bytes(kBadLibraryName));
  const View engine = View(words->front()).substr(2);
  if (!same_word(engine, "lua")) return Status::error("ERR Engine '" + Bytes(engine) + "' not found");
  return LibrarySource{.name = std::move(*name), .code = text.substr(end)};
}

namespace {

bool in_name(unsigned char c) { return std::isalnum(c) || c == '_' || c >= 0x80; }

bool may_repeat(View word) {
  static constexpr std::array<View, 5> kWords = {"for", "function", "goto", "repeat", "while"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

// LuaJIT keeps the jumps of each of these in a list, and goes through the whole list for the next one.
constexpr size_t kJumpsMax = 20'000;

bool may_jump(View word) {
  static constexpr std::array<View, 5> kWords = {"and", "break", "elseif", "goto", "or"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

class Scanner {
 public:
  Scanner(View code, View name) : code_(code), name_(name) {}

  SourceScan scan() {
    if (code_.starts_with('#')) refuse("unexpected symbol", "#");  // LuaJIT would take it for a comment
    while (at_ < code_.size() && scan_.refused.empty()) {
      const size_t start = at_;
      const bool found = token();
      at_ = std::min(at_, code_.size());  // a string may lack its end
      if (found)
        token_end_ = at_;
      else if (at_ == start)
        ++at_;  // a blank
    }
    end_return();
    return std::move(scan_);
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < code_.size() ? code_[at_ + ahead] : '\0'; }

  void refuse(View why, View near) {
    const auto line = 1 + std::count(code_.begin(), code_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    scan_.refused = Bytes(name_) + ":" + std::to_string(line) + ": " + Bytes(why) + " near '" + Bytes(near) + "'";
  }

  // False where there was none, but a comment or a blank.
  bool token() {
    const auto c = static_cast<unsigned char>(peek());
    if (std::isdigit(c) || (c == '.' && std::isdigit(static_cast<unsigned char>(peek(1))))) return number(), true;
    if (in_name(c)) return word(), true;
    if (c == '"' || c == '\'') return quoted(static_cast<char>(c)), true;
    if (c == '-' && peek(1) == '-') return comment(), false;
    if (c == '[' && long_bracket()) return true;
    if (std::isspace(c)) return false;
    if (View("([{").find(peek()) != View::npos) ++brackets_;
    if (View(")]}").find(peek()) != View::npos) --brackets_;
    if (c == ':' && peek(1) == ':') count_jump("::");
    if (c == ';' && brackets_ == return_brackets_) end_return();
    ++at_;
    return true;
  }

  // LuaJIT reads 1LL, 1ULL and 1i as cdata, the door to ffi. No other number ends in these letters.
  void number() {
    const size_t start = at_;
    while (at_ < code_.size()) {
      const char c = peek();
      const bool exponent_sign = (c == '+' || c == '-') && View("eEpP").find(code_[at_ - 1]) != View::npos;
      if (!in_name(static_cast<unsigned char>(c)) && c != '.' && !exponent_sign) break;
      ++at_;
    }
    if (View("lLiIuU").find(code_[at_ - 1]) == View::npos) return;
    refuse("malformed number", code_.substr(start, std::min<size_t>(at_ - start, 80)));
  }

  void word() {
    const size_t start = at_;
    while (in_name(static_cast<unsigned char>(peek())) && at_ < code_.size()) ++at_;
    const View word = code_.substr(start, at_ - start);
    scan_.loops = scan_.loops || may_repeat(word);
    if (may_jump(word)) count_jump(word);
    if (word == "end" || word == "until" || word == "else" || word == "elseif") {
      if (blocks_.size() == return_blocks_) end_return();
      if (word[0] == 'e' && word != "end") return;
      close_block();
    } else if (word == "function" || word == "if" || word == "do" || word == "repeat") {
      blocks_ += word[0];
      functions_ += word[0] == 'f';
    } else if (word == "return" && functions_ == 0) {
      return_start_ = at_;
      return_blocks_ = blocks_.size();
      return_brackets_ = brackets_;
    }
  }

  void count_jump(View near) {
    if (++jumps_ > kJumpsMax) refuse("too many branches", near);
  }

  void close_block() {
    if (blocks_.empty()) return;
    functions_ -= blocks_.back() == 'f';
    blocks_.pop_back();
  }

  // The last token of the statement lies behind; notes where it ends, if it has a value.
  void end_return() {
    if (return_start_ != 0 && token_end_ > return_start_) scan_.returns.push_back(token_end_);
    return_start_ = 0;
    return_blocks_ = SIZE_MAX;
    return_brackets_ = INT_MIN;
  }

  // Must end a string exactly where LuaJIT does, or code could hide in what looks like text.
  void quoted(char quote) {
    for (++at_; at_ < code_.size(); ++at_) {
      if (peek() == '\\') {
        escape();
      } else if (peek() == quote || peek() == '\n') {
        break;  // a bare line break is a syntax error, and Lua's to report
      }
    }
    ++at_;
  }

  // Stops at the last byte of the escape.
  void escape() {
    const char kind = peek(1);
    ++at_;
    if (kind == 'z') {
      while (std::isspace(static_cast<unsigned char>(peek(1)))) ++at_;
    } else if ((kind == '\r' && peek(1) == '\n') || (kind == '\n' && peek(1) == '\r')) {
      ++at_;  // one line break of two bytes
    }
  }

  void comment() {
    at_ += 2;
    if (peek() == '[' && long_bracket()) return;
    while (at_ < code_.size() && peek() != '\n' && peek() != '\r') ++at_;
  }

  // [[…]], [=[…]=]: skipped whole; false where none begins.
  bool long_bracket() {
    size_t level = 0;
    while (peek(1 + level) == '=') ++level;
    if (peek(1 + level) != '[') return false;
    const Bytes close = "]" + Bytes(level, '=') + "]";
    const size_t end = code_.find(close, at_ + 2 + level);
    at_ = end == View::npos ? code_.size() : end + close.size();
    return true;
  }

  View code_;
  View name_;
  size_t at_ = 0;
  size_t token_end_ = 0;     // of the last token
  Bytes blocks_;             // the first letter of what opened each open block
  size_t jumps_ = 0;
  size_t functions_ = 0;     // of those: looking for one at each return would be quadratic
  int brackets_ = 0;         // open
  size_t return_start_ = 0;  // behind the word, while its statement goes on
  size_t return_blocks_ = SIZE_MAX;
  int return_brackets_ = INT_MIN;
  SourceScan scan_;
};

}  // namespace

SourceScan scan_source(View code, View name) { return Scanner(code, name).scan(); }

}  // namespace leat
