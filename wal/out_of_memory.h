// SPDX-License-Identifier: Apache-2.0
// out_of_memory.h: what asks the system for memory by itself, and does not get it, ends as operator new does.
//
// Used by: whoever starts a thread; the room of SQLite, which asks malloc.
// Always:  - the handler of operator new decides (broker/main.cc: one line, and the end); without one it is
//            std::bad_alloc;
//          - no memory is no failure of the disk, and never told as one.
#pragma once

#include <new>
#include <system_error>
#include <thread>
#include <utility>

namespace leat::wal {

[[noreturn]] inline void end_of_memory() {
  if (const std::new_handler handler = std::get_new_handler()) handler();
  throw std::bad_alloc();
}

template <typename Run>
std::thread start_thread(Run run) {
  try {
    return std::thread(std::move(run));
  } catch (const std::system_error&) {  // the system gave no memory for its stack, or has too many
    end_of_memory();
  }
}

}  // namespace leat::wal
