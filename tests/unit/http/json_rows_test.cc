// SPDX-License-Identifier: Apache-2.0
#include "broker/http/json_rows.h"

#include <gtest/gtest.h>

#include "broker/protocol/resp_parser.h"

namespace leat {

constexpr JsonRows::Limits kLimits{.words_max = 1000, .command_bytes_max = 1000, .rows_max = 3};

struct Read {
  int status = 200;
  Bytes text;
  std::vector<std::vector<Bytes>> commands;
};

Read read(Bytes body, bool rows) {
  JsonRows reader;
  Rows made;
  const auto refused = rows ? reader.read_rows(body, kLimits, made) : reader.read_command(body, kLimits, made);
  if (refused) {
    EXPECT_TRUE(made.requests.empty());
    return {refused->status, refused->text, {}};
  }
  Read read;
  RespParser parser;
  for (View rest = made.requests; !rest.empty();) {
    EXPECT_EQ(parser.next(rest, {}), RespParser::Next::kRequest);
    read.commands.emplace_back(parser.args().all().begin(), parser.args().all().end());
    rest.remove_prefix(parser.consumed());
  }
  EXPECT_EQ(read.commands.size(), made.count);
  return read;
}

using Words = std::vector<Bytes>;

TEST(JsonRows, WordsOfACommand) {
  EXPECT_EQ(read(R"(["SET","k","a\u00e4\n\"\\\/\ud83d\udc18"])", false).commands.at(0),
            (Words{"SET", "k", "a\xc3\xa4\n\"\\/\xf0\x9f\x90\x98"}));
  EXPECT_EQ(read(" [ \"SET\" , 1.0 , 12345678901234567890 , -0 , 1e3 , true,false ] \n", false).commands.at(0),
            (Words{"SET", "1.0", "12345678901234567890", "-0", "1e3", "true", "false"}));
  EXPECT_EQ(read("[\"SET\",\"\",\"\\u0000\"]", false).commands.at(0), (Words{"SET", "", Bytes(1, '\0')}));
}

TEST(JsonRows, RowsOfAPipeline) {
  EXPECT_EQ(read(R"([["GET","a"],["INCRBY","b",2]])", true).commands,
            (std::vector<Words>{{"GET", "a"}, {"INCRBY", "b", "2"}}));
}

TEST(JsonRows, ARowThatIsNoCommandIsRefusedAlone) {
  JsonRows reader;
  Rows rows;
  Bytes body = "[[\"A\"],[],[\"SET\",\"k\",\"" + Bytes(997, 'x') + "\"]]";
  EXPECT_FALSE(reader.read_rows(body, kLimits, rows));
  EXPECT_EQ(rows.count, 1u);
  ASSERT_EQ(rows.refused.size(), 2u);
  EXPECT_EQ(rows.refused[0].row, 1u);
  EXPECT_EQ(rows.refused[0].text, "ERR empty command");
  EXPECT_EQ(rows.refused[1].row, 2u);
  EXPECT_NE(rows.refused[1].text.find("Limit: 1000 bytes, Actual: 1001 bytes"), Bytes::npos);
  rows = {};
  body = "[[],[],[],[]]";
  EXPECT_EQ(reader.read_rows(body, kLimits, rows)->text,
            "ERR a pipeline has more rows than limits.pipeline_requests allows");
  EXPECT_TRUE(rows.refused.empty());
}

TEST(JsonRows, WhatIsNoCommandIsRefused) {
  struct Case {
    Bytes body;
    Bytes said;
  };
  const Case commands[] = {
      {"", "EOF"},
      {"  ", "EOF"},
      {"{}", "expected JSON array"},
      {"\"GET\"", "expected JSON array"},
      {"7", "expected JSON array"},
      {"[]", "ERR empty command"},
      {"[\"GET\",null]", "ERR null args are not supported"},
      {"[[\"GET\",\"a\"]]", "ERR unsupported arg type: \"[\": json.Delim"},
      {"[\"GET\",{\"a\":1}]", "ERR unsupported arg type: \"{\": json.Delim"},
      {"[\"GET\",\"a\"", "ERR failed to parse command"},
      {"[\"GET\",\"a\"] x", "ERR failed to parse command"},
      {"[\"GET\" \"a\"]", "ERR failed to parse command"},
      {"[\"GET\",01]", "ERR failed to parse command"},
      {"[\"GET\",1.]", "ERR failed to parse command"},
      {"[\"GET\",-]", "ERR failed to parse command"},
      {"[\"GET\",1e]", "ERR failed to parse command"},
      {"[\"GET\",tru]", "ERR failed to parse command"},
      {"[\"GET\",nul]", "ERR failed to parse command"},
      {"[\"GET\",\"\\ud800\"]", "ERR failed to parse command"},
      {"[\"GET\",\"\xff\"]", "ERR failed to parse command"},
      {"[\"GET\",\"a\nb\"]", "ERR failed to parse command"},
      {"[GET]", "ERR failed to parse command"},
  };
  for (const auto& [body, said] : commands) EXPECT_EQ(read(body, false).text, said) << body;
  const Case rows[] = {
      {"[]", "ERR empty pipeline request"},
      {"[[\"GET\",null],[\"GET\"", "ERR failed to parse pipeline request"},
      {"[\"GET\",\"a\"]", "ERR failed to parse pipeline request"},
      {"[[\"GET\",\"a\"],]", "ERR failed to parse pipeline request"},
      {"[[\"A\"],[\"A\"],[\"A\"],[\"A\"]]", "ERR a pipeline has more rows than limits.pipeline_requests allows"},
  };
  for (const auto& [body, said] : rows) EXPECT_EQ(read(body, true).text, said) << body;
}

TEST(JsonRows, LengthsAreBounded) {
  EXPECT_EQ(read("[\"SET\",\"k\",\"" + Bytes(996, 'x') + "\"]", false).status, 200);
  const Read large = read("[\"SET\",\"k\",\"" + Bytes(997, 'x') + "\"]", false);
  EXPECT_EQ(large.status, 413);
  EXPECT_NE(large.text.find("Limit: 1000 bytes, Actual: 1001 bytes"), Bytes::npos) << large.text;
  Bytes wordy = "[\"DEL\"";
  for (int i = 0; i < 1000; ++i) wordy += ",\"\"";
  EXPECT_NE(read(wordy + "]", false).text.find("limits.arguments"), Bytes::npos);
}

}  // namespace leat
