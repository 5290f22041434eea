// SPDX-License-Identifier: Apache-2.0
// dump_reader.h: reads what DUMP of Redis 2.6 to 7.4 has written, every layout of every type.
//
// Used by: RESTORE.
// Always:  - nothing is believed: lengths are held against the bytes that are there before memory is taken, and what is told
//            to Contents is checked first, all of an entry before any of it;
//          - a dump is told the same way each time it is read.
#pragma once

#include <optional>

#include "broker/keyspace/value.h"
#include "broker/rdb/contents.h"
#include "broker/rdb/format.h"
#include "broker/rdb/input.h"

namespace leat::rdb {

// The layout and the object behind it, when version and check are as they must be.
std::optional<View> open_dump(View dump);

// What is in it; nothing when no Redis, or only a module, writes such a layout.
std::optional<Type> type_of(View object);
bool is_of_module(View object);

// False when it is not well-formed, is empty (only streams may be), or `to` has heard enough.
bool read_object(View object, const Input::Limits& limits, Contents& to);

// Behind the layout. The streams' part, in stream_reader.cc.
bool read_stream(Input& in, Layout layout, Contents& to);

}  // namespace leat::rdb
