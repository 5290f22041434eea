// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/docs.h"

#include <algorithm>

namespace leat {

FoundDoc find_doc(View name) {
  for (const DocGroup* group : {&kBitmapDocs, &kClusterDocs, &kConnectionDocs, &kGenericDocs, &kGeoDocs, &kHashDocs,
                                &kHyperloglogDocs, &kLeatDocs, &kListDocs, &kPubsubDocs, &kScriptingDocs, &kServerDocs,
                                &kSetDocs, &kSortedSetDocs, &kStreamDocs, &kStringDocs, &kTransactionsDocs}) {
    const auto found = std::lower_bound(group->docs.begin(), group->docs.end(), name,
                                        [](const CommandDoc& doc, View wanted) { return doc.name < wanted; });
    if (found != group->docs.end() && found->name == name) return {group->name, &*found};
  }
  return {};
}

namespace {

// Types that names stand for; what is in neither is a string.
constexpr View kIntegers[] = {
    "bit", "bits", "client-id", "count", "cursor", "db", "decrement", "destination-db", "end", "end-slot",
    "entries-added", "entries-read", "frequency", "increment", "index", "len", "limit", "maxage", "milliseconds",
    "min-idle-time", "min-match-len", "ms", "num-matches", "numfields", "numkeys", "numlocal", "numreplicas", "offset",
    "port", "protover", "rank", "seconds", "slot", "start", "start-slot", "stop", "weight"};
constexpr View kDoubles[] = {"height", "latitude", "longitude", "max", "min", "radius", "score", "timeout", "width"};
constexpr View kKeys[] = {"key", "key1", "key2"};

View type_of(View name) {
  const auto is_in = [&](const auto& names) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
  };
  if (is_in(kKeys)) return "key";
  if (is_in(kIntegers)) return "integer";
  if (is_in(kDoubles)) return "double";
  if (name == "pattern") return "pattern";
  return name.starts_with("unix-time") ? "unix-time" : "string";
}

bool is_token(View word) { return std::none_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; }); }

Bytes name_of_token(View token) {
  constexpr std::pair<View, View> kSigns[] = {{"*", "auto-id"}, {"$", "new-id"}, {"=", "equal"}, {"~", "approximately"},
                                              {"\"\"", "empty-string"}};
  for (const auto& [sign, name] : kSigns) {
    if (sign == token) return Bytes(name);
  }
  Bytes name(token);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return name;
}

class Reader {
 public:
  explicit Reader(View text) : text_(text) {}

  std::vector<ArgumentDoc> all() { return sequence(); }

 private:
  using Arguments = std::vector<ArgumentDoc>;

  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool ahead(char c) {
    skip_blanks();
    return at_ < text_.size() && text_[at_] == c;
  }
  bool take(View sign) {
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }
  bool at_end() {
    skip_blanks();
    return at_ >= text_.size() || View("]>)|").find(text_[at_]) != View::npos;
  }

  // Items up to the end of the group or of the alternative.
  Arguments sequence() {
    Arguments items;
    while (!at_end()) items.push_back(item());
    return items;
  }

  ArgumentDoc item() {
    ArgumentDoc one;
    if (ahead('[')) {
      one = group(']');
      one.optional = true;
    } else if (ahead('<')) {
      one = group('>');
    } else if (ahead('(')) {
      one = group(')');
    } else {
      return word();
    }
    if (take("...")) {
      one.multiple = true;
      one.multiple_token = one.has_token && one.type != "pure-token";
    }
    return one;
  }

  ArgumentDoc word() {
    const size_t end = std::min(text_.find_first_of(" ]>)|[(<", at_), text_.size());
    View said = text_.substr(at_, end - at_);
    at_ = end;
    ArgumentDoc one;
    if (is_token(said)) {
      one.name = name_of_token(said);
      one.type = "pure-token";
      one.token = Bytes(said);
      one.has_token = true;
      if (!ahead('(')) return one;
      ArgumentDoc inner = group(')');  // STREAMS ( … )
      inner.token = one.token;
      inner.name = one.name;
      inner.has_token = true;
      return inner;
    }
    if (said.ends_with("...")) {
      one.multiple = true;
      said.remove_suffix(3);
    }
    const size_t colon = said.find(':');
    one.name = Bytes(said.substr(0, colon));
    one.type = colon == View::npos ? type_of(said) : said.substr(colon + 1);
    return one;
  }

  // What stands within brackets, whose first is next: one item, a block of them, or one of several.
  ArgumentDoc group(char end) {
    skip_blanks();
    ++at_;
    Arguments choices;
    do {
      choices.push_back(block(sequence()));
    } while (ahead('|') && take("|"));
    if (ahead(end)) ++at_;
    if (choices.size() == 1) return std::move(choices.front());
    ArgumentDoc one;
    one.type = "oneof";
    for (const ArgumentDoc& choice : choices) one.name += (one.name.empty() ? "" : "-or-") + choice.name;
    one.inner = std::move(choices);
    return one;
  }

  // A word that begins a group names what follows it.
  static ArgumentDoc block(Arguments items) {
    if (items.size() == 1) return std::move(items.front());
    ArgumentDoc one;
    if (items.empty()) return one;
    const bool named = items[0].type == "pure-token" && items[1].type != "pure-token" && !items[1].optional;
    if (named) {
      const Bytes name = items[0].name, token = items[0].token;
      items.erase(items.begin());
      if (items.size() == 1 && !items[0].has_token) {
        one = std::move(items[0]);
      } else {
        one.type = "block";
        one.inner = std::move(items);
        one.name = name;
      }
      one.token = token;
      one.has_token = true;
      return one;
    }
    one.type = "block";
    one.name = items[0].name;
    one.inner = std::move(items);
    return one;
  }

  View text_;
  size_t at_ = 0;
};

}  // namespace

std::vector<ArgumentDoc> argument_docs(View syntax) { return Reader(syntax).all(); }

}  // namespace leat
