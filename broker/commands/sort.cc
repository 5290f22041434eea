// SPDX-License-Identifier: Apache-2.0
// sort.cc: SORT and SORT_RO: the elements of a list, a set or a sorted set in an order of the caller's, by themselves
// or by other keys that a pattern names. https://redis.io/docs/latest/commands/sort/
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>

#include "broker/commands/context.h"
#include "broker/commands/executor.h"
#include "broker/commands/families.h"
#include "broker/commands/parse.h"
#include "broker/keyspace/hash_sight.h"
#include "broker/keyspace/list.h"
#include "broker/keyspace/set.h"
#include "broker/keyspace/sorted_set.h"

namespace leat {

namespace {

struct SortOptions {
  bool descending = false, by_text = false;
  bool keeps_order = false;  // BY a name without a star: whatever order there is
  std::optional<View> by;
  int64_t first = 0, count = -1;  // LIMIT
  std::vector<View> get;
  std::optional<View> store;
};

enum class Storing : uint8_t { kNever, kMay };

// Which keys the patterns will read nobody knows before: only who may read all may use them.
Result<SortOptions> parse_options(Context& ctx, Args args, Storing storing) {
  const bool reads_all = ctx.rooms.executor.guard().reads_all_keys(ctx.client, ctx.command, args);
  const auto denied = [](View option) {
    return Status::error("ERR " + Bytes(option) + " option of SORT denied due to insufficient ACL permissions.");
  };
  SortOptions options;
  for (size_t at = 2; at < args.size(); ++at) {
    const View word = args[at];
    const size_t behind = args.size() - at - 1;
    if (same_word(word, "ASC")) options.descending = false;
    else if (same_word(word, "DESC")) options.descending = true;
    else if (same_word(word, "ALPHA")) options.by_text = true;
    else if (storing == Storing::kMay && same_word(word, "STORE") && behind >= 1) options.store = args[++at];
    else if (same_word(word, "GET") && behind >= 1) {
      if (!reads_all) return denied("GET");
      options.get.push_back(args[++at]);
    } else if (same_word(word, "BY") && behind >= 1) {
      options.by = args[++at];
      if (options.by->find('*') == View::npos) options.keeps_order = true;
      else if (!reads_all) return denied("BY");
    } else if (same_word(word, "LIMIT") && behind >= 2) {
      const auto first = integer_of(args[++at]), count = integer_of(args[++at]);
      if (!first.ok()) return first.status();
      if (!count.ok()) return count.status();
      options.first = *first;
      options.count = *count;
    } else {
      return kSyntaxError;
    }
  }
  return options;
}

// "prefix*suffix" with the element for the star names a string; "prefix*suffix->field" a field of a hash; "#" is the
// element itself.
class Pattern {
 public:
  explicit Pattern(View text) : is_element_(text == "#"), star_(text.find('*')) {
    if (star_ == View::npos) return;
    prefix_ = text.substr(0, star_);
    suffix_ = text.substr(star_ + 1);
    const size_t arrow = suffix_.find("->");
    if (arrow == View::npos || arrow + 2 == suffix_.size()) return;
    field_ = suffix_.substr(arrow + 2);
    suffix_ = suffix_.substr(0, arrow);
  }

  // What it names for the element; nullopt: nothing, or something else than a text.
  std::optional<View> look_up(Context& ctx, View element) {
    if (is_element_) return element;
    if (star_ == View::npos) return std::nullopt;
    key_.assign(prefix_).append(element).append(suffix_);
    const auto found = ctx.look(key_);
    if (!found) return std::nullopt;
    if (field_) return found->type == Type::kHash ? ctx.show<Hash>(ctx.db, *found)->get(*field_) : std::nullopt;
    return found->type == Type::kString ? std::optional(found->text) : std::nullopt;
  }

 private:
  bool is_element_;
  size_t star_;
  View prefix_, suffix_;
  std::optional<View> field_;
  Bytes key_;
};

struct Item {
  View element;
  double score = 0;
  std::optional<View> text = {};  // with ALPHA, what it goes by; none sorts first
};

// What to sort, or nothing. Both null: the key is absent.
struct Source {
  const List* list = nullptr;
  const SortedSet* sorted = nullptr;
  Sight<Set> plain = {};

