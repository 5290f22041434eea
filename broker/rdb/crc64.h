// SPDX-License-Identifier: Apache-2.0
// crc64.h: the check at the end of a dump: CRC-64 with Jones' polynomial, bits reflected, nothing inverted.
//
// Used by: the dump's writer and its reader.
#pragma once

#include "schemas/bytes.h"

namespace leat::rdb {

uint64_t crc64(View bytes);  // of "123456789": e9c6d914c4b8d9ca

}  // namespace leat::rdb
