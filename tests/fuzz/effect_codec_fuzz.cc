// SPDX-License-Identifier: Apache-2.0
// effect_codec_fuzz.cc: any bytes as a batch: an error, or effects that encode and decode to themselves.
#include <cstdint>
#include <cstdlib>

#include "schemas/effect_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace leat;
  EffectDecoder decoder, again;
  EffectEncoder encoder;
  (void)decoder.decode(View(reinterpret_cast<const char*>(data), size), [&](DbIndex db, const Effect& effect) {
    Bytes batch;
    std::visit([&](const auto& one) { encoder.encode(batch, db, one); }, effect);
    bool same = false;
    const Status decoded = again.decode(batch, [&](DbIndex other_db, const Effect& other) {
      same = effect_text(db, effect) == effect_text(other_db, other);
      return Status::fine();
    });
    if (!decoded.ok() || !same) std::abort();
    return Status::fine();
  }).ok();
  return 0;
}
