// SPDX-License-Identifier: Apache-2.0
// hyperloglog.h: how many different elements were seen, about (0.81 % off), in at most 12 KB. To a key it is a string,
// laid out as Redis lays it out, so that GET, SET, DUMP and the wire move it between the two.
//
// Used by: the PF… commands, which parse a key's text, change the copy and emit what changed.
// Always:  - the same additions leave the same bytes as in Redis, so splitting and joining of opcodes follow its order;
//          - bytes that a client made up are checked once, by parse(): behind it every walk over them stays within;
//          - a sparse one becomes dense and never goes back.
// Bytes:   header := "HYLL", encoding: u8 (0 dense, 1 sparse), u8[3] unused, count: u64, its top bit set when it is
//          stale dense  := header, 16384 registers of 6 bits, the low bits first sparse := header, opcode*, which tell
//          the registers in runs:
//            00nnnnnn           n + 1 registers that are 0
//            01nnnnnn nnnnnnnn  the same, for longer runs, high bits first
//            1vvvvvnn           n + 1 registers that are v + 1
// Source:  Otmar Ertl, New cardinality estimation algorithms for HyperLogLog sketches, arXiv:1702.01284
#pragma once

#include <array>
#include <optional>

#include "schemas/bytes.h"

namespace leat {

class HyperLogLog {
 public:
  static constexpr size_t kRegisters = 1 << 14;
  using Registers = std::array<uint8_t, kRegisters>;

  // Whether the bytes are of this kind, as far as the header and, of dense ones, the length say.
  static bool looks_like(View bytes);
  // Bytes that look like one; nullopt when their opcodes do not tell all registers and no more.
  static std::optional<HyperLogLog> parse(View bytes);
  HyperLogLog();  // that has seen nothing; sparse

  View bytes() const { return bytes_; }
  bool dense() const { return bytes_[kEncodingAt] == 0; }

  // Whether these bytes, which look like one, are dense and adding the element would change nothing: told without
  // a copy.
  static bool has_seen_dense(View bytes, View element);
  // True when a register rose. A sparse one that would outgrow `sparse_bytes_max` becomes dense.
  bool add(View element, size_t sparse_bytes_max);
  bool raise(size_t index, uint8_t to, size_t sparse_bytes_max);
  void make_dense();
  void mark_stale();

  // The count that was stored last; nullopt when it is stale. Of any bytes that look like one.
  static std::optional<uint64_t> stored_count(View bytes);
  static constexpr size_t kCountAt = 8;          // where it is stored, in
  static Bytes stored_form(uint64_t count);      // this form

  // Raises each register of `registers` to its own.
  void merge_into(Registers& registers) const;
  static uint64_t estimate(const Registers& registers);
  uint64_t estimate() const;

  // The opcodes of a sparse one, for people: "Z:8000 v:3,1 z:12 …".
  Bytes opcodes_text() const;

 private:
  static constexpr size_t kEncodingAt = 4, kHeaderBytes = 16;
  static constexpr size_t kDenseBytes = kHeaderBytes + kRegisters * 6 / 8;
  static constexpr uint8_t kSparseValueMax = 32;

  struct Opcode {
    uint8_t value;     // of each register
    uint8_t bytes;     // of the opcode
    uint32_t covered;  // registers
  };
  explicit HyperLogLog(View bytes) : bytes_(bytes) {}
  static std::optional<Opcode> opcode_at(View bytes, size_t at);
  Opcode opcode_at(size_t at) const { return *opcode_at(bytes_, at); }
  static bool tells_all_registers(View bytes);
  static void put_zeros(Bytes& out, size_t count);
  static char value_opcode(uint8_t value, size_t count);

  struct Sighting {
    size_t index;   // of the register
    uint8_t value;  // which it is at least, then
  };
  static Sighting sighting_of(View element);
  static uint8_t dense_register(View bytes, size_t index);
  void set_dense_register(size_t index, uint8_t to);
  bool raise_sparse(size_t index, uint8_t to, size_t bytes_max);
  void join_values(size_t at);
  bool become_dense_and_raise(size_t index, uint8_t to);

  Bytes bytes_;
};

}  // namespace leat
