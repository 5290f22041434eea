// SPDX-License-Identifier: Apache-2.0
// docs.h: what commands do and take, for people and for what completes their input: COMMAND DOCS is made of it.
//
// Used by: command_docs.cc. The tables stand in docs_*.cc.
// Always:  - a command of the table has a line here (a test looks); a line may be of a command that leat does not have;
//          - what a command takes is written as people read it, and argument_docs() makes Redis' tree of it:
//            name, name:type   an argument; its type is told by its name where none is said
//            WORD              a word as it stands; what follows it in its group is its argument
//            [ … ]  < … | … >  may be left out; one of several;  ( … )  belongs together;  …...  may come
//            several times.
// Source:  https://redis.io/docs/latest/commands/command-docs/ and …/develop/reference/command-arguments/
#pragma once

#include <vector>

#include "schemas/bytes.h"

namespace leat {

struct CommandDoc {
  View name;   // as its row is called
  View since;  // the version of Redis that brought it
  View complexity, summary, syntax;
};

struct Deprecation {
  View name, since, instead;
};
const Deprecation* deprecation_of(View name);  // null: it is not
bool is_of_the_house(View name);               // for tests and for servers among each other: "syscmd"

struct DocGroup {
  View name;
  std::span<const CommandDoc> docs;  // sorted by name
};

extern const DocGroup kBitmapDocs, kClusterDocs, kConnectionDocs, kGenericDocs, kGeoDocs, kHashDocs, kHyperloglogDocs,
    kLeatDocs, kListDocs, kPubsubDocs, kScriptingDocs, kServerDocs, kSetDocs, kSortedSetDocs, kStreamDocs, kStringDocs,
    kTransactionsDocs;

struct FoundDoc {
  View group;
  const CommandDoc* doc = nullptr;
};
FoundDoc find_doc(View name);  // as the row has it; doc is null when there is none

struct ArgumentDoc {
  Bytes name;
  View type;   // "key", "string", "integer", "double", "unix-time", "pattern", "pure-token", "oneof", "block"
  Bytes token;
  bool has_token = false;  // it may be an empty one
  bool optional = false, multiple = false, multiple_token = false;
  std::vector<ArgumentDoc> inner;
};
std::vector<ArgumentDoc> argument_docs(View syntax);

}  // namespace leat
