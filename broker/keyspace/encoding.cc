// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/encoding.h"

#include <algorithm>
#include <charconv>

namespace leat {

namespace {
bool any_longer(Views values, int64_t limit) {
  return std::any_of(values.begin(), values.end(), [&](View one) { return static_cast<int64_t>(one.size()) > limit; });
}

// As Redis' string2ll accepts it.
bool is_integer(View text) {
  if (text.empty() || text.size() > 20) return false;
  if (text == "0") return true;
  const size_t first = text[0] == '-';
  if (first == text.size() || text[first] < '1' || text[first] > '9') return false;
  int64_t value;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

bool fits_one_node(const List& list, int64_t limit) {
  if (limit > 0) return static_cast<int64_t>(list.size()) <= limit;
  constexpr size_t kNodeBytes[] = {4096, 8192, 16384, 32768, 65536};
  const size_t bytes = kNodeBytes[std::clamp<int64_t>(-limit, 1, 5) - 1];
  return list.size() <= bytes && list.fits(bytes);  // no item takes less than a byte
}
}  // namespace

void relabel(List& list, const EncodingLimits& limits) {
  list.encoding = fits_one_node(list, limits.list_size) ? Encoding::kListpack : Encoding::kQuicklist;
}

void relabel(Hash& hash, Views added, const EncodingLimits& limits) {
  if (hash.encoding == Encoding::kHashtable) return;
  if (static_cast<int64_t>(hash.size()) > limits.hash_entries || any_longer(added, limits.hash_value_bytes)) {
    hash.encoding = Encoding::kHashtable;
  }
}

void relabel(Hash& hash) {
  if (hash.encoding == Encoding::kListpack && hash.has_lifetimes()) hash.encoding = Encoding::kListpackEx;
}

void relabel(Set& set, Views added, bool created, const EncodingLimits& limits) {
  if (set.encoding == Encoding::kHashtable) return;
  const auto size = static_cast<int64_t>(set.size());
  const bool was_integers = created || set.encoding == Encoding::kIntset;
  if (was_integers && std::all_of(added.begin(), added.end(), is_integer)) {
    set.encoding = size <= limits.set_intset_entries ? Encoding::kIntset : Encoding::kHashtable;
    return;
  }
  const bool small = size <= limits.set_entries && !any_longer(added, limits.set_value_bytes);
  set.encoding = small ? Encoding::kListpack : Encoding::kHashtable;
}

void relabel(SortedSet& set, ScoredMembers added, const EncodingLimits& limits) {
  if (set.encoding == Encoding::kSkiplist) return;
  const bool longer = std::any_of(added.begin(), added.end(), [&](const ScoredMember& one) {
    return static_cast<int64_t>(one.member.size()) > limits.sorted_set_value_bytes;
  });
  if (static_cast<int64_t>(set.size()) > limits.sorted_set_entries || longer) set.encoding = Encoding::kSkiplist;
}

namespace {
void label_anew(Hash& hash, const EncodingLimits& limits) {
  hash.encoding = Encoding::kListpack;
  std::vector<View> parts;
  if (static_cast<int64_t>(hash.size()) <= limits.hash_entries) {
    hash.for_each([&](View field, View value) { parts.insert(parts.end(), {field, value}); });
  }
  relabel(hash, parts, limits);
  relabel(hash);
}

void label_anew(Set& set, const EncodingLimits& limits) {
  std::vector<View> members;
  if (static_cast<int64_t>(set.size()) <= std::max(limits.set_entries, limits.set_intset_entries)) {
    set.for_each([&](View member) { members.push_back(member); });
    relabel(set, members, true, limits);
  } else {
    set.encoding = Encoding::kHashtable;
  }
}

void label_anew(SortedSet& set, const EncodingLimits& limits) {
  std::vector<ScoredMember> members;
  if (static_cast<int64_t>(set.size()) <= limits.sorted_set_entries) {
    for (auto at = set.front(); at.valid(); at.next()) members.push_back({at.score(), at.member()});
  }
  relabel(set, members, limits);
}
}  // namespace

void label_anew(Value& value, const EncodingLimits& limits) {
  switch (value.type()) {
    case Type::kList:
      return relabel(static_cast<List&>(value), limits);
    case Type::kHash:
      return label_anew(static_cast<Hash&>(value), limits);
    case Type::kSet:
      return label_anew(static_cast<Set&>(value), limits);
    case Type::kSortedSet:
      return label_anew(static_cast<SortedSet&>(value), limits);
    case Type::kString:
    case Type::kStream:
      return;  // theirs never changes
  }
}

Encoding encoding_of_text(View text) {
  constexpr size_t kEmbstrMax = 44;
  if (is_integer(text)) return Encoding::kInt;
  return text.size() <= kEmbstrMax ? Encoding::kEmbstr : Encoding::kRaw;
}

}  // namespace leat
