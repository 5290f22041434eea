// SPDX-License-Identifier: Apache-2.0
// dump_reader_fuzz.cc: any bytes as what DUMP wrote (without version and check) are refused or told, the same way
// twice, and never lead beyond them; what is told is what contents.h promises.
#include <cmath>
#include <cstdlib>

#include "broker/rdb/dump_reader.h"

using leat::StreamId;
using leat::TimeMs;
using leat::View;
namespace rdb = leat::rdb;

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

class Listener final : public rdb::Contents {
 public:
  bool text(View value) override { return hear(value); }
  bool element(View value) override { return hear(value); }
  bool member(View member) override { return hear(member); }
  bool scored(View member, double score) override { return must(!std::isnan(score)), hear(member); }
  bool field(View name, View value, TimeMs expire_at_ms) override {
    return must(expire_at_ms >= 0), hear(name) && hear(value);
  }
  bool entry(StreamId id, std::span<const View> pairs) override {
    must(id > last_ && !pairs.empty() && pairs.size() % 2 == 0);
    last_ = id;
    for (const View part : pairs) hear(part);
    return heard_ < kHeardMax;  // names that are said once, and told with each entry, are many
  }
  bool stream(const rdb::StreamEnd& end) override {
    return must(end.last_id >= last_ && end.last_id >= end.max_deleted_id), true;
  }
  bool group(const rdb::GroupHead& group) override { return must(group.entries_read >= -1), hear(group.name); }
  bool consumer(const rdb::ConsumerHead& one) override {
    return must(one.seen_ms >= 0 && one.active_ms >= -1), hear(one.name);
  }
  bool pending(const rdb::PendingOne& one) override { return must(one.delivered_at_ms >= 0), hear(one.consumer); }

  friend bool operator==(const Listener& a, const Listener& b) { return a.heard_ == b.heard_ && a.sum_ == b.sum_; }

 private:
  static constexpr uint64_t kHeardMax = 64 << 20;
  bool hear(View part) {
    heard_ += part.size() + 1;
    for (const char c : part) sum_ = sum_ * 31 + static_cast<uint8_t>(c);
    return heard_ < kHeardMax;
  }
  uint64_t heard_ = 0, sum_ = 0;
  StreamId last_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const View bytes(reinterpret_cast<const char*>(data), size);
  const rdb::Object object = rdb::object_of(bytes);
  const rdb::Input::Limits limits{.string_bytes_max = 4 << 20, .expanded_max = 8 << 20};
  Listener first, second;
  const bool told = rdb::read_object(object, limits, first);
  must(told == rdb::read_object(object, limits, second) && first == second);
  must(!told || rdb::type_of(object.layout).has_value());
  static_cast<void>(rdb::open_dump(bytes));
  return 0;
}
