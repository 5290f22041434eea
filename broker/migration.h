// SPDX-License-Identifier: Apache-2.0
// migration.h: keys on their way to another server: one MIGRATE, from what was dumped to what the target said of
// each key.
//
// Used by: Migrations, which lets it go on in each tick; the handler, which asks how it ended.
// Always:  - nothing leaves before the log has come as far as `stamp`: nobody out there sees what a crash here
//            could take back;
//          - AUTH and SELECT are answered before the first key is sent: no key lands in another database than was asked
//            for (Redis sends all at once);
//          - a key counts as taken when the target has said so, and not before;
//          - the time-out is that of each step: it begins anew with each sign of life.
// Why no cached connections, as Redis has: that one is dead shows only when it is used, and whether what was sent on
// it was done
//            is then a guess; and one that has said its password would serve who does not know it.
#pragma once

#include <memory>
#include <vector>

#include "broker/outbound.h"
#include "broker/protocol/stamp.h"
#include "schemas/ids.h"

namespace leat {

class Migration final : public Outbound::Caller {
 public:
  struct Order {
    Bytes host;
    uint16_t port = 0;
    TimeMs timeout_ms = 0;
    Bytes introduction;         // AUTH, SELECT: requests,
    size_t introductions = 0;   // … so many
    Bytes letter;               // a RESTORE for each of the keys
    std::vector<Bytes> keys;
    std::vector<TimeMs> expiries;  // of each key, and …
    std::vector<Ticket> watches;   // … its watch, in Watches; none when they stay here anyway
    Stamp stamp;                // what the letter rests on
  };
  enum class End : uint8_t { kNone, kAnswered, kNotConnected, kWriting, kReading };

  explicit Migration(Order order) : order_(std::move(order)), taken_(order_.keys.size()) {}

  // In the tick. `outbound` may be null: then nobody can be called.
  void go_on(Outbound* outbound, const Stamp& reached, TimeMs now_ms);
  void hang_up() { call_.reset(), unreachable(); }
  TimeMs deadline_ms() const;  // monotonic; kNever while it waits for the log, and when it is over
  static constexpr TimeMs kNever = INT64_MAX;

  End end() const { return end_; }
  const Order& order() const { return order_; }
  bool taken(size_t key) const { return taken_[key]; }
  View refusal() const { return refusal_; }  // the first error that the target answered; empty: none

  void connected() override { connected_ = news_ = true; }
  void written() override { writing_ = false, news_ = true; }
  void received(View bytes) override;
  void unreachable() override { unreachable_ = lost_ = news_ = true; }
  void lost() override { lost_ = news_ = true; }

 private:
  enum class Stage : uint8_t { kWaiting, kDialing, kIntroducing, kSending, kOver };
  void answer(View line);
  void step();
  void send(Bytes bytes);
  void finish(End end);
  End failure() const;
  size_t answers_wanted() const { return order_.introductions + order_.keys.size(); }

  Order order_;
  std::unique_ptr<Outbound::Call> call_;
  Stage stage_ = Stage::kWaiting;
  End end_ = End::kNone;
  TimeMs since_ms_ = 0;  // of the last sign of life
  size_t sent_ = 0;      // of the letter
  size_t answers_ = 0;
  std::vector<bool> taken_;
  Bytes refusal_;
  Bytes line_;  // of which the end has not come yet
  bool news_ = false, connected_ = false, writing_ = false, lost_ = false, unreachable_ = false;
  bool overdue_ = false;  // and the sockets have not been looked at since
};

}  // namespace leat
