// SPDX-License-Identifier: Apache-2.0
#include "broker/prometheus_text.h"

#include <prometheus/text_serializer.h>

#include <limits>
#include <sstream>
#include <vector>

#include "schemas/check.h"

namespace leat {

namespace {

// The library takes half a microsecond for a line: such a slice takes 0.17 ms, where all commands used make
// 9,400 lines.
constexpr size_t kSliceLines = 256;
constexpr size_t kLabelBytesMax = 64;

using prometheus::ClientMetric;
using prometheus::MetricFamily;

// Two values stay two: the backslash of an escape is escaped itself.
std::string plain(View value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : value.substr(0, kLabelBytesMax)) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte >= ' ' && byte <= '~' && byte != '\\') out += c;
    else out.append({'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]});
  }
  return out;
}

ClientMetric labelled(PrometheusText::Labels labels) {
  ClientMetric metric;
  metric.label.reserve(labels.size());
  for (const auto& [name, value] : labels) metric.label.push_back({std::string(name), plain(value)});
  return metric;
}

double seconds(uint64_t us) { return static_cast<double>(us) / 1e6; }

// Buckets with _sum and _count.
size_t lines_of(const ClientMetric& metric) {
  const size_t buckets = metric.histogram.bucket.size();
  return buckets == 0 ? 1 : buckets + 2;
}

}  // namespace

struct PrometheusText::Families {
  std::vector<MetricFamily> all;
  size_t family = 0, metric = 0;  // the next to be written

  size_t write_some(Bytes& out, size_t lines_max);
};

PrometheusText::PrometheusText() : families_(std::make_unique<Families>()) {}
PrometheusText::~PrometheusText() = default;

void PrometheusText::begin(Kind kind, View name, View help) {
  using prometheus::MetricType;
  const MetricType type = kind == Kind::kCounter ? MetricType::Counter
                          : kind == Kind::kGauge ? MetricType::Gauge
                                                 : MetricType::Histogram;
  families_->all.push_back({.name = std::string(name), .help = std::string(help), .type = type, .metric = {}});
}

void PrometheusText::add(Labels labels, double value) {
  MetricFamily& family = families_->all.back();
  CHECK(family.type != prometheus::MetricType::Histogram);
  ClientMetric metric = labelled(labels);
  (family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  family.metric.push_back(std::move(metric));
}

void PrometheusText::add(Labels labels, const Durations& durations) {
  MetricFamily& family = families_->all.back();
  CHECK(family.type == prometheus::MetricType::Histogram);
  CHECK(durations.counts.size() == durations.bounds_us.size() + 1);
  ClientMetric metric = labelled(labels);
  auto& histogram = metric.histogram;
  histogram.bucket.reserve(durations.counts.size());
  for (size_t i = 0; i < durations.bounds_us.size(); ++i) {
    histogram.sample_count += durations.counts[i];
    histogram.bucket.push_back({histogram.sample_count, seconds(durations.bounds_us[i])});
  }
  histogram.sample_count += durations.counts.back();
  histogram.bucket.push_back({histogram.sample_count, std::numeric_limits<double>::infinity()});
  histogram.sample_sum = seconds(durations.sum_us);
  family.metric.push_back(std::move(metric));
}

// Some metrics of the family whose turn it is; how many lines that came to. The library writes HELP when there is a
// text, and TYPE always: the second part of a family has neither.
size_t PrometheusText::Families::write_some(Bytes& out, size_t lines_max) {
  MetricFamily& from = all[family];
  const bool goes_on = metric > 0;
  std::vector<MetricFamily> parts(1);
  MetricFamily& part = parts.front();
  part = {.name = from.name, .help = goes_on ? std::string() : from.help, .type = from.type, .metric = {}};
  size_t lines = 0;
  for (; metric < from.metric.size() && lines < lines_max; ++metric) {
    lines += lines_of(from.metric[metric]);
    part.metric.push_back(std::move(from.metric[metric]));
  }
  if (metric == from.metric.size()) ++family, metric = 0;
  if (part.metric.empty()) return 0;
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, parts);
  CHECK(text.good());
  const std::string_view written = text.view();
  out += goes_on ? written.substr(written.find('\n') + 1) : written;
  return lines;
}

bool PrometheusText::write_slice(Bytes& out) {
  size_t lines = 0;
  while (families_->family < families_->all.size() && lines < kSliceLines) {
    lines += families_->write_some(out, kSliceLines - lines);
  }
  return families_->family < families_->all.size();
}

}  // namespace leat
