// SPDX-License-Identifier: Apache-2.0
// geo_shape.h: a circle or a box around a place, and the few cells of the map that cover it.
//
// Used by: the geo searches.
// Always:  - at most nine cells, the centre's first, however large the shape: what lies in them is still to
//            be measured;
//          - a box is as wide as asked for at every latitude within it, so its sides are not meridians.
#pragma once

#include <optional>
#include <vector>

#include "broker/keyspace/geohash.h"

namespace leat {

struct GeoShape {
  enum class Kind : uint8_t { kCircle, kBox } kind = Kind::kCircle;
  GeoPoint centre;
  double radius_m = 0;               // of a circle
  double width_m = 0, height_m = 0;  // of a box

  // How far from the centre; nullopt: outside.
  std::optional<double> distance_within(GeoPoint place) const;
  // In the order in which they are to be searched; one that is the same as the one before it is left out.
  std::vector<GeoCell> cells() const;
};

}  // namespace leat
