#include "server/session/deadlines.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Stage = Deadlines::Stage;

const Deadlines::Time kStart = io::Clock::now();
constexpr Deadlines::Time kNever = Deadlines::Time::max();
constexpr milliseconds kInstant{1};

/// Each limit is another figure.
const TimeoutsConfig kLimits{
    .idle = seconds(50), .half_close = seconds(20), .lifetime = seconds(1000), .header = seconds(5)};
const TimeoutsConfig kNone{
    .idle = milliseconds(0), .half_close = milliseconds(0), .lifetime = milliseconds(0), .header = milliseconds(0)};

Deadlines in_stage(Stage stage, Deadlines::Time since) {
  Deadlines deadlines(kStart);
  deadlines.enter(stage, since);
  return deadlines;
}

/// That the limit ends the session at that time, and nothing before.
void expect_due(const Deadlines& deadlines, const TimeoutsConfig& limits, Deadlines::Time when, SessionEnd end) {
  EXPECT_EQ(deadlines.next(limits), when);
  EXPECT_EQ(deadlines.overdue(limits, when - kInstant), std::nullopt);
  EXPECT_EQ(deadlines.overdue(limits, when), end);
}

TEST(Deadlines, AHeaderIsDueFromTheStart) {
  expect_due(Deadlines(kStart), kLimits, kStart + seconds(5), SessionEnd::header_timeout);
}

TEST(Deadlines, IdleCountsWhileAHeaderIsDue) {
  TimeoutsConfig limits = kLimits;
  limits.header = milliseconds(0);
  expect_due(Deadlines(kStart), limits, kStart + seconds(50), SessionEnd::idle_timeout);
}

TEST(Deadlines, NothingButTheLifetimeCountsWhileItConnects) {
  const Deadlines deadlines = in_stage(Stage::connecting, kStart);
  expect_due(deadlines, kLimits, kStart + seconds(1000), SessionEnd::lifetime);
}

TEST(Deadlines, IdleCountsFromTheLastByte) {
  Deadlines deadlines = in_stage(Stage::carrying, kStart);
  expect_due(deadlines, kLimits, kStart + seconds(50), SessionEnd::idle_timeout);
  deadlines.touch(kStart + seconds(40));
  expect_due(deadlines, kLimits, kStart + seconds(90), SessionEnd::idle_timeout);
}

TEST(Deadlines, HalfCloseCountsFromTheLastByteAfterOneFin) {
  Deadlines deadlines = in_stage(Stage::carrying, kStart);
  deadlines.enter(Stage::half_closed, kStart + seconds(10));
  expect_due(deadlines, kLimits, kStart + seconds(30), SessionEnd::half_close_timeout);
  deadlines.touch(kStart + seconds(25));
  expect_due(deadlines, kLimits, kStart + seconds(45), SessionEnd::half_close_timeout);
}

TEST(Deadlines, IdleCountsAfterOneFinToo) {
  TimeoutsConfig limits = kLimits;
  limits.idle = seconds(15);
  expect_due(in_stage(Stage::half_closed, kStart), limits, kStart + seconds(15), SessionEnd::idle_timeout);
}

TEST(Deadlines, WhatIsDeliveredLastHasHalfCloseFromItsBegin) {
  TimeoutsConfig limits = kLimits;
  limits.idle = seconds(1);
  const Deadlines deadlines = in_stage(Stage::delivering, kStart + seconds(10));
  expect_due(deadlines, limits, kStart + seconds(30), SessionEnd::half_close_timeout);
}

TEST(Deadlines, TheLifetimeEndsEachStageHoweverMuchMoves) {
  for (const Stage stage : {Stage::header, Stage::connecting, Stage::carrying, Stage::half_closed, Stage::delivering}) {
    TimeoutsConfig limits = kLimits;
    limits.lifetime = seconds(60);
    Deadlines deadlines = in_stage(stage, kStart);
    deadlines.touch(kStart + seconds(59));
    expect_due(deadlines, limits, kStart + seconds(60), SessionEnd::lifetime);
  }
}

TEST(Deadlines, ZeroIsNoLimitInAnyStage) {
  for (const Stage stage : {Stage::header, Stage::connecting, Stage::carrying, Stage::half_closed, Stage::delivering}) {
    const Deadlines deadlines = in_stage(stage, kStart);
    EXPECT_EQ(deadlines.next(kNone), kNever);
    EXPECT_EQ(deadlines.overdue(kNone, kStart + std::chrono::hours(1000)), std::nullopt);
  }
}

TEST(Deadlines, EachLimitStandsForItself) {
  TimeoutsConfig limits = kNone;
  limits.half_close = seconds(20);
  expect_due(in_stage(Stage::half_closed, kStart), limits, kStart + seconds(20), SessionEnd::half_close_timeout);
  EXPECT_EQ(in_stage(Stage::carrying, kStart).next(limits), kNever);
  limits = kNone;
  limits.idle = seconds(20);
  expect_due(in_stage(Stage::carrying, kStart), limits, kStart + seconds(20), SessionEnd::idle_timeout);
  limits = kNone;
  limits.header = seconds(20);
  EXPECT_EQ(in_stage(Stage::carrying, kStart).next(limits), kNever);
}

TEST(Deadlines, AConnectionStreamsFor100MillisecondsAfterAByteMoved) {
  Deadlines deadlines(kStart);
  deadlines.touch(kStart + milliseconds(1000));
  EXPECT_TRUE(deadlines.streaming(kStart + milliseconds(1000)));
  EXPECT_TRUE(deadlines.streaming(kStart + milliseconds(1099)));
  EXPECT_FALSE(deadlines.streaming(kStart + milliseconds(1100)));
}

TEST(Deadlines, AConnectionThatHasJustBegunDoesNotStream) {
  const Deadlines deadlines(kStart);
  EXPECT_FALSE(deadlines.streaming(kStart));
  EXPECT_FALSE(deadlines.streaming(kStart + milliseconds(50)));
}

}  // namespace
}  // namespace weir
