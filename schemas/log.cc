// SPDX-License-Identifier: Apache-2.0
#include "schemas/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace leat {

namespace {

// A line break would forge a line, and an escape sequence what a terminal shows of it.
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_plain(View value) {
  return !value.empty() && value.find_first_of(" \"=") == View::npos &&
         std::none_of(value.begin(), value.end(), is_control);
}

Bytes line(View event, Events::Fields fields) {
  Bytes out = "event=";
  out += event;
  for (const EventField& field : fields) {
    out += ' ';
    out += field.name;
    out += '=';
    if (is_plain(field.value)) {
      out += field.value;
      continue;
    }
    out += '"';
    for (const char c : field.value) {
      if (c == '"' || c == '\\') out += '\\';
      out += is_control(c) ? ' ' : c;
    }
    out += '"';
  }
  return out;
}

std::shared_ptr<spdlog::logger> logger_of(spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>("leat", std::move(sink));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z level=%l %v");
  logger->flush_on(spdlog::level::info);
  return logger;
}

}  // namespace

Events::Events(std::shared_ptr<spdlog::logger> logger) : logger_(std::move(logger)) {}
Events::~Events() = default;

Result<std::unique_ptr<Events>> Events::open(View level, const Bytes& file) {
  spdlog::sink_ptr sink;
  try {
    if (file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
    }
  } catch (const spdlog::spdlog_ex& failure) {
    return Status::error("cannot open the log file " + file + ": " + failure.what());
  }
  std::unique_ptr<Events> events(new Events(logger_of(std::move(sink))));
  if (!events->set_level(level)) {
    return Status::error("log.level must be debug, info, warning or error, not " + Bytes(level));
  }
  return events;
}

std::unique_ptr<Events> Events::silent() {
  return std::unique_ptr<Events>(new Events(logger_of(std::make_shared<spdlog::sinks::null_sink_mt>())));
}

bool Events::set_level(View level) {
  if (level == "debug") logger_->set_level(spdlog::level::debug);
  else if (level == "info") logger_->set_level(spdlog::level::info);
  else if (level == "warning") logger_->set_level(spdlog::level::warn);
  else if (level == "error") logger_->set_level(spdlog::level::err);
  else return false;
  return true;
}

void Events::debug(View event, Fields fields) {
  if (logger_->should_log(spdlog::level::debug)) logger_->debug("{}", line(event, fields));
}
void Events::info(View event, Fields fields) { logger_->info("{}", line(event, fields)); }
void Events::warning(View event, Fields fields) { logger_->warn("{}", line(event, fields)); }
void Events::error(View event, Fields fields) { logger_->error("{}", line(event, fields)); }
void Events::flush() { logger_->flush(); }

}  // namespace leat
