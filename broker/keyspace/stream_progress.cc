// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/stream_progress.h"

namespace leat {

using consumers::Group;
using consumers::kEntriesReadUnknown;

namespace {

bool has_deleted_from(const Stream& stream, StreamId id) {
  return stream.size() > 0 && !stream.max_deleted_id().is_zero() && id <= stream.max_deleted_id();
}

}  // namespace

int64_t entries_until(const Stream& stream, StreamId id) {
  const auto added = static_cast<int64_t>(stream.entries_added());
  if (added == 0) return 0;
  if (stream.size() == 0 && id <= stream.last_id()) return added;
  if (id == stream.last_id()) return added;
  if (id > stream.last_id()) return kEntriesReadUnknown;
  const StreamId first = stream.first_id();
  if (!stream.max_deleted_id().is_zero() && stream.max_deleted_id() >= first) return kEntriesReadUnknown;
  const int64_t before_first = added - static_cast<int64_t>(stream.size());
  if (id < first) return before_first;
  if (id == first) return before_first + 1;
  return kEntriesReadUnknown;
}

int64_t entries_read_after(const Stream& stream, const Group& group, StreamIds ids) {
  int64_t read = group.entries_read();
  for (const StreamId id : ids) {
    if (read != kEntriesReadUnknown && !has_deleted_from(stream, id))
      ++read;
    else
      read = entries_until(stream, id);
  }
  return read;
}

}  // namespace leat
