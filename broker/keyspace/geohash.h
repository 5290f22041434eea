// SPDX-License-Identifier: Apache-2.0
// geohash.h: places on the earth as numbers: the map is halved again and again, and each halving is a bit. What is near
// in number is near on the map, so that a cell of it is a range of scores.
//
// Used by: the geo commands; geo_shape.h.
// Always:  - the same numbers and distances as Redis', bit for bit: the order of the arithmetic is part of the format;
//          - latitudes end where the square Mercator map does, at about 85 degrees;
//          - any score is a place, also one that ZADD made up.
// Bits:    longitude and latitude in turn, longitude first (the higher); 26 of each make a score, 52 bits.
#pragma once

#include "schemas/bytes.h"

namespace leat {

struct GeoPoint {
  double longitude = 0, latitude = 0;  // degrees
};

constexpr double kLongitudeMax = 180, kLatitudeMax = 85.05112878;
constexpr double kEarthRadiusM = 6372797.560856;
constexpr unsigned kScoreSteps = 26;  // halvings of each side

bool is_on_map(GeoPoint place);
double score_of(GeoPoint place);         // of one on the map
uint64_t bits_of_score(double score);  // whatever it is
GeoPoint place_of_score(double score);   // the middle of its cell
// Eleven characters, as other programs write them: their latitudes reach the poles, so the bits are made anew.
Bytes geohash_text(GeoPoint place);

double distance_m(GeoPoint a, GeoPoint b);  // over a sphere
double latitude_distance_m(double a, double b);

double radians_of(double degrees);
double degrees_of(double radians);

// A rectangle of the map, `step` halvings of each side small.
struct GeoCell {
  uint64_t bits = 0;
  unsigned step = 0;  // 0: no cell

  static GeoCell around(GeoPoint place, unsigned step);
  // East and north count cells, and go on at the other edge of the map.
  GeoCell neighbour(int east, int north) const;
  GeoPoint low() const;   // its south-western corner
  GeoPoint high() const;  // its north-eastern
  GeoPoint middle() const;
  // The scores of the places in it: from `first` to before `end`.
  double first_score() const;
  double end_score() const;
  bool operator==(const GeoCell&) const = default;
};

}  // namespace leat
