// SPDX-License-Identifier: Apache-2.0
// Members that are put in and taken out for good, and jobs that go through a worker's hands.
#include <map>
#include <set>

#include "tests/simulation/workload.h"

namespace leat::testing {

namespace {

constexpr size_t kWorkers = 2;

// Two clients put, two take. Always: what a put acknowledged is there or was taken; what a take answered is gone; a put
// is whole or absent; at most one member is missing for each take that stayed unanswered.
class Pool : public Workload {
 public:
  using Workload::Workload;
  size_t clients() const override { return 4; }

  std::vector<Words> next(size_t client, Dice& dice) override {
    std::vector<Words> asked;
    for (uint64_t left = one_in(dice, 3) ? 4 : 1; left > 0; --left) asked.push_back(client < 2 ? put(dice) : take());
    return asked;
  }
  void answered(size_t client, const Words& asked, const Reply& reply) override {
    expect_fine(asked, reply);
    if (client < 2) return note_put(asked, true);
    if (reply.is_null()) return;
    const Bytes& member = reply.type == '*' ? reply.items[1].text : reply.text;
    EXPECT_TRUE(taken_.insert(member).second) << key_ << ": " << member << " was taken twice";
  }
  void unanswered(size_t client, const Words& asked) override {
    client < 2 ? note_put(asked, false) : static_cast<void>(++unanswered_takes_);
  }
  void check(const Ask& ask) override {
    std::multiset<Bytes> there;
    for (const Reply& item : ask(look()).items) there.insert(item.text);
    for (const Bytes& member : there) {
      EXPECT_EQ(there.count(member), 1u) << key_ << ": " << member;
      EXPECT_FALSE(taken_.contains(member)) << key_ << ": " << member << " was taken and is there again";
    }
    const auto known = [&](const Bytes& member) { return there.contains(member) || taken_.contains(member); };
    size_t sent = 0, missing = 0;
    for (const auto& [members, acknowledged] : puts_) {
      sent += std::count_if(members.begin(), members.end(), [&](const Bytes& one) { return there.contains(one); });
      const bool done = acknowledged || std::any_of(members.begin(), members.end(), known);
      for (const Bytes& member : members) {
        if (known(member)) continue;
        missing += done;
        taken_.insert(member);  // by a take that stayed unanswered, or never put: it cannot come back
      }
    }
    EXPECT_EQ(sent, there.size()) << key_ << " holds what was never sent";
    EXPECT_LE(missing, unanswered_takes_) << key_ << ": members are lost";
    unanswered_takes_ = 0;  // the dead take no more
  }

 protected:
  Bytes new_member() { return "m" + std::to_string(++last_); }
  virtual Words put(Dice& dice) = 0;
  virtual Words take() = 0;
  virtual Words look() = 0;
  virtual size_t stride() const { return 1; }  // words a member takes in a put; it is the last of them

 private:
  void note_put(const Words& asked, bool acknowledged) {
    Words members;
    for (size_t at = 1 + stride(); at < asked.size(); at += stride()) members.push_back(asked[at]);
    puts_.emplace_back(std::move(members), acknowledged);
  }

  uint64_t last_ = 0;
  std::vector<std::pair<Words, bool>> puts_;  // and whether it was acknowledged
  std::set<Bytes> taken_;
  size_t unanswered_takes_ = 0;
};

class ListPool final : public Pool {
  using Pool::Pool;
  Words put(Dice& dice) override {
    Words words{"LPUSH", key_, new_member()};
    while (one_in(dice, 2)) words.push_back(new_member());
    return words;
  }
  Words take() override { return {"BRPOP", key_, "0.5"}; }
  Words look() override { return {"LRANGE", key_, "0", "-1"}; }
};

class ZsetPool final : public Pool {
  using Pool::Pool;
  Words put(Dice& dice) override {
    Words words{"ZADD", key_};
    do words.insert(words.end(), {std::to_string(dice() % 1000), new_member()});
    while (one_in(dice, 2));
    return words;
  }
  Words take() override { return {"BZPOPMIN", key_, "0.5"}; }
  Words look() override { return {"ZRANGE", key_, "0", "-1"}; }
  size_t stride() const override { return 2; }
};

class SetPool final : public Pool {
  using Pool::Pool;
  Words put(Dice& dice) override {
    Words words{"SADD", key_, new_member()};
    while (one_in(dice, 2)) words.push_back(new_member());
    return words;
  }
  Words take() override { return {"SPOP", key_}; }
  Words look() override { return {"SMEMBERS", key_}; }
};

// Client 0 puts jobs in, the others move one into their own hands and remove it there when it is done. Always: a job is
// in one place; what a worker was answered is in its hands until it removes it.
class ReliableList final : public Workload {
 public:
  using Workload::Workload;
  size_t clients() const override { return 1 + kWorkers; }

