// SPDX-License-Identifier: Apache-2.0
#include "broker/protocol/numbers.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace leat {

namespace {
constexpr int kDigitsMax = 20;      // 17 tell every double from its neighbours
constexpr int kZerosAddedMax = 7;
}  // namespace

size_t write_integer(char* to, int64_t value) {
  if (value >= 0 && value < 1000) {  // most lengths and counts
    const auto digit = [](uint32_t one) { return static_cast<char>('0' + one); };
    const uint32_t small = static_cast<uint32_t>(value);
    char* at = to;
    if (small >= 100) *at++ = digit(small / 100);
    if (small >= 10) *at++ = digit(small / 10 % 10);
    *at++ = digit(small % 10);
    return static_cast<size_t>(at - to);
  }
  return static_cast<size_t>(std::to_chars(to, to + kIntegerTextMax, value).ptr - to);
}

// value = digits * 10^power, with as few digits as tell it from its neighbours.
struct Decimal {
  char digits[kDigitsMax];
  int count, power;
};

static Decimal decimal_of(double magnitude) {
  char text[32];  // "d.ddde+xx"
  const char* const end = std::to_chars(text, std::end(text), magnitude, std::chars_format::scientific).ptr;
  const char* const e = std::find(static_cast<const char*>(text), end, 'e');
  Decimal decimal;
  decimal.count =
      static_cast<int>(std::remove_copy(static_cast<const char*>(text), e, decimal.digits, '.') - decimal.digits);
  std::from_chars(e + (e[1] == '+' ? 2 : 1), end, decimal.power);
  decimal.power -= decimal.count - 1;
  return decimal;
}

// As Redis 7.2 and later lay digits out: plainly where few zeros must be added, else with an exponent.
static char* write_decimal(char* to, const Decimal& decimal) {
  const int exponent = decimal.power + decimal.count - 1, far = std::abs(exponent);
  const auto digits = [&](int from, int count) { to = std::copy_n(decimal.digits + from, count, to); };
  const auto zeros = [&](int count) { to = std::fill_n(to, count, '0'); };
  if (decimal.power >= 0 && far < decimal.count + kZerosAddedMax) {
    digits(0, decimal.count);
    zeros(decimal.power);
  } else if (decimal.power < 0 && (decimal.power > -kZerosAddedMax || far < 4)) {
    const int before_point = decimal.count + decimal.power;
    if (before_point > 0) {
      digits(0, before_point);
      *to++ = '.';
      digits(before_point, decimal.count - before_point);
    } else {
      *to++ = '0', *to++ = '.';
      zeros(-before_point);
      digits(0, decimal.count);
    }
  } else {
    digits(0, 1);
    if (decimal.count > 1) *to++ = '.', digits(1, decimal.count - 1);
    *to++ = 'e', *to++ = exponent < 0 ? '-' : '+';
    to += write_integer(to, far);
  }
  return to;
}

size_t write_real(char* to, double value) {
  if (std::isnan(value)) return std::memcpy(to, "nan", 3), 3;
  if (std::isinf(value)) return value < 0 ? (std::memcpy(to, "-inf", 4), 4) : (std::memcpy(to, "inf", 3), 3);
  if (value == 0) return std::signbit(value) ? (std::memcpy(to, "-0", 2), 2) : (*to = '0', 1);
  constexpr double kIntegerMax = 4611686018427387904.0;  // 2^62: integers below it print as such
  if (value > -kIntegerMax && value < kIntegerMax && value == std::trunc(value)) {
    return write_integer(to, static_cast<int64_t>(value));
  }
  char* at = to;
  if (value < 0) *at++ = '-';
  return static_cast<size_t>(write_decimal(at, decimal_of(std::abs(value))) - to);
}

Bytes integer_text(int64_t value) {
  char text[kIntegerTextMax];
  return Bytes(text, write_integer(text, value));
}

Bytes real_text(double value) {
  char text[kRealTextMax];
  return Bytes(text, write_real(text, value));
}

Bytes long_real_text(long double value) {
  char text[5 * 1024];  // the largest long double has 4,933 digits before the point
  int size = std::snprintf(text, sizeof text, "%.17Lf", value);
  while (size > 0 && text[size - 1] == '0') --size;
  if (size > 0 && text[size - 1] == '.') --size;
  if (size == 2 && text[0] == '-' && text[1] == '0') return "0";
  return Bytes(text, static_cast<size_t>(size));
}

std::optional<int64_t> parse_integer(View text) {
  if (text.empty() || text.size() >= kIntegerTextMax) return std::nullopt;
  if (text == "0") return 0;
  const size_t first = text[0] == '-';
  if (first == text.size() || text[first] < '1' || text[first] > '9') return std::nullopt;
  int64_t value;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<uint64_t> parse_unsigned(View text) {
  if (text.empty() || text.size() >= kIntegerTextMax) return std::nullopt;
  uint64_t value;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

namespace {
// strtod and strtold want a terminated string and skip blanks: both are ruled out first.
template <typename Real, typename Parse>
std::optional<Real> parse_with(View text, Parse parse) {
  char copy[5 * 1024];  // what we write ourselves is read again: the largest double has 309 digits, a long double 4,933
  if (text.empty() || text.size() >= sizeof copy || std::isspace(static_cast<unsigned char>(text[0])))
    return std::nullopt;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = 0;
  char* end;
  errno = 0;
  const Real value = parse(copy, &end);
  if (end != copy + text.size() || std::isnan(value)) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return value;
}
}  // namespace

std::optional<double> parse_real(View text) {
  double value;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && !std::isnan(value)) return value;
  return parse_with<double>(text, [](const char* from, char** end) { return std::strtod(from, end); });
}

std::optional<long double> parse_long_real(View text) {
  return parse_with<long double>(text, [](const char* from, char** end) { return std::strtold(from, end); });
}

}  // namespace leat
