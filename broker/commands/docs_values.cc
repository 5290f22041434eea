// SPDX-License-Identifier: Apache-2.0
// docs_values.cc: what the commands on strings, bits, HyperLogLogs, lists, sets and hashes do and take (docs.h).
#include "broker/commands/docs.h"

namespace leat {

namespace {

constexpr CommandDoc kString[] = {
    {"APPEND", "2.0.0", "O(1)", "Adds text to the end of a string, which is made where there is none.", "key value"},
    {"DECR", "1.0.0", "O(1)", "Lowers the integer in a string by one.", "key"},
    {"DECRBY", "1.0.0", "O(1)", "Lowers the integer in a string by so much.", "key decrement"},
    {"GET", "1.0.0", "O(1)", "Returns the string of a key.", "key"},
    {"GETDEL", "6.2.0", "O(1)", "Returns the string of a key and deletes the key.", "key"},
    {"GETEX", "6.2.0", "O(1)", "Returns the string of a key and changes when it expires.",
     "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]"},
    {"GETRANGE", "2.4.0", "O(N), N being the bytes returned", "Returns a part of a string.", "key start end"},
    {"GETSET", "1.0.0", "O(1)", "Returns the string of a key and sets another.", "key value"},
    {"INCR", "1.0.0", "O(1)", "Raises the integer in a string by one.", "key"},
    {"INCRBY", "1.0.0", "O(1)", "Raises the integer in a string by so much.", "key increment"},
    {"INCRBYFLOAT", "2.6.0", "O(1)", "Raises the number in a string by so much, which may be a fraction.",
     "key increment:double"},
    {"LCS", "7.0.0", "O(N*M), N and M being the lengths of the strings",
     "Finds the longest sequence that two strings have in common.",
     "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]"},
    {"MGET", "1.0.0", "O(N), N being the number of keys", "Returns the strings of several keys.", "key..."},
    {"MSET", "1.0.1", "O(N), N being the number of keys", "Sets the strings of several keys.", "(key value)..."},
    {"MSETNX", "1.0.1", "O(N), N being the number of keys", "Sets the strings of several keys, if none of them exists.",
     "(key value)..."},
    {"PSETEX", "2.6.0", "O(1)", "Sets a string and the milliseconds after which it expires.", "key milliseconds value"},
    {"SET", "1.0.0", "O(1)", "Sets the string of a key, whatever was there.",
     "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | "
     "KEEPTTL]"},
    {"SETEX", "2.0.0", "O(1)", "Sets a string and the seconds after which it expires.", "key seconds value"},
    {"SETNX", "1.0.0", "O(1)", "Sets the string of a key that does not exist.", "key value"},
    {"SETRANGE", "2.2.0", "O(M), M being the length of the value", "Overwrites a part of a string from an offset on.",
     "key offset value"},
    {"STRLEN", "2.2.0", "O(1)", "Returns the length of a string.", "key"},
    {"SUBSTR", "1.0.0", "O(N), N being the bytes returned", "Returns a part of a string; GETRANGE under its old name.",
     "key start end"},
};

constexpr CommandDoc kBitmap[] = {
    {"BITCOUNT", "2.6.0", "O(N), N being the bytes looked at", "Counts the bits that are set in a string.",
     "key [start end [BYTE | BIT]]"},
    {"BITFIELD", "3.2.0", "O(1) for each operation", "Reads, sets and raises integers of any width within a string.",
     "key [GET encoding offset:string | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset:string value:integer | INCRBY "
     "encoding offset:string increment>]..."},
    {"BITFIELD_RO", "6.0.0", "O(1) for each operation", "Reads integers of any width within a string.",
     "key [GET encoding offset:string]..."},
    {"BITOP", "2.6.0", "O(N), N being the length of the longest string",
     "Combines the bits of several strings into another.",
     "<AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE> destkey:key key..."},
    {"BITPOS", "2.8.7", "O(N), N being the bytes looked at", "Finds the first bit that is set, or clear.",
     "key bit [start [end [BYTE | BIT]]]"},
    {"GETBIT", "2.2.0", "O(1)", "Returns one bit of a string.", "key offset"},
    {"SETBIT", "2.2.0", "O(1)", "Sets one bit of a string and returns what it was.", "key offset value:integer"},
};

constexpr CommandDoc kHyperloglog[] = {
    {"PFADD", "2.8.9", "O(1) for each element", "Counts elements in a HyperLogLog.", "key [element...]"},
    {"PFCOUNT", "2.8.9", "O(N), N being the number of keys", "Estimates how many different elements were counted.",
     "key..."},
    {"PFDEBUG", "2.8.9", "O(1)", "Looks into a HyperLogLog, for tests.", "subcommand key"},
    {"PFMERGE", "2.8.9", "O(N), N being the number of keys", "Joins several HyperLogLogs in one.",
     "destkey:key [sourcekey:key...]"},
    {"PFSELFTEST", "2.8.9", "O(1)", "Tests the HyperLogLog itself.", ""},
};

constexpr CommandDoc kList[] = {
    {"BLMOVE", "6.2.0", "O(1)", "Moves an element from one list to another, and waits for one if there is none.",
     "source:key destination:key <LEFT | RIGHT> <LEFT | RIGHT> timeout"},
    {"BLMPOP", "7.0.0", "O(N+M), N being the number of keys, M that of the elements",
     "Takes elements from the first of several lists that has any, and waits for them.",
     "timeout numkeys key... <LEFT | RIGHT> [COUNT count]"},
    {"BLPOP", "2.0.0", "O(N), N being the number of keys",
     "Takes the first element of the first list that has any, and waits for it.", "key... timeout"},
    {"BRPOP", "2.0.0", "O(N), N being the number of keys",
     "Takes the last element of the first list that has any, and waits for it.", "key... timeout"},
    {"BRPOPLPUSH", "2.2.0", "O(1)", "Moves the last element of a list to the front of another, and waits for one.",
     "source:key destination:key timeout"},
    {"LINDEX", "1.0.0", "O(N), N being the distance from the nearer end", "Returns the element at an index.",
     "key index"},
    {"LINSERT", "2.2.0", "O(N), N being the elements before the pivot", "Puts an element beside another.",
     "key <BEFORE | AFTER> pivot element"},
    {"LLEN", "1.0.0", "O(1)", "Returns the length of a list.", "key"},
    {"LMOVE", "6.2.0", "O(1)", "Moves an element from one list to another.",
     "source:key destination:key <LEFT | RIGHT> <LEFT | RIGHT>"},
    {"LMPOP", "7.0.0", "O(N+M), N being the number of keys, M that of the elements",
     "Takes elements from the first of several lists that has any.", "numkeys key... <LEFT | RIGHT> [COUNT count]"},
    {"LPOP", "1.0.0", "O(N), N being the elements returned", "Takes elements from the front of a list.", "key [count]"},
    {"LPOS", "6.0.6", "O(N), N being the length of the list", "Returns where an element stands in a list.",
     "key element [RANK rank] [COUNT num-matches] [MAXLEN len]"},
    {"LPUSH", "1.0.0", "O(1) for each element", "Puts elements at the front of a list.", "key element..."},
    {"LPUSHX", "2.2.0", "O(1) for each element", "Puts elements at the front of a list that exists.", "key element..."},
    {"LRANGE", "1.0.0", "O(S+N), S being the distance of the start, N the elements returned",
     "Returns the elements between two indexes.", "key start stop"},
    {"LREM", "1.0.0", "O(N), N being the length of the list", "Removes elements that equal another.",
     "key count element"},
    {"LSET", "1.0.0", "O(N), N being the distance from the nearer end", "Sets the element at an index.",
     "key index element"},
    {"LTRIM", "1.0.0", "O(N), N being the elements removed", "Keeps the elements between two indexes, and no others.",
     "key start stop"},
    {"RPOP", "1.0.0", "O(N), N being the elements returned", "Takes elements from the end of a list.", "key [count]"},
    {"RPOPLPUSH", "1.2.0", "O(1)", "Moves the last element of a list to the front of another.",
     "source:key destination:key"},
    {"RPUSH", "1.0.0", "O(1) for each element", "Puts elements at the end of a list.", "key element..."},
    {"RPUSHX", "2.2.0", "O(1) for each element", "Puts elements at the end of a list that exists.", "key element..."},
};

constexpr CommandDoc kSet[] = {
    {"SADD", "1.0.0", "O(1) for each member", "Adds members to a set.", "key member..."},
    {"SCARD", "1.0.0", "O(1)", "Returns how many members a set has.", "key"},
    {"SDIFF", "1.0.0", "O(N), N being the members of all sets",
     "Returns what the first set has and the others have not.", "key..."},
    {"SDIFFSTORE", "1.0.0", "O(N), N being the members of all sets",
     "Stores what the first set has and the others have not.", "destination:key key..."},
    {"SINTER", "1.0.0", "O(N*M), N being the smallest set, M the number of sets",
     "Returns what all sets have in common.", "key..."},
    {"SINTERCARD", "7.0.0", "O(N*M), N being the smallest set, M the number of sets",
     "Counts what all sets have in common.", "numkeys key... [LIMIT limit]"},
    {"SINTERSTORE", "1.0.0", "O(N*M), N being the smallest set, M the number of sets",
     "Stores what all sets have in common.", "destination:key key..."},
    {"SISMEMBER", "1.0.0", "O(1)", "Tells whether a set has a member.", "key member"},
    {"SMEMBERS", "1.0.0", "O(N), N being the members", "Returns all members of a set.", "key"},
    {"SMISMEMBER", "6.2.0", "O(N), N being the members asked for", "Tells of several members whether a set has them.",
     "key member..."},
    {"SMOVE", "1.0.0", "O(1)", "Moves a member from one set to another.", "source:key destination:key member"},
    {"SPOP", "1.0.0", "O(N), N being the count", "Takes random members out of a set.", "key [count]"},
    {"SRANDMEMBER", "1.0.0", "O(N), N being the count", "Returns random members of a set.", "key [count]"},
    {"SREM", "1.0.0", "O(N), N being the members named", "Removes members from a set.", "key member..."},
    {"SSCAN", "2.8.0", "O(1) for a call, O(N) for all of it", "Goes through the members of a set.",
     "key cursor [MATCH pattern] [COUNT count]"},
    {"SUNION", "1.0.0", "O(N), N being the members of all sets", "Returns what any of the sets has.", "key..."},
    {"SUNIONSTORE", "1.0.0", "O(N), N being the members of all sets", "Stores what any of the sets has.",
     "destination:key key..."},
};

constexpr CommandDoc kHash[] = {
    {"HDEL", "2.0.0", "O(N), N being the fields named", "Removes fields from a hash.", "key field..."},
    {"HEXISTS", "2.0.0", "O(1)", "Tells whether a hash has a field.", "key field"},
    {"HEXPIRE", "7.4.0", "O(N), N being the fields named", "Sets after how many seconds fields expire.",
     "key seconds [NX | XX | GT | LT] FIELDS (numfields field...)"},
    {"HEXPIREAT", "7.4.0", "O(N), N being the fields named", "Sets at which second fields expire.",
     "key unix-time-seconds [NX | XX | GT | LT] FIELDS (numfields field...)"},
    {"HEXPIRETIME", "7.4.0", "O(N), N being the fields named", "Returns at which second fields expire.",
     "key FIELDS (numfields field...)"},
    {"HGET", "2.0.0", "O(1)", "Returns the value of a field.", "key field"},
    {"HGETALL", "2.0.0", "O(N), N being the fields", "Returns all fields with their values.", "key"},
    {"HGETDEL", "8.0.0", "O(N), N being the fields named", "Returns the values of fields and removes them.",
     "key FIELDS (numfields field...)"},
    {"HGETEX", "8.0.0", "O(N), N being the fields named", "Returns the values of fields and changes when they expire.",
     "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] FIELDS "
     "(numfields field...)"},
    {"HINCRBY", "2.0.0", "O(1)", "Raises the integer in a field by so much.", "key field increment"},
    {"HINCRBYFLOAT", "2.6.0", "O(1)", "Raises the number in a field by so much, which may be a fraction.",
     "key field increment:double"},
    {"HKEYS", "2.0.0", "O(N), N being the fields", "Returns the names of all fields.", "key"},
    {"HLEN", "2.0.0", "O(1)", "Returns how many fields a hash has.", "key"},
    {"HMGET", "2.0.0", "O(N), N being the fields named", "Returns the values of several fields.", "key field..."},
    {"HMSET", "2.0.0", "O(N), N being the fields named", "Sets several fields.", "key (field value)..."},
    {"HPERSIST", "7.4.0", "O(N), N being the fields named", "Takes the expiry of fields away.",
     "key FIELDS (numfields field...)"},
    {"HPEXPIRE", "7.4.0", "O(N), N being the fields named", "Sets after how many milliseconds fields expire.",
     "key milliseconds [NX | XX | GT | LT] FIELDS (numfields field...)"},
    {"HPEXPIREAT", "7.4.0", "O(N), N being the fields named", "Sets at which millisecond fields expire.",
     "key unix-time-milliseconds [NX | XX | GT | LT] FIELDS (numfields field...)"},
    {"HPEXPIRETIME", "7.4.0", "O(N), N being the fields named", "Returns at which millisecond fields expire.",
     "key FIELDS (numfields field...)"},
    {"HPTTL", "7.4.0", "O(N), N being the fields named", "Returns after how many milliseconds fields expire.",
     "key FIELDS (numfields field...)"},
    {"HRANDFIELD", "6.2.0", "O(N), N being the count", "Returns random fields of a hash.", "key [count [WITHVALUES]]"},
    {"HSCAN", "2.8.0", "O(1) for a call, O(N) for all of it", "Goes through the fields of a hash.",
     "key cursor [MATCH pattern] [COUNT count] [NOVALUES]"},
    {"HSET", "2.0.0", "O(N), N being the fields named", "Sets fields of a hash.", "key (field value)..."},
    {"HSETEX", "8.0.0", "O(N), N being the fields named", "Sets fields of a hash, and when they expire.",
     "key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL] "
     "FIELDS (numfields (field value)...)"},
    {"HSETNX", "2.0.0", "O(1)", "Sets a field that a hash does not have.", "key field value"},
    {"HSTRLEN", "3.2.0", "O(1)", "Returns the length of a field's value.", "key field"},
    {"HTTL", "7.4.0", "O(N), N being the fields named", "Returns after how many seconds fields expire.",
     "key FIELDS (numfields field...)"},
    {"HVALS", "2.0.0", "O(N), N being the fields", "Returns the values of all fields.", "key"},
};

}  // namespace

const DocGroup kStringDocs{"string", kString};
const DocGroup kBitmapDocs{"bitmap", kBitmap};
const DocGroup kHyperloglogDocs{"hyperloglog", kHyperloglog};
const DocGroup kListDocs{"list", kList};
const DocGroup kSetDocs{"set", kSet};
const DocGroup kHashDocs{"hash", kHash};

}  // namespace leat
