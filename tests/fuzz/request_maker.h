// SPDX-License-Identifier: Apache-2.0
// request_maker.h: choices made into requests: a row of the command table, and words that fit what its line of docs
// says it takes; sometimes spoiled.
//
// Used by: commands_fuzz.
// Always:  - every row of the table can come but those of kLeftOut (request_maker.cc), each of which has its
//            reason there;
//          - keys are of a small pool, which furniture() fills with values of all types;
//          - a word never reads like the kind of a push ("message"), so that replies can be told from pushes in RESP2.
#pragma once

#include <memory>
#include <vector>

#include "broker/commands/docs.h"
#include "broker/commands/table.h"
#include "schemas/ids.h"
#include "tests/fuzz/choices.h"

namespace leat::testing {

using Request = std::vector<Bytes>;

// What fills the pool: values of all types. Large: such as have outgrown the small encodings.
std::vector<Request> furniture(bool large);

class RequestMaker {
 public:
  RequestMaker();

  Request make(Choices& choices, TimeMs now_ms) const;
  void keep_payloads(std::vector<Bytes> payloads) { payloads_ = std::move(payloads); }  // for RESTORE

 private:
  struct Form {
    const Command* command;
    Request name;  // one word, or two
    std::vector<ArgumentDoc> arguments;
  };
  class Draw;

  CommandTable table_;
  std::vector<Form> forms_;      // of the whole table
  std::vector<Form> data_forms_;  // of those with keys
  std::vector<Bytes> payloads_;
};

}  // namespace leat::testing
