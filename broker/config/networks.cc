// SPDX-License-Identifier: Apache-2.0
#include "broker/config/networks.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "broker/protocol/numbers.h"

namespace leat {

namespace {

constexpr std::array<uint8_t, 12> kIpv4Within = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kIpv4Bits = 96;  // before the address
constexpr View kBetween = " ,\t\r\n";

IpAddress from_ipv4(const in_addr& ipv4) {
  IpAddress address;
  std::copy(kIpv4Within.begin(), kIpv4Within.end(), address.bytes.begin());
  std::memcpy(address.bytes.data() + kIpv4Within.size(), &ipv4, sizeof ipv4);
  return address;
}

// The first `bits` of it; the others are 0.
IpAddress cut(IpAddress address, int bits) {
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(bits - i * 8, 0, 8);
    address.bytes[static_cast<size_t>(i)] &= static_cast<uint8_t>(0xff00 >> kept);
  }
  return address;
}

}  // namespace

std::optional<IpAddress> IpAddress::of(const sockaddr& address) {
  IpAddress found;
  if (address.sa_family == AF_INET) return from_ipv4(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  if (address.sa_family != AF_INET6) return std::nullopt;
  std::memcpy(found.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, found.bytes.size());
  return found;
}

std::optional<IpAddress> IpAddress::parse(View text) {
  const Bytes ended(text);
  in_addr ipv4;
  if (inet_pton(AF_INET, ended.c_str(), &ipv4) == 1) return from_ipv4(ipv4);
  IpAddress found;
  if (inet_pton(AF_INET6, ended.c_str(), found.bytes.data()) == 1) return found;
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::of_peer(View peer) {
  View host = peer.substr(0, peer.rfind(':'));
  if (host.starts_with('[')) host = host.substr(1, host.find(']') - 1);
  return parse(host);
}

bool IpAddress::is_ipv4() const { return std::equal(kIpv4Within.begin(), kIpv4Within.end(), bytes.begin()); }
IpAddress IpAddress::household() const { return is_ipv4() ? *this : cut(*this, 64); }

std::optional<Networks::Network> Networks::parse_one(View word) {
  const size_t slash = word.find('/');
  const auto address = IpAddress::parse(word.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == View::npos) return Network{*address, 128};
  const auto bits = parse_integer(word.substr(slash + 1));
  const bool is_ipv4 = word.substr(0, slash).find(':') == View::npos;
  if (!bits || *bits < 0 || *bits > (is_ipv4 ? 32 : 128)) return std::nullopt;
  const Network network{*address, static_cast<int>(*bits) + (is_ipv4 ? kIpv4Bits : 0)};
  // 10.0.0.1/8: which of the two is meant?
  if (cut(network.address, network.bits) != network.address) return std::nullopt;
  return network;
}

Result<Networks> Networks::parse(View text) {
  Networks found;
  found.text_ = Bytes(text);
  for (size_t at = text.find_first_not_of(kBetween); at != View::npos; at = text.find_first_not_of(kBetween, at)) {
    const size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    const View word = text.substr(at, end - at);
    const auto network = parse_one(word);
    if (!network) {
      return Status::error("'" + Bytes(word.substr(0, 64)) +
                           "' is no network: write 10.0.0.0/8, 2001:db8::/32 or one address, with "
                           "no bits set behind the prefix");
    }
    found.networks_.push_back(*network);
    at = end;
  }
  return found;
}

bool Networks::has(const IpAddress& address) const {
  const auto holds = [&](const Network& one) { return cut(address, one.bits) == one.address; };
  return std::any_of(networks_.begin(), networks_.end(), holds);
}

}  // namespace leat
