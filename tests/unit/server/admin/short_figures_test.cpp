#include "server/admin/short_figures.hpp"

#include <gtest/gtest.h>

namespace weir::admin {
namespace {

using namespace std::chrono_literals;

TEST(ShortFigures, SizesHaveBinaryUnits) {
  EXPECT_EQ(short_size(0), "0");
  EXPECT_EQ(short_size(31.5), "32");
  EXPECT_EQ(short_size(1023), "1023");
  EXPECT_EQ(short_size(1023.7), "1.0K");
  EXPECT_EQ(short_size(1536), "1.5K");
  EXPECT_EQ(short_size(64.0 * 1024), "64K");
  EXPECT_EQ(short_size(1024.0 * 1024 - 1), "1.0M");
  EXPECT_EQ(short_size(2e15), "1819T");
}

TEST(ShortFigures, DurationsHaveTwoUnitsAtMost) {
  EXPECT_EQ(short_duration(12ms), "12ms");
  EXPECT_EQ(short_duration(1530ms), "1.5s");
  EXPECT_EQ(short_duration(5s), "5s");
  EXPECT_EQ(short_duration(59'999ms), "59s");
  EXPECT_EQ(short_duration(5min), "5m");
  EXPECT_EQ(short_duration(60min), "1h");
  EXPECT_EQ(short_duration(65min), "1h5m");
  EXPECT_EQ(short_duration(76h), "3d4h");
  EXPECT_EQ(short_duration(48h), "2d");
}

TEST(ShortFigures, RatesBoundsAndCounts) {
  EXPECT_EQ(short_rate(0), "0");
  EXPECT_EQ(short_rate(0.4), "0.4");
  EXPECT_EQ(short_rate(1200.4), "1200");
  EXPECT_EQ(bound_duration(0.00025), "250 us");
  EXPECT_EQ(bound_duration(0.0025), "2.5 ms");
  EXPECT_EQ(bound_duration(10), "10 s");
  EXPECT_EQ(counted(1, "record"), "1 record");
  EXPECT_EQ(counted(0, "record"), "0 records");
}

}  // namespace
}  // namespace weir::admin