  std::vector<Words> next(size_t client, Dice& dice) override {
    if (client == 0) return {{"LPUSH", key_, "j" + std::to_string(++last_)}};
    if (hand_[client] != 0 && !one_in(dice, 4))
      return {{"LREM", hand(client), "1", "j" + std::to_string(hand_[client])}};
    return {{"BLMOVE", key_, hand(client), "RIGHT", "LEFT", "0.5"}};
  }
  void answered(size_t client, const Words& asked, const Reply& reply) override {
    expect_fine(asked, reply);
    if (client == 0) {
      jobs_[asked[2]].acknowledged = true;
    } else if (asked[0] == "LREM") {
      EXPECT_EQ(reply, integer(1)) << key_ << ": " << asked[3] << " was not in the hand it was given to";
      jobs_[asked[3]].removed = true;
      hand_[client] = 0;
    } else if (!reply.is_null()) {
      jobs_[reply.text].owner = client;
      hand_[client] = std::stoull(reply.text.substr(1));
    }
  }
  void unanswered(size_t client, const Words& asked) override {
    if (asked[0] == "LREM") jobs_[asked[3]].maybe_removed = true;
    if (asked[0] == "LPUSH") jobs_[asked[2]];
    hand_[client] = 0;  // it takes up its work anew
  }
  void check(const Ask& ask) override {
    std::map<Bytes, std::vector<size_t>> places;
    for (size_t at = 0; at <= kWorkers; ++at) {
      for (const Reply& item : ask({"LRANGE", at == 0 ? key_ : hand(at), "0", "-1"}).items)
        places[item.text].push_back(at);
    }
    for (const auto& [job, at] : places) {
      EXPECT_EQ(at.size(), 1u) << key_ << ": " << job << " is in several places";
      EXPECT_TRUE(jobs_.contains(job)) << key_ << ": " << job << " was never sent";
    }
    for (auto& [job, was] : jobs_) {
      const bool there = places.contains(job);
      EXPECT_FALSE(was.removed && there) << key_ << ": " << job << " was removed and is there again";
      if (was.removed || was.maybe_removed) {
        was.removed = was.removed || !there;
        was.maybe_removed = false;
        continue;
      }
      EXPECT_TRUE(there || (!was.acknowledged && was.owner == 0)) << key_ << ": " << job << " is lost";
      EXPECT_TRUE(!there || was.owner == 0 || places[job].front() == was.owner)
          << key_ << ": " << job << " left its hand";
      was.acknowledged = there;
      was.removed = !there;
    }
  }

 private:
  struct Job {
    bool acknowledged = false, removed = false, maybe_removed = false;
    size_t owner = 0;  // the worker that was answered it
  };
  Bytes hand(size_t worker) const { return key_ + ":hand" + std::to_string(worker); }

  uint64_t last_ = 0;
  uint64_t hand_[1 + kWorkers] = {};  // number of the job it works on; 0: none
  std::map<Bytes, Job> jobs_;
};

}  // namespace

std::unique_ptr<Workload> list_pool(const Bytes& key) { return std::make_unique<ListPool>(key); }
std::unique_ptr<Workload> zset_pool(const Bytes& key) { return std::make_unique<ZsetPool>(key); }
std::unique_ptr<Workload> set_pool(const Bytes& key) { return std::make_unique<SetPool>(key); }
std::unique_ptr<Workload> reliable_list(const Bytes& key) { return std::make_unique<ReliableList>(key); }

}  // namespace leat::testing
