// SPDX-License-Identifier: Apache-2.0
// client.h: one client as the broker knows it: what it said about itself, where it is, what it waits for.
//
// Used by: the executor and the connection family; net/ gives it a transport. Tests connect one without a socket.
// Always:  - the id is the ticket under which it waits, and is never reused;
//          - it never outlives its entry in Clients; whatever refers to a client for later keeps the ticket.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "broker/access/user.h"
#include "broker/commands/command.h"
#include "broker/config/config.h"
#include "broker/protocol/held_output.h"
#include "broker/protocol/resp_parser.h"
#include "broker/protocol/resp_sink.h"
#include "broker/tracking.h"
#include "chunks/id_table.h"
#include "schemas/ids.h"

namespace leat {

struct QueuedCommand {
  const Command* command;
  OwnedArgs args;
};

// A request that waits: the same handler runs again when one of its keys is touched.
struct Parked {
  const Command* command;
  OwnedArgs args;
  Wait wait;
  DbIndex db;
  TimeMs arrived_ms;  // monotonic
  int64_t took_us;    // to find nothing
};

enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext, kSkipping };

// Where a client's bytes go. A closed transport swallows what it is sent.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual void write(Bytes& bytes) = 0;  // leaves the memory of what could be sent at once for other use
  virtual void close_when_sent() = 0;
  virtual void close_now() = 0;
  virtual size_t unsent() const = 0;
  virtual Bytes peer() const = 0;   // "127.0.0.1:50000"
  virtual Bytes local() const = 0;
  virtual int descriptor() const { return -1; }
};

// What is different for a client of the REST door (http/rest_session.h, which is one).
class RestCaller {
 public:
  virtual ~RestCaller() = default;
  // For what it is told unasked: over `out`, in the form that its request asked for.
  virtual std::unique_ptr<ReplySink> sink_over(Bytes& out) = 0;
  // Of the client's replies: its requests from here on are the door's own: SUBSCRIBE of a stream of events, EXEC behind
  // a transaction.
  uint64_t own_from = UINT64_MAX;
  TimeMs wait_ms_max = 0;  // no wait lasts longer: a proxy in between would give it up
};

struct Client {
  Client(Ticket id, Transport& transport, TimeMs now_ms)
      : id(id), transport(transport), created_ms(now_ms), active_ms(now_ms), resp(output.bytes(), 2) {}
  Client(const Client&) = delete;

  const Ticket id;
  Transport& transport;
  const TimeMs created_ms;  // monotonic
  TimeMs active_ms;         // monotonic, of the last request

  Bytes input;        // received and not yet executed
  size_t parsed = 0;  // of input
  RespParser parser;
  Bytes input_later;  // received while words of a round pointed into the input
  bool queued_to_run = false;
  bool paused = false;  // CLIENT PAUSE, or the disk, holds its request back
  bool in_round = false;

  HeldOutput output;
  RespSink resp;
  ReplySink* sink = &resp;  // another one: it came by the REST door
  ReplySink& reply() { return *sink; }
  int protocol = 2;
  RestCaller* rest = nullptr;  // null: it speaks RESP. Must outlive this
  uint64_t replies = 0;        // that were sealed
  // Has `write` say something to it that is put into `out` first.
  template <typename Write>
  void say(Bytes& out, Write write) {
    if (rest != nullptr) return write(*rest->sink_over(out));
    RespSink plain(out, protocol);
    write(plain);
  }
  bool queued_to_release = false;
  // Replies to what is not on disk yet: beyond so many bytes its next requests wait for the disk too, or a reader of
  // one large value could fill the memory while the disk stands.
  static constexpr size_t kHeldBytesMax = 4 << 20;
  bool held_back() const { return pipeline_full || output.held() > kHeldBytesMax; }
  size_t unreleased = 0;       // requests that were run since nothing was held
  bool pipeline_full = false;  // they are limits.pipeline_requests: the next ones wait until their replies have gone
  bool may_run() const { return !gone && !closing && parked == nullptr && !held_back(); }

  // As whom it is here (doorkeeper.h).
  std::shared_ptr<access::User> user;
  bool authenticated = false;  // it has shown a password, or needed none when it came
  bool admitted = false;       // … or needs none now; until it is, its requests are small ones, and few
  bool unrestricted = false;   // it may do anything: nothing else is asked of a request
  // By which it came in; null: by none. It sees no database but the token's, and ends with it.
  std::shared_ptr<const access::Token> token;
  TimeMs token_until_ms() const { return token == nullptr ? 0 : token->until_ms(); }  // broker time; 0: it does not end

  // What it said about itself.
  Bytes name, lib_name, lib_version;
  DbIndex db = 0;
  ReplyMode reply_mode = ReplyMode::kOn;
  bool no_evict = false, no_touch = false;
  DurabilityChoice durability;  // CLIENT DURABILITY

  // MULTI
  bool in_multi = false;
  bool multi_failed = false;  // a queued command was refused: EXEC answers EXECABORT
  std::vector<QueuedCommand> queued;
  size_t queued_bytes = 0;

  // Pub/sub
  std::set<Bytes, std::less<>> channels, patterns, shard_channels;
  struct BehindReply {
    Bytes bytes;
    Stamp stamp;
  };
  BehindReply behind_reply;  // messages that came while a reply was being written, or of its own request
  size_t names_bytes = 0;    // of channels, patterns and shard channels, about
  static size_t name_bytes(View name) { return sizeof(Bytes) + 4 * sizeof(void*) + name.size(); }  // in a set
  size_t subscriptions() const { return channels.size() + patterns.size(); }
  bool monitors = false;  // MONITOR
  std::unique_ptr<TrackingMode> tracking;  // CLIENT TRACKING; null: off

  std::unique_ptr<Parked> parked;

  bool closing = false;  // nothing more is executed; the transport closes once the output is gone
  bool gone = false;     // hung up or killed: to be forgotten at the next tick's start
  const Command* last_command = nullptr;
  uint64_t commands = 0, bytes_in = 0, bytes_out = 0;
  size_t counted_bytes = 0;  // of memory; client_memory.h
};

// All clients, by ticket. Pointers stay valid until forget().
class Clients {
 public:
  Client& add(Transport& transport, TimeMs now_ms) {
    const Ticket id = ++last_;
    Client& client = *by_id_.emplace(id, std::make_unique<Client>(id, transport, now_ms)).first->second;
    quick_.insert(id) = &client;
    return client;
  }
  Client* find(Ticket id) {
    Client* const* const slot = quick_.find(id);
    return slot == nullptr ? nullptr : *slot;
  }
  void forget(Ticket id) {
    if (by_id_.erase(id) > 0) quick_.erase(id);
  }
  size_t size() const { return by_id_.size(); }
  Ticket last() const { return last_; }
  const std::map<Ticket, std::unique_ptr<Client>>& all() const { return by_id_; }

 private:
  Ticket last_ = 0;
  std::map<Ticket, std::unique_ptr<Client>> by_id_;  // ordered: CLIENT LIST goes by id
  IdTable<Client*> quick_;                           // the same: each request looks its client up, twice
};

}  // namespace leat
