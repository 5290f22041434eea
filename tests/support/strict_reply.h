// SPDX-License-Identifier: Apache-2.0
// strict_reply.h: whether bytes are a reply as the protocol has it: every length right, every number in its one form,
// no type that the client's version lacks.
//
// Used by: the test of all commands, the fuzzers. Other tests read replies by reply.h, which believes what it reads.
#pragma once

#include "schemas/bytes.h"

namespace leat::testing {

enum class Resp : uint8_t { kEither, k2, k3 };

struct StrictReply {
  size_t size = 0;   // of the first reply of the bytes; 0: there is no whole one, or none that is well formed
  char type = 0;     // behind attributes
  size_t items = 0;  // of an aggregate
  View first;        // its first item, if that is a bulk string
};
StrictReply read_strictly(View bytes, Resp version);

}  // namespace leat::testing
