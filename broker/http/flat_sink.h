// SPDX-License-Identifier: Apache-2.0
// flat_sink.h: RESP2's shapes: what only RESP3 has a type for becomes an array, a text or a number.
//
// Used by: the sinks of the REST door, whose clients know no other shapes (REST.md 2.1).
#pragma once

#include "broker/protocol/numbers.h"
#include "broker/protocol/reply_sink.h"

namespace leat {

class FlatSink : public ReplySink {
 public:
  Replied null_array() final { return null(); }
  Replied real(double value) final { return bulk(real_text(value)); }
  Replied plain_real(double value) final { return bulk(long_real_text(value)); }
  Replied boolean(bool value) final { return integer(value ? 1 : 0); }
  Replied verbatim_as(View, View text) final { return bulk(text); }
  Replied map(size_t pairs) final { return array(2 * pairs); }
  Replied set(size_t count) final { return array(count); }
  Replied push(size_t count) final { return array(count); }
  bool resp3() const final { return false; }
};

}  // namespace leat
