// SPDX-License-Identifier: Apache-2.0
#include "broker/tools/restore_tool.h"

#include <cstdio>
#include <ctime>

#include "broker/protocol/numbers.h"
#include "wal/segment.h"

namespace leat {

namespace {

constexpr int64_t kMillisecondsFrom = 100'000'000'000;  // seconds reach that in the year 5138, milliseconds did in 1973

Status bad_moment(View text) {
  return Status::error("--until wants the index of a record (4711) or a time with its zone (2026-11-21T14:00:00Z, "
                       "2026-11-21T15:00:00+01:00, @1795269600), not '" + Bytes(text) + "'");
}

// "Z", "+01:00", "-0530": minutes east of UTC.
std::optional<int> parse_zone(View text) {
  if (text == "Z" || text == "z") return 0;
  int hours = 0, minutes = 0, end = 0;
  const Bytes digits(text.substr(std::min<size_t>(text.size(), 1)));
  const bool colon = std::sscanf(digits.c_str(), "%2d:%2d%n", &hours, &minutes, &end) == 2;
  if (!colon && std::sscanf(digits.c_str(), "%2d%2d%n", &hours, &minutes, &end) != 2) return std::nullopt;
  if (static_cast<size_t>(end) != digits.size()) return std::nullopt;
  if (text.starts_with('+')) return hours * 60 + minutes;
  if (text.starts_with('-')) return -(hours * 60 + minutes);
  return std::nullopt;
}

// ".25": milliseconds; takes them off the front of `rest`.
int64_t take_fraction_ms(View& rest) {
  if (!rest.starts_with('.')) return 0;
  int64_t ms = 0, unit = 100;
  rest.remove_prefix(1);
  while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
    ms += unit * (rest.front() - '0');
    unit /= 10;
    rest.remove_prefix(1);
  }
  return ms;
}

std::optional<TimeMs> parse_iso(View text) {
  std::tm utc{};
  int end = 0;
  const Bytes owned(text);
  const int found = std::sscanf(owned.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
                                &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &end);
  if (found != 6) return std::nullopt;
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  View rest = text.substr(static_cast<size_t>(end));
  const int64_t fraction_ms = take_fraction_ms(rest);
  const auto zone = parse_zone(rest);
  if (!zone) return std::nullopt;  // without one nobody knows which 14:00 is meant
  const std::tm asked = utc;
  const TimeMs seconds = timegm(&utc);
  // There is no such day or hour.
  if (utc.tm_mday != asked.tm_mday || utc.tm_hour != asked.tm_hour) return std::nullopt;
  return (seconds - *zone * 60) * 1000 + fraction_ms;
}

}  // namespace

Result<wal::Moment> parse_moment(View text) {
  if (text.starts_with('@')) {
    const auto number = parse_integer(text.substr(1));
    if (!number || *number < 0) return bad_moment(text);
    return wal::Moment{.time_ms = *number < kMillisecondsFrom ? *number * 1000 : *number};
  }
  if (const auto index = parse_integer(text); index && *index > 0)
    return wal::Moment{.index = static_cast<Index>(*index)};
  const auto time_ms = parse_iso(text);
  if (!time_ms) return bad_moment(text);
  return wal::Moment{.time_ms = *time_ms};
}

int restore_data(wal::FileSystem& files, wal::RestoreOptions options) {
  options.random = wal::random_u64;
  const auto report = wal::restore_folder(files, options);
  if (!report.ok()) return std::fprintf(stderr, "leat: %s\n", Bytes(report.status().text()).c_str()), 1;
  std::printf("restored=%s index=%llu time=%s snapshot=%llu batches=%llu\n", options.to.c_str(),
              static_cast<unsigned long long>(report->last), wal::time_text(report->time_ms).c_str(),
              static_cast<unsigned long long>(report->snapshot), static_cast<unsigned long long>(report->batches));
  return 0;
}

}  // namespace leat