  uint64_t size() const {
    return list != nullptr ? list->size() : sorted != nullptr ? sorted->size() : plain != nullptr ? plain->size() : 0;
  }
};

Result<Source> find_source(Context& ctx, View key) {
  const auto found = ctx.look(key);
  if (!found) return Source{};
  if (found->type == Type::kList) return Source{.list = ctx.database().see<List>(*found)};
  if (found->type == Type::kSortedSet) return Source{.sorted = ctx.database().see<SortedSet>(*found)};
  if (found->type == Type::kSet) return Source{.plain = ctx.database().see<Set>(*found)};
  return kWrongType;
}

// Which of the sorted elements LIMIT asks for.
IndexRange limited(const SortOptions& options, uint64_t size) {
  const auto first = static_cast<uint64_t>(std::max<int64_t>(options.first, 0));
  if (first >= size) return {};
  const uint64_t left = size - first;
  return {first, options.count < 0 ? left : std::min(static_cast<uint64_t>(options.count), left)};
}

// `count` elements in their own order, or in the opposite, from the one with that number on.
template <typename Collection, typename Read>
void take_in_order(const Collection& from, IndexRange range, bool backwards, Read read, std::vector<Item>& items) {
  auto at = from.cursor(backwards ? from.size() - 1 - range.first : range.first);
  for (uint64_t taken = 0; taken < range.count; ++taken) {
    items.push_back({.element = read(at)});
    if (backwards) at.previous();
    else at.next();
  }
}

std::vector<Item> take(const Source& source, IndexRange range, bool backwards) {
  std::vector<Item> items;
  if (range.count == 0) return items;
  items.reserve(range.count);
  const auto value = [](const List::Cursor& at) { return at.value(); };
  const auto member = [](const SortedSet::Cursor& at) { return at.member(); };
  if (source.list != nullptr) take_in_order(*source.list, range, backwards, value, items);
  else if (source.sorted != nullptr) take_in_order(*source.sorted, range, backwards, member, items);
  else source.plain->for_each([&](View one) { items.push_back({.element = one}); });
  return items;
}

// As strtod reads it, and Redis hands it on: blanks in front and nothing at all are fine, and what follows a zero byte
// is not looked at.
std::optional<double> weight_of(View text) {
  const Bytes copy(text);
  char* end;
  errno = 0;
  const double value = std::strtod(copy.c_str(), &end);
  if (*end != 0 || errno == ERANGE || std::isnan(value)) return std::nullopt;
  return value;
}

// What each goes by; an element whose key is absent goes by 0, or before all texts.
Status weigh(Context& ctx, const SortOptions& options, std::vector<Item>& items) {
  std::optional<Pattern> by;
  if (options.by) by.emplace(*options.by);
  for (Item& item : items) {
    const std::optional<View> goes_by = by ? by->look_up(ctx, item.element) : item.element;
    if (options.by_text) {
      item.text = goes_by;
    } else if (goes_by) {
      const auto score = weight_of(*goes_by);
      if (!score) return Status::error("ERR One or more scores can't be converted into double");
      item.score = *score;
    }
  }
  return Status::fine();
}

bool lies_before(const Item& a, const Item& b, bool by_text) {
  if (by_text) return a.text < b.text;
  return a.score != b.score ? a.score < b.score : a.element < b.element;
}

void arrange(std::vector<Item>& items, const SortOptions& options) {
  std::stable_sort(items.begin(), items.end(), [&](const Item& a, const Item& b) {
    return options.descending ? lies_before(b, a, options.by_text) : lies_before(a, b, options.by_text);
  });
}

// What LIMIT leaves, in order.
Result<std::vector<Item>> sorted_items(Context& ctx, const Source& source, SortOptions options) {
  // A set has no order that everybody agrees on: what is stored, or a script goes on with, gets one.
  if (options.keeps_order && source.plain != nullptr && (options.store || ctx.in_script)) {
    options.keeps_order = false;
    options.by_text = true;
    options.by.reset();
  }
  const IndexRange range = limited(options, source.size());
  const bool is_ordered = source.list != nullptr || source.sorted != nullptr;
  if (options.keeps_order && is_ordered) return take(source, range, options.descending);
  std::vector<Item> items = take(source, {0, source.size()}, false);
  if (!options.keeps_order) {
    if (Status wrong = weigh(ctx, options, items); !wrong.ok()) return wrong;
    arrange(items, options);
  }
  items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(range.first));
  items.resize(range.count);
  return items;
}

// `visit(optional<View>)` for what each element stands for: itself, or what the patterns name.
template <typename Visit>
void for_each_result(Context& ctx, const SortOptions& options, const std::vector<Item>& items, Visit visit) {
  std::vector<Pattern> patterns(options.get.begin(), options.get.end());
  for (const Item& item : items) {
    if (patterns.empty()) visit(std::optional(item.element));
    for (Pattern& pattern : patterns) visit(pattern.look_up(ctx, item.element));
  }
}

// Puts the results in place of whatever `to` holds; replies with their number.
Outcome store(Context& ctx, View to, const SortOptions& options, const std::vector<Item>& items) {
  const bool replaces = ctx.look(to).has_value();
  std::vector<View> values;
  for_each_result(ctx, options, items, [&](std::optional<View> value) { values.push_back(value.value_or(View())); });
  std::vector<Bytes> owned;
  if (replaces) {  // they may be borrowed from what is about to go
    owned.assign(values.begin(), values.end());
    values.assign(owned.begin(), owned.end());
    ctx.emit(KeyDelete{.key = to});
  }
  if (!values.empty()) ctx.emit(ListPush{.key = to, .side = Side::kRight, .values = values});
  return ctx.reply.integer(static_cast<int64_t>(values.size()));
}

Outcome run(Context& ctx, Args args, Storing storing) {
  const auto options = parse_options(ctx, args, storing);
  if (!options.ok()) return options.status();
  const auto source = find_source(ctx, args[1]);
  if (!source.ok()) return source.status();
  const auto items = sorted_items(ctx, *source, *options);
  if (!items.ok()) return items.status();
  if (options->store) return store(ctx, *options->store, *options, *items);
  ctx.reply.array(items->size() * std::max<size_t>(options->get.size(), 1));
  for_each_result(ctx, *options, *items, [&](std::optional<View> value) {
    if (value) ctx.reply.bulk(*value);
    else ctx.reply.null();
  });
  return Replied();
}

// SORT key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA] [STORE destination]
// → the elements, or what the patterns name for each; with STORE their number
Outcome sort(Context& ctx, Args args) { return run(ctx, args, Storing::kMay); }
Outcome sort_ro(Context& ctx, Args args) { return run(ctx, args, Storing::kNever); }

constexpr uint32_t kStores = kMovableKeys | kWrite | kLooks | kDenyOom;
constexpr CommandRow kRows[] = {
    // name     arity keys                traits                       handler
    {"SORT",    -2,   Keys::stored(1, 2), kStores,                     sort},
    {"SORT_RO", -2,   Keys::at(1),        kMovableKeys | kReadOnly,    sort_ro},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kSortFamily{"set sortedset list", kRows};

}  // namespace leat
