// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/lzf.h"

#include <lzf.h>

namespace leat::rdb {

namespace {
constexpr uint64_t kLongestCopy = 264, kCopyBytes = 3;  // the most that so many compressed bytes may stand for
}  // namespace

bool lzf_expand(View compressed, uint64_t size, Bytes& out) {
  if (compressed.empty() || size == 0 || size > UINT32_MAX || compressed.size() > UINT32_MAX) return false;
  if (size / kLongestCopy > compressed.size() / kCopyBytes + 1) return false;
  out.resize(size);
  return lzf_decompress(compressed.data(), static_cast<unsigned>(compressed.size()), out.data(),
                        static_cast<unsigned>(size)) == size;
}

size_t lzf_append(Bytes& out, View plain, size_t saved_min) {
  if (plain.size() <= saved_min || plain.size() > UINT32_MAX) return 0;
  const size_t start = out.size(), most = plain.size() - saved_min;
  out.resize(start + most);
  const size_t took = lzf_compress(plain.data(), static_cast<unsigned>(plain.size()), out.data() + start,
                                   static_cast<unsigned>(most));
  out.resize(start + took);
  return took;
}

}  // namespace leat::rdb
