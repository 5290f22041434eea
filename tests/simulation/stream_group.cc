// SPDX-License-Identifier: Apache-2.0
// A stream, its producers, a group and its members, one who claims, one who only reads.
#include <map>
#include <set>

#include "tests/simulation/workload.h"

namespace leat::testing {

namespace {

enum Role : size_t { kProducer, kSecondProducer, kConsumer, kSecondConsumer, kClaimer, kReader, kRoles };

using Id = std::pair<uint64_t, uint64_t>;
Id id_of(const Bytes& text) { return {std::stoull(text), std::stoull(text.substr(text.find('-') + 1))}; }

// Always: ids strictly rise, over clock jumps and restarts; an added entry is there, and so is one that was read; what
// was delivered is pending or was acknowledged; what was acknowledged does not come back.
class StreamGroup final : public Workload {
 public:
  using Workload::Workload;
  size_t clients() const override { return kRoles; }

  std::vector<Words> next(size_t client, Dice& dice) override {
    const Bytes self = "c" + std::to_string(client);
    switch (client) {
      case kProducer:
      case kSecondProducer: {
        std::vector<Words> adds;
        for (uint64_t left = one_in(dice, 3) ? 4 : 1; left > 0; --left) {
          adds.push_back({"XADD", key_, "*", "payload", "p" + std::to_string(++last_)});
        }
        return adds;
      }
      case kReader:
        return {{"XREVRANGE", key_, "+", "-", "COUNT", "1"}};
      default:
        break;
    }
    if (!group_made_) return {{"XGROUP", "CREATE", key_, "g", "0", "MKSTREAM"}};
    if (!in_hand_[client].empty() && !one_in(dice, 4)) {
      Words words{"XACK", key_, "g"};
      const Words ids = std::exchange(in_hand_[client], {});
      words.insert(words.end(), ids.begin(), ids.end());
      return {std::move(words)};
    }
    if (client == kClaimer && one_in(dice, 2)) {
      return {{"XREADGROUP", "GROUP", "g", self, "CLAIM", "20", "COUNT", "5", "BLOCK", "300", "STREAMS", key_, ">"}};
    }
    if (client == kClaimer) return {{"XAUTOCLAIM", key_, "g", self, "20", "0", "COUNT", "5"}};
    return {{"XREADGROUP", "GROUP", "g", self, "COUNT", "3", "BLOCK", "500", "STREAMS", key_, ">"}};
  }

  void answered(size_t client, const Words& asked, const Reply& reply) override {
    if (asked[0] == "XGROUP") {
      group_made_ = true;  // by this one or by another: BUSYGROUP is fine
      return;
    }
    expect_fine(asked, reply);
    if (asked[0] == "XADD") return note_added(client, asked[4], reply.text);
    if (asked[0] == "XACK") {
      for (size_t at = 3; at < asked.size(); ++at) acknowledged_.insert(id_of(asked[at]));
    } else if (asked[0] == "XREVRANGE") {
      for (const Reply& entry : reply.items) seen_[id_of(entry.items[0].text)] = entry.items[1].items[1].text;
    } else if (asked[0] == "XREADGROUP" && !reply.is_null()) {
      note_delivered(client, reply.items[0].items[1], asked[4] != "CLAIM");
    } else if (asked[0] == "XAUTOCLAIM") {
      note_delivered(client, reply.items[1], false);
    }
  }
  void unanswered(size_t client, const Words& asked) override {
    if (asked[0] == "XACK") {
      for (size_t at = 3; at < asked.size(); ++at) maybe_acknowledged_.insert(id_of(asked[at]));
    }
    in_hand_[client].clear();
  }

  void check(const Ask& ask) override {
    std::map<Id, Bytes> there;
    std::set<Bytes> payloads;
    for (const Reply& entry : ask({"XRANGE", key_, "-", "+"}).items) {
      there[id_of(entry.items[0].text)] = entry.items[1].items[1].text;
      EXPECT_TRUE(payloads.insert(entry.items[1].items[1].text).second) << key_ << ": added twice";
    }
    for (const auto& [id, payload] : seen_) {
      EXPECT_TRUE(there.contains(id) && there[id] == payload)
          << key_ << ": " << id.first << "-" << id.second << " is lost";
    }
    std::set<Id> pending;
    const Reply listed = ask({"XPENDING", key_, "g", "-", "+", "100000"});
    EXPECT_TRUE(!group_made_ || !listed.is_error()) << key_ << ": the group is lost";
    for (const Reply& one : listed.items) pending.insert(id_of(one.items[0].text));
    for (const Id& id : acknowledged_) EXPECT_FALSE(pending.contains(id)) << key_ << ": an acknowledgement is lost";
    for (const Id& id : delivered_) {
      EXPECT_TRUE(pending.contains(id) || acknowledged_.contains(id) || maybe_acknowledged_.contains(id))
          << key_ << ": " << id.first << "-" << id.second << " was delivered and is nobody's";
    }
    for (const Id& id : maybe_acknowledged_) {
      if (!pending.contains(id)) acknowledged_.insert(id);
    }
    maybe_acknowledged_.clear();
    if (!there.empty()) floor_ = std::max(floor_, there.rbegin()->first);
  }

 private:
  void note_added(size_t client, const Bytes& payload, const Bytes& text) {
    const Id id = id_of(text);
    EXPECT_GT(id, floor_) << key_ << ": ids fell over a restart";
    EXPECT_GT(id, last_added_[client]) << key_ << ": ids fell";
    last_added_[client] = id;
    seen_[id] = payload;
  }
  void note_delivered(size_t client, const Reply& entries, bool as_new) {
    for (const Reply& entry : entries.items) {
      const Id id = id_of(entry.items[0].text);
      EXPECT_TRUE(delivered_.insert(id).second || !as_new) << key_ << ": delivered as new twice";
      seen_[id] = entry.items[1].items[1].text;
      in_hand_[client].push_back(entry.items[0].text);
    }
  }

  uint64_t last_ = 0;
  bool group_made_ = false;
  Id floor_;                      // the last one there at the last start
  Id last_added_[kRoles];
  std::map<Id, Bytes> seen_;      // added and acknowledged, or read
  std::set<Id> delivered_, acknowledged_, maybe_acknowledged_;
  Words in_hand_[kRoles];
};

}  // namespace

std::unique_ptr<Workload> stream_group(const Bytes& key) { return std::make_unique<StreamGroup>(key); }

}  // namespace leat::testing
