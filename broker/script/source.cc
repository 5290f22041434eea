// SPDX-License-Identifier: Apache-2.0
#include "broker/script/source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <climits>
#include <cstdint>

namespace leat {

static Status set_flag(ScriptFlags& flags, View flag) {
  if (flag == "no-writes")
    flags.no_writes = true;
  else if (flag == "allow-oom")
    flags.allow_oom = true;
  else if (flag == "allow-stale")
    flags.allow_stale = true;
  else if (flag == "no-cluster")
    flags.no_cluster = true;
  else if (flag == "allow-cross-slot-keys")
    flags.allow_cross_slot_keys = true;
  else
    return Status::error("ERR Unexpected flag in script shebang: " + Bytes(flag));
  return Status::fine();
}

// Calls `each` with every part of `text` that is not empty, until one fails.
template <typename Each>
static Status for_parts(View text, char separator, Each each) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0) {
      Status status = each(text.substr(0, end));
      if (!status.ok()) return status;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return Status::fine();
}

static Status read_option(ScriptFlags& flags, View option) {
  constexpr View kFlags = "flags=";
  if (!option.starts_with(kFlags)) return Status::error("ERR Unknown lua shebang option: " + Bytes(option));
  return for_parts(option.substr(kFlags.size()), ',', [&](View flag) { return set_flag(flags, flag); });
}

Result<ScriptSource> read_shebang(View body) {
  ScriptSource source{.code = body};
  if (!body.starts_with("#!")) return source;
  const size_t end = body.find('\n');
  if (end == View::npos) return Status::error("ERR Invalid script shebang");
  const View line = body.substr(0, end);
  const size_t engine_end = std::min(line.find(' '), line.size());
  const View engine = line.substr(0, engine_end);
  if (engine != "#!lua") return Status::error("ERR Unexpected engine in script shebang: " + Bytes(engine));
  source.flags.declared = true;
  Status status =
      for_parts(line.substr(engine_end), ' ', [&](View option) { return read_option(source.flags, option); });
  if (!status.ok()) return status;
  source.code = body.substr(end);
  return source;
}

namespace {

bool in_name(unsigned char c) { return std::isalnum(c) || c == '_' || c >= 0x80; }

bool may_repeat(View word) {
  static constexpr std::array<View, 5> kWords = {"for", "function", "goto", "repeat", "while"};
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
    if (word == "end" || word == "until" || word == "else" || word == "elseif") {
      if (blocks_.size() == return_blocks_) end_return();
      if (word[0] == 'e' && word != "end") return;
      if (!blocks_.empty()) blocks_.pop_back();
    } else if (word == "function" || word == "if" || word == "do" || word == "repeat") {
      blocks_ += word[0];
    } else if (word == "return" && blocks_.find('f') == Bytes::npos) {
      return_start_ = at_;
      return_blocks_ = blocks_.size();
      return_brackets_ = brackets_;
    }
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
  int brackets_ = 0;         // open
  size_t return_start_ = 0;  // behind the word, while its statement goes on
  size_t return_blocks_ = SIZE_MAX;
  int return_brackets_ = INT_MIN;
  SourceScan scan_;
};

}  // namespace

SourceScan scan_source(View code, View name) { return Scanner(code, name).scan(); }

}  // namespace leat
