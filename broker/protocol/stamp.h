// SPDX-License-Identifier: Apache-2.0
// stamp.h: what a reply waits for, and how far the log has come: the two are compared part by part.
//
// Used by: HeldOutput keeps one for each span; Footing makes them; the broker's release says how far the log is.
// Always:  - an index in `synced` must be on the disk, one in `written` only out of the process's hands; what need only
//            be proposed is in neither, for it waits for nothing.
#pragma once

#include <algorithm>

#include "schemas/ids.h"

namespace leat {

struct Stamp {
  Index synced = 0;
  Index written = 0;

  bool reaches(const Stamp& other) const { return other.synced <= synced && other.written <= written; }
  void raise(const Stamp& other) {
    synced = std::max(synced, other.synced);
    written = std::max(written, other.written);
  }
};

}  // namespace leat
