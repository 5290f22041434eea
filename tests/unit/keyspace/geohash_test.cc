// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/geohash.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "broker/keyspace/geo_shape.h"

namespace leat {
namespace {

TEST(Geohash, PlacesAndScores) {
  EXPECT_EQ(score_of({13.361389, 38.115556}), 3479099956230698.0);
  const GeoPoint palermo = place_of_score(3479099956230698.0);
  EXPECT_NEAR(palermo.longitude, 13.361389, 1e-5);
  EXPECT_NEAR(palermo.latitude, 38.115556, 1e-5);
  EXPECT_EQ(geohash_text(palermo), "sqc8b49rny0");
  EXPECT_EQ(score_of({-180, -kLatitudeMax}), 0);
  EXPECT_TRUE(is_on_map({180, kLatitudeMax}));
  EXPECT_FALSE(is_on_map({180.0001, 0}));
  EXPECT_FALSE(is_on_map({std::numeric_limits<double>::infinity(), 0}));
}

TEST(Geohash, AnyScoreIsAPlace) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  for (const double score : {-1.0, -1e300, 1e18, 1e19, 1e300, 0.5, kInfinite, -kInfinite}) {
    EXPECT_TRUE(is_on_map(place_of_score(score))) << score;
    EXPECT_EQ(geohash_text(place_of_score(score)).size(), 11u);
  }
}

TEST(Geohash, NeighboursMeetBehindTheMap) {
  const GeoCell cell = GeoCell::around({179.9, 84}, 4);
  EXPECT_LT(cell.neighbour(1, 0).high().longitude, -150);
  EXPECT_LT(cell.neighbour(0, 1).high().latitude, -70);
  EXPECT_EQ(cell.neighbour(1, 0).neighbour(-1, 0), cell);
  EXPECT_EQ(cell.neighbour(1, 1).neighbour(-1, -1), cell);
}

TEST(GeoShape, FewCellsHoweverLarge) {
  for (double radius_m = 0.1; radius_m < 1e8; radius_m *= 3) {
    for (const GeoPoint centre : {GeoPoint{0, 0}, GeoPoint{15, 37}, GeoPoint{180, 85}, GeoPoint{-180, -85}, GeoPoint{100, -67}}) {
      const GeoShape shape{.centre = centre, .radius_m = radius_m};
      const auto cells = shape.cells();
      EXPECT_GE(cells.size(), 1u);
      EXPECT_LE(cells.size(), 9u);
      EXPECT_GE(score_of(centre), cells[0].first_score());
      EXPECT_LT(score_of(centre), cells[0].end_score());
    }
  }
  GeoShape endless{.radius_m = std::numeric_limits<double>::infinity()};
  EXPECT_EQ(endless.cells().size(), 4u);  // the whole map
}

}  // namespace
}  // namespace leat
