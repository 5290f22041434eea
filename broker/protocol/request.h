// SPDX-License-Identifier: Apache-2.0
// request.h: requests as clients write them: an array of bulks.
//
// Used by: whoever asks instead of answers: MIGRATE, `leat backup`, the REST door, which hands on what it was asked.
// Source:  https://redis.io/docs/reference/protocol-spec/
#pragma once

#include <initializer_list>

#include "schemas/bytes.h"

namespace leat {

inline void append_request_head(Bytes& out, size_t words) {
  out.append("*").append(std::to_string(words)).append("\r\n");
}
inline void append_request_word(Bytes& out, View word) {
  out.append("$").append(std::to_string(word.size())).append("\r\n").append(word).append("\r\n");
}
inline void append_request(Bytes& out, Views words) {
  append_request_head(out, words.size());
  for (const View word : words) append_request_word(out, word);
}

inline void append_request(Bytes& out, std::initializer_list<View> words) {
  append_request(out, Views(words.begin(), words.size()));
}

}  // namespace leat
