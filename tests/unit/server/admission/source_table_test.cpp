#include "server/admission/source_table.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace weir {
namespace {

using std::chrono::seconds;

const SourceTable::Time kStart = io::Clock::now();

IpAddress v6(const char* text) {
  in6_addr address{};
  EXPECT_EQ(::inet_pton(AF_INET6, text, &address), 1) << text;
  return IpAddress::v6(address);
}

TEST(SourceTable, LimitsEachSourceByItself) {
  SourceTable table(2, {});
  for (const std::uint32_t host : {1u, 2u}) {
    EXPECT_EQ(table.enter(IpAddress::v4(host), kStart), std::nullopt);
    EXPECT_EQ(table.enter(IpAddress::v4(host), kStart), std::nullopt);
    EXPECT_EQ(table.enter(IpAddress::v4(host), kStart), SessionEnd::refused_limit);
  }
  table.leave(IpAddress::v4(1));
  EXPECT_EQ(table.enter(IpAddress::v4(1), kStart), std::nullopt);
  EXPECT_EQ(table.enter(IpAddress::v4(2), kStart), SessionEnd::refused_limit);
}

TEST(SourceTable, ASourceOfIPv6IsA64AndOfIPv4AnAddress) {
  SourceTable table(1, {});
  EXPECT_EQ(table.enter(v6("2001:db8:0:1::1"), kStart), std::nullopt);
  EXPECT_EQ(table.enter(v6("2001:db8:0:1:ffff::2"), kStart), SessionEnd::refused_limit);
  EXPECT_EQ(table.enter(v6("2001:db8:0:2::1"), kStart), std::nullopt);
  EXPECT_EQ(table.enter(v6("::ffff:192.0.2.1"), kStart), std::nullopt);
  EXPECT_EQ(table.enter(v6("::ffff:192.0.2.2"), kStart), std::nullopt);
  EXPECT_EQ(table.enter(IpAddress::v4(0xc0000201), kStart), SessionEnd::refused_limit) << "192.0.2.1, mapped or not";
}

TEST(SourceTable, LimitsTheRateOfEachSource) {
  SourceTable table(0, {2, seconds(1)});
  EXPECT_EQ(table.enter(IpAddress::v4(1), kStart), std::nullopt);
  EXPECT_EQ(table.enter(IpAddress::v4(1), kStart), std::nullopt);
  EXPECT_EQ(table.enter(IpAddress::v4(1), kStart), SessionEnd::refused_rate);
  EXPECT_EQ(table.enter(IpAddress::v4(2), kStart), std::nullopt);
  EXPECT_EQ(table.enter(IpAddress::v4(1), kStart + seconds(1)), std::nullopt);
}

TEST(SourceTable, ForgetsWhoIsGone) {
  SourceTable limited(1, {});
  for (std::uint32_t i = 0; i < 1000; ++i) {
    limited.enter(IpAddress::v4(i), kStart);
    limited.leave(IpAddress::v4(i));
  }
  EXPECT_EQ(limited.size(), 0u);
}

TEST(SourceTable, AFloodOfSourcesDoesNotStayInMemory) {
  SourceTable table(0, {1, seconds(1)});
  for (std::uint32_t i = 0; i < 1'000'000; ++i) {
    const auto now = kStart + std::chrono::microseconds(100 * i);  // each was good again after a second
    ASSERT_EQ(table.enter(IpAddress::v4(i), now), std::nullopt);
    table.leave(IpAddress::v4(i));
  }
  EXPECT_LT(table.size(), 100'000u);
}

TEST(SourceTable, IsExactOverThreads) {
  constexpr std::uint32_t kLimit = 50;
  SourceTable table(kLimit, {});
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        if (!table.enter(IpAddress::v4(7), kStart)) ++admitted;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admitted, kLimit);
}

}  // namespace
}  // namespace weir
