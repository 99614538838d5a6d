#include "client/start_time.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <stdexcept>

namespace weir::load {
namespace {

using System = std::chrono::system_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

System::time_point utc(std::int64_t unix_seconds) { return System::time_point(seconds(unix_seconds)); }

TEST(StartTime, IsRfc3339) {
  EXPECT_EQ(parse_start("1970-01-01T00:00:00Z"), utc(0));
  EXPECT_EQ(parse_start("2026-11-27T12:00:00Z"), utc(1'795'780'800));
  EXPECT_EQ(parse_start("2026-11-27t12:00:00z"), utc(1'795'780'800));
  EXPECT_EQ(parse_start("2026-11-27 12:00:00Z"), utc(1'795'780'800));
  EXPECT_EQ(parse_start("2024-02-29T23:59:59Z"), utc(1'709'251'199));
}

TEST(StartTime, OffsetsAreTakenFromIt) {
  EXPECT_EQ(parse_start("2026-11-27T13:00:00+01:00"), utc(1'795'780'800));
  EXPECT_EQ(parse_start("2026-11-27T06:30:00-05:30"), utc(1'795'780'800));
  EXPECT_EQ(parse_start("2026-11-28T00:30:00+12:30"), utc(1'795'780'800));
}

TEST(StartTime, MayHaveAFraction) {
  EXPECT_EQ(parse_start("2026-11-27T12:00:00.5Z"), utc(1'795'780'800) + milliseconds(500));
  EXPECT_EQ(parse_start("2026-11-27T12:00:00.123Z"), utc(1'795'780'800) + milliseconds(123));
  EXPECT_EQ(parse_start("2026-11-27T12:00:00.000000001Z"), utc(1'795'780'800) + std::chrono::nanoseconds(1));
}

TEST(StartTime, TimeAloneIsOfTodaysLocalClock) {
  for (const char* text : {"00:00:00", "12:34:56", "23:59:59"}) {
    // Midnight may pass between the two looks at the clock.
    for (int attempt = 0; attempt < 2; ++attempt) {
      const std::time_t now = System::to_time_t(System::now());
      const std::time_t parsed = System::to_time_t(parse_start(text));
      std::tm today{};
      std::tm of_it{};
      ::localtime_r(&now, &today);
      ::localtime_r(&parsed, &of_it);
      char clock[16];
      std::strftime(clock, sizeof clock, "%H:%M:%S", &of_it);
      EXPECT_STREQ(clock, text);
      if (today.tm_yday == of_it.tm_yday) break;
      EXPECT_EQ(attempt, 0) << text;
    }
  }
  EXPECT_EQ(parse_start("12:00:00.25") - parse_start("12:00:00"), milliseconds(250));
}

TEST(StartTime, RefusesWhatIsNoTime) {
  for (const char* text : {"",
                           "noon",
                           "12:00",
                           "24:00:00",
                           "12:60:00",
                           "12:00:60",
                           "12:00:00Z",
                           "1:2:3",
                           "2026-11-27",
                           "2026-11-27T12:00:00",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-11-31T00:00:00Z",
                           "2026-11-27T24:00:00Z",
                           "2026-11-27T12:00:00+1:00",
                           "2026-11-27T12:00:00+25:00",
                           "2026-11-27T12:00:00+01:60",
                           "2026-11-27T12:00:00.Z",
                           "2026-11-27T12:00:00.1234567890Z",
                           " 12:00:00",
                           "12:00:00 "}) {
    EXPECT_THROW(parse_start(text), std::invalid_argument) << text;
  }
}

/// A time_point of nanoseconds ends in 2262 and begins in 1677.
TEST(StartTime, RefusesYearsThatTheClockHasNot) {
  for (const char* text :
       {"9999-12-31T23:59:59Z", "2300-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1600-01-01T00:00:00Z"}) {
    EXPECT_THROW(parse_start(text), std::invalid_argument) << text;
  }
}

TEST(StartTime, ErrorSaysWhatWouldBeRight) {
  try {
    parse_start("noon");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "is a time such as 2026-11-27T12:00:00Z or 12:00:00, not \"noon\"");
  }
}

}  // namespace
}  // namespace weir::load
