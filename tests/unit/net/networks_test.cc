// SPDX-License-Identifier: Apache-2.0
#include "broker/config/networks.h"

#include <gtest/gtest.h>

#include "broker/net/arrivals.h"

namespace leat::testing {

IpAddress address(View text) { return *IpAddress::parse(text); }

bool lets_in(View list, View from) {
  const auto networks = Networks::parse(list);
  EXPECT_TRUE(networks.ok()) << list;
  return networks->has(address(from));
}

TEST(NetworksTest, HoldAddresses) {
  EXPECT_TRUE(lets_in("10.0.0.0/8", "10.255.1.2"));
  EXPECT_FALSE(lets_in("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(lets_in("192.0.2.128/25", "192.0.2.129"));
  EXPECT_FALSE(lets_in("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(lets_in("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(lets_in("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(lets_in("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(lets_in("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(lets_in("::/0", "8.8.8.8"));
  EXPECT_TRUE(lets_in("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(lets_in("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(lets_in("10.0.0.0/8, ::1", "::1"));
  EXPECT_TRUE(lets_in("127.0.0.1", "::ffff:127.0.0.1")) << "the same address";
  EXPECT_FALSE(lets_in("", "127.0.0.1")) << "who asks for none asks nobody";
}

TEST(NetworksTest, AreChecked) {
  for (const char* wrong : {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.1/8", "::/129", "localhost", "10.0.0.0/8;::1",
                            "1.2.3", "10.0.0.0/x", "/8"}) {
    EXPECT_FALSE(Networks::parse(wrong).ok()) << wrong;
  }
}

TEST(ArrivalsTest, CountByAddress) {
  Arrivals arrivals;
  const Networks all;
  const auto welcome = Arrivals::Verdict::kWelcome, many = Arrivals::Verdict::kTooMany;
  EXPECT_EQ(arrivals.admit(address("10.0.0.1"), all, 2), welcome);
  EXPECT_EQ(arrivals.admit(address("10.0.0.1"), all, 2), welcome);
  EXPECT_EQ(arrivals.admit(address("10.0.0.1"), all, 2), many);
  EXPECT_EQ(arrivals.admit(address("10.0.0.2"), all, 2), welcome);
  arrivals.left(address("10.0.0.1"));
  EXPECT_EQ(arrivals.admit(address("10.0.0.1"), all, 2), welcome);
  EXPECT_EQ(arrivals.admit(address("2001:db8::1"), all, 1), welcome);
  EXPECT_EQ(arrivals.admit(address("2001:db8::2"), all, 1), many) << "the same machine may choose those bits";
  EXPECT_EQ(arrivals.admit(address("2001:db8:0:1::1"), all, 1), welcome);
  EXPECT_EQ(arrivals.admit(address("10.0.0.9"), *Networks::parse("10.0.0.0/30"), 9), Arrivals::Verdict::kNotAllowed);
}

}  // namespace leat::testing
