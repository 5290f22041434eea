// SPDX-License-Identifier: Apache-2.0
// numbers.h: numbers as clients write and read them.
//
// Used by: the sinks, the handlers' parsing, scripts.
// Always:  - integers are strict: no blanks, no plus, no leading zeros, the whole of int64 (Redis' string2ll);
//          - doubles print with up to 17 significant digits, integral ones without exponent, "inf", "-inf", "nan";
//          - parsing never reads past the view and never allocates.
#pragma once

#include <optional>

#include "schemas/bytes.h"

namespace leat {

constexpr size_t kIntegerTextMax = 21;
constexpr size_t kRealTextMax = 5 + 309 + 18;  // "%.17Lf" of the largest double is the longest

size_t write_integer(char* to, int64_t value);   // to must have kIntegerTextMax bytes
size_t write_real(char* to, double value);       // to must have kRealTextMax bytes; as ZSCORE prints since 7.2
Bytes integer_text(int64_t value);
Bytes real_text(double value);
// As INCRBYFLOAT prints: up to 17 digits after the point, trailing zeros cut, never an exponent.
Bytes long_real_text(long double value);

std::optional<int64_t> parse_integer(View text);
std::optional<uint64_t> parse_unsigned(View text);
std::optional<double> parse_real(View text);            // also inf, +inf, -inf; never nan
std::optional<long double> parse_long_real(View text);

}  // namespace leat
