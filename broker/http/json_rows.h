// SPDX-License-Identifier: Apache-2.0
// json_rows.h: commands in JSON bodies, as requests that the house understands.                            [simdjson]
//
// Used by: RestSession: POST / has one command, POST /pipeline and /multi-exec an array of them.
// Always:  - numbers keep their source text ("1.0", twenty digits), true and false are words, strings are their
//            UTF-8 bytes;
//          - what is refused has left nothing in `requests`; counts and lengths are checked before they are written;
//          - a body that is no JSON is refused whole, a row that is no command alone: clients put together what callers
//            who know nothing of each other asked for.
// Source:  ../shared/REST.md 1.2
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "broker/http/refusal.h"
#include "schemas/bytes.h"

namespace leat {

struct Rows {
  struct Refused {
    size_t row;  // among all, from 0
    Bytes text;
  };
  Bytes requests;  // RESP
  size_t count = 0;  // of them
  std::vector<Refused> refused;  // rows that are no commands: each has an error in its place, and the others run
};

class JsonRows {
 public:
  struct Limits {
    size_t words_max;      // of a command
    size_t command_bytes_max;  // all its words
    size_t rows_max;
  };
  JsonRows();
  ~JsonRows();

  // The body is padded in place: it stays as it is, but its capacity grows.
  std::optional<Refusal> read_command(Bytes& body, const Limits& limits, Rows& rows);
  std::optional<Refusal> read_rows(Bytes& body, const Limits& limits, Rows& rows);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace leat
