// SPDX-License-Identifier: Apache-2.0
// libraries.h: from the texts of libraries that the keyspace holds to functions that can be called.
//
// Used by: the broker's start; FUNCTION LOAD and RESTORE (the watch).
// Always:  - a start is never refused for a library: one that cannot be run any more is told, keeps its text, and has
//            no functions until somebody loads it anew.
#pragma once

#include <functional>

#include "broker/broker_time.h"
#include "broker/keyspace/keyspace.h"
#include "broker/script/function_host.h"
#include "schemas/log.h"

namespace leat {

// The house, as a library sees it that registers its functions: it may log, and take so long.
class LibraryWatch final : public CommandCaller {
 public:
  // `rest` is called now and then, if there is one. All must outlive this.
  LibraryWatch(BrokerTime& time, Events& events, TimeMs limit_ms, std::function<void()> rest = nullptr);

  void call(Args, ReplySink& reply) override;
  void set_protocol(int) override {}
  bool keep_running() override;
  void log(View level, View text) override;

  static constexpr TimeMs kLoadMsMax = 500;  // as Redis has it
 private:
  BrokerTime& time_;
  Events& events_;
  const int64_t until_us_;
  const std::function<void()> rest_;
};

void log_of_script(Events& events, View level, View text);

// All that `keyspace` holds; `functions` has none yet.
void load_libraries(const Keyspace& keyspace, FunctionHost& functions, BrokerTime& time, Events& events,
                    const std::function<void()>& rest);

}  // namespace leat
