// SPDX-License-Identifier: Apache-2.0
// prometheus_text.h: figures on their way into Prometheus' text format 0.0.4.                  [prometheus-cpp]
//
// Used by: the metrics, which fill one for each scrape and take its text slice by slice.
// Always:  - the lines of a family stand together under one HELP and one TYPE, also where a slice ends within it;
//          - a label's value is plain ASCII of bounded length, whatever a client made of it: a reader refuses the whole
//            text for one byte that is not UTF-8;
//          - a family without a figure is not written.
// Source:  https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <initializer_list>
#include <memory>
#include <span>

#include "schemas/bytes.h"

namespace leat {

class PrometheusText {
 public:
  enum class Kind : uint8_t { kCounter, kGauge, kHistogram };
  struct Label {
    View name, value;
  };
  using Labels = std::initializer_list<Label>;
  // So many took up to so long. The last count, which has no bound, took longer.
  struct Durations {
    std::span<const uint64_t> bounds_us, counts;
    uint64_t sum_us = 0;
  };

  PrometheusText();
  ~PrometheusText();

  // A family of one figure.
  void counter(View name, View help, double value) { begin(Kind::kCounter, name, help), add({}, value); }
  void gauge(View name, View help, double value) { begin(Kind::kGauge, name, help), add({}, value); }
  // A family of several: add() is for the one that was begun last.
  void begin(Kind kind, View name, View help);
  void add(Labels labels, double value);
  void add(Labels labels, const Durations& durations);

  // Appends some hundred more lines. False: that was all. Nothing is added any more once this has begun.
  bool write_slice(Bytes& out);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace leat
