// SPDX-License-Identifier: Apache-2.0
#include "wal/snapshot.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace leat::wal {

namespace {

// In front of each mark's seed: on disk, so never renumbered.
enum class Table : uint8_t { kChunks = 1, kBlobs = 2, kMeta = 3 };

// The columns of a row, packed; no row has more.
class Columns {
 public:
  explicit Columns(Table table) { add(table); }
  template <typename Value>
  Columns& add(Value value) {
    set_fixed(packed_ + size_, value);
    size_ += sizeof value;
    return *this;
  }
  uint64_t mark(View bytes) const {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), XXH3_64bits(packed_, size_));
  }

 private:
  char packed_[1 + 7 * sizeof(uint64_t)];
  size_t size_ = 0;
};

}  // namespace

uint64_t mark_of(const SnapshotRow& row) {
  return Columns(Table::kChunks).add(row.id).add(row.owner).add(row.kind).add(row.detail).mark(row.bytes);
}

uint64_t mark_of(const SnapshotBlob& blob) { return Columns(Table::kBlobs).add(blob.id).mark(blob.bytes); }

uint64_t mark_of(const SnapshotMeta& meta, const SnapshotTally& tally) {
  Columns columns(Table::kMeta);
  columns.add(meta.cluster_id).add(meta.server_id).add(meta.term).add(meta.index).add(meta.time_ms);
  return columns.add(tally.rows).add(tally.digest).mark(meta.state);
}

}  // namespace leat::wal
