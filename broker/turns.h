// SPDX-License-Identifier: Apache-2.0
// turns.h: clients that have something to run, and whose turn it is: a round of requests at a time.
//
// Used by: Broker, whose tick runs the turns, and whoever holds the loop in the middle of one (a long script,
//          a recovery).
// Always:  - each client in the line gets its turn; one that pipelines without end goes to the back of it;
//          - a request that may not run yet (CLIENT PAUSE, a disk that is behind) stays where it is, and its client
//            waits aside until resume();
//          - a tick ends after its budget or kTickRecordBytes of record; input left over comes first in the next.
// Source:  DESIGN.md section 2.
#pragma once

#include <deque>
#include <vector>

#include "broker/client_memory.h"
#include "broker/rooms.h"
#include "broker/round.h"
#include "broker/spare_buffers.h"

namespace leat {

class Turns {
 public:
  // All must outlive this.
  Turns(Rooms& rooms, ClientMemory& memory, SpareBuffers& outputs)
      : rooms_(rooms), memory_(memory), outputs_(outputs) {}

  void add(Client& client);  // to the line, if there is anything to run and it does not stand there
  bool empty() const { return line_.empty(); }
  size_t waiting() const { return line_.size(); }

  // Parse → handler → effects; waiters a command woke run right after it.
  void run(int64_t budget_us) { run(round_, budget_us); }
  // The same in the middle of a turn that holds the loop.
  void run_inside(int64_t budget_us) {
    give_back(round_);
    run(inner_round_, budget_us);
  }

  bool may_resume() const;  // those who wait aside
  void resume();

 private:
  void run(Round& round, int64_t budget_us);
  void fill(Round& round);
  void run_turn(Round& round, size_t batch_max);
  size_t run_requests(const Round& round, const Round::Turn& turn, size_t batch_max, bool& taken);
  void drop_parsed(Client& client, bool all_there_was);
  void end_malformed(Client& client);
  void give_back(Round& round);
  void count_pipeline(Client& client, size_t run);

  Rooms& rooms_;
  ClientMemory& memory_;
  SpareBuffers& outputs_;
  std::deque<Ticket> line_;
  std::vector<Ticket> aside_;
  Round round_;
  Round inner_round_;  // of run_inside(), while a turn of the other is under way
};

}  // namespace leat
