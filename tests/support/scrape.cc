// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scrape.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace leat::testing {

namespace {

bool is_name(View word) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !word.empty() && !(word[0] >= '0' && word[0] <= '9') && std::all_of(word.begin(), word.end(), fits);
}

std::optional<double> number(View text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The length of a quoted text at the front, quotes and all; 0: it is none.
size_t quoted(View text) {
  if (!text.starts_with('"')) return 0;
  for (size_t i = 1; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte == '"') return i + 1;
    if (byte < ' ' || byte > '~') return 0;  // more than the format asks for, as the metrics promise
    if (byte == '\\' && (++i == text.size() || View("\\\"n").find(text[i]) == View::npos)) return 0;
  }
  return 0;
}

// The length of {name="value",…} at the front; 0: it is none.
size_t labels_length(View text) {
  if (!text.starts_with('{')) return 0;
  size_t at = 1;
  for (;;) {
    const size_t equals = text.find('=', at);
    if (equals == View::npos || !is_name(text.substr(at, equals - at))) return 0;
    const size_t value = quoted(text.substr(equals + 1));
    at = equals + 1 + value;
    if (value == 0 || at >= text.size()) return 0;
    if (text[at] == '}') return at + 1;
    if (text[at++] != ',') return 0;
  }
}

}  // namespace

Scrape::Scrape(View text) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    line_ = text.substr(0, end);
    if (end == View::npos) fault("the last line does not end");
    take(line_);
    text.remove_prefix(std::min(line_.size() + 1, text.size()));
  }
  end_family();
}

std::optional<double> Scrape::value(View series) const {
  const auto found = samples_.find(Bytes(series));
  if (found == samples_.end()) return std::nullopt;
  return found->second;
}

void Scrape::take(View line) { line.starts_with('#') ? take_comment(line) : take_sample(line); }

// HELP, then TYPE, then the samples, and never the same family again.
void Scrape::take_comment(View line) {
  const bool help = line.starts_with("# HELP "), type = line.starts_with("# TYPE ");
  if (!help && !type) return fault("neither HELP nor TYPE");
  const View rest = line.substr(7);
  const size_t blank = rest.find(' ');
  const View name = rest.substr(0, blank);
  if (blank == View::npos || blank + 1 == rest.size() || !is_name(name)) return fault("a name and a text are wanted");
  if (help) {
    end_family();
    helped_ = name;
    if (families_.contains(Bytes(name))) fault("a family's second HELP");
    return;
  }
  if (helped_ != name || family_ == name) return fault("a TYPE that does not follow its HELP");
  family_ = name;
  type_ = rest.substr(blank + 1);
  samples_of_family_ = 0;
  if (type_ != "counter" && type_ != "gauge" && type_ != "histogram") fault("no known type");
  if ((type_ == "counter") != name.ends_with("_total")) fault("counters, and nothing else, end with _total");
  families_[family_] = type_;
}

void Scrape::take_sample(View line) {
  const View name = line.substr(0, line.find_first_of("{ "));
  View rest = line.substr(name.size());
  const size_t labels = labels_length(rest);
  if (!is_name(name) || !rest.substr(labels).starts_with(' ')) return fault("not a sample");
  const auto value = number(rest.substr(labels + 1));
  if (!value || std::isnan(*value)) return fault("not a number");
  if (!belongs(name)) return fault("a sample outside its family");
  ++samples_of_family_;
  names_.emplace(name);
  if (!samples_.emplace(line.substr(0, name.size() + labels), *value).second) return fault("twice");
  if (name.ends_with("_bucket") && type_ == "histogram") take_bucket(rest.substr(0, labels), *value);
}

bool Scrape::belongs(View name) const {
  if (family_.empty() || type_ != "histogram") return name == family_;
  return name == family_ + "_bucket" || name == family_ + "_sum" || name == family_ + "_count";
}

// Bounds rise, counts do not fall, and the last bound is +Inf.
void Scrape::take_bucket(View labels, double count) {
  const size_t at = labels.find("le=\"");
  if (at == View::npos) return fault("a bucket without a bound");
  Buckets& buckets = buckets_[Bytes(labels.substr(0, at))];
  const View bound = labels.substr(at + 4, labels.size() - at - 6);
  const auto value = bound == "+Inf" ? std::optional(HUGE_VAL) : number(bound);
  if (buckets.ended || !value || *value <= buckets.last_bound || count < buckets.last_count)
    fault("a bucket out of order");
  buckets = {.last_count = count, .last_bound = value.value_or(0), .ended = bound == "+Inf"};
}

void Scrape::end_family() {
  if (!family_.empty() && samples_of_family_ == 0) fault("a family without samples before");
  for (const auto& [labels, buckets] : buckets_) {
    Bytes others = labels;  // "{a="b"," or "{"
    others.pop_back();
    if (!others.empty()) others += '}';
    if (!buckets.ended) fault("a histogram without +Inf before");
    if (value(family_ + "_count" + others) != buckets.last_count) fault("a histogram that counts wrong before");
    if (!has(family_ + "_sum" + others)) fault("a histogram without a sum before");
  }
  buckets_.clear();
  family_.clear();
}

}  // namespace leat::testing
