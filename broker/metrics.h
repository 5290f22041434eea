// SPDX-License-Identifier: Apache-2.0
// metrics.h: what GET /metrics tells: the house's figures by the names that docs/metrics.md explains.
//
// Used by: the HTTP door, for each scrape.
// Always:  - all figures are of one moment: they are gathered when a Metrics is made, and the rooms are not looked
//            at later;
//          - gathering is counting what is counted already: it takes 0.3 ms where all 384 commands were used, and no
//            longer for a million keys or ten thousand clients;
//          - no figure is taken from, or named after, a key: who may not read keys may read these;
//          - while loading what the log and the snapshots know is missing, or nothing.
#pragma once

#include "broker/prometheus_text.h"
#include "broker/rooms.h"

namespace leat {

class Metrics {
 public:
  static constexpr View kContentType = "text/plain; version=0.0.4; charset=utf-8";

  explicit Metrics(Rooms& rooms);
  // Appends the next slice of the text, some 20 KB in 0.17 ms; others may run in between. False: that was all.
  bool write_slice(Bytes& out) { return text_.write_slice(out); }

 private:
  PrometheusText text_;
};

// The whole text at once: 0.7 ms where 40 commands were used, 5 ms where all were.
Bytes metrics_text(Rooms& rooms);

}  // namespace leat
