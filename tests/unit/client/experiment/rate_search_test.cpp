#include "client/experiment/rate_search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
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

}  // namespace
}  // namespace weir::load
