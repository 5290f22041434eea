// SPDX-License-Identifier: Apache-2.0
// applicable_fuzz.cc: any effects in any order: those that fit the state are carried out and never crash, and the
// keyspace they make is the same again when its snapshot is loaded.
//
// The input is a batch as the log has it (schemas/effect.md). An effect that is malformed costs one byte, and decoding
// goes on.
#include <cstdint>
#include <cstdlib>

#include "broker/keyspace/applicable.h"
#include "broker/keyspace/apply.h"
#include "broker/keyspace/loader.h"
#include "schemas/effect_codec.h"

namespace leat {

namespace {

constexpr uint64_t kOffsetMax = 1 << 20;  // of a string: it is the fuzzer's memory

bool is_too_large(const Effect& effect) {
  const auto* write = std::get_if<StringWrite>(&effect);
  return write != nullptr && write->offset > kOffsetMax;
}

void apply_all(Keyspace& keyspace, View input) {
  EffectDecoder decoder;
  while (!input.empty()) {
    const Status decoded = decoder.decode(input, [&](DbIndex db, const Effect& effect) {
      if (fits_state(keyspace, db, effect).ok() && !is_too_large(effect)) apply_effect(keyspace, db, effect);
      return Status::fine();
    });
    if (decoded.ok()) return;
    // "malformed effect at offset N of its batch"
    const Bytes text(decoded.text());
    const size_t at = text.find("offset ");
    CHECK(at != Bytes::npos);
    input.remove_prefix(std::min<size_t>(std::strtoull(text.c_str() + at + 7, nullptr, 10) + 1, input.size()));
  }
}

// A snapshot of it, loaded.
uint64_t digest_when_loaded(Keyspace& keyspace) {
  Changes& changes = keyspace.chunks().changes();
  changes.freeze();
  while (!changes.take(SIZE_MAX / 2)) continue;
  const Handover handover = changes.hand_over();
  Keyspace loaded(0);
  KeyspaceLoader loader(loaded);
  CHECK(loader.begin(keyspace.state()).ok());
  for (const SavedBlob& blob : handover.blobs) loader.add_blob(blob.id, blob.bytes);
  for (const SavedChunk& chunk : handover.chunks) CHECK(loader.add(chunk).ok());
  CHECK(loader.finish([] {}).ok());
  return loaded.digest();
}

}  // namespace

void run(View input) {
  Keyspace keyspace(1);
  apply_all(keyspace, input);
  while (!keyspace.free_some(SIZE_MAX / 2)) continue;
  CHECK(digest_when_loaded(keyspace) == keyspace.digest());
}

}  // namespace leat

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  leat::run(leat::View(reinterpret_cast<const char*>(data), size));
  return 0;
}
