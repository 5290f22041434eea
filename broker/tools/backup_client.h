// SPDX-License-Identifier: Apache-2.0
// backup_client.h: `leat backup DIR`: asks a running broker for a backup and waits for it.
//
// Used by: the command line.
// Always:  - a relative DIR is one of the caller's folder, not of the broker's;
//          - status 0 means that the backup is on disk and was read back.
#pragma once

#include "schemas/bytes.h"

namespace leat {

struct BackupOptions {
  Bytes folder;
  Bytes host = "127.0.0.1";
  Bytes port = "6379";
  Bytes user = "default";
  Bytes password;  // empty: none is shown
};

int backup_broker(const BackupOptions& options);

}  // namespace leat
