// SPDX-License-Identifier: Apache-2.0
// resp_parser.h: bytes → requests, a piece at a time.
//
// Used by: Round, which reads each client's input with that client's parser; Turns sets the limits.
// Always:  - a request may arrive a byte at a time: what was understood is not read again;
//          - lengths are checked before anything is reserved: no announcement alone takes memory;
//          - words are offsets until a request is whole, so the buffer may move in between;
//          - malformed input is one protocol error, after which the client is closed.
// Source:  https://redis.io/docs/reference/protocol-spec/ (requests; inline commands)
#pragma once

#include <vector>

#include "broker/protocol/args.h"
#include "schemas/status.h"

namespace leat {

class RespParser {
 public:
  struct Limits {
    int64_t words_max = INT32_MAX;
    int64_t bulk_bytes_max = 512ll << 20;       // proto-max-bulk-len
    size_t inline_bytes_max = 64 * 1024;
    bool of_stranger = false;                    // who has not authenticated: it is told so
  };
  enum class Next : uint8_t { kRequest, kEmpty, kNeedMore, kMalformed };

  // Looks for one request in `input`, which begins where the last request ended.
  //   kRequest:   args() are its words, consumed() its bytes;
  //   kEmpty:     consumed() bytes held no words (an empty line, "*0"): go on;
  //   kNeedMore:  call again with the same bytes and more behind them;
  //   kMalformed: error() says why.
  Next next(View input, const Limits& limits);

  void restart() { reset(); }  // what was understood of a request in the making is forgotten

  // What a request of very many words took, when they are not needed any more.
  void give_back_large() {
    if (words_.capacity() > kWordsKept) clear_keeping(words_, 0);
  }

  Args args() const { return Args(words_); }
  size_t consumed() const { return consumed_; }
  const Bytes& error() const { return error_; }
  // How many bytes the request in the making still needs at least: a hint for reserving (never trusted beyond
  // what came).
  size_t missing() const { return missing_; }

 private:
  static constexpr size_t kWordsKept = 4096;
  Next next_inline(View input, const Limits& limits);
  bool take_whole(View input, const Limits& limits);
  Next next_bulk(View input, const Limits& limits);
  Next malformed(Bytes why);
  Next request(View input, size_t consumed);
  void reset();

  struct Word {
    size_t offset;
    size_t size;
  };
  int64_t words_left_ = -1;  // of the request in the making; -1: its header has not come yet
  int64_t bulk_size_ = -1;   // of the word in the making; -1: its header has not come yet
  size_t at_ = 0;            // understood up to here
  size_t missing_ = 0;
  size_t consumed_ = 0;
  std::vector<Word> found_;
  std::vector<View> words_;
  Bytes unquoted_;           // words of an inline command with quotes in it
  Bytes error_;
};

}  // namespace leat
