// SPDX-License-Identifier: Apache-2.0
#include "broker/http/json_sink.h"

#include <gtest/gtest.h>

#include "broker/http/json_text.h"

namespace leat {

using Form = JsonSink::Form;

template <typename Write>
Bytes written(Form form, Write write) {
  Bytes out;
  JsonSink sink(out, form);
  write(sink);
  return out;
}

Bytes json(View bytes) {
  Bytes out;
  append_json(out, bytes);
  return out;
}

TEST(JsonText, EscapesWhatMustBeAndNothingElse) {
  EXPECT_EQ(json("plain / text"), "\"plain / text\"");
  EXPECT_EQ(json("a\"b\\c\n\t\r\b\f"), "\"a\\\"b\\\\c\\n\\t\\r\\b\\f\"");
  EXPECT_EQ(json(View("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(json("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\x98"), "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\x98\"");
}

// The examples of the Unicode standard, table 3-8 and its neighbours.
TEST(JsonText, WhatIsNoUtf8BecomesReplacementCharacters) {
  const Bytes r = "\xef\xbf\xbd";
  EXPECT_EQ(json("\xff"), "\"" + r + "\"");
  EXPECT_EQ(json("a\x80z"), "\"a" + r + "z\"");
  EXPECT_EQ(json("\xc0\xaf"), "\"" + r + r + "\"");
  EXPECT_EQ(json("\xe0\x80\xbf"), "\"" + r + r + r + "\"");
  EXPECT_EQ(json("\xf0\x91\x92" "A"), "\"" + r + "A\"");
  EXPECT_EQ(json("\xed\xa0\x80"), "\"" + r + r + r + "\"") << "a surrogate";
  EXPECT_EQ(json("\xf4\x91\x92\x93\xff" "B"), "\"" + r + r + r + r + r + "B\"");
  EXPECT_EQ(json("\xe2\x82"), "\"" + r + "\"") << "cut off";
  EXPECT_EQ(json("\"\xff\n"), "\"\\\"" + r + "\\n\"");
}

TEST(JsonText, Base64IsPaddedAndMayBeLong) {
  const auto base64 = [](View bytes) {
    Bytes out;
    append_json_base64(out, bytes);
    return out;
  };
  EXPECT_EQ(base64(""), "\"\"");
  EXPECT_EQ(base64("f"), "\"Zg==\"");
  EXPECT_EQ(base64("fo"), "\"Zm8=\"");
  EXPECT_EQ(base64("foo"), "\"Zm9v\"");
  EXPECT_EQ(base64(View("\0\xff", 2)), "\"AP8=\"");
  const Bytes large(4 << 20, 'a');
  EXPECT_EQ(base64(large).size(), 2 + (large.size() + 2) / 3 * 4);
  EXPECT_EQ(base64(large).find('='), 2 + (large.size() + 2) / 3 * 4 - 3) << "padding at the end alone";
}

TEST(JsonSink, Scalars) {
  EXPECT_EQ(written({}, [](auto& s) { s.ok(); }), "{\"result\":\"OK\"},");
  EXPECT_EQ(written({}, [](auto& s) { s.integer(INT64_MIN); }), "{\"result\":-9223372036854775808},");
  EXPECT_EQ(written({}, [](auto& s) { s.bulk("a\"b"); }), "{\"result\":\"a\\\"b\"},");
  EXPECT_EQ(written({}, [](auto& s) { s.null(); s.null_array(); }), "{\"result\":null},{\"result\":null},");
  EXPECT_EQ(written({}, [](auto& s) { s.real(1.5); s.boolean(true); }), "{\"result\":\"1.5\"},{\"result\":1},");
  EXPECT_EQ(written({}, [](auto& s) { s.error("ERR no \"x\""); }), "{\"error\":\"ERR no \\\"x\\\"\"},");
}

TEST(JsonSink, Nesting) {
  const auto nested = [](auto& s) {
    s.array(3);
    s.array(0);
    s.map(1);
    s.bulk("k");
    s.array(1);
    s.integer(7);
    s.error("ERR inside");
  };
  EXPECT_EQ(written({}, nested), "{\"result\":[[],[\"k\",[7]],\"ERR inside\"]},");
  EXPECT_EQ(written({}, [](auto& s) { s.array(0); s.integer(1); }), "{\"result\":[]},{\"result\":1},");
  const auto counted_later = [](auto& s) {
    s.array(2);
    const auto mark = s.reserve_array();
    s.bulk("a");
    s.array(1);
    s.bulk("b");
    s.fill_array(mark, 2);
    s.fill_array(s.reserve_array(), 0);
  };
  EXPECT_EQ(written({}, counted_later), "{\"result\":[[\"a\",[\"b\"]],[]]},");
}

// A raw OK one level deep would be decoded to the number 8 by the SDK.
TEST(JsonSink, Base64EncodesEveryStringButAnOkThatIsAWholeResult) {
  const Form form{.base64 = true};
  EXPECT_EQ(written(form, [](auto& s) { s.ok(); s.simple("PONG"); }), "{\"result\":\"OK\"},{\"result\":\"UE9ORw==\"},");
  EXPECT_EQ(written(form, [](auto& s) { s.array(2); s.ok(); s.bulk("a"); }), "{\"result\":[\"T0s=\",\"YQ==\"]},");
  EXPECT_EQ(written(form, [](auto& s) { s.error("ERR x"); }), "{\"error\":\"ERR x\"},");
  EXPECT_EQ(written(form, [](auto& s) { s.bulk("OK"); }), "{\"result\":\"T0s=\"},");
}

TEST(JsonSink, ALongRowBecomesAnError) {
  Bytes out;
  JsonSink sink(out, {.row_bytes_max = 20});
  sink.integer(1);
  sink.bulk(Bytes(100, 'x'));
  sink.integer(2);
  EXPECT_EQ(
      out,
      "{\"result\":1},{\"error\":\"ERR max request size exceeded. Limit: 20 bytes, Actual: 100 bytes. See docs/rest.md for "
      "details\"},{\"result\":2},");
  EXPECT_FALSE(sink.failed()) << "it was executed: the status says so";
}

TEST(JsonSink, RefusedRowsHaveTheirPlaces) {
  Bytes out;
  JsonSink sink(out, {.refused = {{0, "no"}, {1, "none"}, {3, "never"}, {5, "x"}}});
  sink.integer(1);
  sink.array(2);
  sink.integer(2);
  sink.integer(3);
  sink.write_refused(out);
  EXPECT_EQ(
      out,
      "{\"error\":\"no\"},{\"error\":\"none\"},{\"result\":1},{\"error\":\"never\"},{\"result\":[2,3]},{\"error\":\"x\"},");
}

TEST(JsonSink, OfATransactionExecAloneIsHeard) {
  const Form form{.base64 = true, .transaction = true};
  const auto done = [](auto& s) {
    s.simple("QUEUED");
    s.simple("QUEUED");
    s.array(3);
    s.ok();
    s.error("WRONGTYPE x");
    s.array(1);
    s.bulk("a");
  };
  EXPECT_EQ(written(form, done), "[{\"result\":\"OK\"},{\"error\":\"WRONGTYPE x\"},{\"result\":[\"YQ==\"]}],");
  const auto refused = [](auto& s) {
    s.simple("QUEUED");
    s.error("ERR wrong number of arguments for 'get' command");
    s.error("ERR another");
    s.error("EXECABORT Transaction discarded because of previous errors.");
  };
  EXPECT_EQ(written(form, refused), "{\"error\":\"ERR wrong number of arguments for 'get' command\"},");
  EXPECT_EQ(written(form, [](auto& s) { s.error("EXECABORT alone"); }), "{\"error\":\"EXECABORT alone\"},");
}

}  // namespace leat
