// SPDX-License-Identifier: Apache-2.0
// leat.cc: what only leat has.
#include "broker/broker.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"

namespace leat {

namespace {

Outcome answer(Context& ctx, const Backups::Done& done) {
  if (!done.status.ok()) return Status::error("ERR " + Bytes(done.status.text()));
  const std::pair<View, uint64_t> facts[] = {{"index", done.report.meta.index},
                                             {"rows", done.report.tally.rows},
                                             {"bytes", done.report.bytes},
                                             {"took_ms", static_cast<uint64_t>(done.took_ms)}};
  Replied replied = ctx.reply.map(std::size(facts));
  for (const auto& [name, value] : facts) {
    ctx.reply.bulk(name);
    replied = ctx.reply.integer(static_cast<int64_t>(value));
  }
  return replied;
}

// LEAT BACKUP folder  →  index, rows, bytes and milliseconds of the backup, when it is on disk and was read back
Outcome leat_backup(Context& ctx, Args args) {
  Backups& backups = ctx.rooms.broker.backups();
  if (ctx.resumed == nullptr) {
    const Status asked = backups.ask(Bytes(args[2]), ctx.client.id);
    if (!asked.ok()) return Status::error("ERR " + Bytes(asked.text()));
    return Wait{.on_timeout = OnTimeout::kNull};  // for no key: the tick that sees the backup done runs this again
  }
  const auto& done = backups.last();
  if (backups.under_way() || !done || done->asker != ctx.client.id) return Wait{.on_timeout = OnTimeout::kNull};
  return answer(ctx, *done);
}

// LEAT sub-command …; without one the executor has refused it
Outcome leat_container(Context&, Args) { return Status::error("ERR unknown subcommand. Try LEAT HELP."); }

constexpr CommandRow kRows[] = {
    // name          arity keys          traits                                    handler
    {"LEAT",         -2,   Keys::none(), kContainer,                               leat_container},
    {"LEAT|BACKUP",  3,    Keys::none(), kAdmin | kNoScript | kNoMulti | kBlocks,  leat_backup},
    {"LEAT|HELP",    2,    Keys::none(), kLoading | kStale,                        subcommand_help},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kLeatFamily{"leat", kRows};

}  // namespace leat
