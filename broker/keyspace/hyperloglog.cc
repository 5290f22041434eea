// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/hyperloglog.h"

#include <bit>
#include <cmath>
#include <limits>

#include "schemas/check.h"

namespace leat {

namespace {

constexpr unsigned kIndexBits = 14;
constexpr unsigned kHashBits = 64 - kIndexBits;  // what of a hash is not the register's number
constexpr View kMagic = "HYLL";
constexpr uint64_t kStale = uint64_t{1} << 63;

// MurmurHash64A, by Austin Appleby, in the public domain; the seed is Redis', or registers would not agree.
uint64_t hash_of(View bytes) {
  constexpr uint64_t kSeed = 0xadc83b19, kFactor = 0xc6a4a7935bd1e995;
  constexpr unsigned kShift = 47;
  uint64_t hash = kSeed ^ (bytes.size() * kFactor);
  for (; bytes.size() >= sizeof(uint64_t); bytes.remove_prefix(sizeof(uint64_t))) {
    uint64_t word = get_fixed<uint64_t>(bytes.data()) * kFactor;
    word = (word ^ word >> kShift) * kFactor;
    hash = (hash ^ word) * kFactor;
  }
  if (!bytes.empty()) {
    uint64_t rest = 0;
    std::memcpy(&rest, bytes.data(), bytes.size());
    hash = (hash ^ rest) * kFactor;
  }
  hash = (hash ^ hash >> kShift) * kFactor;
  return hash ^ hash >> kShift;
}

// Ertl's sigma and tau (section 4.3), summed until a term no longer changes anything.
double sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double sum = x, before, weight = 1;
  do {
    x *= x;
    before = sum;
    sum += x * weight;
    weight += weight;
  } while (sum != before);
  return sum;
}

double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double sum = 1 - x, before, weight = 1;
  do {
    x = std::sqrt(x);
    before = sum;
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  } while (sum != before);
  return sum / 3;
}

}  // namespace

bool HyperLogLog::looks_like(View bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) return false;
  const auto encoding = static_cast<uint8_t>(bytes[kEncodingAt]);
  return encoding == 1 || (encoding == 0 && bytes.size() == kDenseBytes);
}

std::optional<HyperLogLog> HyperLogLog::parse(View bytes) {
  CHECK(looks_like(bytes));
  if (bytes[kEncodingAt] == 1 && !tells_all_registers(bytes)) return std::nullopt;
  return HyperLogLog(bytes);
}

HyperLogLog::HyperLogLog() : bytes_(kHeaderBytes, 0) {
  bytes_.replace(0, kMagic.size(), kMagic);
  bytes_[kEncodingAt] = 1;
  put_zeros(bytes_, kRegisters);
}

// Opcodes.

// nullopt: it is cut off.
std::optional<HyperLogLog::Opcode> HyperLogLog::opcode_at(View bytes, size_t at) {
  const auto first = static_cast<uint8_t>(bytes[at]);
  if ((first & 0x80) != 0) return Opcode{static_cast<uint8_t>((first >> 2 & 31) + 1), 1, (first & 3u) + 1};
  if ((first & 0x40) == 0) return Opcode{0, 1, (first & 63u) + 1};
  if (at + 1 >= bytes.size()) return std::nullopt;
  return Opcode{0, 2, ((first & 63u) << 8 | static_cast<uint8_t>(bytes[at + 1])) + 1};
}

bool HyperLogLog::tells_all_registers(View bytes) {
  size_t registers = 0;
  for (size_t at = kHeaderBytes; at < bytes.size() && registers <= kRegisters;) {
    const auto opcode = opcode_at(bytes, at);
    if (!opcode) return false;
    registers += opcode->covered;
    at += opcode->bytes;
  }
  return registers == kRegisters;
}

void HyperLogLog::put_zeros(Bytes& out, size_t count) {
  constexpr size_t kShortRunMax = 64;
  if (count > kShortRunMax) out += static_cast<char>(0x40 | (count - 1) >> 8);
  if (count > 0) out += static_cast<char>(count - 1);
}

char HyperLogLog::value_opcode(uint8_t value, size_t count) {
  return static_cast<char>(0x80 | static_cast<unsigned>(value - 1) << 2 | (count - 1));
}

// Registers.

uint8_t HyperLogLog::dense_register(View bytes, size_t index) {
  const size_t bit = index * 6, at = kHeaderBytes + bit / 8, shift = bit % 8;
  unsigned both = static_cast<uint8_t>(bytes[at]);
  if (shift > 2) both |= static_cast<unsigned>(static_cast<uint8_t>(bytes[at + 1])) << 8;
  return both >> shift & 63;
}

void HyperLogLog::set_dense_register(size_t index, uint8_t to) {
  const size_t bit = index * 6, at = kHeaderBytes + bit / 8, shift = bit % 8;
  const unsigned mask = 63u << shift, bits = static_cast<unsigned>(to) << shift;
  bytes_[at] = static_cast<char>((static_cast<uint8_t>(bytes_[at]) & ~mask) | bits);
  if (shift > 2) bytes_[at + 1] = static_cast<char>((static_cast<uint8_t>(bytes_[at + 1]) & ~(mask >> 8)) | bits >> 8);
}

HyperLogLog::Sighting HyperLogLog::sighting_of(View element) {
  const uint64_t hash = hash_of(element);
  const uint64_t rest = hash >> kIndexBits | uint64_t{1} << kHashBits;  // a 1 where it ends, so that the count ends too
  return {hash % kRegisters, static_cast<uint8_t>(std::countr_zero(rest) + 1)};
}

bool HyperLogLog::has_seen_dense(View bytes, View element) {
  if (bytes[kEncodingAt] != 0) return false;
  const Sighting seen = sighting_of(element);
  return dense_register(bytes, seen.index) >= seen.value;
}

