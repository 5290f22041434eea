// SPDX-License-Identifier: Apache-2.0
// args.h: the words of one request, borrowed from where the client's bytes lie.
//
// Used by: the parser, which fills them, the executor and every handler.
// Always:  - args[0] is the command's name;
//          - a plain view of views: copying one copies two words, and none outlives its request;
//          - OwnedArgs is for requests that stay: a queued command in MULTI, a parked waiter.
#pragma once

#include <vector>

#include "schemas/bytes.h"

namespace leat {

class Args {
 public:
  Args() = default;
  Args(Views words) : words_(words) {}

  size_t size() const { return words_.size(); }
  View operator[](size_t i) const { return words_[i]; }
  View back() const { return words_.back(); }
  Views from(size_t first) const { return words_.subspan(first); }
  Views slice(size_t first, size_t end) const { return words_.subspan(first, end - first); }
  Views all() const { return words_; }

 private:
  Views words_;
};

class OwnedArgs {
 public:
  OwnedArgs() = default;
  explicit OwnedArgs(Args args) {
    size_t bytes = 0;
    for (const View word : args.all()) bytes += word.size();
    storage_.reserve(bytes);  // once: the views below point into it
    words_.reserve(args.size());
    for (const View word : args.all()) {
      words_.emplace_back(storage_.data() + storage_.size(), word.size());
      storage_.append(word);
    }
  }
  // Moving a short std::string would move its bytes: both live on the heap behind a vector instead.
  OwnedArgs(OwnedArgs&&) = default;
  OwnedArgs& operator=(OwnedArgs&&) = default;
  OwnedArgs(const OwnedArgs&) = delete;
  OwnedArgs& operator=(const OwnedArgs&) = delete;

  Args args() const { return Args(words_); }
  size_t bytes() const { return storage_.capacity() + words_.capacity() * sizeof(View); }

 private:
  struct Storage : std::vector<char> {  // unlike std::string, never inside the object: moves keep addresses
    void append(View bytes) { insert(end(), bytes.begin(), bytes.end()); }
  } storage_;
  std::vector<View> words_;
};

}  // namespace leat
