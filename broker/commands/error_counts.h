// SPDX-License-Identifier: Apache-2.0
// error_counts.h: how many replies were errors, in all and by their first word: INFO errorstats.
//
// Used by: the executor, for each error that it writes or that a script returns.
// Always:  - an error counts once: one of a script's command, which then ends the script or is what it returns, is the
//            script's failure, and no other error (as in Redis);
//          - no more than kErrorKindsMax first words are known, for a script may make them up.
#pragma once

#include <utility>

#include "broker/stats.h"

namespace leat {

class ErrorCounts {
 public:
  explicit ErrorCounts(Stats& stats) : stats_(stats) {}  // must outlive this

  void count(View text);

  void begin_script() {
    of_its_command_.clear();
    returned_ = false;
  }
  void count_of_command(View text) {  // of the script that runs
    count(text);
    of_its_command_ = text;
  }
  void count_of_script(View text) {  // that ended it
    if (of_its_command_.empty() || !text.starts_with(of_its_command_)) count(text);
  }
  void script_returns(View text) {
    count_of_script(text);
    returned_ = true;
  }
  bool script_returned_one() { return std::exchange(returned_, false); }

 private:
  Stats& stats_;
  Bytes of_its_command_;  // the last one
  bool returned_ = false;
};

}  // namespace leat
