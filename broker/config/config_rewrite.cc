// SPDX-License-Identifier: Apache-2.0
#include "broker/config/config_rewrite.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "broker/protocol/numbers.h"

namespace leat {

namespace {

// Where a line starts, 1 being the first.
size_t start_of_line(View text, size_t line) {
  size_t at = 0;
  while (--line > 0) at = text.find('\n', at) + 1;
  return at;
}

// toml++ counts columns in characters.
size_t offset_of(View text, toml::source_position position) {
  size_t at = start_of_line(text, position.line);
  const auto continues = [&](size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
  };
  for (toml::source_index column = 1; column < position.column; ++column) {
    ++at;
    while (continues(at)) ++at;
  }
  return at;
}

// Behind the value that begins there.
size_t end_of_value(View text, size_t at) {
  for (const View quote : {View("\"\"\""), View("'''"), View("\""), View("'")}) {
    if (!text.substr(at).starts_with(quote)) continue;
    for (size_t i = at + quote.size(); i < text.size(); ++i) {
      if (quote[0] == '"' && text[i] == '\\') ++i;
      else if (text.substr(i).starts_with(quote)) return i + quote.size();
    }
    return text.size();
  }
  return std::min(text.find_first_of(" \t\r\n#,]}", at), text.size());
}

Bytes literal_of(View value, View before) {
  if (parse_integer(value)) return Bytes(value);
  if (before == "true" || before == "false") return value == "yes" ? "true" : "false";
  Bytes quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::optional<Bytes> text_of(const toml::node& node) {
  if (const auto* one = node.as_string()) return Bytes(one->get());
  if (const auto* one = node.as_integer()) return integer_text(one->get());
  if (const auto* one = node.as_boolean()) return Bytes(one->get() ? "yes" : "no");
  return std::nullopt;
}

// What `value` would read as.
Bytes as_read(const ConfigKey& key, View value) {
  Config config;
  return key.set(config, value).ok() ? key.get(config) : Bytes(value);
}

// Behind the last setting of the table, whose header is `header`; nullopt: there is none. "" is what stands before
// them all.
std::optional<size_t> end_of_table(View text, View header) {
  std::optional<size_t> end;
  if (header.empty()) end = 0;
  bool inside = header.empty();
  for (size_t at = 0; at < text.size();) {
    const size_t next = std::min(text.find('\n', at), text.size() - 1) + 1;
    View line = text.substr(at, next - at);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.starts_with("[")) {
      inside = !header.empty() && line.starts_with(header);
      if (inside) end = next;
    } else if (inside && line.find_first_not_of("\r\n") != View::npos && line[0] != '#') {
      end = next;
    }
    at = next;
  }
  return end;
}

void insert(Bytes& text, const ConfigKey& key, const Bytes& value) {
  const size_t dot = key.toml_name.rfind('.');
  const Bytes header = dot == View::npos ? "" : "[" + Bytes(key.toml_name.substr(0, dot)) + "]";
  const Bytes line = Bytes(key.toml_name.substr(dot + 1)) + " = " + literal_of(value, "") + "\n";  // npos + 1 is 0
  if (!text.empty() && text.back() != '\n') text += '\n';
  if (const auto end = end_of_table(text, header)) text.insert(*end, line);
  else text += "\n" + header + "\n" + line;
}

struct Edit {
  size_t at, size;
  Bytes value;
};

// Whether the text says what the broker does.
Status check(const Bytes& text, const Config& config) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) return Status::error("the file could not be changed so that it can still be read");
  for (const ConfigKey& key : config_keys()) {
    if (key.toml_name.empty()) continue;
    const auto node = parsed.table().at_path(key.toml_name);
    const auto value = node.node() == nullptr ? std::nullopt : text_of(*node.node());
    if (as_read(key, value ? *value : key.get(Config())) != key.get(config)) {
      return Status::error("'" + Bytes(key.toml_name) + "' could not be written into the file: write it by hand");
    }
  }
  return Status::fine();
}

Status failed(const Bytes& what) { return Status::error(what + ": " + std::strerror(errno)); }

Status write_beside(const Bytes& path, const Bytes& text) {
  struct stat old {};
  if (stat(path.c_str(), &old) != 0) return failed(path);
  const Bytes beside = path + ".rewrite";
  const int file = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, old.st_mode & 07777);
  if (file < 0) return failed(beside);
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
  const Status why = written ? Status::fine() : failed(beside);
  close(file);
  if (written && rename(beside.c_str(), path.c_str()) == 0) return Status::fine();
  const Status renamed = why.ok() ? failed(path) : why;
  unlink(beside.c_str());
  return renamed;
}

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

Result<Bytes> rewritten(const Bytes& text, const Config& config) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) return Status::error("the file cannot be read any more: " + Bytes(parsed.error().description()));
  std::vector<Edit> edits;
  std::vector<const ConfigKey*> missing;
  for (const ConfigKey& key : config_keys()) {
    if (key.toml_name.empty()) continue;
    const auto node = parsed.table().at_path(key.toml_name);
    const Bytes value = key.get(config);
    if (node.node() == nullptr) {
      if (value != key.get(Config())) missing.push_back(&key);
      continue;
    }
    const auto there = text_of(*node.node());
    if (there && as_read(key, *there) == value) continue;
    const size_t at = offset_of(text, node.node()->source().begin);
    const size_t size = end_of_value(text, at) - at;
    edits.push_back({at, size, literal_of(value, View(text).substr(at, size))});
  }
  std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.at > b.at; });
  Bytes out = text;
  for (const Edit& edit : edits) out.replace(edit.at, edit.size, edit.value);  // from the back: places before stay
  for (const ConfigKey* key : missing) insert(out, *key, key->get(config));
  if (Status checked = check(out, config); !checked.ok()) return checked;
  return out;
}

Status rewrite_config_file(const Config& config) {
  char resolved[PATH_MAX];
  if (realpath(config.file.c_str(), resolved) == nullptr) return failed(config.file);
  const Bytes path = resolved;
  std::ifstream file(path, std::ios::binary);
  const Bytes text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.good() && !file.eof()) return failed(path);
  const auto fresh = rewritten(text, config);
  if (!fresh.ok()) return fresh.status();
  if (*fresh == text) return Status::fine();
  if (Status written = write_beside(path, *fresh); !written.ok()) return written;
  sync_folder(path);
  return Status::fine();
}

}  // namespace leat
