#include "client/run_control.hpp"

#include <gtest/gtest.h>

namespace weir::load {
namespace {

using io::Clock;

TEST(RunStart, IsAtOnceInAClosedLoopAndAfterANoticeInAnOpenOne) {
  LoadOptions options;
  const Clock::time_point before = Clock::now();
  const Clock::time_point start = start_time(options);
  EXPECT_GE(start, before);
  EXPECT_LE(start, Clock::now());
  options.rate = 100;
  const Clock::time_point asked = Clock::now();
  EXPECT_GT(start_time(options), asked);
}

TEST(RunStart, IsAtTheTimeThatWasAskedForAndNeverInThePast) {
  LoadOptions options;
  const Clock::time_point before = Clock::now();
  options.start_at = std::chrono::system_clock::now() + std::chrono::hours(1);
  const Clock::time_point start = start_time(options);
  EXPECT_GE(start, before + std::chrono::minutes(59));
  EXPECT_LE(start, Clock::now() + std::chrono::minutes(61));
  options.start_at = std::chrono::system_clock::now() - std::chrono::hours(1);
  EXPECT_GE(start_time(options), before);
}

}  // namespace
}  // namespace weir::load
