// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/key_specs.h"

#include <algorithm>

#include "broker/commands/table.h"
#include "broker/protocol/words.h"

namespace leat {

namespace {

// What is not "RW update" of a command that writes, or "RO access" of one that reads. Split at blanks.
struct Treated {
  View flags;
  View commands;
};
constexpr Treated kFirstKey[] = {
    {"OW update",
     "BITOP GEOSEARCHSTORE MSET PSETEX RESTORE SDIFFSTORE SETEX SUNIONSTORE ZDIFFSTORE ZINTERSTORE "
     "ZRANGESTORE ZUNIONSTORE"},
    {"OW insert", "MSETNX SETNX"},
    {"RW insert", "APPEND HSETNX LINSERT LPUSH LPUSHX PFADD RPUSH RPUSHX SADD XGROUP|CREATE XGROUP|CREATECONSUMER"},
    {"RW access insert", "PFMERGE"},
    {"RW access", "PFCOUNT PFDEBUG"},
    {"RM delete", "DEL UNLINK"},
    {"RW delete",
     "HDEL LREM LTRIM SREM XAUTOCLAIM XDEL XDELEX XGROUP|DELCONSUMER XGROUP|DESTROY XTRIM ZREM "
     "ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE"},
    {"RW update delete", "XACKDEL"},
    {"RW access delete",
     "BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN GETDEL HGETDEL LMOVE LMPOP LPOP "
     "MIGRATE RENAME RENAMENX RPOP RPOPLPUSH SMOVE SPOP ZMPOP ZPOPMAX ZPOPMIN"},
    {"RW access update",
     "DECR DECRBY EVAL EVALSHA FCALL GETEX GETSET HGETEX HINCRBY HINCRBYFLOAT INCR INCRBY "
     "INCRBYFLOAT MOVE SETBIT ZINCRBY"},
    {"RW access update variable_flags", "BITFIELD SET"},
    {"RO access", "COPY XREADGROUP"},
    {"RO",
     "EXISTS HEXISTS HLEN HSTRLEN LLEN MEMORY|USAGE OBJECT|ENCODING OBJECT|FREQ OBJECT|IDLETIME OBJECT|REFCOUNT SCARD "
     "SISMEMBER STRLEN TOUCH TYPE WATCH XLEN ZCARD"},
};
// Of those whose second key, and any further one, is treated in another way than the first.
constexpr Treated kFurtherKeys[] = {
    {"OW update", "COPY RENAME"},
    {"OW insert", "RENAMENX"},
    {"RW insert", "BLMOVE BRPOPLPUSH LMOVE RPOPLPUSH SMOVE"},
    {"RO access", "BITOP GEOSEARCHSTORE PFMERGE SDIFFSTORE SINTERSTORE SUNIONSTORE ZDIFFSTORE ZINTERSTORE ZRANGESTORE "
                  "ZUNIONSTORE"},
};

template <size_t kCount>
View find_in(const Treated (&table)[kCount], View name) {
  for (const Treated& one : table) {
    if (has_word(one.commands, name)) return one.flags;
  }
  return {};
}

void tell_flags(ReplySink& reply, View flags) {
  reply.bulk("flags");
  const std::vector<View> words = words_of(flags);
  reply.set(words.size());
  for (const View word : words) reply.simple(word);
}

// From the word number `index`; with a keyword, behind that, which is looked for from there on.
void tell_spec(ReplySink& reply, View flags, View keyword, int index, View find, int a, int b, int c) {
  reply.map(3);
  tell_flags(reply, flags);
  reply.bulk("begin_search");
  reply.map(2);
  reply.bulk("type");
  reply.bulk(keyword.empty() ? "index" : "keyword");
  reply.bulk("spec");
  if (keyword.empty()) {
    reply.map(1);
  } else {
    reply.map(2);
    reply.bulk("keyword");
    reply.bulk(keyword);
  }
  reply.bulk(keyword.empty() ? "index" : "startfrom");
  reply.integer(index);
  const bool counted = find == "keynum";
  reply.bulk("find_keys");
  reply.map(2);
  reply.bulk("type");
  reply.bulk(find);
  reply.bulk("spec");
  reply.map(3);
  reply.bulk(counted ? "keynumidx" : "lastkey");
  reply.integer(a);
  reply.bulk(counted ? "firstkey" : "keystep");
  reply.integer(b);
  reply.bulk(counted ? "keystep" : "limit");
  reply.integer(c);
}

// Keys that nobody can tell from their places.
void tell_unknown(ReplySink& reply, View notes, View flags) {
  reply.map(4);
  reply.bulk("notes");
  reply.bulk(notes);
  tell_flags(reply, flags);
  for (const View part : {"begin_search", "find_keys"}) {
    reply.bulk(part);
    reply.map(2);
    reply.bulk("type");
    reply.bulk("unknown");
    reply.bulk("spec");
    reply.map(0);
  }
}

void tell_sort(ReplySink& reply, const Command& command) {
  const bool stores = command.is(kWrite);
  reply.array(stores ? 3 : 2);
  tell_spec(reply, "RO access", {}, 1, "range", 0, 1, 0);
  tell_unknown(reply, "keys that the patterns of BY and GET make of the elements", "RO access incomplete");
  if (stores) tell_unknown(reply, "the key behind STORE, which may stand anywhere", "OW update incomplete");
}

// BITFIELD without SET and INCRBY. What cannot be read counts as a write.
bool only_reads_bits(Args request) {
  for (size_t at = 2; at < request.size(); ++at) {
    const size_t behind = request.size() - at - 1;
    if (same_word(request[at], "GET") && behind >= 2) at += 2;
    else if (same_word(request[at], "OVERFLOW") && behind >= 1) at += 1;
    else return false;
  }
  return true;
}

bool treated_apart(const Command& command) { return !find_in(kFurtherKeys, command.row.name).empty(); }

// A range is told from its first key on; a last one behind it counts from there, one before the end as it is.
void tell_range(ReplySink& reply, const Command& command, int first, size_t ordinal) {
  const Keys& keys = command.row.keys;
  const int last = keys.last < 0 ? keys.last : keys.last - first;
  tell_spec(reply, key_flags(command, ordinal), {}, first, "range", last, keys.step, 0);
}

}  // namespace

// SORT and GEORADIUS read their key, and write the one behind STORE.
View key_flags(const Command& command, size_t ordinal) {
  if (command.row.keys.kind == Keys::Kind::kStored) return ordinal == 0 ? "RO access" : "OW update";
  View flags = ordinal > 0 ? find_in(kFurtherKeys, command.row.name) : View();
  if (flags.empty()) flags = find_in(kFirstKey, command.row.name);
  if (flags.empty()) flags = command.is(kWrite) ? "RW update" : "RO access";
  return flags;
}

View key_flags(const Command& command, size_t ordinal, Args request) {
  if (command.row.name == "BITFIELD") return only_reads_bits(request) ? "RO access" : "RW access update";
  if (command.row.name != "SET") return key_flags(command, ordinal);
  const Views options = request.from(3);
  const bool reads = std::any_of(options.begin(), options.end(), [](View word) { return same_word(word, "GET"); });
  return reads ? "RW access update" : "OW update";
}

void tell_key_specs(ReplySink& reply, const Command& command) {
  const Keys& keys = command.row.keys;
  if (command.row.name.starts_with("SORT")) return tell_sort(reply, command);
  switch (keys.kind) {
    case Keys::Kind::kNone:
      reply.array(0);
      return;
    case Keys::Kind::kShards:
      reply.array(1);
      return tell_spec(reply, "not_key", {}, keys.first, "range", keys.last < 0 ? keys.last : 0, 1, 0);
    case Keys::Kind::kRange:
      reply.array(treated_apart(command) ? 2 : 1);
      if (!treated_apart(command)) return tell_range(reply, command, keys.first, 0);
      tell_spec(reply, key_flags(command, 0), {}, keys.first, "range", 0, 1, 0);
      return tell_range(reply, command, keys.first + keys.step, 1);
    case Keys::Kind::kCounted:
      reply.array(keys.first > 0 ? 2 : 1);
      if (keys.first > 0) tell_spec(reply, key_flags(command, 0), {}, keys.first, "range", 0, 1, 0);
      return tell_spec(reply, key_flags(command, keys.first > 0 ? 1 : 0), {}, keys.count_at, "keynum", 0, 1, 1);
    case Keys::Kind::kStored:
      reply.array(3);
      tell_spec(reply, "RO access", {}, keys.first, "range", 0, 1, 0);
      for (const View word : {"STORE", "STOREDIST"})
        tell_spec(reply, "OW update", word, -command.row.arity, "range", 0, 1, 0);
      return;
    case Keys::Kind::kMigrated:
      reply.array(2);
      tell_spec(reply, key_flags(command, 0), {}, keys.first, "range", 0, 1, 0);
      return tell_spec(reply, "RW access delete incomplete", "KEYS", -2, "range", -1, 1, 0);
    case Keys::Kind::kStreams:
      reply.array(1);
      return tell_spec(reply, key_flags(command, 0), "STREAMS", command.row.name == "XREADGROUP" ? 4 : 1, "range", -1,
                       1, 2);
  }
}

}  // namespace leat
