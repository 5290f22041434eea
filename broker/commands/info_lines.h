// SPDX-License-Identifier: Apache-2.0
// info_lines.h: the text of INFO in the making: sections, and a field a line.
//
// Used by: INFO's sections (info.cc, info_memory.cc).
#pragma once

#include <cstdio>
#include <initializer_list>
#include <type_traits>

#include "broker/commands/context.h"

namespace leat {

class Lines {
 public:
  void section(View name) { text_ += (text_.empty() ? "# " : "\r\n# ") + Bytes(name) + "\r\n"; }
  void field(View name, View value) { text_ += Bytes(name) + ":" + Bytes(value) + "\r\n"; }
  template <typename Int, std::enable_if_t<std::is_integral_v<Int>, int> = 0>
  void field(View name, Int value) {
    field(name, std::to_string(value));
  }
  void fraction(View name, double value, const char* format = "%.2f") {
    char text[64];
    std::snprintf(text, sizeof text, format, value);
    field(name, View(text));
  }
  // What tools read without asking whether it is there.
  void none(std::initializer_list<View> names) {
    for (const View name : names) field(name, "0");
  }
  const Bytes& text() const { return text_; }

 private:
  Bytes text_;
};

void info_memory(Context& ctx, Lines& out);

}  // namespace leat
