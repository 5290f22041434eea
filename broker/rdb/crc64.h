// SPDX-License-Identifier: Apache-2.0
// crc64.h: the check at the end of a dump: CRC-64 with Jones' polynomial, bits reflected, nothing inverted.
//
// Used by: the writers and readers of dumps and files.
#pragma once

#include "schemas/bytes.h"

namespace leat::rdb {

// Of "123456789": e9c6d914c4b8d9ca. `before`: the check of the bytes before these, where there are any.
uint64_t crc64(View bytes, uint64_t before = 0);

}  // namespace leat::rdb
