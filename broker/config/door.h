// SPDX-License-Identifier: Apache-2.0
// door.h: who may come to the door from elsewhere: the one place that decides whether an address is safe to listen on.
//
// Used by: check_config, the broker's start (when all users are known), each connection (protected mode), DEBUG and
//          CONFIG SET (what may be done from this machine only).
// Always:  - an address that others can reach asks for something first: a password of the default user, or a client's
//            certificate; `protected_mode = "no"` says that whoever set it up knows what he does.
#pragma once

#include "broker/config/config.h"

namespace leat {

// "127.0.0.1", "::1", "localhost", with a port behind it, too; or the path of a file, which is of this machine.
bool is_loopback(View address);
bool is_file(View address);
// One where plain clients are heard, unless `tls` is required there.
bool has_usual_port(const Config& config);
// Whether every stranger must show a client's certificate (TLS); then no password is asked for.
bool asks_for_certificate(const Config& config);
// `default_is_open`: whoever says nothing is let in as the default user.
Status check_door(const Config& config, bool default_is_open);
// As far as the configuration alone can tell.
bool names_a_password(const Config& config);

// What may be changed or run at run time: never, from this machine only, or always.
bool allows(DebugAccess access, View peer);
// "DEBUG": the error names its setting, enable-debug-command.
Status may_run(View command, DebugAccess access, View peer);

}  // namespace leat
