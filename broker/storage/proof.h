// SPDX-License-Identifier: Apache-2.0
// proof.h: a data folder read the way a start reads it, into memory: whether its content is what the log says it was.
//
// Used by: `leat check`, when all checksums fit; salvage, on what it has made; DEBUG RELOAD.
// Always:  - only reads; takes the memory that a start takes.
#pragma once

#include "broker/keyspace/keyspace.h"
#include "wal/file.h"

namespace leat {

struct Proof {
  uint64_t keys = 0;
  uint64_t effects = 0;  // replayed
  uint64_t digests = 0;  // among them, statements of what a key held: all agree
  uint64_t digest = 0;   // of everything
};

// Fails with the sentence that a start would refuse with.
Result<Proof> prove_folder(wal::FileSystem& files, const Bytes& folder);
// The same into a keyspace that is fresh and keeps it.
Result<Proof> prove_folder(wal::FileSystem& files, const Bytes& folder, Keyspace& keyspace);

uint64_t count_keys(const Keyspace& keyspace);

}  // namespace leat
