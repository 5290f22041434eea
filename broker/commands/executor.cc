// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/executor.h"

#include "broker/broker.h"
#include "broker/commands/invalidation.h"
#include "broker/commands/publish.h"
#include "broker/commands/rest_manners.h"
#include "broker/commands/secrets.h"
#include "broker/commands/table.h"

namespace leat {

namespace {

Bytes quoted_arguments(Args args) {
  constexpr size_t kShown = 128;
  Bytes out;
  for (size_t i = 1; i < args.size() && out.size() < kShown; ++i) {
    const View shown = args[i].substr(0, kShown - out.size());
    out += "'" + Bytes(shown.substr(0, shown.find('\0'))) + "' ";
  }
  return out;
}

Status unknown_command(const Command* container, Args args) {
  if (container != nullptr) {
    return Status::error("ERR unknown subcommand '" + Bytes(args[1].substr(0, 128)) + "'. Try " + upper(args[0]) +
                         " HELP.");
  }
  return Status::error("ERR unknown command '" + Bytes(args[0].substr(0, 128)) + "', with args beginning with: " +
                       quoted_arguments(args));
}

bool arity_fits(const Command& command, Args args) {
  const int words = static_cast<int>(std::min<size_t>(args.size(), INT32_MAX));
  return command.row.arity < 0 ? words >= -command.row.arity : words == command.row.arity;
}

bool is_script(const Command& command) { return command.family == "scripting"; }

bool names_missing_subcommand(const Command* command, Args args) {
  return command != nullptr && command->is(kContainer) && !command->subcommands.empty() && args.size() >= 2;
}

bool ends_transaction(const Client& client, const Command* command) {
  return command != nullptr && command->row.name == "EXEC" && (client.rest == nullptr || is_own(client));
}

// That somebody may not do something is not to be seen before it is as durable as he may ask.
Stamp refusal_stamp(const Rooms& rooms, const Client& client) {
  Stamp stamp = client.output.stamp();
  if (!client.unrestricted)
    stamp.raise(Footing{rooms.stamps.of_users(), rooms.classes.strictest(client.durability)}.stamp());
  return stamp;
}

}  // namespace

Status arity_error(const Command& command) {
  return Status::error("ERR wrong number of arguments for '" + lower(command.row.name) + "' command");
}

// What the executor knows without running the handler. The order is Redis'.
Status Executor::refusal(const Client& client, const Command* command, Args args) {
  if (client.rest != nullptr) [[unlikely]] {
    if (Status refused = rest_refusal(client, command, args); !refused.ok()) return refused;
  }
  if (command == nullptr || names_missing_subcommand(command, args)) return unknown_command(command, args);
  if (!arity_fits(*command, args) && !(client.rest != nullptr && rest_takes(*command, args)))
    return arity_error(*command);
  if (!client.unrestricted) [[unlikely]] {
    if (Status unknown = Guard::authentication(client, *command); !unknown.ok()) return unknown;
  }
  if (client.in_multi && command->is(kNoMulti)) {
    return Status::error("ERR Command not allowed inside a transaction");
  }
  if (!client.unrestricted) [[unlikely]] {
    const auto where = client.in_multi ? Guard::Where::kQueueing : Guard::Where::kTopLevel;
    Status forbidden = guard_.permission(client, *command, args, where);
    if (!forbidden.ok()) return client.rest == nullptr ? forbidden : rest_words(client, forbidden);
  }
  if (client.protocol == 2 && client.subscriptions() + client.shard_channels.size() > 0 &&
      !command->is(kWhileSubscribed)) {
    return Status::error("ERR Can't execute '" + lower(command->row.name) +
                         "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context");
  }
  if (loading && !command->is(kLoading)) return Status::error("LOADING Redis is loading the dataset in memory");
  if (busy && !command->is(kBusy)) return busy_error();
  if (client.monitors && (command->is(kWrite | kReadOnly) || is_script(*command))) {
    return Status::error("ERR Replica can't interact with the keyspace");  // as Redis has it, to whom a monitor is one
  }
  return Status::fine();
}

Status Executor::busy_error() const {
  const bool is_function = running != nullptr && running->is_function;
  return Status::error("BUSY Redis is busy running a script. You can only call " +
                       Bytes(is_function ? "FUNCTION" : "SCRIPT") + " KILL or SHUTDOWN NOSAVE.");
}

// By its row; a script by what it says of itself: its first line, or what it was registered with.
bool Executor::may_write(const Command& command, Args args) const {
  if (!command.is(kRunsScript)) return command.is(kWrite) || command.is(kMayWrite);
  if (command.is(kReadOnly)) return false;
  if (command.row.name == "EVALSHA") return !rooms_.scripts.flags(args[1]).value_or(ScriptFlags()).no_writes;
  if (command.row.name == "FCALL") {
    const LibraryFunction* const function = rooms_.functions.find(args[1]);
    return function == nullptr || !function->flags.no_writes;
  }
  const auto source = read_shebang(args[1]);
  return !source.ok() || !source->flags.no_writes;
}

bool Executor::must_pause(const Client& client, const Command& command, Args args) const {
  if (!paused() && !disk_behind) return false;
  if (paused() && !pause.writes_only) return true;  // CLIENT UNPAUSE too, as in Redis
  if (may_write(command, args)) return true;
  if (command.row.name != "EXEC") return false;
  for (const QueuedCommand& queued : client.queued) {
    if (may_write(*queued.command, queued.args.args())) return true;
  }
  return false;
}

void Executor::refuse(Client& client, const Status& why) {
  client.reply().error(why);
  errors_.count(why.text());
  if (client.in_multi) client.multi_failed = true;
}

// An EXEC that may not run ends its transaction, and says why.
void Executor::refuse_exec(Client& client, const Status& why) {
  View reason = why.text();
  if (reason.starts_with("ERR ")) reason.remove_prefix(4);
  const Bytes text = "EXECABORT Transaction discarded because of: " + Bytes(reason);
  client.reply().error(text);
  errors_.count(text);
  client.in_multi = client.multi_failed = false;
  client.queued.clear();
  client.queued_bytes = 0;
  rooms_.watches.forget(client.id);
}

bool Executor::request(Client& client, const Command* command, Args args) {
  if (command == nullptr && client.rest == nullptr && (same_word(args[0], "POST") || same_word(args[0], "Host:"))) {
    // A browser that somebody sent here speaks HTTP: its body must not be taken for commands.
    rooms_.broker.warn_of(client, "client_closed", "it speaks HTTP");
    rooms_.broker.kill(client);
    return true;
  }
  if (command != nullptr) client.last_command = command;  // also of one that is refused: ACL LOG tells it
  if (const Status why = refusal(client, command, args); !why.ok()) {
    if (command != nullptr) ++rooms_.stats.by_command[command->number].rejected;
    if (ends_transaction(client, command)) refuse_exec(client, why);
    else refuse(client, why);
    seal(client, refusal_stamp(rooms_, client));
    return true;
  }
  if (must_pause(client, *command, args) && !(client.in_multi && !command->is(kRunsInMulti))) return false;
  if (const Status full = admission_.admit(client, *command, args, may_evict()); !full.ok()) {
    ++rooms_.stats.by_command[command->number].rejected;
    if (command->row.name == "EXEC") refuse_exec(client, full);
    else refuse(client, full);
    seal(client, client.output.stamp());
    return true;
  }
  client.active_ms = rooms_.time.monotonic_ms();
  ++client.commands;
  if (client.in_multi && !command->is(kRunsInMulti)) {
    size_t bytes = 0;
    for (const View word : args.all()) bytes += word.size() + sizeof(View);
    client.queued_bytes += bytes;
    if (client.queued_bytes > static_cast<size_t>(rooms_.config.multi_bytes_max)) {
      refuse(client, Status::error("ERR the transaction is larger than limits.multi_bytes allows: EXEC or DISCARD it"));
    } else {
      client.queued.push_back({command, OwnedArgs(args)});
      client.reply().simple("QUEUED");
    }
    seal(client, {});
    return true;
  }
  run(client, *command, args);
  if (client.tracking != nullptr && !client.in_multi && command->row.name != "CLIENT|CACHING") {
    client.tracking->caching = TrackingMode::Caching::kAsUsual;  // it was about this command
  }
  if (!busy) serve_waiters();  // what a slow script wakes is served after it
  return true;
}

void Executor::run(Client& client, const Command& command, Args args) {
  Context ctx(rooms_, client, client.reply(), command, client.db, rooms_.time.now_us());
  ctx.arrived_ms = rooms_.time.monotonic_ms();
  if (!client.unrestricted) [[unlikely]] ctx.rest_on_users();
  const int64_t started_us = rooms_.time.monotonic_us();
  Outcome outcome = invoke(ctx, args);
  if (outcome.waits() && too_many_wait(client, outcome.wait())) [[unlikely]] {
    ++rooms_.stats.by_command[command.number].rejected;
    refuse(client, Status::error("ERR too many clients are blocked already: limits.blocked_clients"));
    seal(client, ctx.footing.stamp());
  } else if (outcome.waits()) {
    if (client.rest != nullptr) shorten(outcome.wait(), *client.rest, ctx.arrived_ms);
    const int64_t took_us = rooms_.time.monotonic_us() - started_us;
    park(client, command, args, std::move(outcome.wait()), ctx.db);
    client.parked->took_us = took_us;
  } else {
    seal(client, ctx.footing.stamp());
  }
  if (rooms_.monitors.any()) send_shown(ctx);
}

void Executor::follow(const Config& config) {
  histograms_ = config.latency_tracking;
  slow_us_ = rooms_.slow_log.bar_us();
  if (config.latency_threshold_ms > 0) slow_us_ = std::min(slow_us_, config.latency_threshold_ms * 1000);
}

void Executor::note_slow(const Context& ctx, Args args, int64_t took_us) {
  const int64_t now_s = rooms_.time.now_ms() / 1000;
  const int64_t threshold_ms = rooms_.config.latency_threshold_ms;
  if (threshold_ms > 0 && took_us / 1000 >= threshold_ms) {
    rooms_.latency.note(ctx.command.is(kFast) ? "fast-command" : "command", now_s, took_us / 1000);
  }
  if (took_us < rooms_.slow_log.bar_us() || ctx.command.is(kNoSlowLog)) return;
  rooms_.slow_log.note({.id = 0,
                        .at_s = now_s,
                        .took_us = took_us,
                        .words = cut_words(without_secrets(ctx.command, args)),
                        .address = ctx.client.transport.peer(),
                        .name = ctx.client.name});
}

// Who monitors is shown the command; it is sent when the request that it belongs to is done.
void Executor::show(const Context& ctx, Args args) {
  if (ctx.command.is(kAdmin)) return;  // too much could be learned from it
  const Bytes origin = ctx.in_script ? Bytes("lua") : ctx.client.transport.peer();
  const std::vector<View> words = without_secrets(ctx.command, args);
  rooms_.monitors.note({.now_us = rooms_.time.now_us(), .db = ctx.db, .origin = origin, .words = words});
  if (rooms_.monitors.full()) send_shown(ctx);
}

void Executor::send_shown(const Context& ctx) {
  rooms_.monitors.rest_on(ctx.seen());
  if (busy && !rooms_.monitors.full()) return;  // others' requests within a slow script: its lines wait for its end
  const Monitors::Lines shown = rooms_.monitors.take();
  for (const Ticket ticket : rooms_.monitors.watchers()) {
    Client* const watcher = rooms_.clients.find(ticket);
    if (watcher == nullptr || watcher->gone) continue;
    push(*watcher, nullptr, shown.stamp, [&](ReplySink& sink) {
      for (const Monitors::Line& line : shown.lines) {
        if (watcher->token == nullptr || watcher->token->db == line.db) sink.simple(line.text);
      }
    });
  }
}

// Runs a handler, and tells those who want to know what has happened to keys by it.
Outcome Executor::handle(Context& ctx, Args args) {
  if (!rooms_.notifications.on() && !rooms_.tracking.any()) return ctx.command.row.handler(ctx, args);
  if (!ctx.nested) tell_of_keys();  // what was noted before, by eviction
  rooms_.notifications.begin_command(ctx.command.row.name);
  Outcome outcome = ctx.command.row.handler(ctx, args);
  const Stamp stamp = ctx.seen();
  remember_reads(ctx, args);
  publish_events(&ctx.client, stamp);
  if (!ctx.nested) send_invalidations(rooms_, &ctx.client, stamp);  // of a script or a transaction together
  return outcome;
}

void Executor::tell_of_keys() {
  if (rooms_.notifications.empty() && rooms_.tracking.empty()) return;
  Footing footing;
  footing.rest_on(rooms_.batch.index());
  footing.at_least(rooms_.classes.strictest({}));
  publish_events(nullptr, footing.stamp());
  send_invalidations(rooms_, nullptr, footing.stamp());
}

void Executor::publish_events(const Client* self, Stamp stamp) {
  if (rooms_.notifications.empty()) return;
  const EventClasses& classes = rooms_.notifications.classes();
  for (const auto& [db, event, key] : rooms_.notifications.take()) {
    const Bytes at = '@' + std::to_string(db) + "__:";
    if (classes.has(EventClass::kByKey)) publish(rooms_, self, stamp, "__keyspace" + at + key, event);
    if (classes.has(EventClass::kByEvent)) publish(rooms_, self, stamp, "__keyevent" + at + Bytes(event), key);
  }
}

// Runs a handler and writes its error, if that is what came of it; a wait is the caller's.
Outcome Executor::invoke(Context& ctx, Args args) {
  const int64_t started_us = rooms_.time.monotonic_us();
  ++rooms_.stats.commands;
  const bool monitored = rooms_.monitors.any();
  if (monitored && is_script(ctx.command)) [[unlikely]] show(ctx, args);  // its line comes before those of its commands
  const bool runs_script = is_script(ctx.command);
  if (runs_script) errors_.begin_script();
  Outcome outcome = handle(ctx, args);
  CommandStats& stats = rooms_.stats.by_command[ctx.command.number];  // not before: CONFIG RESETSTAT makes them anew
  const bool parks = outcome.waits() && !ctx.nested;  // it is counted when its wait is over
  if (!parks) ++stats.calls;
  if (!ctx.in_script) rooms_.time.advance();  // also for who parks: that took time as well
  if (!parks && !ctx.in_script) {
    const int64_t took_us = rooms_.time.monotonic_us() - started_us;
    count_time(stats, took_us);
    if (took_us >= slow_us_) [[unlikely]] note_slow(ctx, args, took_us);
  }
  if (monitored && !is_script(ctx.command)) [[unlikely]] show(ctx, args);
  if (!outcome.status().ok()) {
    ++stats.failed;
    const View text = outcome.status().text();
    if (runs_script) errors_.count_of_script(text);
    else if (ctx.in_script) errors_.count_of_command(text);
    else errors_.count(text);
    ctx.reply.error(outcome.status());
  } else if (runs_script && errors_.script_returned_one()) {
    ++stats.failed;
  }
  return outcome;
}

void Executor::count_time(CommandStats& stats, int64_t took_us) {
  stats.microseconds += static_cast<uint64_t>(took_us);
  if (histograms_) stats.latency.note(static_cast<uint64_t>(took_us));
}

// A wait is over: with an answer, or with an error.
void Executor::count_waited(const Parked& parked, bool failed) {
  CommandStats& stats = rooms_.stats.by_command[parked.command->number];
  ++stats.calls;
  if (failed) ++stats.failed;
  count_time(stats, parked.took_us);
}

void Executor::seal(Client& client, const Stamp& stamp) {
  ++client.replies;
  if (client.reply_mode != ReplyMode::kOn) {
    client.output.discard_unsealed();
    // CLIENT REPLY SKIP itself answers nothing, and so does the request after it.
    if (client.reply_mode == ReplyMode::kSkipping) client.reply_mode = ReplyMode::kOn;
    if (client.reply_mode == ReplyMode::kSkipNext) client.reply_mode = ReplyMode::kSkipping;
    if (client.behind_reply.bytes.empty()) return client.output.seal(stamp);  // messages are no replies
  }
  if (client.behind_reply.bytes.empty()) return seal_push(client, stamp);
  const Client::BehindReply behind = std::exchange(client.behind_reply, {});
  client.output.bytes().append(behind.bytes);
  Stamp both = stamp;
  both.raise(behind.stamp);
  seal_push(client, both);
}

void Executor::seal_push(Client& to, const Stamp& stamp) {
  to.output.seal(stamp);
  waited_for_.raise(stamp);
  rooms_.broker.to_release(to);
}

void Executor::run_queued(Context& exec) {
  Client& client = exec.client;
  std::vector<QueuedCommand> queued = std::move(client.queued);
  client.queued.clear();
  exec.reply.array(queued.size());
  for (const QueuedCommand& one : queued) {
    Context ctx(rooms_, client, client.reply(), *one.command, client.db, exec.now_us);
    ctx.arrived_ms = exec.arrived_ms;
    ctx.nested = true;
    ctx.footing = exec.footing;  // what a PUBLISH sends rests on the commands before it
    // Rules may have changed since it was queued.
    if (!client.unrestricted && is_forbidden(ctx, one.args.args())) continue;
    Outcome outcome = invoke(ctx, one.args.args());
    if (outcome.waits()) answer_timeout(client.reply(), outcome.wait().on_timeout);
    exec.footing.join(ctx.footing);
  }
  exec.db = client.db;
}

// Of a queued command; then the error is its reply.
bool Executor::is_forbidden(Context& ctx, Args args) {
  const Status forbidden = guard_.permission(ctx.client, ctx.command, args, Guard::Where::kExec);
  if (forbidden.ok()) return false;
  ++rooms_.stats.by_command[ctx.command.number].rejected;
  errors_.count(forbidden.text());
  ctx.reply.error(forbidden);
  return true;
}

// What DEBUG SET-DISABLE-DENY-SCRIPTS lets scripts do, of what does no harm there.
static bool may_debug_scripts(const Command& command) {
  return has_word("DEBUG CLIENT|LIST CLIENT|INFO CLIENT|ID", command.row.name);
}

void Executor::call_nested(Context& script, DbIndex& db, Args args, ReplySink& reply) {
  const Command* const command = rooms_.table.find(args);
  const auto refuse = [&](View text) {
    if (command != nullptr) ++rooms_.stats.by_command[command->number].rejected;
    errors_.count_of_command(text);
    reply.error(text);
  };
  if (command == nullptr || names_missing_subcommand(command, args)) {
    return refuse("ERR Unknown Redis command called from script");
  }
  if (!arity_fits(*command, args)) return refuse("ERR Wrong number of args calling Redis command from script");
  if (command->is(kNoScript) && !(scripts_debug && may_debug_scripts(*command))) {
    return refuse("ERR This Redis command is not allowed from script");
  }
  if (!script.client.unrestricted) [[unlikely]] {
    const Status forbidden = guard_.permission(script.client, *command, args, Guard::Where::kScript);
    if (!forbidden.ok()) return refuse(forbidden.text());
  }
  if (script.read_only && (command->is(kWrite) || command->is(kMayWrite))) {
    return refuse("ERR Write commands are not allowed from read-only scripts.");
  }
  if (const Status full = admission_.admit_nested(*command, args, script.allow_oom); !full.ok())
    return refuse(full.text());
  Context ctx(rooms_, script.client, reply, *command, db, script.now_us);
  ctx.arrived_ms = script.arrived_ms;
  ctx.nested = true;
  ctx.read_only = script.read_only;
  ctx.in_script = true;
  ctx.rollback = script.rollback;
  ctx.footing = script.footing;  // what a PUBLISH sends rests on the commands before it
  Outcome outcome = invoke(ctx, args);
  if (outcome.waits()) answer_timeout(reply, outcome.wait().on_timeout);
  script.footing.join(ctx.footing);
  db = ctx.db;
}

void Executor::answer_timeout(ReplySink& reply, OnTimeout on_timeout) {
  if (on_timeout == OnTimeout::kNull) reply.null();
  else reply.null_array();
}

// Waiting.

// What waits for no key has begun its work already (CLASS FLUSH …).
bool Executor::too_many_wait(const Client& client, const Wait& wait) const {
  const int64_t most = rooms_.config.blocked_clients_max;
  if (most == 0 || wait.keys.empty() || blocked() < static_cast<size_t>(most)) return false;
  rooms_.broker.warn_of(client, "client_not_blocked", "limits.blocked_clients wait already");
  return true;
}

void Executor::park(Client& client, const Command& command, Args args, Wait wait, DbIndex db) {
  rooms_.waiters.park(client.id, db, wait.keys, wait.ends_on_error);
  if (wait.deadline_ms != 0) deadlines_.add(wait.deadline_ms, client.id);
  client.parked = std::make_unique<Parked>(
      Parked{&command, OwnedArgs(args), std::move(wait), db, rooms_.time.monotonic_ms(), 0});
  if (client.parked->wait.look_again_ms != 0) plan_look(client, std::exchange(client.parked->wait.look_again_ms, 0));
  if (const Index synced = client.parked->wait.synced; synced != 0) {
    syncs_.emplace(synced, client.id);
    wait_for({.synced = synced});
  }
}

void Executor::plan_look(Client& client, TimeMs at_ms) {
  TimeMs& planned_ms = client.parked->wait.look_again_ms;
  if (planned_ms != 0) looks_.remove(planned_ms, client.id);
  if (at_ms != 0) looks_.add(at_ms, client.id);
  planned_ms = at_ms;
  rooms_.waiters.lookers = looks_.size();
}

void Executor::unpark(Client& client) {
  rooms_.waiters.forget(client.id);
  if (rooms_.migrations.any()) rooms_.migrations.forget(client.id);
  if (client.parked->wait.deadline_ms != 0) deadlines_.remove(client.parked->wait.deadline_ms, client.id);
  plan_look(client, 0);
  syncs_.erase({client.parked->wait.synced, client.id});
  client.parked.reset();
}

// Runs a parked request again, which may go on waiting in its place.
void Executor::retry(Client& client) {
  Parked& parked = *client.parked;
  Context ctx(rooms_, client, client.reply(), *parked.command, parked.db, rooms_.time.now_us());
  ctx.arrived_ms = parked.arrived_ms;
  ctx.resumed = &parked.wait;
  if (!client.unrestricted) [[unlikely]] {  // rules may have changed since it came
    const Status forbidden = guard_.permission(client, *parked.command, parked.args.args(), Guard::Where::kTopLevel);
    if (!forbidden.ok()) return turn_away(client, forbidden);
    ctx.rest_on_users();
  }
  Outcome outcome = handle(ctx, parked.args.args());
  if (outcome.waits()) {
    if (parked.wait.look_again_ms != outcome.wait().look_again_ms) plan_look(client, outcome.wait().look_again_ms);
    return;
  }
  count_waited(parked, !outcome.status().ok());
  if (!outcome.status().ok()) {
    errors_.count(outcome.status().text());
    client.reply().error(outcome.status());
  }
  if (parked.took_us >= slow_us_) note_slow(ctx, parked.args.args(), parked.took_us);
  resume(client, ctx.footing.stamp());
}

void Executor::retry(Ticket waiter) {
  Client* const client = rooms_.clients.find(waiter);
  if (client != nullptr && client->parked != nullptr) retry(*client);
}

void Executor::serve_synced(Index synced) {
  while (!syncs_.empty() && syncs_.begin()->first <= synced) retry(syncs_.extract(syncs_.begin()).value().second);
}

void Executor::serve_waiters() {
  while (const auto key = rooms_.waiters.next_touched()) {
    uint64_t after = 0;
    while (const auto waiter = rooms_.waiters.next_waiter(*key, after)) {
      after = waiter->arrival;
      Client* const client = rooms_.clients.find(waiter->ticket);
      if (client == nullptr || client->parked == nullptr) continue;
      const Wait& wait = client->parked->wait;
      if (!wait.ends_on_error) {
        // Nobody can be served by a key that is gone: with thousands in line that is worth knowing before each.
        const auto found = rooms_.keyspace.database(key->db).find(key->name);
        if (!found && !rooms_.waiters.has_stayers()) break;
        if (!found || found->type != wait.wanted) continue;
      }
      retry(*client);
    }
  }
}

void Executor::expire_waits() {
  if (deadlines_.empty() && looks_.empty()) return;
  rooms_.time.advance();
  if (may_look()) touch_due_looks();
  while (const auto due = deadlines_.pop_due(rooms_.time.monotonic_ms())) {
    Client* const client = rooms_.clients.find(due->payload);
    CHECK(client != nullptr && client->parked != nullptr);
    unblock(*client, View());
  }
}

// As if something had been added to their keys: those that wait for one key are looked at in order of arrival.
void Executor::touch_due_looks() {
  bool touched = false;
  while (const auto due = looks_.pop_due(rooms_.time.monotonic_ms())) {
    Parked& parked = *rooms_.clients.find(due->payload)->parked;
    parked.wait.look_again_ms = 0;
    for (const Bytes& key : parked.wait.keys) rooms_.waiters.touch(parked.db, key);
    touched = true;
  }
  if (touched) serve_waiters();
}

std::optional<TimeMs> Executor::next_wait_deadline_ms() const {
  TimeMs next_ms = deadlines_.earliest_ms();
  if (may_look()) next_ms = std::min(next_ms, looks_.earliest_ms());
  else if (paused() && !looks_.empty()) next_ms = std::min(next_ms, pause.until_ms);
  if (next_ms == consumers::kNever) return std::nullopt;
  return next_ms;
}

// What it waits to do it may do no longer.
void Executor::turn_away(Client& client, const Status& forbidden) {
  ++rooms_.stats.by_command[client.parked->command->number].rejected;
  Context ctx(rooms_, client, client.reply(), *client.parked->command, client.parked->db, rooms_.time.now_us());
  for (const Bytes& key : client.parked->wait.keys) ctx.rest_on(ctx.db, key);
  end_wait(client, forbidden.text(), ctx.footing.stamp());
}

void Executor::unblock(Client& client, View error) {
  if (client.parked == nullptr) return;
  if (error.empty() && client.parked->wait.on_timeout == OnTimeout::kHandler && !client.unrestricted) [[unlikely]] {
    const Parked& parked = *client.parked;
    const Status forbidden = guard_.permission(client, *parked.command, parked.args.args(), Guard::Where::kTopLevel);
    if (!forbidden.ok()) return turn_away(client, forbidden);
  }
  count_waited(*client.parked, !error.empty());
  Context ctx(rooms_, client, client.reply(), *client.parked->command, client.parked->db, rooms_.time.now_us());
  for (const Bytes& key : client.parked->wait.keys) ctx.rest_on(ctx.db, key);
  if (error.empty() && client.parked->wait.on_timeout == OnTimeout::kHandler) {
    ctx.arrived_ms = client.parked->arrived_ms;
    ctx.resumed = &client.parked->wait;
    ctx.time_is_up = true;
    const Outcome outcome = handle(ctx, client.parked->args.args());
    CHECK(outcome.replied());
  } else if (error.empty()) {
    client.reply().null_array();  // of BLMOVE, too, which answers null where it may not wait: as Redis does
  }
  end_wait(client, error, ctx.footing.stamp());
}

// It was answered, or is now.
void Executor::end_wait(Client& client, View error, const Stamp& stamp) {
  if (!error.empty()) {
    client.reply().error(error);
    errors_.count(error);
  }
  resume(client, stamp);
}

void Executor::resume(Client& client, const Stamp& answered) {
  unpark(client);
  rooms_.broker.to_run(client);  // what it sent meanwhile
  seal(client, answered);
}

void Executor::forget(Client& client) {
  if (client.parked != nullptr) unpark(client);
  rooms_.watches.forget(client.id);
  rooms_.pubsub.forget(client);
  rooms_.monitors.forget(client.id);
  stop_tracking(rooms_, client);
}

}  // namespace leat
