// SPDX-License-Identifier: Apache-2.0
// side.h: which end of a list.
#pragma once

#include <cstdint>

namespace leat {

enum class Side : uint8_t { kLeft, kRight };

}  // namespace leat
