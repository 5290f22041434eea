// SPDX-License-Identifier: Apache-2.0
// script_caller.h: the house, as a running script or function sees it; and what may keep it from running.
//
// Used by: the EVAL family, the FUNCTION family.
// Always:  - from its making to its end the executor knows what runs;
//          - flags are obeyed in Redis' order: memory, then *_RO.
#pragma once

#include "broker/commands/context.h"
#include "broker/commands/rest_manners.h"
#include "broker/commands/rollback.h"
#include "broker/commands/running_script.h"

namespace leat {

class ScriptCaller final : public CommandCaller {
 public:
  ScriptCaller(Context& ctx, RunningScript running);
  ~ScriptCaller() override;
  ScriptCaller(const ScriptCaller&) = delete;
  ScriptCaller& operator=(const ScriptCaller&) = delete;

  void call(Args args, ReplySink& reply) override;
  void returns_error(View text) override;
  void set_protocol(int) override {}  // its replies are shaped by the sink that it passes
  bool keep_running() override;
  void log(View level, View text) override;
  MayCall may_call(Args args) override;
  bool cuts_fractions() const override { return by_rest(ctx_); }
  // How the script went. One that failed over REST has written nothing.
  Status ended(Status ran);

 private:
  Context& ctx_;
  DbIndex db_;  // the script's own SELECT
  RunningScript running_;
  Rollback rollback_;
};

// Of what declares flags: whether it may run while memory is full.
Status fits_memory(const Context& ctx, const ScriptFlags& flags);
// Whether it may run by a *_RO command, where ctx.read_only says so; then the context is as the flags ask.
Status obey(Context& ctx, const ScriptFlags& flags);

// SCRIPT KILL, FUNCTION KILL: of what is slow, of its kind, and wrote nothing.
Outcome kill_script(Context& ctx, bool is_function);

}  // namespace leat
