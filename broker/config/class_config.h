// SPDX-License-Identifier: Apache-2.0
// class_config.h: the [class.NAME] tables of the configuration: what may stand in them, and what may not
// stand together.
//
// Used by: config.cc, for the file, for --set, and for the checks behind both.
// Always:  - one table of keys serves the file and --set;
//          - a refusal says what to write instead; where it came from stands in front of it.
#pragma once

#include "broker/config/config.h"

namespace leat {

// "class.NAME.key = value", from `place` ("leat.toml:12", "--set"); prefixes are split at blanks.
Status set_class_key(View name, View key, View value, const Bytes& place, Config& config);
// The prefixes as the file has them: one text each.
Status set_class_prefixes(View name, std::vector<Bytes> prefixes, const Bytes& place, Config& config);
Status check_classes(const Config& config);

}  // namespace leat
