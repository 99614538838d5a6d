#include "client/report/live.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "client/charset.hpp"

namespace weir::load {
namespace {

using std::chrono::microseconds;

/// What is written to stderr meanwhile.
std::string shown(const std::function<void()>& action) {
  testing::internal::CaptureStderr();
  action();
  return testing::internal::GetCapturedStderr();
}

Interval second() {
  Interval interval;
  interval.at = 3.01;
  interval.length = 1;
  interval.done = 12'345;
  interval.p50 = microseconds(120);
  interval.p99 = microseconds(2'500);
  return interval;
}

TEST(LiveReport, PlainLinesSayHowItGoes) {
  EXPECT_EQ(shown([] { LiveReport(LiveLine::Style::plain).running(second(), 64, 3, 0.5, "running"); }),
            "  3 s  running     64 conns    12,345/s  p50  120 us  p99 2.50 ms  3 errors\n");
  EXPECT_EQ(shown([] { LiveReport(LiveLine::Style::plain).connecting(1.2, 60, 50, 64); }),
            "  1 s  connecting  50 of 64 connections  10 failed\n");
}

TEST(LiveReport, TerminalsLineIsRedrawnInPlaceAndCleared) {
  const std::string text = shown([] {
    LiveReport live(LiveLine::Style::terminal);
    live.running(second(), 64, 0, 0.5, "running");
    live.running(second(), 64, 0, -1, "running");
  });
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_TRUE(text.starts_with("\r\033[K" + for_locale("▕█████     ▏   3 s  running")));
  EXPECT_TRUE(text.ends_with("p99 2.50 ms\r\033[K"));
}

TEST(LiveReport, QuietOneSaysNothing) {
  EXPECT_EQ(LiveLine::style_for_stderr(true), LiveLine::Style::none);
  EXPECT_EQ(shown([] {
              LiveReport live(LiveLine::Style::none);
              live.connecting(1, 1, 1, 1);
              live.running(second(), 64, 3, 0.5, "running");
            }),
            "");
}

TEST(LiveReport, IntervalOfNoLengthHasNoRate) {
  EXPECT_NE(shown([] { LiveReport(LiveLine::Style::plain).running(Interval(), 0, 0, -1, "running"); }).find("0.00/s"),
            std::string::npos);
}

}  // namespace
}  // namespace weir::load
