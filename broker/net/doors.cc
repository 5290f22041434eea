// SPDX-License-Identifier: Apache-2.0
#include "broker/net/doors.h"

#include <algorithm>

#include "broker/config/bind_addresses.h"
#include "broker/config/door.h"
#include "broker/net/server.h"

namespace leat {

using Door = Connection::Door;

// One port for all addresses, so the first of them chooses where it is to be any; and a door that has one keeps it.
std::vector<ListenPlace> Doors::places_of(const Config& config) const {
  std::vector<ListenPlace> places;
  const auto add = [&](Door door, int64_t wanted) {
    for (const BindAddress& address : bind_addresses(config.bind)) {
      places.push_back({door, Bytes(address.host), wanted == 0 ? port(door) : wanted, address.may_be_missing});
    }
  };
  if (has_usual_port(config)) add(Door::kUsual, config.port);
  if (config.tls.port != 0) add(Door::kTlsOnly, config.tls.port);
  if (config.http_port != 0) add(Door::kHttp, config.http_port);
  if (!config.unix_socket.empty())
    places.push_back({Door::kFile, config.unix_socket, 0, false, config.unix_socket_mode});
  return places;
}

uint16_t Doors::port(Door door) const {
  for (const Listener::Ptr& listener : listeners_) {
    if (listener->place().door == door) return static_cast<uint16_t>(listener->place().port);
  }
  return 0;
}

Status Doors::open(const Config& config) {
  std::vector<ListenPlace> before;
  for (const Listener::Ptr& listener : listeners_) before.push_back(listener->place());
  const Status settled = settle(places_of(config), config);
  if (settled.ok()) return settled;
  if (const Status back = settle(before, config); !back.ok()) {
    server_.broker().warn("door_lost", {{"why", back.text()}, {"advice", "somebody else took the place in between"}});
  }
  return settled;
}

// What is given up goes first: 0.0.0.0 cannot be had while 127.0.0.1 is.
Status Doors::settle(std::vector<ListenPlace> places, const Config& config) {
  std::erase_if(listeners_, [&](const Listener::Ptr& listener) {
    return std::find(places.begin(), places.end(), listener->place()) == places.end();
  });
  for (ListenPlace& place : places) {
    if (place.port == 0) place.port = port(place.door);
    const auto is_open = [&](const Listener::Ptr& listener) { return listener->place() == place; };
    if (std::any_of(listeners_.begin(), listeners_.end(), is_open)) continue;
    auto opened = Listener::open(server_, loop_, place, config);
    if (!opened.ok()) return opened.status();
    if (*opened != nullptr) listeners_.push_back(std::move(*opened));
  }
  return Status::fine();
}

}  // namespace leat
