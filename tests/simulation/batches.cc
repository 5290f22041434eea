// SPDX-License-Identifier: Apache-2.0
// What must be whole or absent, what may be seen of it when, and what the clocks may do to keys.
#include <map>
#include <set>

#include "tests/simulation/workload.h"

namespace leat::testing {

namespace {

constexpr char kScript[] =
    "redis.call('INCR', KEYS[1]) redis.call('RPUSH', KEYS[2], ARGV[1]) redis.call('HSET', KEYS[3], ARGV[1], 'v') "
    "redis.call('ZADD', KEYS[4], 1, ARGV[1]) redis.call('SADD', KEYS[5], ARGV[1]) redis.call('PUBLISH', KEYS[6], ARGV[1]) "
    "return ARGV[1]";

// Writers put a token into five keys at once, and publish it; readers look, a listener hears. Always: a token is in all
// five or in none; one that was answered, read or heard is there.
class Batches final : public Workload {
 public:
  enum Role : size_t { kScripter, kTransactor, kReader, kListener, kRoles };
  using Workload::Workload;
  size_t clients() const override { return kRoles; }

  std::vector<Words> next(size_t client, Dice& dice) override {
    if (client == kReader) {
      if (one_in(dice, 2)) return {{"GET", key_ + ":count"}};
      return {{"LRANGE", key_ + ":list", "-1", "-1"}};
    }
    if (client == kListener) {
      if (std::exchange(listens_, true)) return {};
      return {{"SUBSCRIBE", key_ + ":news"}};
    }
    const Bytes token = "t" + std::to_string(++last_);
    sent_.insert(token);
    if (client == kScripter) {
      return {{"EVAL", kScript, "6", key_ + ":count", key_ + ":list", key_ + ":hash", key_ + ":zset", key_ + ":set",
               key_ + ":news", token}};
    }
    return {{"MULTI"},
            {"INCR", key_ + ":count"},
            {"RPUSH", key_ + ":list", token},
            {"HSET", key_ + ":hash", token, "v"},
            {"ZADD", key_ + ":zset", "1", token},
            {"SADD", key_ + ":set", token},
            {"PUBLISH", key_ + ":news", token},
            {"EXEC"}};
  }
  void answered(size_t, const Words& asked, const Reply& reply) override {
    expect_fine(asked.empty() ? Words{"push"} : asked, reply);
    if (asked.empty()) {
      if (reply.items[0].text == "message") seen_.insert(reply.items[2].text);
    } else if (asked[0] == "GET" && !reply.is_null()) {
      count_seen_ = std::max<int64_t>(count_seen_, std::stoll(reply.text));
    } else if (asked[0] == "LRANGE" && !reply.items.empty()) {
      seen_.insert(reply.items[0].text);
    } else if (asked[0] == "EVAL") {
      seen_.insert(reply.text);
    } else if (asked[0] == "RPUSH") {
      in_transaction_ = asked[2];
    } else if (asked[0] == "EXEC") {
      seen_.insert(in_transaction_);
    }
  }
  void unanswered(size_t, const Words&) override {}
  void disconnected(size_t client) override {
    if (client == kListener) listens_ = false;
  }
  void check(const Ask& ask) override {
    const auto in = [&](Words words) {
      std::set<Bytes> tokens;
      for (const Reply& item : ask(words).items) tokens.insert(item.text);
      return tokens;
    };
    const std::set<Bytes> there = in({"LRANGE", key_ + ":list", "0", "-1"});
    EXPECT_EQ(there, in({"HKEYS", key_ + ":hash"})) << "half a batch";
    EXPECT_EQ(there, in({"ZRANGE", key_ + ":zset", "0", "-1"})) << "half a batch";
    EXPECT_EQ(there, in({"SMEMBERS", key_ + ":set"})) << "half a batch";
    const Reply counted = ask({"GET", key_ + ":count"});
    const int64_t count = counted.is_null() ? 0 : std::stoll(counted.text);
    EXPECT_EQ(count, static_cast<int64_t>(there.size())) << "half a batch";
    EXPECT_GE(count, count_seen_) << key_ << ": a count was read that a crash took back";
    for (const Bytes& token : seen_) {
      EXPECT_TRUE(there.contains(token)) << key_ << ": " << token << " was answered, read or heard, and is lost";
    }
    for (const Bytes& token : there) EXPECT_TRUE(sent_.contains(token)) << key_ << ": " << token << " was never sent";
  }

