// SPDX-License-Identifier: Apache-2.0
// client_memory.h: what each client holds of the memory, and who goes when all together hold more than
// limits.clients_bytes.
//
// Used by: the broker, which says whose share may have changed, and at the end of a tick closes whom it names; CLIENT
//          LIST and INFO tell the shares.
// Always:  - the largest go first, and no more of them than must; who said CLIENT NO-EVICT stays;
//          - nothing is counted while there is no such limit. With one, a request costs one more look at its client; a
//            walk over all is made only when the sum says that they hold too much, for what sockets took is not told
//            to us.
// Source:  https://redis.io/docs/latest/develop/reference/clients/ (client eviction)
#pragma once

#include <utility>
#include <vector>

#include "broker/client.h"
#include "broker/watches.h"

namespace leat {

// Bytes: its buffers, what it queued, listens to, watches and waits with.
size_t memory_of(const Client& client, const Watches& watches);

class ClientMemory {
 public:
  // All must outlive this.
  ClientMemory(const Config& config, const Clients& clients, const Watches& watches)
      : config_(config), clients_(clients), watches_(watches) {}

  // After CONFIG SET.
  void follow_config();
  // It may hold more or less than before.
  void touch(Client& client) {
    if (bytes_max_ != 0) [[unlikely]] count(client);
  }
  void left(Client& client) { sum_ -= std::exchange(client.counted_bytes, 0); }
  // Who has to go, the largest first.
  std::vector<Client*> excess(TimeMs now_ms) {  // monotonic
    return sum_ > bytes_max_ && bytes_max_ != 0 && now_ms >= next_look_ms_ ? look(now_ms) : std::vector<Client*>();
  }

 private:
  void count(Client& client);
  void count_all();
  std::vector<Client*> look(TimeMs now_ms);

  const Config& config_;
  const Clients& clients_;
  const Watches& watches_;
  size_t bytes_max_ = 0;  // 0: no limit
  size_t sum_ = 0;        // of what clients hold, when each was last looked at
  TimeMs next_look_ms_ = 0;
};

}  // namespace leat