bool HyperLogLog::add(View element, size_t sparse_bytes_max) {
  const Sighting seen = sighting_of(element);
  return raise(seen.index, seen.value, sparse_bytes_max);
}

bool HyperLogLog::raise(size_t index, uint8_t to, size_t sparse_bytes_max) {
  if (!dense()) return raise_sparse(index, to, sparse_bytes_max);
  if (dense_register(bytes_, index) >= to) return false;
  set_dense_register(index, to);
  return true;
}

bool HyperLogLog::become_dense_and_raise(size_t index, uint8_t to) {
  make_dense();
  return raise(index, to, 0);
}

// The opcode that tells of the register is split around it; a neighbour with the same value is joined afterwards.
bool HyperLogLog::raise_sparse(size_t index, uint8_t to, size_t bytes_max) {
  if (to > kSparseValueMax) return become_dense_and_raise(index, to);
  size_t at = kHeaderBytes, before = kHeaderBytes, first = 0;
  Opcode opcode = opcode_at(at);
  while (index >= first + opcode.covered) {
    before = at;
    first += opcode.covered;
    at += opcode.bytes;
    opcode = opcode_at(at);
  }
  if (opcode.value >= to) return false;
  const size_t left = index - first, right = first + opcode.covered - 1 - index;
  Bytes parts;
  const auto put = [&](size_t count) {
    if (opcode.value == 0) put_zeros(parts, count);
    else if (count > 0) parts += value_opcode(opcode.value, count);
  };
  put(left);
  parts += value_opcode(to, 1);
  put(right);
  const bool grows = parts.size() > opcode.bytes;
  if (grows && bytes_.size() + parts.size() - opcode.bytes > bytes_max) return become_dense_and_raise(index, to);
  bytes_.replace(at, opcode.bytes, parts);
  join_values(before);
  return true;
}

// Joins runs of one value, as far as one opcode can tell them, in the five opcodes from `at` on: where a change can
// have made some.
void HyperLogLog::join_values(size_t at) {
  constexpr uint32_t kValueRunMax = 4;
  for (int steps = 5; steps > 0 && at < bytes_.size(); --steps) {
    const Opcode one = opcode_at(at);
    if (one.value != 0 && at + 1 < bytes_.size()) {
      const Opcode next = opcode_at(at + 1);
      if (next.value == one.value && one.covered + next.covered <= kValueRunMax) {
        bytes_[at + 1] = value_opcode(one.value, one.covered + next.covered);
        bytes_.erase(at, 1);
        continue;
      }
    }
    at += one.bytes;
  }
}

void HyperLogLog::make_dense() {
  if (dense()) return;
  HyperLogLog made(View(bytes_).substr(0, kHeaderBytes));
  made.bytes_[kEncodingAt] = 0;
  made.bytes_.resize(kDenseBytes, 0);
  size_t index = 0;
  for (size_t at = kHeaderBytes; at < bytes_.size();) {
    const Opcode opcode = opcode_at(at);
    for (size_t i = 0; i < opcode.covered && opcode.value != 0; ++i) made.set_dense_register(index + i, opcode.value);
    index += opcode.covered;
    at += opcode.bytes;
  }
  bytes_ = std::move(made.bytes_);
}

void HyperLogLog::merge_into(Registers& registers) const {
  if (dense()) {
    for (size_t i = 0; i < kRegisters; ++i) registers[i] = std::max(registers[i], dense_register(bytes_, i));
    return;
  }
  size_t index = 0;
  for (size_t at = kHeaderBytes; at < bytes_.size();) {
    const Opcode opcode = opcode_at(at);
    for (size_t i = 0; i < opcode.covered && opcode.value != 0; ++i) {
      registers[index + i] = std::max(registers[index + i], opcode.value);
    }
    index += opcode.covered;
    at += opcode.bytes;
  }
}

// Counts.

void HyperLogLog::mark_stale() {
  set_fixed(bytes_.data() + kCountAt, get_fixed<uint64_t>(bytes_.data() + kCountAt) | kStale);
}

std::optional<uint64_t> HyperLogLog::stored_count(View bytes) {
  const auto stored = get_fixed<uint64_t>(bytes.data() + kCountAt);
  return (stored & kStale) != 0 ? std::nullopt : std::optional(stored);
}

Bytes HyperLogLog::stored_form(uint64_t count) {
  Bytes out;
  put_u64(out, count);
  return out;
}

uint64_t HyperLogLog::estimate(const Registers& registers) {
  constexpr double kAlpha = 0.721347520444481703680;  // 1 / (2 ln 2)
  constexpr double kCount = kRegisters;
  std::array<uint32_t, 64> holding{};  // how many registers hold each value
  for (const uint8_t value : registers) ++holding[value];
  double z = kCount * tau((kCount - holding[kHashBits + 1]) / kCount);
  for (size_t value = kHashBits; value >= 1; --value) z = 0.5 * (z + holding[value]);
  z += kCount * sigma(holding[0] / kCount);
  return static_cast<uint64_t>(std::llround(kAlpha * kCount * kCount / z));
}

uint64_t HyperLogLog::estimate() const {
  Registers registers{};
  merge_into(registers);
  return estimate(registers);
}

Bytes HyperLogLog::opcodes_text() const {
  Bytes out;
  for (size_t at = kHeaderBytes; at < bytes_.size();) {
    const Opcode opcode = opcode_at(at);
    if (!out.empty()) out += ' ';
    if (opcode.value != 0) out += "v:" + std::to_string(opcode.value) + ',' + std::to_string(opcode.covered);
    else out += (opcode.bytes == 2 ? "Z:" : "z:") + std::to_string(opcode.covered);
    at += opcode.bytes;
  }
  return out;
}

}  // namespace leat