 private:
  uint64_t last_ = 0;
  bool listens_ = false;
  Bytes in_transaction_;
  int64_t count_seen_ = 0;
  std::set<Bytes> sent_, seen_;
};

// Keys that are set to go, and looked at together with the broker's time. Always: a key is there until its time has
// come and gone from then on, whatever the wall clock does, also when it is turned back over a restart.
class Expiries : public Workload {
 public:
  using Workload::Workload;
  size_t clients() const override { return 2; }

  std::vector<Words> next(size_t client, Dice& dice) override {
    const Bytes last = key_ + ":" + std::to_string(client) + ":" + std::to_string(last_[client]);
    if (last_[client] > 0 && !one_in(dice, 3)) {
      asked_[client] = {.name = last, .lives_ms = 0};
      return {{"MULTI"}, {"TIME"}, look(last), {"EXEC"}};
    }
    const Bytes name = key_ + ":" + std::to_string(client) + ":" + std::to_string(++last_[client]);
    asked_[client] = {.name = name, .lives_ms = static_cast<int64_t>(1 + dice() % 60)};
    return {{"MULTI"}, {"TIME"}, set(name, std::to_string(asked_[client].lives_ms)), {"EXEC"}};
  }
  void answered(size_t client, const Words& asked, const Reply& reply) override {
    expect_fine(asked, reply);
    if (asked[0] != "EXEC") return;
    const int64_t now_ms = milliseconds(reply.items[0]);
    const auto& [name, lives_ms] = asked_[client];
    if (lives_ms > 0)
      due_[name] = now_ms + lives_ms;
    else
      judge(name, reply.items[1], now_ms);
  }
  void unanswered(size_t client, const Words&) override { last_[client] += 1000; }  // who knows: it takes a new key
  void check(const Ask& ask) override {
    for (const auto& [key, due] : std::map(due_)) {
      const int64_t now_ms = milliseconds(ask({"TIME"}));
      judge(key, ask(look(key)), now_ms);
    }
  }

 protected:
  virtual Words set(const Bytes& name, const Bytes& ms) { return {"SET", name, "v", "PX", ms}; }
  virtual Words look(const Bytes& name) { return {"GET", name}; }

 private:
  struct Asked {
    Bytes name;
    int64_t lives_ms = 0;  // 0: it was only looked for
  };
  static int64_t milliseconds(const Reply& time) {
    return std::stoll(time.items[0].text) * 1000 + std::stoll(time.items[1].text) / 1000;
  }
  void judge(const Bytes& key, const Reply& reply, int64_t now_ms) {
    const auto due = due_.find(key);
    if (due == due_.end()) return;
    EXPECT_TRUE(reply.is_null() || !gone_.contains(key)) << key << " was seen gone and is there again";
    EXPECT_EQ(reply.is_null(), gone_.contains(key) || now_ms >= due->second)
        << key << " is due at " << due->second << ", it is " << now_ms;
    if (reply.is_null()) gone_.insert(key);
  }

