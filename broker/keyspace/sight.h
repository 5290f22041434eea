// SPDX-License-Identifier: Apache-2.0
// sight.h: what a look-up shows of a hash or a set, wherever it lies: in its key's row, or as a Value of its own.
//
// Used by: Database and Context, which hand it out; handlers, which use it like a `const T*`.
// Always:  - it looks into the table, so it dies with the next change of the database, as a pointer to a Value does.
#pragma once

#include <concepts>
#include <optional>
#include <type_traits>

#include "broker/keyspace/lent_entries.h"
#include "broker/keyspace/value.h"

namespace leat {

// The types that lie in their key's row while they are small. Lists, sorted sets and streams do not: those are queues,
// whose rows would be packed anew at every push however few elements they hold.
template <typename T>
concept FitsRow = std::constructible_from<T, ChunkStore&, LentEntries, Encoding>;

template <FitsRow T>
class Sight {
 public:
  Sight() = default;  // nothing there
  explicit Sight(const T* value) : value_(value) {}
  Sight(ChunkStore& chunks, View row, Encoding encoding) { in_row_.emplace(chunks, LentEntries(row), encoding); }
  Sight(const Sight&) = default;
  Sight& operator=(const Sight& other) {
    if (this == &other) return *this;
    value_ = other.value_;
    if (other.in_row_) in_row_.emplace(*other.in_row_);
    else in_row_.reset();
    return *this;
  }

  operator const T*() const { return in_row_ ? &*in_row_ : value_; }
  const T& operator*() const { return *static_cast<const T*>(*this); }
  const T* operator->() const { return *this; }

 private:
  const T* value_ = nullptr;
  std::optional<T> in_row_;
};

// What a look-up for a T answers; "== nullptr" where there is none.
template <typename T>
struct SeenAs {
  using Type = const T*;
};
template <FitsRow T>
struct SeenAs<T> {
  using Type = Sight<T>;
};
template <typename T>
using Seen = typename SeenAs<T>::Type;

// … and what a handler gets of it, who has a time: of a hash, what is not due by then (hash_sight.h).
class Hash;
class HashSight;
template <typename T>
struct ShownAs {
  using Type = Seen<T>;
};
template <>
struct ShownAs<Hash> {
  using Type = HashSight;
};
template <typename T>
using Shown = typename ShownAs<T>::Type;

}  // namespace leat
