// SPDX-License-Identifier: Apache-2.0
#include "broker/config/event_classes.h"

namespace leat {

namespace {

using C = EventClass;
constexpr struct {
  char letter;
  EventClass of;
} kLetters[] = {{'g', C::kGeneric},   {'$', C::kString},  {'l', C::kList},   {'s', C::kSet},
                {'h', C::kHash},      {'z', C::kSortedSet}, {'x', C::kExpired}, {'e', C::kEvicted},
                {'t', C::kStream},    {'d', C::kModule},  {'n', C::kNew},    {'K', C::kByKey},
                {'E', C::kByEvent},   {'m', C::kMiss}};
constexpr size_t kInAll = 10;  // the first so many are what A stands for
constexpr uint16_t kAll = (1 << kInAll) - 1;

}  // namespace

std::optional<EventClasses> EventClasses::parse(View letters) {
  EventClasses classes;
  for (const char letter : letters) {
    uint16_t bits = letter == 'A' ? kAll : 0;
    for (const auto& known : kLetters) {
      if (known.letter == letter) bits = static_cast<uint16_t>(known.of);
    }
    if (bits == 0) return std::nullopt;
    classes.bits_ |= bits;
  }
  return classes;
}

Bytes EventClasses::text() const {
  Bytes text;
  const bool all = (bits_ & kAll) == kAll;
  if (all) text += 'A';
  for (const auto& known : kLetters) {
    const bool told = all && (static_cast<uint16_t>(known.of) & kAll) != 0;
    if (has(known.of) && !told) text += known.letter;
  }
  return text;
}

}  // namespace leat
