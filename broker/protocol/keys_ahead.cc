// SPDX-License-Identifier: Apache-2.0
#include "broker/protocol/keys_ahead.h"

namespace leat {

namespace {
constexpr size_t kWordsMax = 64;           // of a request: a longer one hides nothing worth the walk
constexpr size_t kLengthMax = size_t{1} << 20;

// Reads "<mark><number>\r\n" at `at`, which moves behind it. False: it is something else, or cut short.
bool read_length(View input, size_t& at, char mark, size_t& length) {
  if (at >= input.size() || input[at] != mark) return false;
  const size_t digits = ++at;
  length = 0;
  for (; at < input.size() && input[at] >= '0' && input[at] <= '9'; ++at) {
    length = length * 10 + static_cast<size_t>(input[at] - '0');
    if (length > kLengthMax) return false;
  }
  const bool read = at > digits && at + 1 < input.size() && input[at] == '\r';
  at += 2;
  return read;
}

// EVAL script numkeys key …, and its like; all others that are worth a hint have their first key in front.
size_t key_place(View command) {
  const auto letter = [command](size_t at) { return static_cast<char>(command[at] | 0x20); };
  const bool runs_script = command.size() >= 4 && ((letter(0) == 'e' && letter(1) == 'v') || (letter(0) == 'f' && letter(1) == 'c'));
  return runs_script ? 3 : 1;
}
}  // namespace

KeysAhead::KeysAhead(View input) {
  size_t at = 0, words = 0, size = 0, place = 0;
  while (count_ < kMax && read_length(input, at, '*', words) && words <= kWordsMax) {
    View key;
    for (size_t word = 0; word < words; ++word) {
      if (!read_length(input, at, '$', size) || size > input.size() - at) return;
      if (word == 0) place = key_place(input.substr(at, size));
      else if (word == place) key = input.substr(at, size);
      at += size + 2;
    }
    if (at > input.size()) return;
    if (words > place) keys_[count_++] = key;
  }
}

}  // namespace leat
