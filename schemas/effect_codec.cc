// SPDX-License-Identifier: Apache-2.0
#include "schemas/effect_codec.h"

#include <array>
#include <limits>
#include <msgpack.hpp>

#include "schemas/check.h"

namespace leat {

namespace {
// One msgpack value of an effect, flattened: an array is its head and then its items.
struct Word {
  enum Kind : uint8_t { kUnsigned, kSigned, kReal, kBytes, kArray } kind;
  uint64_t number = 0;  // unsigned, the bits of signed, or the count of an array
  double real = 0;
  View bytes;
};

// Flattens one top-level msgpack object into words; everything effects do not use is a parse error.
struct Flattener : msgpack::null_visitor {
  explicit Flattener(std::vector<Word>& words) : words(words) {}
  std::vector<Word>& words;
  bool visit_nil() { return false; }
  bool visit_boolean(bool) { return false; }
  bool visit_positive_integer(uint64_t value) { return words.push_back({Word::kUnsigned, value}), true; }
  bool visit_negative_integer(int64_t value) {
    return words.push_back({Word::kSigned, static_cast<uint64_t>(value)}), true;
  }
  bool visit_float32(float) { return false; }
  bool visit_float64(double value) { return words.push_back({Word::kReal, 0, value}), true; }
  bool visit_str(const char*, uint32_t) { return false; }
  bool visit_bin(const char* bytes, uint32_t size) {
    return words.push_back({Word::kBytes, 0, 0, View(bytes, size)}), true;
  }
  bool visit_ext(const char*, uint32_t) { return false; }
  bool start_array(uint32_t count) { return words.push_back({Word::kArray, count}), true; }
  bool start_map(uint32_t) { return false; }
  void parse_error(size_t, size_t) {}
  void insufficient_bytes(size_t, size_t) {}
};

// Takes an effect's fields off the flattened words. Arrays of items borrow from the reader's own vectors, which are
// sized before so that spans into them stay.
struct FieldReader {
  const std::vector<Word>& words;
  std::vector<View>& views;
  std::vector<ScoredMember>& members;
  std::vector<StreamId>& ids;
  size_t at = 0;
  bool good = true;

