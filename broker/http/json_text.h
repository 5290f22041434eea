// SPDX-License-Identifier: Apache-2.0
// json_text.h: bytes as JSON strings.                                                              [simdjson, OpenSSL]
//
// Used by: the sinks of the REST door, its error bodies.
// Always:  - what comes out is valid UTF-8 inside quotes: each maximal piece that is not UTF-8 becomes U+FFFD
//            (Unicode 3.9);
//          - control bytes, quotes and backslashes are escaped; nothing else is.
#pragma once

#include "schemas/bytes.h"

namespace leat {

void append_json(Bytes& out, View bytes);
void append_utf8(Bytes& out, View bytes);         // the same as plain text: neither quoted nor escaped
void append_json_error(Bytes& out, View text);    // {"error":"…"}
void append_json_base64(Bytes& out, View bytes);  // standard alphabet, padded: REST.md 2.1

}  // namespace leat
