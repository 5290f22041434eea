// SPDX-License-Identifier: Apache-2.0
#include "broker/http/json_text.h"

#include <openssl/evp.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

#include "schemas/check.h"

namespace leat {

namespace {

constexpr View kReplacement = "\xef\xbf\xbd";

constexpr bool must_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void append_escape(Bytes& out, char c) {
  constexpr View kHex = "0123456789abcdef";
  constexpr View kShort = "\"\\\b\f\n\r\t", kLetters = "\"\\bfnrt";
  out += '\\';
  if (const size_t at = kShort.find(c); at != View::npos) {
    out += kLetters[at];
    return;
  }
  out += "u00";
  out += kHex[static_cast<unsigned char>(c) >> 4];
  out += kHex[c & 0xf];
}

// The text is UTF-8.
void append_escaped(Bytes& out, View text) {
  size_t from = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!must_escape(text[at])) continue;
    out.append(text, from, at - from);
    append_escape(out, text[at]);
    from = at + 1;
  }
  out.append(text, from);
}

struct Range {
  unsigned char low, high;
  bool has(char c) const { return static_cast<unsigned char>(c) >= low && static_cast<unsigned char>(c) <= high; }
};
constexpr Range kTail{0x80, 0xbf};

// How a sequence goes on behind its first byte: so many bytes, the first of them in a range of its own (Unicode,
// table 3-7).
struct Rest {
  size_t bytes;
  Range first;
};
constexpr Rest rest_of(unsigned char lead) {
  if (lead >= 0xc2 && lead <= 0xdf) return {1, kTail};
  if (lead == 0xe0) return {2, {0xa0, 0xbf}};
  if (lead == 0xed) return {2, {0x80, 0x9f}};
  if (lead >= 0xe1 && lead <= 0xef) return {2, kTail};
  if (lead == 0xf0) return {3, {0x90, 0xbf}};
  if (lead >= 0xf1 && lead <= 0xf3) return {3, kTail};
  if (lead == 0xf4) return {3, {0x80, 0x8f}};
  return {0, kTail};  // never begins one
}

// How many bytes of the sequence at the start are as they must be; `whole` says whether that is all of it.
size_t sound_prefix(View text, bool& whole) {
  const unsigned char lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return whole = true, 1;
  const Rest rest = rest_of(lead);
  size_t sound = 1;
  while (sound <= rest.bytes && sound < text.size() && (sound == 1 ? rest.first : kTail).has(text[sound])) ++sound;
  whole = rest.bytes > 0 && sound == rest.bytes + 1;
  return sound;
}

template <typename Append>
void append_repaired(Bytes& out, View bytes, Append append) {
  while (!bytes.empty()) {
    bool whole;
    const size_t sound = sound_prefix(bytes, whole);
    if (whole) append(out, bytes.substr(0, sound));
    else out += kReplacement;
    bytes.remove_prefix(sound);
  }
}

}  // namespace

void append_json(Bytes& out, View bytes) {
  out.reserve(out.size() + bytes.size() + 2);
  out += '"';
  if (simdjson::validate_utf8(bytes.data(), bytes.size())) append_escaped(out, bytes);
  else append_repaired(out, bytes, append_escaped);
  out += '"';
}

void append_utf8(Bytes& out, View bytes) {
  if (simdjson::validate_utf8(bytes.data(), bytes.size())) out += bytes;
  else append_repaired(out, bytes, [](Bytes& to, View sound) { to += sound; });
}

void append_json_error(Bytes& out, View text) {
  out += "{\"error\":";
  append_json(out, text);
  out += '}';
}

void append_json_base64(Bytes& out, View bytes) {
  constexpr size_t kPiece = 3 << 20;  // OpenSSL counts in int; whole groups of three leave no padding in between
  out += '"';
  do {
    const View piece = bytes.substr(0, kPiece);
    const size_t before = out.size(), size = (piece.size() + 2) / 3 * 4;
    out.resize(before + size + 1);  // it ends what it writes with a zero
    auto* const to = reinterpret_cast<unsigned char*>(out.data() + before);
    const auto* const from = reinterpret_cast<const unsigned char*>(piece.data());
    const int written = EVP_EncodeBlock(to, from, static_cast<int>(piece.size()));
    CHECK(written == static_cast<int>(size));
    out.resize(before + size);
    bytes.remove_prefix(piece.size());
  } while (!bytes.empty());
  out += '"';
}

}  // namespace leat
