#include "client/experiment/rate_search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

namespace weir::load {
namespace {

constexpr double kNoEnd = std::numeric_limits<double>::max();

TEST(RateSearch, FindsWhereItGivesWayToThePrecision) {
  for (const double capacity : {16.0, 730.0, 999.0, 1000.0, 1001.0, 2345.0, 40'000.0}) {
    int asked = 0;
    const RateBracket found = search_rate(1000, kNoEnd, 0.02, [&](double rate) {
      ++asked;
      return rate <= capacity ? Answer::met : Answer::failed;
    });
    ASSERT_TRUE(found.met && found.failed) << capacity;
    EXPECT_LE(*found.met, capacity);
    EXPECT_GT(*found.failed, capacity);
    EXPECT_LE(*found.failed / *found.met, 1.02 + 1e-9);
    EXPECT_LE(asked, 30) << capacity;
  }
}

TEST(RateSearch, TriesNothingBeyondTheMost) {
  std::vector<double> asked;
  const RateBracket found = search_rate(1000, 1500, 0.02, [&](double rate) {
    asked.push_back(rate);
    return Answer::met;
  });
  EXPECT_THAT(asked, testing::ElementsAre(1000, 1250, 1500));
  EXPECT_EQ(found.met, 1500);
  EXPECT_FALSE(found.failed);
  EXPECT_EQ(search_rate(1000, 10, 0.02, [](double) { return Answer::met; }).met, 10);
}

TEST(RateSearch, GivesUpWhereNothingIsMet) {
  int asked = 0;
  const RateBracket found = search_rate(1000, kNoEnd, 0.02, [&](double) {
    ++asked;
    return Answer::failed;
  });
  EXPECT_FALSE(found.met);
  EXPECT_LE(asked, 11);
}

TEST(RateSearch, StopEndsItWithWhatIsKnown) {
  int asked = 0;
  const RateBracket found = search_rate(1000, kNoEnd, 0.02, [&](double rate) {
    if (++asked == 3) return Answer::stop;
    return rate <= 1100 ? Answer::met : Answer::failed;
  });
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(found.met, 1000);
  EXPECT_EQ(found.failed, 1250);
}

/// A server of a known capacity as a search sees it: what a closed loop comes to is a rough guess, a rate near the
/// capacity fails by chance, and now and then any rate does. A rate is tried twice, as CapacityRun does.
class NoisyServer {
 public:
  explicit NoisyServer(double capacity) : capacity_(capacity) {}

  RateBracket search(double precision) {
    std::uniform_real_distribution<double> guess(0.8, 1.2);
    return search_rate(capacity_ * guess(random_) / 2, kNoEnd, precision,
                       [this](double rate) { return fails(rate) && fails(rate) ? Answer::failed : Answer::met; });
  }

 private:
  bool fails(double rate) {
    std::normal_distribution<double> noise(0, 0.005);
    return stalls_(random_) || rate > capacity_ * (1 + noise(random_));
  }

  const double capacity_;
  std::mt19937_64 random_{20'261};
  std::bernoulli_distribution stalls_{0.01};
};

TEST(RateSearch, TwentySearchesOfANoisyServerAgreeWithinAFewPercent) {
  constexpr double kCapacity = 5000;
  NoisyServer server(kCapacity);
  double least = kNoEnd;
  double most = 0;
  for (int i = 0; i < 20; ++i) {
    const RateBracket found = server.search(0.02);
    ASSERT_TRUE(found.met && found.failed);
    EXPECT_NEAR(*found.met, kCapacity, kCapacity * 0.03);
    least = std::min(least, *found.met);
    most = std::max(most, *found.met);
  }
  EXPECT_LE(most / least, 1.05);
}

}  // namespace
}  // namespace weir::load
