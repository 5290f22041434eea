// SPDX-License-Identifier: Apache-2.0
// init_tool.h: `leat init`: a first configuration, with a password and two tokens that nobody else has.
//
// Used by: main.
// Always:  - it replaces nothing: where a file is there already it says so, and nothing is changed;
//          - the file is its owner's alone (0600) and holds digests only; the secrets are printed this once, as
//            lines of a .env;
//          - `leat serve --config FILE` works at once, from any folder.
#pragma once

#include "schemas/bytes.h"

namespace leat {

struct InitOptions {
  Bytes folder;               // where leat.toml goes; empty: here
  Bytes file;                 // --config: that file instead
  Bytes host = "127.0.0.1";   // to listen on
  Bytes port = "6379", http_port = "8079";
  Bytes data;                 // of the data; empty: `data`, beside the file
};

int init_broker(InitOptions options);  // the exit code of main

}  // namespace leat
