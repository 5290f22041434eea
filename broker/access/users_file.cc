// SPDX-License-Identifier: Apache-2.0
#include "broker/access/users_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

namespace leat::access {

namespace {

constexpr View kBlanks = " \t\r\n";

View trimmed(View text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == View::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

// At blanks; a word that begins with a double quote goes to the next, as User::line() writes some.
std::optional<std::vector<Bytes>> words_of(View line) {
  std::vector<Bytes> words;
  while (!(line = trimmed(line)).empty()) {
    size_t end = std::min(line.find_first_of(kBlanks), line.size());
    if (line[0] == '"') {
      for (end = 1; end < line.size() && line[end] != '"'; ++end) end += line[end] == '\\';
      end = std::min(end + 1, line.size());
      const auto word = split_line(line.substr(0, end));
      if (!word || word->size() != 1) return std::nullopt;
      words.push_back(word->front());
    } else {
      words.emplace_back(line.substr(0, end));
    }
    line.remove_prefix(end);
  }
  return words;
}

class Reader {
 public:
  Reader(View path, const Vocabulary& words, bool channels_by_default)
      : path_(path), words_(words), channels_by_default_(channels_by_default) {}

  void line(View text, size_t number) {
    place_ = path_ + ":" + std::to_string(number);
    const auto words = words_of(text);
    if (!words) return wrong(": unbalanced quotes in acl line. ");
    if (words->empty()) return;
    if (words->size() < 2 || words->front() != "user") {
      return wrong(" should start with user keyword followed by the username. ");
    }
    const Bytes& name = (*words)[1];
    if (has_blanks(name)) return wrong(": username '" + name + "' contains invalid characters. ");
    if (!names_.insert(name).second) {
      errors_ += "WARNING: Duplicate user '" + name + "' found on line " + std::to_string(number) + ". ";
      return;
    }
    User user(name, channels_by_default_);
    const std::vector<View> rest(words->begin() + 2, words->end());
    const auto rules = gathered(rest);
    if (!rules.ok()) return wrong(": Unmatched parenthesis in selector definition.");
    set(user, *rules);
    users_.push_back(std::move(user));
  }

  Result<std::vector<User>> result() {
    if (errors_.empty()) return std::move(users_);
    return Status::error(errors_ +
                         "WARNING: ACL errors detected, no change to the previously active ACL rules was performed");
  }

 private:
  void wrong(const Bytes& why) { errors_ += place_ + why; }

  // Of a command that is not known all is told; of anything else only what kind of error it is, and only the first.
  void set(User& user, const std::vector<Bytes>& rules) {
    bool told = false;
    for (const Bytes& rule : rules) {
      const Status set = user.set(rule, words_, channels_by_default_);
      if (set.ok()) continue;
      if (set.text() == kUnknownCommand.text()) {
        wrong(": Error in applying operation '" + rule + "': " + Bytes(set.text()) + ". ");
      } else if (!std::exchange(told, true)) {
        wrong(": " + Bytes(set.text()) + ". ");
      }
    }
  }

  const Bytes path_;
  const Vocabulary& words_;
  const bool channels_by_default_;
  Bytes place_, errors_;
  std::set<Bytes> names_;
  std::vector<User> users_;
};

Status failed(const Bytes& what) { return Status::error(what + ": " + std::strerror(errno)); }

// So that the new name is on disk too.
void sync_folder(const Bytes& path) {
  const size_t slash = path.rfind('/');
  const Bytes name = slash == Bytes::npos ? "." : path.substr(0, slash + 1);
  const int folder = open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  fsync(folder);
  close(folder);
}

}  // namespace

Result<std::vector<User>> parse_users_file(View text, View path, const Vocabulary& words, bool channels_by_default) {
  Reader reader(path, words, channels_by_default);
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    reader.line(text.substr(at, end - at), ++number);
    at = end + 1;
  }
  return reader.result();
}

Result<std::vector<User>> read_users_file(const Bytes& path, const Vocabulary& words, bool channels_by_default) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  const Bytes text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.good() && !file.eof()) return failed("Error loading ACLs, opening file '" + path + "'");
  return parse_users_file(text, path, words, channels_by_default);
}

Status write_users_file(const Bytes& path, const Users& users) {
  Bytes text;
  for (const auto& [name, user] : users.all()) text += user->line() + "\n";
  const Bytes beside = path + ".tmp";
  // Digests of passwords are in it.
  const int file = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return failed(beside);
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
  const Status why = written ? Status::fine() : failed(beside);
  close(file);
  if (written && rename(beside.c_str(), path.c_str()) == 0) return sync_folder(path), Status::fine();
  const Status renamed = why.ok() ? failed(path) : why;
  unlink(beside.c_str());
  return renamed;
}

}  // namespace leat::access
