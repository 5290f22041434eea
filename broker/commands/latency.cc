// SPDX-License-Identifier: Apache-2.0
// latency.cc: LATENCY: what took too long, and how long commands take (latency.h).
// https://redis.io/docs/latest/commands/latency/
#include <algorithm>

#include "broker/commands/executor.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/parse.h"

namespace leat {

namespace {

Outcome latency(Context& ctx, Args) { return arity_error(ctx.command); }

// LATENCY LATEST  →  of each event its name, the time and the milliseconds of its last sample, and the worst ever
Outcome latency_latest(Context& ctx, Args) {
  const auto& events = ctx.rooms.latency.all();
  ctx.reply.array(events.size());
  for (const auto& [name, event] : events) {
    ctx.reply.array(4);
    ctx.reply.bulk(name);
    ctx.reply.integer(event.samples.back().at_s);
    ctx.reply.integer(event.samples.back().ms);
    ctx.reply.integer(event.max_ms);
  }
  return Replied();
}

// LATENCY HISTORY event  →  its samples: time, milliseconds
Outcome latency_history(Context& ctx, Args args) {
  const LatencyEvents::Event* const event = ctx.rooms.latency.find(args[2]);
  if (event == nullptr) return ctx.reply.array(0);
  ctx.reply.array(event->samples.size());
  for (const LatencyEvents::Sample& sample : event->samples) {
    ctx.reply.array(2);
    ctx.reply.integer(sample.at_s);
    ctx.reply.integer(sample.ms);
  }
  return Replied();
}

// LATENCY RESET [event ...]  →  how many there were
Outcome latency_reset(Context& ctx, Args args) {
  size_t gone = 0;
  if (args.size() == 2) gone = ctx.rooms.latency.reset();
  for (const View name : args.from(2)) gone += ctx.rooms.latency.reset(name);
  return ctx.reply.integer(static_cast<int64_t>(gone));
}

// Columns of four steps, one for each sample; the oldest on the left.
Bytes graph_of(View name, const LatencyEvents::Event& event) {
  const auto by_ms = [](const LatencyEvents::Sample& a, const LatencyEvents::Sample& b) { return a.ms < b.ms; };
  const auto [low, high] = std::minmax_element(event.samples.begin(), event.samples.end(), by_ms);
  Bytes text = Bytes(name) + " - high " + integer_text(high->ms) + " ms, low " + integer_text(low->ms) +
               " ms (all time high " + integer_text(event.max_ms) + " ms)\n" + Bytes(80, '-') + "\n";
  constexpr int64_t kSteps = 4;
  const int64_t span = std::max<int64_t>(high->ms - low->ms, 1);
  for (int64_t step = kSteps; step > 0; --step) {
    for (const LatencyEvents::Sample& sample : event.samples) {
      const int64_t height = 1 + (sample.ms - low->ms) * (kSteps - 1) / span;
      text += height > step ? '|' : height == step ? '#' : step == 1 ? '_' : ' ';
    }
    text += '\n';
  }
  return text;
}

// LATENCY GRAPH event
Outcome latency_graph(Context& ctx, Args args) {
  const LatencyEvents::Event* const event = ctx.rooms.latency.find(args[2]);
  if (event == nullptr) return Status::error("ERR No samples available for event '" + Bytes(args[2]) + "'");
  return ctx.reply.verbatim(graph_of(args[2], *event));
}

// LATENCY DOCTOR: the events in words
Outcome latency_doctor(Context& ctx, Args) {
  if (ctx.rooms.config.latency_threshold_ms == 0) {
    return ctx.reply.verbatim(
        "Nothing is watched: CONFIG SET latency-monitor-threshold to the milliseconds from which on "
        "something is too slow for you.\n");
  }
  const auto& events = ctx.rooms.latency.all();
  if (events.empty()) return ctx.reply.verbatim("Nothing has taken too long since the threshold was set.\n");
  Bytes text = "These took longer than " + integer_text(ctx.rooms.config.latency_threshold_ms) + " ms:\n";
  for (const auto& [name, event] : events) {
    int64_t sum_ms = 0;
    for (const LatencyEvents::Sample& sample : event.samples) sum_ms += sample.ms;
    const auto samples = static_cast<int64_t>(event.samples.size());
    text += "- " + name + ": " + integer_text(samples) + " latency spikes (average " + integer_text(sum_ms / samples) +
            " ms, worst " + integer_text(event.max_ms) + " ms).\n";
  }
  text += "SLOWLOG GET shows which requests they were; INFO persistence shows how long the disk's syncs take.\n";
  return ctx.reply.verbatim(text);
}

void tell_histogram(ReplySink& reply, const Command& command, const CommandStats& stats) {
  using Histogram = LatencyHistogram;
  const auto& counts = stats.latency.counts();
  size_t rows = 0;
  for (const uint64_t count : counts) rows += count > 0;
  reply.bulk(lower(command.row.name));
  reply.map(2);
  reply.bulk("calls");
  reply.integer(static_cast<int64_t>(stats.latency.calls()));
  reply.bulk("histogram_usec");
  reply.map(rows);
  uint64_t sum = 0;
  for (size_t i = 0; i < Histogram::kBuckets; ++i) {
    if (counts[i] == 0) continue;
    sum += counts[i];
    reply.integer(static_cast<int64_t>(Histogram::kBounds[i]));
    reply.integer(static_cast<int64_t>(sum));
  }
}

// LATENCY HISTOGRAM [command ...]  →  of each how many calls took up to so many microseconds; a container's name is
// that of all its sub-commands
Outcome latency_histogram(Context& ctx, Args args) {
  std::vector<const Command*> commands;
  const auto add = [&](const Command& command) {
    if (ctx.rooms.stats.by_command[command.number].latency.calls() > 0) commands.push_back(&command);
  };
  if (args.size() == 2) {
    for (const Command& command : ctx.rooms.table.all()) add(command);
  }
  for (const View name : args.from(2)) {
    const Command* const command = ctx.rooms.table.find(name);
    if (command == nullptr) continue;
    add(*command);
    for (const Command* sub : command->subcommands) add(*sub);
  }
  ctx.reply.map(commands.size());
  for (const Command* command : commands)
    tell_histogram(ctx.reply, *command, ctx.rooms.stats.by_command[command->number]);
  return Replied();
}

constexpr uint32_t kTells = kAdmin | kNoScript | kLoading | kStale;
constexpr CommandRow kRows[] = {
    // name              arity keys          traits             handler
    {"LATENCY",           -2,  Keys::none(), kContainer,        latency},
    {"LATENCY|DOCTOR",    2,   Keys::none(), kTells,            latency_doctor},
    {"LATENCY|GRAPH",     3,   Keys::none(), kTells,            latency_graph},
    {"LATENCY|HELP",      2,   Keys::none(), kLoading | kStale, subcommand_help},
    {"LATENCY|HISTOGRAM", -2,  Keys::none(), kTells,            latency_histogram},
    {"LATENCY|HISTORY",   3,   Keys::none(), kTells,            latency_history},
    {"LATENCY|LATEST",    2,   Keys::none(), kTells,            latency_latest},
    {"LATENCY|RESET",     -2,  Keys::none(), kTells,            latency_reset},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kLatencyFamily{"server", kRows};

}  // namespace leat
