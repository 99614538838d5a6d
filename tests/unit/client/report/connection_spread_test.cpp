#include "client/report/connection_spread.hpp"

#include <gtest/gtest.h>

namespace weir::load {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

/// A connection whose replies all took that long.
void add(ConnectionSpread& spread, std::uint64_t replies, microseconds took) {
  ConnectionTimes times;
  for (std::uint64_t i = 0; i < replies; ++i) times.record(took);
  spread.add({replies, replies * static_cast<std::uint64_t>(nanoseconds(took).count()), &times});
}

double us(nanoseconds time) { return static_cast<double>(time.count()) / 1e3; }

TEST(ConnectionSpread, HasTheSlowestAndTheFastestConnection) {
  ConnectionSpread spread;
  EXPECT_FALSE(spread.known());
  for (const int took : {300, 12'000, 400}) add(spread, 10, microseconds(took));
  EXPECT_TRUE(spread.known());
  EXPECT_EQ(spread.means.max(), microseconds(12'000));
  EXPECT_EQ(spread.means.min(), microseconds(300));
  EXPECT_NEAR(us(spread.p99s.max()), 12'000, 750);
  EXPECT_NEAR(us(spread.p99s.min()), 300, 19);
  EXPECT_NEAR(us(spread.p99s.percentile(50)), 400, 25);
  EXPECT_EQ(spread.replies.min().count(), 10);
}

TEST(ConnectionSpread, StarvedConnectionHadNoReplyAndNoMean) {
  ConnectionSpread spread;
  add(spread, 10, microseconds(300));
  spread.add({});  // it was never reached
  EXPECT_EQ(spread.replies.count(), 1u);
  spread.add_starved(2);
  EXPECT_EQ(spread.replies.count(), 3u);
  EXPECT_EQ(spread.replies.min().count(), 0);
  EXPECT_EQ(spread.replies.percentile(50).count(), 0);
  EXPECT_EQ(spread.means.count(), 1u);
  EXPECT_EQ(spread.p99s.count(), 1u);
}

/// Whoever waits in vain is the slowest, and not unknown.
TEST(ConnectionSpread, RequestWithoutAReplyMakesItsConnectionSlow) {
  ConnectionSpread spread;
  add(spread, 10, microseconds(300));
  ConnectionTimes waited;
  waited.record(std::chrono::seconds(5));
  spread.add({0, 0, &waited});
  EXPECT_NEAR(us(spread.p99s.max()), 5e6, 5e6 / 16);
  EXPECT_EQ(spread.means.max(), microseconds(300));
}

TEST(ConnectionSpread, OfSeveralGeneratorsAddUp) {
  ConnectionSpread together;
  ConnectionSpread one;
  ConnectionSpread other;
  other.every = 3;
  for (const int took : {100, 200, 900}) {
    add(together, 5, microseconds(took));
    add(one, 5, microseconds(took));
  }
  for (const int took : {50, 5'000}) {
    add(together, 7, microseconds(took));
    add(other, 7, microseconds(took));
  }
  one.merge(other);
  EXPECT_EQ(one.every, 3u);
  EXPECT_EQ(one.replies.buckets(), together.replies.buckets());
  EXPECT_EQ(one.means.buckets(), together.means.buckets());
  EXPECT_EQ(one.p99s.buckets(), together.p99s.buckets());
  EXPECT_EQ(one.p99s.max(), together.p99s.max());
}

}  // namespace
}  // namespace weir::load
