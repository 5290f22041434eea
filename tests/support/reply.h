// SPDX-License-Identifier: Apache-2.0
// reply.h: a reply as a test compares it: a tree that prints like redis-cli, read from RESP2 or RESP3 bytes.
//
// Used by: every command test. EXPECT_EQ(client.call("LRANGE l 0 -1"), array("a", "b"));
#pragma once

#include <optional>
#include <ostream>
#include <vector>

#include "schemas/bytes.h"

namespace leat::testing {

struct Reply {
  // As on the wire: '+' simple, '-' error, ':' integer, '$' bulk, '*' array, '_' null, ',' double, '#' boolean,
  // '%' map (its items flat), '~' set, '>' push, '=' verbatim. A RESP2 null is '_' with text "$" or "*".
  char type = '_';
  Bytes text;
  std::vector<Reply> items;
  friend bool operator==(const Reply&, const Reply&) = default;

  bool is_error() const { return type == '-'; }
  bool is_null() const { return type == '_'; }
  int64_t number() const { return std::stoll(text); }
};

std::ostream& operator<<(std::ostream& out, const Reply& reply);

// Reads one reply from the front of `bytes`, which it moves past; nullopt when it is not whole yet.
std::optional<Reply> read_reply(View& bytes);

inline Reply bulk(View text) { return {'$', Bytes(text), {}}; }
inline Reply simple(View text) { return {'+', Bytes(text), {}}; }
inline Reply ok() { return simple("OK"); }
inline Reply error(View text) { return {'-', Bytes(text), {}}; }
inline Reply integer(int64_t value) { return {':', std::to_string(value), {}}; }
inline Reply real(View text) { return {',', Bytes(text), {}}; }
inline Reply null() { return {'_', "$", {}}; }
inline Reply null_array() { return {'_', "*", {}}; }
inline Reply null3() { return {'_', "", {}}; }

inline Reply as_reply(const Reply& reply) { return reply; }
inline Reply as_reply(const char* text) { return bulk(text); }
inline Reply as_reply(View text) { return bulk(text); }
inline Reply as_reply(int value) { return integer(value); }

template <char kType = '*', typename... Items>
Reply aggregate(const Items&... items) {
  return {kType, "", {as_reply(items)...}};
}
template <typename... Items>
Reply array(const Items&... items) {
  return aggregate<'*'>(items...);
}
template <typename... Items>
Reply map(const Items&... items) {
  return aggregate<'%'>(items...);
}
template <typename... Items>
Reply set(const Items&... items) {
  return aggregate<'~'>(items...);
}
template <typename... Items>
Reply push(const Items&... items) {
  return aggregate<'>'>(items...);
}

}  // namespace leat::testing
