// SPDX-License-Identifier: Apache-2.0
// rooms.h: what a handler may walk into, gathered by reference. Broker owns all of it; nothing here is global.
//
// Used by: Context, and through it every handler; the executor, the turns, the doors.
// Always:  - every room outlives whoever holds this, and none is null;
//          - state is changed through `batch` alone: the keyspace is here to be looked at.
#pragma once

#include <random>

#include "broker/batch.h"
#include "broker/broker_time.h"
#include "broker/class_flush.h"
#include "broker/class_usage.h"
#include "broker/client.h"
#include "broker/config/config.h"
#include "broker/doorkeeper.h"
#include "broker/eviction.h"
#include "broker/latency.h"
#include "broker/migrations.h"
#include "broker/monitors.h"
#include "broker/pubsub.h"
#include "broker/script/function_host.h"
#include "broker/script/script_host.h"
#include "broker/slow_log.h"
#include "broker/stats.h"
#include "broker/vanished.h"
#include "broker/watches.h"
#include "consumers/waiters.h"
#include "schemas/log.h"

namespace leat {

class Broker;
class CommandTable;
class Executor;
namespace wal {
class Log;
}

struct Rooms {
  Config& config;
  Events& events;
  Classes& classes;
  ClassUsage& usage;
  ClassFlush& class_flush;
  Keyspace& keyspace;
  Batch& batch;
  Stamps& stamps;
  Clients& clients;
  consumers::Waiters& waiters;
  Watches& watches;
  PubSub& pubsub;
  ScriptHost& scripts;
  FunctionHost& functions;
  BrokerTime& time;
  Stats& stats;
  std::mt19937_64& dice;  // spent before an effect exists
  Eviction& eviction;
  Vanished& vanished;
  SlowLog& slow_log;
  LatencyEvents& latency;
  Monitors& monitors;
  Tracking& tracking;
  Notifications& notifications;
  Migrations& migrations;
  Doorkeeper& doorkeeper;
  const CommandTable& table;
  Executor& executor;
  Broker& broker;  // for what concerns the house itself: shutdown, kill, the log's figures
};

}  // namespace leat
