// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/dump_writer.h"

#include <algorithm>
#include <cmath>

#include "broker/keyspace/hash_sight.h"
#include "broker/keyspace/list.h"
#include "broker/keyspace/set.h"
#include "broker/keyspace/sorted_set.h"
#include "broker/protocol/numbers.h"
#include "broker/rdb/crc64.h"
#include "broker/rdb/format.h"

namespace leat::rdb {

namespace {

void write_list(Output& to, const List& list) {
  to.length(list.size());
  for (auto at = list.cursor(0); at.valid(); at.next()) to.string(at.value());
}

void write_set(Output& to, const Set& set) {
  to.length(set.size());
  set.for_each([&](View member) { to.string(member); });
}

void write_hash(Output& to, const HashSight& hash) {
  to.length(hash.size());
  hash.for_each([&](View name, View value) {
    to.string(name);
    to.string(value);
  });
}

// Each field has its time before it: 0 for none, else 1 and what it is later than the earliest.
void write_lifetimes(Output& to, const HashSight& hash) {
  TimeMs earliest_ms = INT64_MAX;
  hash.for_each([&](View name, View) {
    if (const TimeMs at_ms = hash.lifetime(name); at_ms != 0) earliest_ms = std::min(earliest_ms, at_ms);
  });
  to.fixed(static_cast<uint64_t>(earliest_ms));
  to.length(hash.size());
  hash.for_each([&](View name, View value) {
    const TimeMs at_ms = hash.lifetime(name);
    to.length(at_ms == 0 ? 0 : static_cast<uint64_t>(at_ms - earliest_ms) + 1);
    to.string(name);
    to.string(value);
  });
}

bool has_lifetimes(const HashSight& hash) {
  bool some = false;
  hash.for_each([&](View name, View) { some = some || hash.lifetime(name) != 0; });
  return some;
}

void write_score(Output& to, double score) {
  if (std::isinf(score)) return to.byte(score > 0 ? kInfinity : kMinusInfinity);
  char text[kRealTextMax];
  const size_t size = write_real(text, score);  // enough digits to tell it from its neighbours
  to.byte(static_cast<uint8_t>(size));
  to.raw(View(text, size));
}

// From the highest down, as Redis writes them: who builds an ordered list of them then always adds at its front.
void write_sorted_set(Output& to, const SortedSet& set) {
  to.length(set.size());
  for (auto at = set.back(); at.valid(); at.previous()) {
    to.string(at.member());
    write_score(to, at.score());
  }
}

uint16_t write_object(Output& to, const Database& database, const Found& found, TimeMs now_ms) {
  const auto layout = [&](Layout of) { to.byte(static_cast<uint8_t>(of)); };
  switch (found.type) {
    case Type::kString:
      layout(Layout::kString);
      to.string(found.text);
      return kVersionPlain;
    case Type::kList:
      layout(Layout::kList);
      write_list(to, *database.see<List>(found));
      return kVersionPlain;
    case Type::kSet:
      layout(Layout::kSet);
      write_set(to, *database.see<Set>(found));
      return kVersionPlain;
    case Type::kSortedSet:
      layout(Layout::kSortedSet);
      write_sorted_set(to, *database.see<SortedSet>(found));
      return kVersionPlain;
    case Type::kHash: {
      const HashSight hash(database, found, found.field_due_ms <= now_ms ? now_ms : 0);
      if (found.field_due_ms != INT64_MAX && has_lifetimes(hash)) {
        layout(Layout::kHashLifetimes);
        write_lifetimes(to, hash);
        return kVersionLifetimes;
      }
      layout(Layout::kHash);
      write_hash(to, hash);
      return kVersionPlain;
    }
    case Type::kStream:
      break;
  }
  const Stream& stream = *database.see<Stream>(found);
  const bool counted = needs_counts(stream);
  layout(counted ? Layout::kStream2 : Layout::kStream);
  write_stream(to, stream, counted);
  return counted ? kVersionStream2 : kVersionStream;
}

}  // namespace

void append_dump(Bytes& out, const Database& database, const Found& found, TimeMs now_ms) {
  const size_t start = out.size();
  Output to(out);
  to.fixed(write_object(to, database, found, now_ms));
  to.fixed(crc64(View(out).substr(start)));
}

}  // namespace leat::rdb
