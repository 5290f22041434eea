// SPDX-License-Identifier: Apache-2.0
// log.h: what the broker tells its operator: one line per event, key=value.          [spdlog]
//
// Used by: every room. `Events` is passed by reference; there is no global logger.
// Always:  - the first field is event=NAME, so that a line can be found by one word;
//          - a value with a blank or a quote in it is quoted.
// Example: events.info("recovered", {{"records", 12}, {"ms", 3}});  →  event=recovered records=12 ms=3
#pragma once

#include <initializer_list>
#include <memory>
#include <type_traits>

#include "schemas/bytes.h"
#include "schemas/status.h"

namespace spdlog {
class logger;
}

namespace leat {

struct EventField {
  template <typename Int, std::enable_if_t<std::is_integral_v<Int>, int> = 0>
  EventField(View name, Int value) : name(name), value(std::to_string(value)) {}
  EventField(View name, View value) : name(name), value(value) {}
  EventField(View name, const char* value) : name(name), value(value) {}
  EventField(View name, const Bytes& value) : name(name), value(value) {}
  View name;
  Bytes value;
};

class Events {
 public:
  using Fields = std::initializer_list<EventField>;

  // `level` is debug, info, warning or error; an empty `file` means standard error.
  static Result<std::unique_ptr<Events>> open(View level, const Bytes& file);
  static std::unique_ptr<Events> silent();  // for tests
  ~Events();

  void debug(View event, Fields fields = {});
  void info(View event, Fields fields = {});
  void warning(View event, Fields fields = {});
  void error(View event, Fields fields = {});
  // False when `level` is not a level.
  bool set_level(View level);
  void flush();

 private:
  explicit Events(std::shared_ptr<spdlog::logger> logger);
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace leat
