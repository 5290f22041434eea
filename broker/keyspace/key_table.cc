// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/key_table.h"

#include <algorithm>

namespace leat {

KeyTable::Packed::Packed(const Row& row) {
  CHECK(row.text.size() <= kRowTextMax);
  uint8_t kind = static_cast<uint8_t>(row.type);
  if (row.expire_at_ms != 0) kind |= kExpires;
  if (row.value != 0) kind |= kPointsToValue;
  if (row.written) kind |= kWritten;
  kind |= (std::find(kLabels, std::end(kLabels), row.label) - kLabels) << kLabelShift;
  buffer_[size_++] = static_cast<char>(kind);
  if (row.expire_at_ms != 0) {
    set_fixed(buffer_ + size_, row.expire_at_ms);
    size_ += sizeof row.expire_at_ms;
  }
  if (row.value != 0) {
    size_ += write_varint(buffer_ + size_, row.value);
  } else if (!row.text.empty()) {
    std::memcpy(buffer_ + size_, row.text.data(), row.text.size());
    size_ += row.text.size();
  }
}

}  // namespace leat
