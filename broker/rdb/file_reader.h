// SPDX-License-Identifier: Apache-2.0
// file_reader.h: reads a dump.rdb, as Redis 2.6 to 7.4 write it, key by key.
//
// Used by: `leat import`.
// Always:  - takes memory for about one key, however long the file is;
//          - what is handed out is whole: its end was found. Whether its content is well-formed is asked of it
//            (restored_value.h);
//          - the file's check is held against all of it before the end is told;
//          - after a failure there is nothing more to read.
// Bytes:   format.h.
#pragma once

#include <functional>
#include <variant>

#include "broker/rdb/dump_reader.h"
#include "schemas/status.h"

namespace leat::rdb {

class FileReader {
 public:
  // Up to `size` bytes; none at the end of the file.
  using Source = std::function<Result<size_t>(uint64_t offset, char* to, size_t size)>;
  explicit FileReader(Source source) : source_(std::move(source)) {}

  struct Key {  // its Views die with the next call
    uint64_t database;
    View name;
    TimeMs expire_at_ms;  // or kNoLifetime
    Object object;        // maybe a module's
  };
  struct Library {
    View code;
  };
  struct Module {};  // what one keeps beside its keys
  struct End {};
  using Item = std::variant<Key, Library, Module, End>;
  Result<Item> next();

  uint64_t offset() const { return offset_; }  // of the file: what was handed out begins behind it
  static constexpr uint64_t kStringBytesMax = uint64_t{512} << 20;  // as Redis' own bound is, if nobody has raised it

 private:
  // Nothing: that part said something about those that follow.
  Result<std::optional<Item>> read_part(Input& in);
  std::optional<Item> read_key(Input& in, Layout layout);
  Status read_head();
  Status read_end();
  Status refuse(const Input& in) const;
  View window() const { return View(buffer_).substr(begin_); }
  Result<bool> widen();  // false: there is no more
  Status widen_to(size_t bytes);  // as far as there are
  void pass(size_t bytes);

  Source source_;
  Bytes buffer_;         // of the file; up to begin_ it was handed out
  size_t begin_ = 0;
  uint64_t offset_ = 0;  // where begin_ is
  uint64_t check_ = 0;   // of all before it
  unsigned version_ = 0;  // 0: the head was not read yet
  uint64_t database_ = 0;
  TimeMs expire_at_ms_ = kNoLifetime;  // of the next key
  Bytes name_, text_;                  // what was not said as it is
};

}  // namespace leat::rdb
