// SPDX-License-Identifier: Apache-2.0
// class.cc: CLASS: the classes of keys that the configuration names, and the default class. Leat's own.
#include "broker/broker.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/server_commands.h"
#include "broker/config/config_words.h"

namespace leat {

namespace {

Status no_such_class(View name) {
  return Status::error("ERR no such class '" + Bytes(name.substr(0, 128)) + "': CLASS LIST tells which there are");
}

Replied number(Context& ctx, View name, uint64_t value) {
  ctx.reply.bulk(name);
  return ctx.reply.integer(static_cast<int64_t>(value));
}

Replied text(Context& ctx, View name, View value) {
  ctx.reply.bulk(name);
  return ctx.reply.bulk(value);
}

Replied settings(Context& ctx, const KeyClass& one) {
  ctx.reply.map(8);
  text(ctx, "name", one.name);
  ctx.reply.bulk("prefixes");
  ctx.reply.array(one.prefixes.size());
  for (const Bytes& prefix : one.prefixes) ctx.reply.bulk(prefix);
  text(ctx, "durability", name_of(one.durability));
  text(ctx, "durability_floor", name_of(one.floor));
  text(ctx, "policy", name_of(one.policy));
  number(ctx, "quota", one.quota);
  number(ctx, "reserve", one.reserve);
  return number(ctx, "max_value_bytes", one.max_value_bytes);
}

// CLASS LIST  →  the settings of each class, the default one first
Outcome class_list(Context& ctx, Args) {
  const Classes& classes = ctx.rooms.classes;
  Replied replied = ctx.reply.array(classes.size());
  for (ClassId id = 0; id < classes.size(); ++id) replied = settings(ctx, classes[id]);
  return replied;
}

Replied figures(Context& ctx, ClassId id) {
  const ClassUsage::Figures use = ctx.rooms.usage.of(id);
  const ClassStats stats = stats_of_class(ctx.rooms, id);
  ctx.reply.map(8);
  text(ctx, "name", ctx.rooms.classes[id].name);
  number(ctx, "keys", use.keys);
  number(ctx, "bytes", use.bytes);
  number(ctx, "hits", stats.hits);
  number(ctx, "misses", stats.misses);
  number(ctx, "evicted", stats.evicted);
  number(ctx, "expired", stats.expired);
  return number(ctx, "oom_refusals", stats.oom_refusals);
}

// CLASS STATS [name]  →  the figures of each class, or of that one
Outcome class_stats(Context& ctx, Args args) {
  if (args.size() > 3) return arity_error(ctx.command);
  const Classes& classes = ctx.rooms.classes;
  if (args.size() == 3) {
    const auto id = classes.named(args[2]);
    return id ? Outcome(figures(ctx, *id)) : Outcome(no_such_class(args[2]));
  }
  Replied replied = ctx.reply.array(classes.size());
  for (ClassId id = 0; id < classes.size(); ++id) replied = figures(ctx, id);
  return replied;
}

// CLASS FLUSH name  →  how many keys of the class were deleted, in all databases, when they are
Outcome class_flush(Context& ctx, Args args) {
  ClassFlush& flush = ctx.rooms.class_flush;
  if (ctx.resumed == nullptr) {
    const auto id = ctx.rooms.classes.named(args[2]);
    if (!id) return no_such_class(args[2]);
    flush.ask(*id, ctx.client.id);
    return Wait{.on_timeout = OnTimeout::kNull};  // for no key: the tick that has deleted the last runs this again
  }
  const auto done = flush.take_done(ctx.client.id);
  if (!done) return Wait{.on_timeout = OnTimeout::kNull};
  ctx.footing.join(
      {.index = ctx.rooms.batch.last_index(), .level = ctx.rooms.classes[done->of].level(ctx.client.durability)});
  return ctx.reply.integer(static_cast<int64_t>(done->deleted));
}

// CLASS sub-command …; without one the executor has refused it
Outcome class_container(Context&, Args) { return Status::error("ERR unknown subcommand. Try CLASS HELP."); }

constexpr CommandRow kRows[] = {
    // name          arity keys          traits                                            handler
    {"CLASS",        -2,   Keys::none(), kContainer,                                       class_container},
    {"CLASS|FLUSH",  3,    Keys::none(), kWrite | kAdmin | kNoScript | kNoMulti | kBlocks, class_flush},
    {"CLASS|HELP",   2,    Keys::none(), kLoading | kStale,                                subcommand_help},
    {"CLASS|LIST",   2,    Keys::none(), kLoading | kStale,                                class_list},
    {"CLASS|STATS",  -2,   Keys::none(), kLoading | kStale,                                class_stats},
};
static_assert(well_formed(kRows));

}  // namespace

// Without a class beside the default everything is the default class's.
ClassStats stats_of_class(const Rooms& rooms, ClassId id) {
  const Stats& all = rooms.stats;
  ClassStats one = all.by_class[id];
  if (rooms.classes.any()) return one;
  one.hits = all.hits;
  one.misses = all.misses;
  one.evicted = all.evicted_keys;
  one.expired = all.expired_keys;
  return one;
}

const Family kClassFamily{"leat", kRows};

}  // namespace leat