  uint64_t last_[2] = {};
  Asked asked_[2];
  std::map<Bytes, int64_t> due_;
  std::set<Bytes> gone_;
};

// The same of the fields of two hashes; one has a field that stays, the other comes and goes with its fields.
class FieldExpiries final : public Expiries {
  using Expiries::Expiries;
  Words set(const Bytes& name, const Bytes& ms) override {
    return {"EVAL", "redis.call('HSETEX', KEYS[1], 'PX', ARGV[2], 'FIELDS', '1', ARGV[1], 'v') "
                    "if KEYS[1]:sub(-1) == '0' then redis.call('HINCRBY', KEYS[1], 'stays', '1') end "
                    "return 1", "1", hash(name), name, ms};
  }
  Words look(const Bytes& name) override { return {"HGET", hash(name), name}; }
  Bytes hash(const Bytes& name) const { return key_ + std::to_string(name.back() % 2); }
};

// Everything that moves much at once, in databases of its own: the digests judge it.
class Turmoil final : public Workload {
 public:
  using Workload::Workload;
  size_t clients() const override { return 1; }
  std::vector<Words> next(size_t, Dice& dice) override {
    if (!selected_) return {{"SELECT", "9"}};
    const Bytes one = std::to_string(dice() % 8), other = std::to_string(dice() % 8), n = std::to_string(dice() % 100);
    switch (dice() % 24) {
      case 0: return {{"FLUSHDB"}};
      case 1: return {{"SWAPDB", "9", "10"}};
      case 2:
      case 3: return {{"RENAME", one, other}};
      case 4:
      case 5: return {{"COPY", one, other, "REPLACE"}};
      case 6: return {{"COPY", one, other, "DB", "10", "REPLACE"}};
      case 7: return {{"DEL", one}};
      case 8: return {{"SET", one, Bytes(dice() % 9000, 'x')}};
      case 9: return {{"SETRANGE", one, n, "y"}};
      case 10: return {{"PEXPIRE", one, n}};
      case 11: return {{"PERSIST", one}};
      case 12: return {{"HSET", one, "f" + n, n, "g", Bytes(dice() % 600, 'h')}};
      case 13: return {{"ZADD", one, n, "m" + n}};
      case 14: return {{"RPUSH", one, n, Bytes(dice() % 600, 'l'), n}};
      case 15: return {{"LINSERT", one, "BEFORE", n, "z"}};
      case 16: return {{"SADD", one, n, "s" + n}};
      case 17: return {{"XADD", one, "MAXLEN", "~", "50", "*", "f", n}};
      case 18: return {{"EVAL", "for i = 1, tonumber(ARGV[1]) do redis.call('HSET', KEYS[1], i, i) end", "1", one, n}};
      case 19: return {{"HPEXPIRE", one, n, "FIELDS", "2", "f" + n, "g"}};
      case 20: return {{"HSETEX", one, "PX", n, "FIELDS", "2", "f" + n, Bytes(dice() % 600, 'h'), "e" + n, n}};
      case 21: return {{"HINCRBY", one, "e" + n, "1"}};
      case 22: return {{"HPERSIST", one, "FIELDS", "2", "e" + n, "g"}};
      default: return {{"HDEL", one, "f" + n, "g"}};
    }
  }
  void answered(size_t, const Words& asked, const Reply&) override {  // WRONGTYPE and the like are as good as any
    if (asked[0] == "SELECT") selected_ = true;
  }
  void unanswered(size_t, const Words&) override {}
  void disconnected(size_t) override { selected_ = false; }
  void check(const Ask&) override {}

 private:
  bool selected_ = false;
};

}  // namespace

std::unique_ptr<Workload> batches(const Bytes& key) { return std::make_unique<Batches>(key); }
std::unique_ptr<Workload> expiries(const Bytes& key) { return std::make_unique<Expiries>(key); }
std::unique_ptr<Workload> field_expiries(const Bytes& key) { return std::make_unique<FieldExpiries>(key); }
std::unique_ptr<Workload> turmoil(const Bytes& key) { return std::make_unique<Turmoil>(key); }

std::vector<std::unique_ptr<Workload>> all_workloads(const Bytes& name) {
  std::vector<std::unique_ptr<Workload>> all;
  all.push_back(list_pool(name + ":list"));
  all.push_back(zset_pool(name + ":zset"));
  all.push_back(set_pool(name + ":set"));
  all.push_back(reliable_list(name + ":jobs"));
  all.push_back(stream_group(name + ":stream"));
  all.push_back(batches(name + ":batch"));
  all.push_back(expiries(name + ":due"));
  all.push_back(field_expiries(name + ":fields"));
  all.push_back(turmoil(name));
  return all;
}

std::vector<std::unique_ptr<Workload>> class_workloads(const Bytes& name) {
  std::vector<std::unique_ptr<Workload>> some;
  some.push_back(list_pool(name + ":list"));
  some.push_back(reliable_list(name + ":jobs"));
  some.push_back(stream_group(name + ":stream"));
  some.push_back(batches(name + ":batch"));
  some.push_back(expiries(name + ":due"));
  some.push_back(field_expiries(name + ":fields"));
  return some;
}

}  // namespace leat::testing
