// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/geohash.h"

#include <algorithm>
#include <cmath>

namespace leat {

namespace {

// Bits of `value` on every other place, from the lowest on; and back.
uint64_t spread(uint32_t value) {
  uint64_t out = value;
  out = (out | out << 16) & 0x0000ffff0000ffffu;
  out = (out | out << 8) & 0x00ff00ff00ff00ffu;
  out = (out | out << 4) & 0x0f0f0f0f0f0f0f0fu;
  out = (out | out << 2) & 0x3333333333333333u;
  return (out | out << 1) & 0x5555555555555555u;
}

uint32_t gather(uint64_t bits) {
  bits &= 0x5555555555555555u;
  bits = (bits | bits >> 1) & 0x3333333333333333u;
  bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0fu;
  bits = (bits | bits >> 4) & 0x00ff00ff00ff00ffu;
  bits = (bits | bits >> 8) & 0x0000ffff0000ffffu;
  return static_cast<uint32_t>(bits | bits >> 16);
}

uint64_t woven(uint32_t column, uint32_t row) { return spread(row) | spread(column) << 1; }
uint32_t column_of(uint64_t bits) { return gather(bits >> 1); }
uint32_t row_of(uint64_t bits) { return gather(bits); }

// The easternmost meridian is a column of its own, behind the last: 2^step.
uint32_t slot_of(double degrees, double most, unsigned step) {
  const double part = (degrees + most) / (most + most);
  return static_cast<uint32_t>(part * static_cast<double>(uint64_t{1} << step));
}

double edge_of(uint64_t slot, double most, unsigned step) {
  return -most + static_cast<double>(slot) / static_cast<double>(uint64_t{1} << step) * (most + most);
}

double middle_of(uint32_t slot, double most, unsigned step) {
  const double middle = (edge_of(slot, most, step) + edge_of(uint64_t{slot} + 1, most, step)) / 2;
  return std::clamp(middle, -most, most);
}

}  // namespace

bool is_on_map(GeoPoint place) {
  return std::abs(place.longitude) <= kLongitudeMax && std::abs(place.latitude) <= kLatitudeMax;
}

double score_of(GeoPoint place) { return static_cast<double>(GeoCell::around(place, kScoreSteps).bits); }

// As an x86 makes a number without a sign of one with it, for scores below 0 and beyond 2^64.
uint64_t bits_of_score(double score) {
  constexpr double kHalf = 9223372036854775808.0;
  if (score >= -kHalf && score < kHalf) return static_cast<uint64_t>(static_cast<int64_t>(score));
  if (score >= kHalf && score < 2 * kHalf) return static_cast<uint64_t>(score);
  return score > 0 ? 0 : uint64_t{1} << 63;
}

GeoPoint place_of_score(double score) { return GeoCell{bits_of_score(score), kScoreSteps}.middle(); }

Bytes geohash_text(GeoPoint place) {
  constexpr View kAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
  constexpr double kPole = 90;
  constexpr size_t kCharacters = 11;
  const uint32_t column = slot_of(place.longitude, kLongitudeMax, kScoreSteps);
  const uint64_t bits = woven(column, slot_of(place.latitude, kPole, kScoreSteps));
  Bytes out;
  for (unsigned i = 0; i + 1 < kCharacters; ++i) out += kAlphabet[bits >> (2 * kScoreSteps - (i + 1) * 5) & 31];
  return out + kAlphabet[0];  // there are bits for ten and a half
}

double radians_of(double degrees) { return degrees * (M_PI / 180); }
double degrees_of(double radians) { return radians / (M_PI / 180); }

double latitude_distance_m(double a, double b) { return kEarthRadiusM * std::abs(radians_of(b) - radians_of(a)); }

// The haversine formula.
double distance_m(GeoPoint a, GeoPoint b) {
  const double v = std::sin((radians_of(b.longitude) - radians_of(a.longitude)) / 2);
  if (v == 0) return latitude_distance_m(a.latitude, b.latitude);
  const double from = radians_of(a.latitude), to = radians_of(b.latitude);
  const double u = std::sin((to - from) / 2);
  return 2 * kEarthRadiusM * std::asin(std::sqrt(u * u + std::cos(from) * std::cos(to) * v * v));
}

GeoCell GeoCell::around(GeoPoint place, unsigned step) {
  return {woven(slot_of(place.longitude, kLongitudeMax, step), slot_of(place.latitude, kLatitudeMax, step)), step};
}

GeoCell GeoCell::neighbour(int east, int north) const {
  const uint32_t mask = static_cast<uint32_t>((uint64_t{1} << step) - 1);
  uint32_t column = column_of(bits), row = row_of(bits);
  if (east != 0) column = (column + static_cast<uint32_t>(east)) & mask;
  if (north != 0) row = (row + static_cast<uint32_t>(north)) & mask;
  return {woven(column, row), step};
}

GeoPoint GeoCell::low() const {
  return {edge_of(column_of(bits), kLongitudeMax, step), edge_of(row_of(bits), kLatitudeMax, step)};
}

GeoPoint GeoCell::high() const {
  return {edge_of(uint64_t{column_of(bits)} + 1, kLongitudeMax, step),
          edge_of(uint64_t{row_of(bits)} + 1, kLatitudeMax, step)};
}

GeoPoint GeoCell::middle() const {
  return {middle_of(column_of(bits), kLongitudeMax, step), middle_of(row_of(bits), kLatitudeMax, step)};
}

double GeoCell::first_score() const { return static_cast<double>(bits << 2 * (kScoreSteps - step)); }
double GeoCell::end_score() const { return static_cast<double>((bits + 1) << 2 * (kScoreSteps - step)); }

}  // namespace leat
