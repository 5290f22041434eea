// SPDX-License-Identifier: Apache-2.0
#include "broker/libraries.h"

namespace leat {

namespace {
constexpr TimeMs kStartMsMax = 5000;  // of one library; it took less than half a second when it was loaded
}

LibraryWatch::LibraryWatch(BrokerTime& time, Events& events, TimeMs limit_ms, std::function<void()> rest)
    : time_(time), events_(events), until_us_(time.monotonic_us() + limit_ms * 1000), rest_(std::move(rest)) {}

// No way leads here: what registers sees no redis.call.
void LibraryWatch::call(Args, ReplySink& reply) {
  reply.error("ERR no command can be called while a library is loaded");
}

bool LibraryWatch::keep_running() {
  time_.advance();
  if (rest_) rest_();
  return time_.monotonic_us() < until_us_;
}

void LibraryWatch::log(View level, View text) { log_of_script(events_, level, text); }

void log_of_script(Events& events, View level, View whole) {
  constexpr size_t kTextMax = 1024;  // as Redis: a script must not fill the disk with one line
  const View text = whole.substr(0, kTextMax);
  if (level == "warning") events.warning("script_log", {{"text", text}});
  else if (level == "notice") events.info("script_log", {{"text", text}});
  else events.debug("script_log", {{"text", text}});
}

void load_libraries(const Keyspace& keyspace, FunctionHost& functions, BrokerTime& time, Events& events,
                    const std::function<void()>& rest) {
  for (const Bytes& name : keyspace.library_names()) {
    const View text = *keyspace.library(name);
    LibraryWatch watch(time, events, kStartMsMax, rest);
    auto library = functions.read(text, watch);
    if (!library.ok()) {
      events.error("library_unusable", {{"library", name}, {"why", library.status().text()}});
      library = FunctionHost::unusable(name, text);
    }
    functions.put(*library);
  }
}

}  // namespace leat
