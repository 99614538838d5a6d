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

using std::chrono::hours;

/// One connection that comes and goes.
std::optional<SessionEnd> visit(SourceTable& table, std::uint32_t host, SourceTable::Time now) {
  const auto refused = table.enter(IpAddress::v4(host), now);
  if (!refused) table.leave(IpAddress::v4(host));
  return refused;
}

TEST(SourceTable, AMillionSourcesWithALongPeriodAreNotAllRemembered) {
  SourceTable table(0, {10, hours(24)});
  for (std::uint32_t i = 0; i < 1'000'000; ++i) ASSERT_EQ(visit(table, i, kStart), std::nullopt);
  EXPECT_LE(table.size(), SourceTable::kMostIdle);
  EXPECT_GT(table.size(), SourceTable::kMostIdle * 9 / 10);
}

TEST(SourceTable, ASourceWithConnectionsIsNeverForgotten) {
  SourceTable table(2, {2, hours(24)});
  for (const int connection : {1, 2}) EXPECT_EQ(table.enter(IpAddress::v4(0), kStart), std::nullopt) << connection;
  for (std::uint32_t i = 1; i < 1'000'000; ++i) visit(table, i, kStart);
  EXPECT_EQ(table.enter(IpAddress::v4(0), kStart), SessionEnd::refused_limit);
  table.leave(IpAddress::v4(0));
  EXPECT_EQ(table.enter(IpAddress::v4(0), kStart), SessionEnd::refused_rate);
}

TEST(SourceTable, WhoUsedMostOfItsRateIsRememberedLongest) {
  SourceTable table(0, {3, hours(24)});
  constexpr std::uint32_t kExhausted = 1000;
  for (std::uint32_t i = 0; i < 3 * kExhausted; ++i) ASSERT_EQ(visit(table, i % kExhausted, kStart), std::nullopt);
  for (std::uint32_t i = 0; i < 1'000'000; ++i) {
    ASSERT_EQ(visit(table, kExhausted + i, kStart + seconds(1)), std::nullopt);
  }
  EXPECT_LE(table.size(), SourceTable::kMostIdle);
  for (std::uint32_t i = 0; i < kExhausted; ++i) {
    ASSERT_EQ(visit(table, i, kStart + seconds(2)), SessionEnd::refused_rate) << i;
  }
}

TEST(SourceTable, ACallForgetsTwoAtMostHoweverManyCouldBe) {
  SourceTable table(0, {10, seconds(10)});
  for (std::uint32_t i = 0; i < 100'000; ++i) visit(table, i, kStart);
  std::size_t before = table.size();
  ASSERT_EQ(before, 100'000u);
  const SourceTable::Time later = kStart + hours(1);  // when all of them are as good as new
  for (std::uint32_t i = 0; i < 1000; ++i) {
    visit(table, 1'000'000 + i, later);
    const std::size_t now = table.size();
    ASSERT_LE(before, now + 1) << "it forgot more than two and added one";
    ASSERT_LT(now, before);
    before = now;
  }
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
