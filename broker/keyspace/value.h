// SPDX-License-Identifier: Apache-2.0
// value.h: what a key may hold when it is more than a short string.
//
// Used by: the keyspace, which owns values, and apply, which changes them. Handlers see them const.
// Always:  - the id is permanent and never reused; chunks carry it as their owner;
//          - the encoding label is what OBJECT ENCODING says: it is not state, is in no digest and in no log.
#pragma once

#include <memory>
#include <vector>

#include "chunks/chunk_store.h"
#include "chunks/pause.h"
#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat {

enum class Type : uint8_t { kString = 0, kList = 1, kSet = 2, kSortedSet = 3, kHash = 4, kStream = 5 };

// As TYPE names it: "string", "list", "set", "zset", "hash", "stream".
View name_of(Type type);

enum class Encoding : uint8_t { kInt, kEmbstr, kRaw, kListpack, kQuicklist, kIntset, kHashtable, kSkiplist, kStream,
                                kListpackEx };
View name_of(Encoding encoding);

class Value {
 public:
  virtual ~Value() = default;
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;

  Type type() const { return type_; }
  ValueId id() const { return id_; }

  virtual size_t size() const = 0;    // elements; bytes of a string
  virtual size_t memory() const = 0;  // bytes, about: chunks and what is derived from them
  // The same in constant time (a stream's takes a step for each group), capacity included. Only what changes the value
  // changes it.
  virtual size_t weight() const { return memory(); }
  // Has the memory fetched in which those members, or fields, lie; see byte_map.h. At most ByteMap::kPrefetchMax
  // of them.
  virtual void prefetch(Views) const {}
  // A value with the same content under another id; large entries are shared, not copied.
  virtual std::unique_ptr<Value> clone(ValueId id) const = 0;
  // Of the content alone: independent of chunk boundaries, insertion order (where it has no meaning) and labels.
  virtual uint64_t digest() const = 0;
  // Frees up to `chunks` chunks; true when nothing is left. Only for values no key points to any more.
  virtual bool free_some(size_t chunks) = 0;

  // Builds the value, which must be empty, out of a snapshot's chunks, in any order; false when they do not fit
  // together. Takes a reference of each blob they name.
  virtual bool load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) = 0;

  Encoding encoding = Encoding::kListpack;

 protected:
  Value(Type type, ValueId id) : type_(type), id_(id) {}

 private:
  const Type type_;
  const ValueId id_;
};

}  // namespace leat
