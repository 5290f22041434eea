// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/parse.h"

#include <cmath>

#include "broker/keyspace/keyspace.h"

namespace leat {

const Status kSyntaxError = Status::error("ERR syntax error");
const Status kNotAnInteger = Status::error("ERR value is not an integer or out of range");
const Status kNotAFloat = Status::error("ERR value is not a valid float");
const Status kNoSuchKey = Status::error("ERR no such key");
const Status kOutOfRange = Status::error("ERR value is out of range");
const Status kMustBePositive = Status::error("ERR value is out of range, must be positive");

Result<int64_t> integer_of(View text, const Status& error) {
  const auto value = parse_integer(text);
  if (!value) return error;
  return *value;
}

Result<int64_t> integer_of(View text) { return integer_of(text, kNotAnInteger); }

Result<int64_t> magnitude_of(View text) {
  const auto value = integer_of(text);
  if (!value.ok() || *value != INT64_MIN) return value;
  return Status::error("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
}

Result<uint64_t> count_of(View text) {
  const auto value = parse_integer(text);
  if (!value || *value < 0) return kMustBePositive;
  return static_cast<uint64_t>(*value);
}

Result<TimeMs> timeout_ms_of(View seconds) {
  const auto value = parse_long_real(seconds);
  if (!value) return Status::error("ERR timeout is not a float or out of range");
  if (*value < 0) return Status::error("ERR timeout is negative");
  const long double ms = std::ceil(*value * 1000);
  if (ms > static_cast<long double>(INT64_MAX / 2)) return Status::error("ERR timeout is out of range");
  return static_cast<TimeMs>(ms);
}

Result<TimeMs> block_ms_of(View milliseconds) {
  const auto value = parse_integer(milliseconds);
  if (!value) return Status::error("ERR timeout is not an integer or out of range");
  if (*value < 0) return Status::error("ERR timeout is negative");
  if (*value > INT64_MAX / 2) return Status::error("ERR timeout is out of range");
  return *value;
}

Result<DbIndex> database_of(View text) {
  const auto value = parse_integer(text);
  if (!value) return kNotAnInteger;
  if (*value < INT32_MIN || *value > INT32_MAX) {
    return Status::error("ERR value is out of range, value must between -2147483648 and 2147483647");
  }
  if (*value < 0 || *value >= kDatabases) return Status::error("ERR DB index is out of range");
  return static_cast<DbIndex>(*value);
}

Result<size_t> key_count_of(View text, size_t words_left, View error_when_not_positive) {
  const auto value = parse_integer(text);
  if (!value || *value <= 0) return Status::error(Bytes(error_when_not_positive));
  if (static_cast<uint64_t>(*value) > words_left) return kSyntaxError;
  return static_cast<size_t>(*value);
}

IndexRange index_range(int64_t start, int64_t end, uint64_t size) {
  const auto length = static_cast<int64_t>(size);
  if (start < 0) start = start < -length ? 0 : start + length;
  if (end < 0) end = end < -length ? -1 : end + length;
  if (end >= length) end = length - 1;
  if (start > end || start >= length) return {};
  return {static_cast<uint64_t>(start), static_cast<uint64_t>(end - start + 1)};
}

}  // namespace leat
