// SPDX-License-Identifier: Apache-2.0
// nested_sink.h: keeps count of arrays within arrays, for sinks whose text closes them.
//
// Used by: JsonSink, EntrySink.
// Always:  - what has become whole with its last item is closed at once, and so is what that was the last item of;
//          - an array whose length is not known yet is closed by fill_array().
#pragma once

#include <vector>

#include "broker/http/flat_sink.h"
#include "schemas/check.h"

namespace leat {

class NestedSink : public FlatSink {
 public:
  Replied array(size_t count) final {
    open(count);
    if (count == 0) close(), end_item();
    return {};
  }
  Mark reserve_array() final { return open(kUnknown), levels_.size(); }
  void fill_array(Mark mark, size_t) final {
    CHECK(mark == levels_.size());
    close();
    end_item();
  }

 protected:
  size_t depth() const { return levels_.size(); }                  // of the item under way: 0 is the whole answer
  size_t done() const { return depth() == 0 ? 0 : levels_.back().done; }  // of its array, how many items came before it
  void end_item() {
    for (;;) {
      item_ended();
      if (levels_.empty()) return;
      Level& level = levels_.back();
      ++level.done;
      if (level.left == kUnknown || --level.left > 0) return;
      close();
    }
  }

 private:
  // All at the depth of the array itself, not of its items.
  virtual void begin_array() = 0;
  virtual void end_array() = 0;
  virtual void item_ended() {}

  static constexpr size_t kUnknown = SIZE_MAX;
  struct Level {
    size_t left;  // items that are still to come
    size_t done = 0;
  };
  void open(size_t count) {
    begin_array();
    levels_.push_back({count});
  }
  void close() {
    levels_.pop_back();
    end_array();
  }
  std::vector<Level> levels_;
};

}  // namespace leat
