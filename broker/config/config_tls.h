// SPDX-License-Identifier: Apache-2.0
// config_tls.h: the settings of TLS among all others.
//
// Used by: config.cc, for its one table of keys.
// Always:  - a value is checked as far as it can be without reading a file; whether certificate, key and the rest fit
//            together is found when a context is made of them (net/tls.h), at the start and before CONFIG SET
//            takes effect.
#pragma once

#include "broker/config/config.h"

namespace leat {

void append_tls_keys(std::vector<ConfigKey>& keys);

}  // namespace leat
