// SPDX-License-Identifier: Apache-2.0
// dump_reader.h: reads the values that Redis 2.6 to 7.4 has written, every layout of every type.
//
// Used by: what restores a value (restored_value.h); the reader of files.
// Always:  - nothing is believed: lengths are held against the bytes that are there before memory is taken, and what is
//            told to Contents is checked first, all of an entry before any of it;
//          - a dump is told the same way each time it is read.
#pragma once

#include <optional>

#include "broker/keyspace/value.h"
#include "broker/rdb/contents.h"
#include "broker/rdb/format.h"
#include "broker/rdb/input.h"

namespace leat::rdb {

// A value as it stands in a dump or in a file, where its key is between the two.
struct Object {
  Layout layout = Layout::kNone;
  View body;
};
Object object_of(View bytes);  // a layout, and the rest

// When version and check are as they must be.
std::optional<Object> open_dump(View dump);

// What is in it; nothing when no Redis, or only a module, writes such a layout.
std::optional<Type> type_of(Layout layout);
bool is_of_module(Layout layout);

// False when it is not well-formed, is empty (only streams may be), or `to` has heard enough.
bool read_object(const Object& object, const Input::Limits& limits, Contents& to);
// Moves `in` behind an object of that layout, which may be a module's of today: theirs say how long they are.
bool skip_object(Input& in, Layout layout);
bool skip_module(Input& in);  // behind its name

// Behind the layout. The streams' part, in stream_reader.cc.
bool read_stream(Input& in, Layout layout, Contents& to);

}  // namespace leat::rdb
