#include "client/stream/pace.hpp"

#include <gtest/gtest.h>

namespace weir::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Moment = Pace::Moment;

const Moment kBegin{std::chrono::seconds(1000)};

/// Sends whatever is allowed as soon as it is due, for that long; returns how much.
std::uint64_t send_for(Pace& pace, Moment from, std::chrono::nanoseconds duration) {
  std::uint64_t sent = 0;
  for (Moment now = from; now <= from + duration; now = std::max(pace.due(), now + microseconds(1))) {
    const std::uint64_t allowed = pace.allowance(now);
    pace.sent(allowed);
    sent += allowed;
  }
  return sent;
}

TEST(Pace, WithoutARateAllowsAll) {
  Pace pace(0);
  EXPECT_FALSE(pace.limited());
  EXPECT_GT(pace.allowance(kBegin), std::uint64_t{1} << 40);
}

TEST(Pace, IsRightToAPercentOverASecond) {
  // A millisecond more, for a byte that is due when the second ends.
  for (const std::uint64_t rate : {std::uint64_t{100}, std::uint64_t{1000}, std::uint64_t{10} << 20,
                                   std::uint64_t{1} << 30, std::uint64_t{1} << 40}) {
    Pace pace(rate);
    pace.begin(kBegin);
    const auto sent = static_cast<double>(send_for(pace, kBegin, milliseconds(1001)));
    EXPECT_NEAR(sent / static_cast<double>(rate), 1, 0.01) << rate;
    EXPECT_LE(sent, 1.001 * static_cast<double>(rate)) << rate;
  }
}

TEST(Pace, SendsInSmallPieces) {
  Pace pace(1'000'000);
  pace.begin(kBegin);
  EXPECT_EQ(pace.allowance(kBegin), 0U);
  EXPECT_LE(pace.due() - kBegin, milliseconds(5));
  EXPECT_EQ(pace.allowance(pace.due()), 4000U);
}

TEST(Pace, CatchesUpWithAShortDelay) {
  Pace pace(1'000'000);
  pace.begin(kBegin);
  EXPECT_EQ(pace.allowance(kBegin + milliseconds(50)), 50'000U);
}

TEST(Pace, DoesNotMakeUpForALongDelay) {
  Pace pace(1'000'000);
  pace.begin(kBegin);
  const Moment late = kBegin + std::chrono::seconds(10);
  const std::uint64_t allowed = pace.allowance(late);
  EXPECT_EQ(allowed, 100'000U);
  pace.sent(allowed);
  EXPECT_EQ(pace.allowance(late), 0U);
  EXPECT_GT(pace.due(), late);
  EXPECT_LE(pace.due(), late + milliseconds(5));
}

}  // namespace
}  // namespace weir::load