  const Word* take(Word::Kind kind) {
    if (at < words.size() && words[at].kind == kind) return &words[at++];
    good = false;
    return nullptr;
  }
  size_t take_array(size_t per_item) {
    const Word* word = take(Word::kArray);
    if (word == nullptr || word->number % per_item != 0 || word->number > words.size() - at) return good = false, 0;
    return word->number / per_item;
  }
  void read(View& field) {
    if (const Word* word = take(Word::kBytes)) field = word->bytes;
  }
  void read(double& field) {
    if (const Word* word = take(Word::kReal)) field = word->real;
  }
  void read(StreamId& field) {
    if (take_array(2) != 1) return void(good = false);
    read(field.ms);
    read(field.seq);
  }
  void read(Views& field) {
    const size_t count = take_array(1), first = views.size();
    for (size_t i = 0; i < count && good; ++i) read(views.emplace_back());
    field = Views(views.data() + first, count);
  }
  void read(StreamIds& field) {
    const size_t count = take_array(2), first = ids.size();
    for (size_t i = 0; i < count && good; ++i) {
      StreamId& one = ids.emplace_back();
      read(one.ms);
      read(one.seq);
    }
    field = StreamIds(ids.data() + first, count);
  }
  void read(ScoredMembers& field) {
    const size_t count = take_array(2), first = members.size();
    for (size_t i = 0; i < count && good; ++i) {
      ScoredMember& one = members.emplace_back();
      read(one.score);
      read(one.member);
    }
    field = ScoredMembers(members.data() + first, count);
  }
  template <typename Scalar>
  std::enable_if_t<std::is_integral_v<Scalar> || std::is_enum_v<Scalar>> read(Scalar& field) {
    if (at >= words.size()) return void(good = false);
    const Word& word = words[at++];
    if constexpr (std::is_enum_v<Scalar>) {
      good = good && word.kind == Word::kUnsigned && word.number <= static_cast<uint64_t>(Side::kRight);
      field = static_cast<Scalar>(word.number);
    } else if constexpr (std::is_signed_v<Scalar>) {
      good = good && (word.kind == Word::kSigned || (word.kind == Word::kUnsigned && word.number <= INT64_MAX));
      field = static_cast<Scalar>(static_cast<int64_t>(word.number));
    } else {
      good = good && word.kind == Word::kUnsigned && word.number <= std::numeric_limits<Scalar>::max();
      field = static_cast<Scalar>(word.number);
    }
  }
};

using Build = bool (*)(FieldReader&, Effect&);

template <typename E>
bool build(FieldReader& reader, Effect& effect) {
  E& one = effect.emplace<E>();
  std::apply([&](auto&... field) { (reader.read(field), ...); }, one.fields());
  return reader.good && reader.at == reader.words.size();
}

template <typename... E>
constexpr std::array<Build, 256> builders(std::variant<E...>*) {
  std::array<Build, 256> table{};
  ((table[E::kTag] = &build<E>), ...);
  return table;
}
constexpr auto kBuilders = builders(static_cast<Effect*>(nullptr));

}  // namespace

constexpr size_t kHeadMax = 9;  // of a number, or before bytes or an array

struct EffectPacker::Sink {  // what msgpack::packer wants to write to
  char* at;
  void write(const char* bytes, size_t size) {
    std::memcpy(at, bytes, size);
    at += size;
  }
};

char* EffectPacker::room(size_t bytes) {
  if (gathered_ + bytes > kGatheredMax) finish();
  return buffer_ + gathered_;
}
void EffectPacker::finish() {
  out_.append(buffer_, gathered_);
  gathered_ = 0;
}
void EffectPacker::array(size_t count) {
  CHECK(count <= UINT32_MAX);
  Sink sink{room(kHeadMax)};
  msgpack::packer<Sink>(sink).pack_array(static_cast<uint32_t>(count));
  wrote(sink.at);
}
void EffectPacker::integer(uint64_t value) {
  Sink sink{room(kHeadMax)};
  msgpack::packer<Sink>(sink).pack_uint64(value);
  wrote(sink.at);
}
void EffectPacker::integer_signed(int64_t value) {
  Sink sink{room(kHeadMax)};
  msgpack::packer<Sink>(sink).pack_int64(value);
  wrote(sink.at);
}
// Not pack_double: it writes an integral double as an integer, and -0.0 would come back as 0.
void EffectPacker::real(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  char* const at = room(kHeadMax);
  *at = static_cast<char>(0xcb);
  set_fixed(at + 1, __builtin_bswap64(bits));
  wrote(at + kHeadMax);
}
size_t EffectPacker::bytes(View value) {
  CHECK(value.size() <= UINT32_MAX);
  Sink sink{room(kHeadMax)};
  msgpack::packer<Sink>(sink).pack_bin(static_cast<uint32_t>(value.size()));
  wrote(sink.at);
  if (value.size() <= kGatheredMax - gathered_) {
    const size_t offset = out_.size() + gathered_;
    if (!value.empty()) std::memcpy(buffer_ + gathered_, value.data(), value.size());
    gathered_ += value.size();
    return offset;
  }
  finish();
  const size_t offset = out_.size();
  out_.append(value);
  return offset;
}

Status EffectDecoder::decode(View batch, const Visit& visit) {
  std::vector<Word> words;
  Effect effect;
  size_t offset = 0;
  while (offset < batch.size()) {
    const size_t start = offset;
    const auto malformed = [&] {
      return Status::error("malformed effect at offset " + std::to_string(start) + " of its batch");
    };
    words.clear();
    Flattener flattener(words);
    if (!msgpack::parse(batch.data(), batch.size(), offset, flattener)) return malformed();
    if (words.size() < 3 || words[0].kind != Word::kArray) return malformed();
    if (words[1].kind != Word::kUnsigned || words[1].number > 255) return malformed();
    if (words[2].kind != Word::kUnsigned || words[2].number > UINT16_MAX) return malformed();
    const Build build = kBuilders[words[1].number];
    if (build == nullptr) {
      return Status::error("unknown effect tag " + std::to_string(words[1].number) + " at offset " +
                           std::to_string(start) + " of its batch: written by a newer leat");
    }
    views_.clear(), members_.clear(), ids_.clear();
    views_.reserve(words.size()), members_.reserve(words.size()), ids_.reserve(words.size());
    FieldReader reader{words, views_, members_, ids_, 3};
    if (!build(reader, effect)) return malformed();
    if (Status visited = visit(static_cast<DbIndex>(words[2].number), effect); !visited.ok()) return visited;
  }
  return Status::fine();
}

}  // namespace leat
