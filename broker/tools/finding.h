// SPDX-License-Identifier: Apache-2.0
// finding.h: one line of a report: what=kind key=value …, text in quotes.
//
// Used by: salvage, which hands each out as it is found: a long list takes no memory.
#pragma once

#include <functional>

#include "schemas/effect_codec.h"
#include "wal/restore.h"

namespace leat {

class Finding {
 public:
  Finding(View what, View kind) : line_(Bytes(what) + "=" + Bytes(kind)) {}

  Finding& number(View name, uint64_t value) { return add(name, std::to_string(value)); }
  Finding& time(View name, TimeMs time_ms) { return time_ms == 0 ? *this : add(name, wal::time_text(time_ms)); }
  Finding& word(View name, View value) { return add(name, value); }
  Finding& text(View name, View value) { return add(name, quoted(value)); }
  Finding& rest(View text) {  // the end of the line as it is
    line_ += ' ';
    line_ += text;
    return *this;
  }
  const Bytes& line() const { return line_; }

 private:
  Finding& add(View name, View value) {
    line_ += ' ';
    line_ += name;
    line_ += '=';
    line_ += value;
    return *this;
  }
  Bytes line_;
};

using Tell = std::function<void(const Finding& finding)>;

}  // namespace leat
