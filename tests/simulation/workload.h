// SPDX-License-Identifier: Apache-2.0
// workload.h: what one kind of client asks, and the ledger of what it was answered, kept outside the broker.
//
// Used by: the simulation, which carries the bytes; each workload of this folder.
// Always:  - a request is unanswered until its whole reply was read; then it is answered, or forgotten with
//            its connection;
//          - check() believes the ledger: what was acknowledged or seen is there, nothing is there that was not
//            asked for.
#pragma once

#include <functional>
#include <memory>
#include <random>

#include "tests/support/broker_test.h"

namespace leat::testing {

using Words = std::vector<Bytes>;
using Dice = std::mt19937_64;
using Ask = std::function<Reply(const Words&)>;  // of the broker that has started again

class Workload {
 public:
  explicit Workload(Bytes key) : key_(std::move(key)) {}
  virtual ~Workload() = default;
  virtual size_t clients() const = 0;
  // What the client sends next, in one go; nothing: it only listens.
  virtual std::vector<Words> next(size_t client, Dice& dice) = 0;
  // `asked` is empty for a push.
  virtual void answered(size_t client, const Words& asked, const Reply& reply) = 0;
  // The connection broke, or the broker died: no reply will ever come.
  virtual void unanswered(size_t client, const Words& asked) = 0;
  virtual void disconnected(size_t) {}
  virtual void check(const Ask& ask) = 0;

 protected:
  static bool one_in(Dice& dice, uint64_t n) { return dice() % n == 0; }
  static void expect_fine(const Words& asked, const Reply& reply) {
    EXPECT_FALSE(reply.is_error()) << asked.front() << " was refused: " << reply;
  }
  const Bytes key_;
};

// One of each, under keys that begin with `name`.
std::vector<std::unique_ptr<Workload>> all_workloads(const Bytes& name);
// Those that tell most of a class: pushes and pops, groups, batches, expiries.
std::vector<std::unique_ptr<Workload>> class_workloads(const Bytes& name);

std::unique_ptr<Workload> list_pool(const Bytes& key);    // LPUSH, BRPOP
std::unique_ptr<Workload> zset_pool(const Bytes& key);    // ZADD, BZPOPMIN
std::unique_ptr<Workload> set_pool(const Bytes& key);     // SADD, SPOP
std::unique_ptr<Workload> reliable_list(const Bytes& key);  // LPUSH, BLMOVE into the worker's own list, LREM
std::unique_ptr<Workload> stream_group(const Bytes& key);   // XADD, XREADGROUP, XACK, XAUTOCLAIM
std::unique_ptr<Workload> batches(const Bytes& key);        // MULTI and EVAL over six keys, PUBLISH among them; readers
std::unique_ptr<Workload> expiries(const Bytes& key);       // SET PX, and what a look-up may say when
std::unique_ptr<Workload> field_expiries(const Bytes& key);  // the same with HSETEX and fields of hashes
// RENAME, COPY, FLUSHDB, SWAPDB …: only the digests judge it.
std::unique_ptr<Workload> turmoil(const Bytes& key);

}  // namespace leat::testing
