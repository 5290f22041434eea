// SPDX-License-Identifier: Apache-2.0
// salvage_folder.h: small data folders with a bit of everything in them, made by a broker in process.
//
// Used by: salvage_fuzz.
#pragma once

#include <map>
#include <vector>

#include "schemas/bytes.h"

namespace leat::testing {

using Folder = std::map<Bytes, Bytes>;  // name → contents

// One whose log goes back to record 1, one whose log does not; the same with an unfinished snapshot.
std::vector<Folder> salvage_folders();

}  // namespace leat::testing
