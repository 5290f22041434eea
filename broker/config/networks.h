// SPDX-License-Identifier: Apache-2.0
// networks.h: addresses of the internet, and lists of networks: "127.0.0.0/8, ::1, 2001:db8::/32".
//
// Used by: Config (the allow-list of a door), net/arrivals.h, guesses.h.
// Always:  - an IPv4 address and the same one written as IPv6 (::ffff:192.0.2.1) are one address.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "schemas/bytes.h"
#include "schemas/status.h"

struct sockaddr;

namespace leat {

struct IpAddress {
  std::array<uint8_t, 16> bytes{};  // IPv4: ::ffff:a.b.c.d

  static std::optional<IpAddress> of(const sockaddr& address);
  static std::optional<IpAddress> parse(View text);
  static std::optional<IpAddress> of_peer(View peer);  // "192.0.2.1:50000", "[2001:db8::1]:50000"
  bool is_ipv4() const;
  // One customer of a provider: an IPv4 address, or the 64 bits of IPv6 within which a machine may choose.
  IpAddress household() const;
  bool operator==(const IpAddress&) const = default;
};

struct IpAddressHash {
  size_t operator()(const IpAddress& address) const {
    return std::hash<View>()(View(reinterpret_cast<const char*>(address.bytes.data()), address.bytes.size()));
  }
};

class Networks {
 public:
  // Split by blanks or commas; an address alone is a network of one.
  static Result<Networks> parse(View text);
  bool empty() const { return networks_.empty(); }
  bool has(const IpAddress& address) const;
  const Bytes& text() const { return text_; }

 private:
  struct Network {
    IpAddress address;
    int bits;  // of 128
  };
  static std::optional<Network> parse_one(View word);

  std::vector<Network> networks_;
  Bytes text_;
};

}  // namespace leat
