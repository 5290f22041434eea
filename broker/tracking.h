// SPDX-License-Identifier: Apache-2.0
// tracking.h: which clients keep copies of which keys, and which of them must hear that a key has changed.
//
// Used by: CLIENT TRACKING; the executor, which tells what a command has read, and sends what is due when one has run;
//          Batch, which touches a key whenever an effect is about it.
// Always:  - a key is remembered for a client once, and forgotten when the client was told of a change: it has no
//            copy then;
//          - keys are known by name alone: one of that name in any database counts (as in Redis);
//          - beyond `keys_max` some keys are given up, and their clients told so;
//          - what is remembered for a client that has left goes when it is met, or with the last one that tracks:
//            leaving costs nothing.
// Source:  https://redis.io/docs/latest/develop/reference/client-side-caching/
#pragma once

#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat {

// What a client asked for.
struct TrackingMode {
  enum class Keys : uint8_t { kAllRead, kOptIn, kOptOut, kPrefixes };
  enum class Caching : uint8_t { kAsUsual, kYes, kNo };
  Keys keys = Keys::kAllRead;
  bool no_loop = false;  // its own changes are no news to it
  Ticket redirect = 0;   // who hears of them instead; 0: it does
  bool redirect_broken = false;
  Caching caching = Caching::kAsUsual;    // CLIENT CACHING, for the next command
  std::set<Bytes, std::less<>> prefixes;  // that of all keys is ""

  bool broadcasts() const { return keys == Keys::kPrefixes; }
  // Whether what a command reads is remembered.
  bool remembers() const {
    if (keys == Keys::kOptIn) return caching == Caching::kYes;
    if (keys == Keys::kOptOut) return caching != Caching::kNo;
    return keys == Keys::kAllRead;
  }
};

class Tracking {
 public:
  bool any() const { return clients_ > 0; }
  void begin() { ++clients_; }
  void add_prefix(Ticket client, View prefix) { by_prefix_[Bytes(prefix)].insert(client); }
  void end(Ticket client, const TrackingMode& mode);

  void remember(Ticket client, View key);
  void limit(size_t keys_max);
  void touch(View key);
  void touch_everything();

  // What clients are to hear, since the last time.
  struct Due {
    bool everything = false;                                  // … of everybody who tracks
    std::vector<std::pair<Ticket, Bytes>> remembered;         // a client, and the key that it has read: it has changed
    std::vector<std::pair<Ticket, Bytes>> given_up;           // the same, and nobody knows whether it will
    std::vector<std::pair<Ticket, std::vector<Bytes>>> told;  // a client, and all changed keys with one of its prefixes
  };
  bool empty() const { return !everything_ && remembered_.empty() && given_up_.empty() && changed_.empty(); }
  Due take();

  size_t keys() const { return by_key_.size(); }
  size_t items() const { return items_; }  // pairs of a key and a client
  size_t prefixes() const { return by_prefix_.size(); }
  size_t clients() const { return clients_; }

 private:
  using Clients = std::set<Ticket>;
  using Told = std::vector<std::pair<Ticket, Bytes>>;
  struct Hash {
    using is_transparent = void;  // a key is looked up where it stands
    size_t operator()(View key) const { return std::hash<View>()(key); }
  };
  using ByKey = std::unordered_map<Bytes, Clients, Hash, std::equal_to<>>;
  void forget(ByKey::iterator key, Told& told);

  ByKey by_key_;
  std::map<Bytes, Clients, std::less<>> by_prefix_;
  bool everything_ = false;
  Told remembered_, given_up_;  // as in Due
  std::set<Bytes, std::less<>> changed_;  // for those who listen to prefixes
  size_t clients_ = 0, items_ = 0;
};

}  // namespace leat
