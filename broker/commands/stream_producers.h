// SPDX-License-Identifier: Apache-2.0
// stream_producers.h: an entry that its producer may send again (XADD … IDMP, IDMPAUTO): by what it is known.
// https://redis.io/docs/latest/commands/xadd/
//
// Used by: XADD.
// Always:  - IDMP knows an entry by the id that the producer gave it, IDMPAUTO by its fields, in whatever order they
//            come; the two never meet, and neither do two producers;
//          - costs nothing to an XADD that names no producer.
#pragma once

#include "broker/commands/context.h"
#include "broker/keyspace/stream.h"

namespace leat {

struct Sender {
  uint32_t at = 0;  // the word IDMP or IDMPAUTO: the producer follows it, and then the id. 0: nobody is named
  bool by_fields = false;
  bool named() const { return at != 0; }
};

// IDMP producer id, IDMPAUTO producer. Moves `i` to the last word it took; false when the word is none of these.
Result<bool> parse_sender_word(Args args, size_t& i, Sender& sender);

// What is emitted once the entry is there. `id` is still to be filled in.
StreamRemember remember_effect(Args args, const Sender& sender, Views pairs, TimeMs now_ms);
// The entry that was added for it; notes that it came again.
std::optional<StreamId> added_before(const Stream* stream, const StreamRemember& sent, TimeMs now_ms);
// The stream is there, with the entry.
void remember(Context& ctx, const StreamRemember& sent);

}  // namespace leat
