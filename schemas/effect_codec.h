// SPDX-License-Identifier: Apache-2.0
// effect_codec.h: effect ⇄ bytes. A batch is a run of msgpack arrays: [tag, db, field …], see effect.md.     [msgpack]
//
// Used by: Batch (encode, then apply from the views that `encode` returns), recovery and `leat dump` (decode).
// Always:  - nothing is copied but into the batch: the effect that encode returns, and those that a reader yields,
//            borrow from the batch's bytes, and live until it grows or goes;
//          - decode checks everything: bytes from a disk are not trusted, whatever their checksum said.
#pragma once

#include <deque>
#include <functional>
#include <type_traits>
#include <vector>

#include "schemas/effect.h"
#include "schemas/status.h"

namespace leat {

// The few msgpack forms that effects use. What is short is gathered first, so that the batch grows once for a run
// of it.
class EffectPacker {
 public:
  explicit EffectPacker(Bytes& out) : out_(out) {}  // out must outlive this
  EffectPacker(const EffectPacker&) = delete;
  EffectPacker& operator=(const EffectPacker&) = delete;
  void array(size_t count);
  void integer(uint64_t value);
  void integer_signed(int64_t value);
  void real(double value);
  size_t bytes(View value);  // the offset in the batch at which the bytes will lie
  void finish();             // nothing is gathered any more

 private:
  static constexpr size_t kGatheredMax = 256;
  struct Sink;
  char* room(size_t bytes);
  void wrote(const char* end) { gathered_ = static_cast<size_t>(end - buffer_); }

  Bytes& out_;
  size_t gathered_ = 0;
  char buffer_[kGatheredMax];
};

class EffectEncoder {
 public:
  // Appends `effect` to `batch` and returns it with every View pointing into the batch.
  // What it returns lives until the next call, or until the batch grows.
  template <typename E>
  E encode(Bytes& batch, DbIndex db, const E& effect) {
    offsets_.clear();
    EffectPacker packer(batch);
    constexpr size_t kFields = std::tuple_size_v<decltype(effect.fields())>;
    packer.array(2 + kFields);
    packer.integer(E::kTag);
    packer.integer(db);
    std::apply([&](const auto&... field) { (pack(packer, field), ...); }, effect.fields());
    packer.finish();

    E bound = effect;
    base_ = batch.data();
    next_offset_ = 0;
    members_used_ = views_used_ = 0;
    if (views_.size() < offsets_.size()) views_.resize(offsets_.size());
    if (members_.size() < offsets_.size()) members_.resize(offsets_.size());
    std::apply([&](auto&... field) { (bind(field), ...); }, bound.fields());
    return bound;
  }

  // Gives back what an effect of very many words took. What encode() returned is void.
  void give_back_large() {
    constexpr size_t kKept = 4096;
    clear_keeping(offsets_, kKept);
    if (views_.capacity() > kKept) clear_keeping(views_, 0), clear_keeping(members_, 0);
  }

 private:
  void pack(EffectPacker& packer, View field) { offsets_.push_back(packer.bytes(field)); }
  void pack(EffectPacker& packer, double field) { packer.real(field); }
  void pack(EffectPacker& packer, StreamId field) {
    packer.array(2);
    packer.integer(field.ms);
    packer.integer(field.seq);
  }
  void pack(EffectPacker& packer, Views field) {
    packer.array(field.size());
    for (const View one : field) pack(packer, one);
  }
  void pack(EffectPacker& packer, StreamIds field) {
    packer.array(field.size() * 2);
    for (const StreamId one : field) packer.integer(one.ms), packer.integer(one.seq);
  }
  void pack(EffectPacker& packer, ScoredMembers field) {
    packer.array(field.size() * 2);
    for (const ScoredMember& one : field) {
      packer.real(one.score);
      pack(packer, one.member);
    }
  }
  template <typename Scalar>
  std::enable_if_t<std::is_integral_v<Scalar> || std::is_enum_v<Scalar>> pack(EffectPacker& packer, Scalar field) {
    if constexpr (std::is_enum_v<Scalar>) packer.integer(static_cast<uint64_t>(field));
    else if constexpr (std::is_signed_v<Scalar>) packer.integer_signed(field);
    else packer.integer(field);
  }

  void bind(View& field) { field = View(base_ + offsets_[next_offset_++], field.size()); }
  void bind(Views& field) {
    View* const first = views_.data() + views_used_;
    for (const View one : field) bind(views_[views_used_++] = one);
    field = Views(first, field.size());
  }
  void bind(ScoredMembers& field) {
    ScoredMember* const first = members_.data() + members_used_;
    for (const ScoredMember& one : field) bind((members_[members_used_++] = one).member);
    field = ScoredMembers(first, field.size());
  }
  template <typename Scalar>
  void bind(Scalar&) {}  // numbers and spans of numbers hold no view into what the effect is about to change

  std::vector<size_t> offsets_;  // of every View, in field order
  std::vector<View> views_;
  std::vector<ScoredMember> members_;
  const char* base_ = nullptr;
  size_t next_offset_ = 0, views_used_ = 0, members_used_ = 0;
};

// Calls `visit` for each effect of a batch, in order. Stops at the first malformed one with a sentence that has
// its offset.
class EffectDecoder {
 public:
  using Visit = std::function<Status(DbIndex db, const Effect& effect)>;
  Status decode(View batch, const Visit& visit);

 private:
  std::vector<View> views_;
  std::vector<ScoredMember> members_;
  std::vector<StreamId> ids_;
};

// As `leat dump` prints it: "db=0 ListPush key=\"jobs\" side=0 values=[\"a\"]".
Bytes effect_text(DbIndex db, const Effect& effect);
Bytes quoted(View text);  // as there

}  // namespace leat
