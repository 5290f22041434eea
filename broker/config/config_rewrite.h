// SPDX-License-Identifier: Apache-2.0
// config_rewrite.h: the configuration as it is now, written back into the file that it came from.            [toml++]
//
// Used by: CONFIG REWRITE.
// Always:  - only values that differ from the file's change; comments, order and everything else stay as they are;
//          - what is written was read again first, and says what the broker does: else nothing is written;
//          - the file is whole at any moment: it is made beside, synced, and renamed.
#pragma once

#include "broker/config/config.h"

namespace leat {

// The text of the file with the values of `config`.
Result<Bytes> rewritten(const Bytes& text, const Config& config);
Status rewrite_config_file(const Config& config);

}  // namespace leat
