// SPDX-License-Identifier: Apache-2.0
// folder.h: a data folder, locked: the one that is there, or a new one with record 1 in it.
//
// Used by: the broker, first of all. Then it opens the snapshot and the log; the lock goes when both are closed.
//          Restore and salvage ask whether one is free.
// Always:  - a new folder is made beside (FOLDER.new) and renamed when it is whole; one that exists is filled in place,
//            its first segment made beside its name;
//          - a folder that holds any of leat's files but no segment is refused, never taken for a new one; and so is
//            one whose log begins later than with record 1 when there is no snapshot in front of it.
#pragma once

#include "wal/segment.h"

namespace leat::wal {

Result<std::unique_ptr<FileLock>> open_folder(FileSystem& files, const Bytes& folder,
                                              const std::function<uint64_t()>& random);

// For who only reads a folder: it is there, and no broker works in it; else `or_else` says what to do instead.
Status check_unused(FileSystem& files, const Bytes& folder, const Bytes& or_else);

}  // namespace leat::wal
