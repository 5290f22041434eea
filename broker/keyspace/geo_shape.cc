// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/geo_shape.h"

#include <algorithm>
#include <cmath>

namespace leat {

namespace {

struct Bounds {
  GeoPoint low, high;
};

// Of the shape, in degrees. A circle is widest nearer to its pole.
Bounds bounds_of(const GeoShape& shape) {
  const bool circle = shape.kind == GeoShape::Kind::kCircle;
  const double up = circle ? shape.radius_m : shape.height_m / 2;
  const double aside = circle ? shape.radius_m : shape.width_m / 2;
  const double latitude = shape.centre.latitude, longitude = shape.centre.longitude;
  const double rise = degrees_of(up / kEarthRadiusM);
  const double widest_at = latitude < 0 ? latitude - rise : latitude + rise;
  const double reach = degrees_of(aside / kEarthRadiusM / std::cos(radians_of(widest_at)));
  return {{longitude - reach, latitude - rise}, {longitude + reach, latitude + rise}};
}

// Of cells about as large as the radius; larger ones near the poles, where they are narrow.
unsigned step_for(double radius_m, double latitude) {
  constexpr double kHalfMapM = 20037726.37;
  if (radius_m == 0) return kScoreSteps;
  int step = -1;
  for (double reach = radius_m; reach < kHalfMapM; reach *= 2) ++step;
  if (std::abs(latitude) > 66) --step;
  if (std::abs(latitude) > 80) --step;
  return static_cast<unsigned>(std::clamp(step, 1, static_cast<int>(kScoreSteps)));
}

// Whether the shape reaches beyond the cells around the one in the middle.
bool outgrows(GeoCell cell, const Bounds& bounds) {
  return cell.neighbour(0, 1).high().latitude < bounds.high.latitude ||
         cell.neighbour(0, -1).low().latitude > bounds.low.latitude ||
         cell.neighbour(1, 0).high().longitude < bounds.high.longitude ||
         cell.neighbour(-1, 0).low().longitude > bounds.low.longitude;
}

}  // namespace

std::optional<double> GeoShape::distance_within(GeoPoint place) const {
  if (kind == Kind::kBox) {
    if (latitude_distance_m(place.latitude, centre.latitude) > height_m / 2) return std::nullopt;
    if (distance_m(place, {centre.longitude, place.latitude}) > width_m / 2) return std::nullopt;
    return distance_m(centre, place);
  }
  const double distance = distance_m(centre, place);
  return distance > radius_m ? std::nullopt : std::optional(distance);
}

std::vector<GeoCell> GeoShape::cells() const {
  const Bounds bounds = bounds_of(*this);
  const double half_width = width_m / 2, half_height = height_m / 2;
  const double reach =
      kind == Kind::kCircle ? radius_m : std::sqrt(half_width * half_width + half_height * half_height);
  unsigned step = step_for(reach, centre.latitude);
  GeoCell middle = GeoCell::around(centre, step);
  if (step > 1 && outgrows(middle, bounds)) middle = GeoCell::around(centre, --step);

  // A side that the middle cell itself covers needs no neighbour there.
  const bool all = step < 2;
  const GeoPoint low = middle.low(), high = middle.high();
  const bool south = all || low.latitude >= bounds.low.latitude, north = all || high.latitude <= bounds.high.latitude;
  const bool west = all || low.longitude >= bounds.low.longitude, east = all || high.longitude <= bounds.high.longitude;
  struct Way {
    int east, north;
    bool wanted;
  };
  const Way ways[] = {{0, 0, true},           {0, 1, north},          {0, -1, south},
                      {1, 0, east},           {-1, 0, west},          {1, 1, north && east},
                      {-1, 1, north && west}, {1, -1, south && east}, {-1, -1, south && west}};
  std::vector<GeoCell> cells;
  for (const Way& way : ways) {
    if (!way.wanted) continue;
    const GeoCell cell = middle.neighbour(way.east, way.north);
    // Where the whole map has only four cells, neighbours meet on its other side.
    if (std::find(cells.begin(), cells.end(), cell) == cells.end()) cells.push_back(cell);
  }
  return cells;
}

}  // namespace leat
