// SPDX-License-Identifier: Apache-2.0
#include "broker/http/rest_door.h"

#include "broker/http/http_answer.h"
#include "broker/http/rest_session.h"

namespace leat {

void RestDoor::look() {
  const TimeMs now_ms = broker.rooms().time.monotonic_ms();
  const std::vector<RestSession*> all(sessions.begin(), sessions.end());  // one that ends is not in it any more
  for (RestSession* const session : all) {
    if (sessions.contains(session)) session->look(now_ms);
  }
}

void RestDoor::work() {
  const std::vector<RestSession*> all = scrapes;
  for (RestSession* const session : all) session->go_on_scraping();
}

const Bytes& RestDoor::date() {
  const TimeMs now_s = broker.rooms().time.now_ms() / 1000;
  if (now_s != date_s_) date_ = http_date(now_s * 1000);
  date_s_ = now_s;
  return date_;
}

}  // namespace leat
