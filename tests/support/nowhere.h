// SPDX-License-Identifier: Apache-2.0
// nowhere.h: a transport whose bytes nobody reads.
//
// Used by: tests that want a folder which clients have written, and no replies.
#pragma once

#include "broker/client.h"

namespace leat {

struct Nowhere final : Transport {
  void write(Bytes&) override {}
  void close_when_sent() override {}
  void close_now() override {}
  size_t unsent() const override { return 0; }
  Bytes peer() const override { return "127.0.0.1:50000"; }
  Bytes local() const override { return "127.0.0.1:6379"; }
};

}  // namespace leat
