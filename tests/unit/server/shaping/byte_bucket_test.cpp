#include "server/shaping/byte_bucket.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using Time = ByteBucket::Time;

/// Someone who always has bytes to move: books, waits, moves, as a Shaper does.
struct Eager {
  Time due{};
  Time awake{};
  std::uint64_t moved = 0;
};

/// Lets `eager` move through the bucket until `end`; each wakes up so much after it is due, and goes on as long as it
/// may.
void run(ByteBucket& bucket, std::vector<Eager>& eager, Time begin, Time end, nanoseconds lateness) {
  std::vector<std::uint64_t> booked(eager.size());
  for (std::size_t i = 0; i < eager.size(); ++i) {
    booked[i] = bucket.share();
    eager[i].due = std::max(begin, bucket.book(booked[i], begin));
  }
  for (;;) {
    const auto first =
        std::min_element(eager.begin(), eager.end(), [](const Eager& a, const Eager& b) { return a.due < b.due; });
    const Time now = first->due <= first->awake ? first->awake : first->due + lateness;
    if (now > end) return;
    first->awake = now;
    const auto i = static_cast<std::size_t>(first - eager.begin());
    first->moved += booked[i];
    booked[i] = bucket.share();
    first->due = bucket.book(booked[i], now, first->due);
  }
}

class ByteBucketRates : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ByteBucketRates, TheMeanOfTwoSecondsIsWithinAPercent) {
  const std::uint64_t rate = GetParam();
  for (const nanoseconds lateness : {nanoseconds(0), nanoseconds(80'000), nanoseconds(1'500'000)}) {
    ByteBucket bucket(rate, 0);
    std::vector<Eager> eager(1);
    const Time begin = io::Clock::now();
    run(bucket, eager, begin, begin + seconds(2), lateness);
    EXPECT_NEAR(static_cast<double>(eager[0].moved) / (2 * static_cast<double>(rate)), 1, 0.0125) << lateness.count();
  }
}

TEST_P(ByteBucketRates, SixteenShareItAlike) {
  const std::uint64_t rate = GetParam();
  ByteBucket bucket(rate, 0);
  std::vector<Eager> eager(16);
  const Time begin = io::Clock::now();
  run(bucket, eager, begin, begin + seconds(10), nanoseconds(80'000));
  double sum = 0;
  double squares = 0;
  for (const Eager& one : eager) {
    sum += static_cast<double>(one.moved);
    squares += static_cast<double>(one.moved) * static_cast<double>(one.moved);
  }
  EXPECT_NEAR(sum / (10 * static_cast<double>(rate)), 1, 0.02);
  EXPECT_GT(sum * sum / (16 * squares), 0.98) << "Jain's index";
}

INSTANTIATE_TEST_SUITE_P(FromAKilobyteToAGigabyte, ByteBucketRates,
                         ::testing::Values(1'000, 100'000, 10'000'000, 1'000'000'000));

TEST(ByteBucket, ABurstPassesAtOnceAfterAPauseAndNoMore) {
  ByteBucket bucket(1'000'000, 64'000);
  const Time now = io::Clock::now() + seconds(5);
  std::uint64_t at_once = 0;
  for (int i = 0; i < 1000; ++i) {
    if (bucket.book(1000, now) <= now) at_once += 1000;
  }
  EXPECT_EQ(at_once, 65'000u);  // the last of them begins when the burst is used up, and so passes
}

TEST(ByteBucket, APauseGivesNoMoreThanTheBurst) {
  ByteBucket bucket(1'000'000, 10'000);
  Time now = io::Clock::now();
  bucket.book(10'000, now);
  now += seconds(60);
  EXPECT_LE(bucket.book(10'000, now), now);
  EXPECT_EQ(bucket.book(1000, now), now);
  EXPECT_EQ(bucket.book(1000, now), now + milliseconds(1));
}

/// A thread that is late has lost nothing, but one whose reader had stalled has.
TEST(ByteBucket, WhoWaitedAndCameALittleLateLosesNothing) {
  ByteBucket bucket(1'000'000, 0);
  const Time now = io::Clock::now();
  const Time first = bucket.book(1000, now);
  const Time second = bucket.book(1000, first + milliseconds(5), first);
  EXPECT_EQ(second, first + milliseconds(1));
  const Time third = bucket.book(1000, second + seconds(1), second);
  EXPECT_EQ(third, second + seconds(1));
}

TEST(ByteBucket, WhatIsGivenBackIsThereForOthers) {
  ByteBucket bucket(1'000'000, 0);
  const Time now = io::Clock::now();
  bucket.book(100'000, now);
  bucket.give_back(100'000);
  EXPECT_EQ(bucket.book(1000, now), now);
}

TEST(ByteBucket, ASlowerRateHoldsForWhatIsBookedToo) {
  ByteBucket bucket(1'000'000, 0);
  const Time now = io::Clock::now();
  bucket.book(1'000, now);
  bucket.set(1'000, 0, now);
  bucket.book(10, now);
  EXPECT_EQ(bucket.book(10, now), now + milliseconds(1010));
}

/// Or those who wait while a rate is lowered would give back more than they had, and all pass at once.
TEST(ByteBucket, WhatIsGivenBackAfterTheRateHasChangedIsWhatWasBooked) {
  for (const std::uint64_t next : {1'000u, 1'000'000'000u}) {
    ByteBucket bucket(1'000'000, 0);
    const Time now = io::Clock::now();
    for (int i = 0; i < 100; ++i) bucket.book(20'000, now);
    bucket.set(next, 0, now);
    for (int i = 0; i < 100; ++i) bucket.give_back(20'000);
    const Time free = bucket.book(1, now);
    EXPECT_LE(free - now, milliseconds(1)) << next;
    EXPECT_GE(free - now, -milliseconds(1)) << next;
  }
}

TEST(ByteBucket, AFasterRateShortensTheLine) {
  ByteBucket bucket(1'000, 0);
  const Time now = io::Clock::now();
  for (int i = 0; i < 1000; ++i) bucket.book(20, now);  // 20 s of them
  bucket.set(1'000'000, 0, now);
  EXPECT_EQ(bucket.book(1, now), now + milliseconds(20));
}

TEST(ByteBucket, WithoutALimitForAWhileNobodyStandsInLineAnyMore) {
  ByteBucket bucket(1'000, 0);
  const Time now = io::Clock::now();
  for (int i = 0; i < 1000; ++i) bucket.book(20, now);
  bucket.set(0, 0, now);
  bucket.set(1'000, 0, now);
  EXPECT_EQ(bucket.book(1, now), now);
}

TEST(ByteBucket, WithoutARateNothingWaits) {
  ByteBucket bucket;
  const Time now = io::Clock::now();
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(bucket.book(ByteBucket::kLargestShare, now), now);
}

TEST(ByteBucket, IsFullOnceItsBurstIsWholeAgain) {
  ByteBucket bucket(1'000, 1'000);
  const Time now = io::Clock::now();
  EXPECT_TRUE(bucket.is_full(now));
  bucket.book(500, now);
  EXPECT_FALSE(bucket.is_full(now + milliseconds(400)));
  EXPECT_TRUE(bucket.is_full(now + milliseconds(500)));
}

}  // namespace
}  // namespace weir
