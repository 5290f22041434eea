// SPDX-License-Identifier: Apache-2.0
// round.h: the requests that are run next, of one client or of several: parsed, their commands known, and the memory of
// their keys on its way.
//
// Used by: the tick, which fills it, and runs its turns one after the other.
// Always:  - words point into their clients' inputs: from add() to leave() a client's input stays where it is, and what
//            it sends meanwhile lies in input_later;
//          - nothing is decided here: whether a request may run is asked when its turn has come;
//          - a client that leaves before all its requests were run has lost nothing: they are parsed again.
// Why:     half of what a look-up costs among many keys is waiting for memory, and sixteen waits at once take no longer
//          than one; and a request is parsed where the next one's bytes are at hand.
#pragma once

#include <vector>

#include "broker/client.h"
#include "broker/commands/table.h"
#include "broker/keyspace/keyspace.h"
#include "broker/stamps.h"

namespace leat {

class Round {
 public:
  static constexpr size_t kRequests = 16;  // of a client; a round with so many takes no further clients

  struct Request {
    const Command* command;  // null: there is none of that name
    size_t first_word, words;
    size_t end;  // of the request in its client's input
  };
  struct Turn {
    Client* client;
    size_t first, count;
    RespParser::Next last;  // why there are no more: kRequest (enough), kNeedMore, kMalformed
  };

  bool full() const { return requests_.size() >= kRequests; }
  bool empty() const { return turns_.empty(); }
  // Parses what the client has sent.
  void add(Client& client, const CommandTable& table, const RespParser::Limits& limits);
  // Has the memory fetched that the requests' first keys will need, and the members of one key that a pipeline
  // is about.
  void fetch(const Keyspace& keyspace, const Stamps& stamps) const;

  // The turns, in the order they were added.
  bool has_turn() const { return turn_ < turns_.size(); }
  Turn begin_turn();
  const Request& request(size_t number) const { return requests_[number]; }
  Args args(const Request& request) const { return Args(Views(words_.data() + request.first_word, request.words)); }
  void end_turn();  // its client has left the round
  // The clients whose turns have not begun, in order: they have left the round, too.
  std::vector<Client*> give_back();
  void clear();

 private:
  static void leave(Client& client);
  void fetch_members(const Keyspace& keyspace, const Turn& turn) const;

  std::vector<Turn> turns_;
  std::vector<Request> requests_;
  std::vector<View> words_;
  size_t turn_ = 0;
  bool in_turn_ = false;
};

}  // namespace leat
