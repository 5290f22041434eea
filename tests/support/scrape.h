// SPDX-License-Identifier: Apache-2.0
// scrape.h: Prometheus' text format as its strictest reader takes it.
//
// Used by: the tests of the metrics.
// Always:  - what is not one of the format's lines, or stands in the wrong place, is a fault, and is kept with
//            its line.
// Source:  https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "schemas/bytes.h"

namespace leat::testing {

class Scrape {
 public:
  explicit Scrape(View text);

  // By `name`, or `name{label="value"}` as it stands in the text.
  std::optional<double> value(View series) const;
  bool has(View series) const { return value(series).has_value(); }
  const std::set<Bytes>& names() const { return names_; }  // of samples: a histogram's are three
  const std::map<Bytes, Bytes>& families() const { return families_; }  // their types
  const std::vector<Bytes>& faults() const { return faults_; }

 private:
  // What the samples of one histogram with one set of labels have come to.
  struct Buckets {
    double last_count = 0, last_bound = -1;
    bool ended = false;  // by +Inf
  };
  void take(View line);
  void take_comment(View line);
  void take_sample(View line);
  void take_bucket(View labels, double count);
  bool belongs(View name) const;
  void end_family();
  void fault(View why) { faults_.push_back(Bytes(why) + ": " + Bytes(line_)); }

  View line_;
  Bytes family_, type_, helped_;
  size_t samples_of_family_ = 0;
  std::map<Bytes, Buckets> buckets_;  // of the family, by their other labels
  std::map<Bytes, double> samples_;
  std::map<Bytes, Bytes> families_;
  std::set<Bytes> names_;
  std::vector<Bytes> faults_;
};

}  // namespace leat::testing
