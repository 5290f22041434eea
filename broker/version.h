// SPDX-License-Identifier: Apache-2.0
// version.h: who we say we are. The Redis version is the behaviour that clients may count on (DESIGN.md section 7).
#pragma once

#include "schemas/bytes.h"

namespace leat {

constexpr View kLeatVersion = "0.1.0";
constexpr View kRedisVersion = "7.4.0";

}  // namespace leat
