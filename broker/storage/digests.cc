// SPDX-License-Identifier: Apache-2.0
#include "broker/storage/digests.h"

namespace leat {

namespace {
constexpr size_t kValueBytesMax = 16 << 10;  // read through in some ten microseconds
}  // namespace

std::optional<uint64_t> digest_of(const Keyspace& keyspace, const DigestSample::Key& key) {
  const Database& database = keyspace.database(key.db);
  const auto found = database.find(key.name);
  if (found && (found->value != nullptr ? found->value->memory() : found->text.size()) > kValueBytesMax)
    return std::nullopt;
  return database.digest_of(key.name);
}

Status compare(const Keyspace& keyspace, DbIndex db, const KeyDigest& stated, Index index) {
  if (keyspace.database(db).digest_of(stated.key) == stated.digest) return Status::fine();
  return Status::error("record " + std::to_string(index) + " says what key '" + Bytes(stated.key) + "' of database " +
                       std::to_string(db) + " held, and replay has made something else of it: this is a fault of the " +
                       "program or of the machine's memory. Nothing was changed; try another machine or the version " +
                       "that wrote the log, and report it");
}

}  // namespace leat
