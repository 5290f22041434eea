// SPDX-License-Identifier: Apache-2.0
#include "broker/turns.h"

#include "broker/broker.h"

namespace leat {

namespace {
constexpr size_t kTickRecordBytes = 256 * 1024;  // DESIGN.md section 2
constexpr size_t kInputKept = 64 * 1024;  // an input buffer larger than this is given back once it is empty
// Who has not authenticated may say as much as takes to do that, as in Redis: ten words of 16 KiB.
constexpr RespParser::Limits kOfStrangers{.words_max = 10, .bulk_bytes_max = 16 * 1024, .of_stranger = true};
}  // namespace

void Turns::add(Client& client) {
  if (client.queued_to_run || client.in_round || client.parked != nullptr || client.parsed == client.input.size())
    return;
  client.queued_to_run = true;
  line_.push_back(client.id);
}

bool Turns::may_resume() const { return !aside_.empty() && !rooms_.executor.paused() && !rooms_.broker.disk_behind(); }

void Turns::resume() {
  if (!may_resume()) return;
  for (const Ticket ticket : aside_) {
    if (Client* const client = rooms_.clients.find(ticket)) client->paused = false;
  }
  line_.insert(line_.end(), aside_.begin(), aside_.end());
  aside_.clear();
}

void Turns::run(Round& round, int64_t budget_us) {
  const int64_t until_us = rooms_.time.monotonic_us() + budget_us;
  // Inside, the batch has what the script that holds the loop has written: however much that is, SCRIPT KILL is heard.
  const size_t batch_max = rooms_.batch.size() + kTickRecordBytes;
  while (!line_.empty() && rooms_.batch.size() < batch_max) {
    fill(round);
    round.fetch(rooms_.keyspace, rooms_.stamps);
    while (round.has_turn()) {
      run_turn(round, batch_max);
      if (rooms_.time.monotonic_us() >= until_us) return give_back(round);
    }
  }
}

void Turns::fill(Round& round) {
  round.clear();
  const RespParser::Limits limits{.words_max = rooms_.config.arguments_max,
                                  .bulk_bytes_max = rooms_.config.bulk_bytes_max};
  while (!line_.empty() && !round.full()) {
    Client* const client = rooms_.clients.find(line_.front());
    line_.pop_front();
    if (client == nullptr) continue;
    client->queued_to_run = false;
    if (client->may_run()) round.add(*client, rooms_.table, client->admitted ? limits : kOfStrangers);
  }
}

// Before what holds the loop goes on: nobody's input is bound by a round that will not come to him soon.
void Turns::give_back(Round& round) {
  const std::vector<Client*> back = round.give_back();
  for (auto client = back.rbegin(); client != back.rend(); ++client) {
    (*client)->queued_to_run = true;
    line_.push_front((*client)->id);
  }
}

void Turns::run_turn(Round& round, size_t batch_max) {
  const Round::Turn turn = round.begin_turn();
  Client& client = *turn.client;
  bool taken = true;
  const bool all = run_requests(round, turn, batch_max, taken) == turn.count;
  if (!all) client.parser.restart();
  const bool needs_more = all && turn.last == RespParser::Next::kNeedMore;
  drop_parsed(client, needs_more);
  const bool waits = needs_more && client.input_later.empty();
  round.end_turn();
  memory_.touch(client);
  if (!taken) {
    aside_.push_back(client.id);
    client.queued_to_run = client.paused = true;
  } else if (all && turn.last == RespParser::Next::kMalformed && client.may_run()) {
    end_malformed(client);
  } else if (!waits && client.may_run()) {
    add(client);
  }
}

// How many of the turn's requests were run. Not `taken`: the next one must wait.
size_t Turns::run_requests(const Round& round, const Round::Turn& turn, size_t batch_max, bool& taken) {
  Client& client = *turn.client;
  // Holds writes back, and nothing else: reads of settled keys go on.
  rooms_.executor.disk_behind = rooms_.broker.disk_behind();
  outputs_.lend(client.output.bytes());
  size_t run = 0;
  for (; run < turn.count && client.may_run() && rooms_.batch.size() < batch_max; ++run) {
    const Round::Request& request = round.request(turn.first + run);
    taken = rooms_.executor.request(client, request.command, round.args(request));
    if (!taken) break;  // CLIENT PAUSE, or the disk must catch up first: it stays where it is
    client.parsed = request.end;
  }
  if (client.output.bytes().empty()) outputs_.take_back(client.output.bytes());  // it waits for something
  count_pipeline(client, run);
  return run;
}

void Turns::drop_parsed(Client& client, bool all_there_was) {
  if (client.parsed == client.input.size()) {
    clear_keeping(client.input, kInputKept);
    client.parsed = 0;
  } else if (all_there_was || client.parsed >= client.input.size() / 2) {
    // The second is for who sends without end: what was executed must not pile up in front of what is to come.
    client.input.erase(0, client.parsed);
    client.parsed = 0;
  }
}

void Turns::end_malformed(Client& client) {
  rooms_.broker.warn_of(client, "client_closed", View(client.parser.error()).substr(4));
  client.reply().error(client.parser.error());
  rooms_.executor.seal(client, client.output.stamp());
  rooms_.broker.close_after_reply(client);
}

void Turns::count_pipeline(Client& client, size_t run) {
  client.unreleased = client.output.held() == 0 ? 0 : client.unreleased + run;
  if (client.unreleased <= static_cast<size_t>(rooms_.config.pipeline_requests_max)) return;
  if (!client.pipeline_full) {
    rooms_.broker.warn_of(client, "client_waits",
                          "as many of its replies wait for the disk as limits.pipeline_requests says");
  }
  client.pipeline_full = true;
}

}  // namespace leat
