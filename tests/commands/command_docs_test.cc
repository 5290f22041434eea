// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/docs.h"

#include "tests/support/broker_test.h"

namespace leat::testing {

// As a person would write it again.
Bytes text_of(const std::vector<ArgumentDoc>& arguments, const char* between = " ") {
  Bytes all;
  for (const ArgumentDoc& one : arguments) {
    Bytes text = one.has_token ? one.token : "";
    if (one.type == "oneof") text += (text.empty() ? "<" : " <") + text_of(one.inner, "|") + ">";
    else if (one.type == "block") text += (text.empty() ? "(" : " (") + text_of(one.inner) + ")";
    else if (one.type != "pure-token") text += (text.empty() ? "" : " ") + one.name + ":" + Bytes(one.type);
    if (one.optional) text = "[" + text + "]";
    if (one.multiple) text += one.multiple_token ? "*" : "...";
    all += (all.empty() ? "" : between) + text;
  }
  return all;
}

TEST(CommandDocsTest, SyntaxIsRead) {
  EXPECT_EQ(text_of(argument_docs("")), "");
  EXPECT_EQ(text_of(argument_docs("key value [NX | XX] [EX seconds | KEEPTTL]")),
            "key:key value:string [<NX|XX>] [<EX seconds:integer|KEEPTTL>]");
  EXPECT_EQ(text_of(argument_docs("key... timeout")), "key:key... timeout:double");
  EXPECT_EQ(text_of(argument_docs("(score member)...")), "(score:double member:string)...");
  EXPECT_EQ(text_of(argument_docs("key [GET pattern]... [LIMIT offset count]")),
            "key:key [GET pattern:pattern]* [LIMIT (offset:integer count:integer)]");
  EXPECT_EQ(text_of(argument_docs("[COUNT count [ANY]]")), "[COUNT (count:integer [ANY])]");
  EXPECT_EQ(text_of(argument_docs("STREAMS (key... id...)")), "STREAMS (key:key... id:string...)");
  EXPECT_EQ(text_of(argument_docs("<host port | NO ONE>")), "<(host:string port:integer)|(NO ONE)>");
  EXPECT_EQ(text_of(argument_docs("[AGGREGATE <SUM | MIN>]")), "[AGGREGATE <SUM|MIN>]");
  EXPECT_EQ(text_of(argument_docs("[FILTERBY <MODULE module-name | PATTERN pattern>]")),
            "[FILTERBY <MODULE module-name:string|PATTERN pattern:pattern>]");
}

class CommandTest : public BrokerTest {};

TEST_F(CommandTest, EveryRowHasItsLine) {
  for (const Command& command : rooms().table.all()) {
    const FoundDoc found = find_doc(command.row.name);
    ASSERT_NE(found.doc, nullptr) << command.row.name << ": write what it does into docs_*.cc";
    EXPECT_FALSE(found.doc->summary.empty()) << command.row.name;
  }
}

TEST_F(CommandTest, DocsAreMapsOfWhatIsKnown) {
  call("HELLO 3");
  const Reply docs = call("COMMAND DOCS getdel nosuch");
  ASSERT_EQ(docs.items.size(), 2u);
  EXPECT_EQ(docs.items[0], bulk("getdel"));
  EXPECT_EQ(docs.items[1], map("summary", "Returns the string of a key and deletes the key.", "since", "6.2.0", "group",
                               "string", "complexity", "O(1)", "arguments",
                               array(map("name", "key", "type", "key", "display_text", "key", "key_spec_index", 0))));
  EXPECT_EQ(call("COMMAND DOCS").items.size(), 2 * rooms().table.top_level());
  const Reply container = call("COMMAND DOCS object");
  EXPECT_EQ(container.items[1].items[6], bulk("subcommands"));
  EXPECT_EQ(container.items[1].items[7].items[0], bulk("object|encoding"));
  EXPECT_EQ(call("COMMAND DOCS client|id").items[0], bulk("client|id"));
  EXPECT_EQ(call("COMMAND DOCS nosuch"), map());
}

TEST_F(CommandTest, WhatIsDeprecatedSaysWhatIsNot) {
  call("HELLO 3");
  const auto docs = [&](View name) {
    const Reply told = call("COMMAND DOCS " + Bytes(name)).items.at(1);
    std::map<Bytes, Reply> fields;
    for (size_t i = 0; i < told.items.size(); i += 2) fields[told.items[i].text] = told.items[i + 1];
    return fields;
  };
  auto getset = docs("getset");
  EXPECT_EQ(getset["doc_flags"].items.at(0), simple("deprecated"));
  EXPECT_EQ(getset["deprecated_since"], bulk("6.2.0"));
  EXPECT_EQ(getset["replaced_by"], bulk("`SET` with `GET`"));
  EXPECT_EQ(call("COMMAND GETKEYS EVAL x 5 a b"), array()) << "more keys than words: none, as Redis has it";
  EXPECT_EQ(docs("debug")["doc_flags"].items.at(0), simple("syscmd"));
  EXPECT_EQ(docs("set").count("doc_flags"), 0u);
  size_t deprecated = 0;
  for (const Command& command : rooms().table.all()) deprecated += deprecation_of(command.row.name) != nullptr;
  EXPECT_EQ(deprecated, 17u) << "each line is of a command, and where it is looked for";
}

TEST_F(CommandTest, KeysAndTheirFlags) {
  EXPECT_EQ(call("COMMAND GETKEYSANDFLAGS LMOVE a b LEFT LEFT"),
            array(array("a", array(simple("RW"), simple("access"), simple("delete"))),
                  array("b", array(simple("RW"), simple("insert")))));
  EXPECT_EQ(call("COMMAND GETKEYSANDFLAGS GET a"), array(array("a", array(simple("RO"), simple("access")))));
  EXPECT_EQ(call("COMMAND GETKEYS ZUNIONSTORE d 2 a b"), array("d", "a", "b"));
  EXPECT_EQ(call("COMMAND GETKEYS PING"), error("ERR The command has no key arguments"));
  EXPECT_EQ(call("COMMAND GETKEYS EVAL x 0"), array()) << "it may have some";
  EXPECT_EQ(call("COMMAND GETKEYS FCALL f 1 k"), array("k"));
  EXPECT_EQ(call("CONFIG|GET maxmemory").text.substr(0, 19), "ERR unknown command")
      << "rules have it so, requests do not";
  EXPECT_EQ(call("COMMAND GETKEYS NOSUCH x"), error("ERR Invalid command specified"));
  const Reply specs = call("COMMAND INFO LMOVE").items.at(0).items.at(8);
  ASSERT_EQ(specs.items.size(), 2u);
  const Reply range = array("type", "range", "spec", array("lastkey", 0, "keystep", 1, "limit", 0));
  EXPECT_EQ(specs.items[1], array("flags", array(simple("RW"), simple("insert")), "begin_search",
                                  array("type", "index", "spec", array("index", 2)), "find_keys", range));
}

TEST_F(CommandTest, TipsForProxies) {
  const auto tips = [&](View name) { return call("COMMAND INFO " + Bytes(name)).items.at(0).items.at(7); };
  EXPECT_EQ(tips("mset"), array("request_policy:multi_shard", "response_policy:all_succeeded"));
  EXPECT_EQ(tips("httl"), array("nondeterministic_output"));
  EXPECT_EQ(tips("get"), array());  // no part of MGET
  EXPECT_EQ(tips("function|kill"), array("request_policy:all_shards", "response_policy:one_succeeded"));
}

TEST_F(CommandTest, ListIsFiltered) {
  EXPECT_EQ(call("COMMAND LIST FILTERBY MODULE any"), array());
  EXPECT_EQ(call("COMMAND LIST FILTERBY PATTERN xackk*"), array());
  EXPECT_EQ(call("COMMAND LIST FILTERBY ACLCAT nosuch"), array());
  EXPECT_EQ(call("COMMAND LIST FILTERBY PATTERN lpushx"), array("lpushx"));
  EXPECT_GT(call("COMMAND LIST FILTERBY ACLCAT scripting").items.size(), 5u);
  EXPECT_EQ(call("COMMAND INFO FLUSHDB").items.at(0).items.at(6),
            array(simple("@keyspace"), simple("@write"), simple("@slow"), simple("@dangerous")));
  EXPECT_EQ(call("COMMAND LIST FILTERBY ACLCAT server"), array());
  EXPECT_EQ(call("COMMAND LIST FILTERBY"), error("ERR syntax error"));
  EXPECT_EQ(call("COMMAND LIST FILTERBY NOSUCH x"), error("ERR syntax error"));
}

}  // namespace leat::testing
