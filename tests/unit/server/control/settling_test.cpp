#include "server/control/settling.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::chrono_literals;

class SettlingTest : public testing::Test {
 protected:
  const Settling::Time start{1h};
  Settling settling;
};

TEST_F(SettlingTest, NothingIsDueUntilSomethingChanges) { EXPECT_EQ(settling.due(), std::nullopt); }

TEST_F(SettlingTest, WhatChangesIsReadOnceItWasQuietForAMoment) {
  settling.note(false, start);
  EXPECT_EQ(settling.due(), start + Settling::kQuiet);
  settling.note(false, start + 50ms);
  EXPECT_EQ(settling.due(), start + 50ms + Settling::kQuiet);
}

TEST_F(SettlingTest, AWriterMayTakeItsTime) {
  settling.note(true, start);
  EXPECT_EQ(settling.due(), start + Settling::kWriting);
}

TEST_F(SettlingTest, OneThatHasClosedTheFileIsDone) {
  settling.note(true, start);
  settling.note(false, start + 10ms);
  EXPECT_EQ(settling.due(), start + 10ms + Settling::kQuiet);
}

TEST_F(SettlingTest, FilesThatAreNeverQuietAreReadAllTheSame) {
  for (auto at = start; at < start + 1min; at += 50ms) settling.note(false, at);
  EXPECT_EQ(settling.due(), start + Settling::kMost);
}

TEST_F(SettlingTest, FilesThatAreNeverClosedAreReadLater) {
  for (auto at = start; at < start + 1min; at += 1s) settling.note(true, at);
  EXPECT_EQ(settling.due(), start + Settling::kMostWriting);
}

TEST_F(SettlingTest, OnceTheyAreReadEverythingBeginsAnew) {
  settling.note(true, start);
  settling.reset();
  EXPECT_EQ(settling.due(), std::nullopt);
  settling.note(false, start + 1min);
  EXPECT_EQ(settling.due(), start + 1min + Settling::kQuiet);
}

}  // namespace
}  // namespace weir
