// SPDX-License-Identifier: Apache-2.0
// bind_addresses.h: the setting `bind` taken apart: "127.0.0.1 -::1".
//
// Used by: Doors, which listen there; door.h, which asks whether that is safe; INFO.
// Always:  - words as in Redis: '*' and '::*' are all addresses of IPv4 and of IPv6; one behind a '-' may be missing on
//            this machine; none at all: nobody comes in by TCP.
// Source:  https://redis.io/docs/latest/operate/oss_and_stack/management/config-file/
#pragma once

#include <vector>

#include "schemas/bytes.h"

namespace leat {

struct BindAddress {
  View host;  // "0.0.0.0", "::1"; of the text, or a word of its own
  bool may_be_missing;
};
constexpr size_t kBindAddressesMax = 16;  // of one setting, as in Redis
std::vector<BindAddress> bind_addresses(View text);

}  // namespace leat
