// SPDX-License-Identifier: Apache-2.0
// file_reader_fuzz.cc: any bytes as a dump.rdb: told or refused, the same however few the source gives at once, and
// what is told of a key is read again, whole, without a step beyond it.
#include <cstdlib>
#include <cstring>

#include "broker/rdb/file_reader.h"

using leat::Bytes;
using leat::Result;
using leat::View;
namespace rdb = leat::rdb;

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

class Deaf final : public rdb::Contents {
 public:
  bool text(View) override { return true; }
  bool element(View) override { return true; }
  bool member(View) override { return true; }
  bool scored(View, double) override { return true; }
  bool field(View, View, leat::TimeMs) override { return true; }
  bool entry(leat::StreamId, std::span<const View>) override { return true; }
  bool stream(const rdb::StreamEnd&) override { return true; }
  bool group(const rdb::GroupHead&) override { return true; }
  bool consumer(const rdb::ConsumerHead&) override { return true; }
  bool pending(const rdb::PendingOne&) override { return true; }
};

// What it tells, in short.
Bytes told(View file, size_t step) {
  rdb::FileReader reader([&](uint64_t offset, char* to, size_t size) -> Result<size_t> {
    must(offset <= file.size());
    const View bytes = file.substr(offset).substr(0, std::min(size, step));
    std::memcpy(to, bytes.data(), bytes.size());
    return bytes.size();
  });
  Bytes said;
  for (uint64_t before = 0;; before = reader.offset()) {
    const auto item = reader.next();
    must(reader.offset() <= file.size());
    if (!item.ok()) return said + "refused";
    must(reader.offset() > before);
    if (const auto* key = std::get_if<rdb::FileReader::Key>(&*item)) {
      said += Bytes(key->name) + " " + std::to_string(key->object.body.size()) + "\n";
      Deaf deaf;
      if (!rdb::is_of_module(key->object.layout)) {
        must(rdb::read_object(key->object, {.string_bytes_max = rdb::FileReader::kStringBytesMax, .expanded_max = UINT64_MAX}, deaf));
      }
    } else if (const auto* library = std::get_if<rdb::FileReader::Library>(&*item)) {
      said += Bytes(library->code) + "\n";
    } else if (std::holds_alternative<rdb::FileReader::End>(*item)) {
      return said + "end";
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const View file(reinterpret_cast<const char*>(data), size);
  must(told(file, SIZE_MAX) == told(file, 1 + size / 3));  // few pieces: each is read with room for a large one
  return 0;
}
