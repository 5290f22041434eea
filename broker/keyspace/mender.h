// SPDX-License-Identifier: Apache-2.0
// mender.h: makes the chunks that are left of a damaged snapshot fit together again, and says what is missing.
//
// Used by: salvage, between the rows that it could read and a KeyspaceLoader, which then meets no misfit.
// Always:  - nothing is made up but what holds the rest together: the head of a stream, from its entries; a consumer
//            for entries that were pending for one who is lost (kLostConsumer); zeros within a long string;
//          - what is left out is told, with its key where one leads to it;
//          - takes the memory of the chunks once more: all must be there before any can be judged.
// Why so:  chunks of a hash, a set or a key table cover parts of the hashes: a gap shows that one is missing, and how
//          much of the whole it held. Those of lists, sorted sets, streams and pending entries leave no gap: a lost one
//          can be laid to a key only if its row still says whose it was.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "broker/keyspace/keyspace.h"

namespace leat {

constexpr View kLostConsumer = "lost-consumer-";  // and its slot
constexpr View kLostValue = "lost-value-";        // and its id, and a number

class KeyspaceMender {
 public:
  struct Loss {
    ValueId owner = 0;  // the value; 0: not known, or there is none
    std::optional<DbIndex> db;
    std::optional<Bytes> key;  // that leads to it
    bool whole = false;        // the key itself is gone
    Bytes what;                // a sentence
  };

  // `chunks` knows the blobs, and the hash seed; it must outlive this.
  KeyspaceMender(const ChunkStore& chunks, Keyspace::State state) : chunks_(chunks), state_(std::move(state)) {}

  void add_blob(BlobId id) { blobs_.insert(id); }
  void add(const SavedChunk& chunk);            // a copy
  void miss(ValueId owner, const Bytes& what);  // something of that value cannot be read

  void mend();                                             // when all of that was said; then:
  const Keyspace::State& state() const { return state_; }  // with the ids that mend() has given out
  const std::vector<Loss>& losses() const { return losses_; }
  template <typename Put>  // put(const SavedChunk&) gives a Status; in no particular order
  Status hand_out(Put put) const {
    for (const Piece& piece : kept_) {
      Status done = put(SavedChunk{.id = piece.id,
                                   .owner = piece.owner,
                                   .kind = piece.kind,
                                   .detail = piece.detail,
                                   .bytes = piece.bytes,
                                   .keeper = nullptr});
      if (!done.ok()) return done;
    }
    return Status::fine();
  }

 private:
  struct Piece {
    ChunkId id;
    ValueId owner;
    ChunkKind kind;
    uint32_t detail;
    Bytes bytes;
  };
  using Pieces = std::vector<Piece>;

  void mend_value(ValueId owner, Pieces pieces);
  bool mend_string(ValueId owner, Pieces& pieces);
  Pieces string_pieces(ValueId owner, View bytes);
  bool mend_map(ValueId owner, Pieces& pieces);
  bool mend_hash(ValueId owner, Pieces& pieces);
  void keep_lifetimes(Piece& piece, const std::unordered_set<View>& fields) const;
  bool mend_items(ValueId owner, Pieces& pieces, size_t head, size_t lead);
  bool mend_sorted_set(ValueId owner, Pieces& pieces);
  bool mend_stream(ValueId owner, Pieces& pieces);
  void mend_producers(ValueId owner, Pieces& heads, Pieces& remembered);
  void mend_group(Pieces pieces);
  void add_lost_consumers(ValueId owner, const Pieces& pending, Pieces& consumers);
  void mend_table(DbIndex db, Pieces pieces);
  void mend_row(DbIndex db, View entry, Bytes& kept);
  bool keep_entries(Piece& piece, bool values, uint64_t& lost) const;
  double keep_disjoint(ValueId owner, Pieces& pieces, bool values);
  bool fits_prefix(const Piece& piece, bool values, uint64_t& prefix) const;
  bool keep_stream_items(Piece& piece, uint64_t& lost) const;
  bool is_there(const char* entry) const;
  template <typename KeysOf>
  void keep_ascending(ValueId owner, Pieces& pieces, KeysOf keys_of);
  void keep(Pieces pieces);
  void lose(Loss loss) { losses_.push_back(std::move(loss)); }
  void name_losses();
  void adopt_orphans(DbIndex db);
  Bytes free_name(ValueId value, const Piece& segment) const;

  const ChunkStore& chunks_;
  Keyspace::State state_;
  std::unordered_set<BlobId> blobs_;
  Pieces pieces_;
  Pieces kept_;
  std::unordered_map<ValueId, Type> values_;  // that are there; a key takes its own out
  std::map<ValueId, ValueId> streams_;        // of groups that miss something
  std::map<ValueId, std::pair<DbIndex, Bytes>> names_;
  std::set<ValueId> wanted_;    // values whose key is to be told
  std::optional<DbIndex> gap_;  // the first database whose key table has one
  std::vector<Loss> losses_;
};

}  // namespace leat
