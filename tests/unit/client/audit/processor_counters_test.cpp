#include "client/audit/processor_counters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::load {
namespace {

using std::chrono::microseconds;
using testing::ElementsAre;

TEST(ProcessorTicks, IdleAndWaitingTimeIsNotBusyAndStolenTimeIs) {
  const ProcessorTicks ticks = ProcessorTicks::parse(
      "cpu  1 20 300 4000 50000 600000 7000000 80000000 900000000 9000000000\n"
      "cpu0 5 5 5 5 5 5 5 5 5 5\n");
  EXPECT_EQ(ticks.total, 87'654'321u) << "guest time stands in user time already";
  EXPECT_EQ(ticks.busy, 87'600'321u);
  EXPECT_EQ(ticks.stolen, 80'000'000u);
}

TEST(ProcessorTicks, OfAnotherTextAreZero) {
  for (const char* text : {"", "\n", "cpu", "cpux 1 2 3\n", "intr 5\n"}) {
    EXPECT_EQ(ProcessorTicks::parse(text).total, 0u) << text;
  }
  EXPECT_EQ(ProcessorTicks::parse("cpu 1 2 3 4\n").busy, 6u) << "an old kernel counts less";
}

TEST(Pressure, IsThatOfSomeTask) {
  EXPECT_EQ(parse_pressure("some avg10=99.36 avg60=98.67 avg300=90.99 total=878706405\n"
                           "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"),
            microseconds(878'706'405));
  EXPECT_EQ(parse_pressure("full avg10=0.00 total=7\nsome total=8"), microseconds(8));
}

TEST(Pressure, OfAKernelWithoutItIsNotKnown) {
  for (const char* text : {"", "full avg10=0.00 total=7\n", "some avg10=0.00\n", "something total=5"}) {
    EXPECT_EQ(parse_pressure(text), std::nullopt) << text;
  }
}

TEST(Throttling, OfBothVersionsOfCgroupsIsTheSame) {
  const Throttling expected{120, 12, microseconds(3'456'789)};
  EXPECT_EQ(Throttling::parse("usage_usec 77\nuser_usec 70\nsystem_usec 7\nnr_periods 120\nnr_throttled 12\n"
                              "throttled_usec 3456789\nnr_bursts 0\nburst_usec 0\n"),
            expected);
  EXPECT_EQ(Throttling::parse("nr_periods 120\nnr_throttled 12\nthrottled_time 3456789012\n"), expected);
  EXPECT_EQ(Throttling::parse("usage_usec 77\nuser_usec 70\n"), Throttling()) << "the root group has none";
  EXPECT_EQ(Throttling::parse(""), Throttling());
}

TEST(QuotaFiles, AreThoseOfTheGroupAndOfAllAroundIt) {
  EXPECT_THAT(quota_files("0::/system.slice/load.service\n"),
              ElementsAre("/sys/fs/cgroup/system.slice/load.service/cpu.stat", "/sys/fs/cgroup/system.slice/cpu.stat",
                          "/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/unified/system.slice/load.service/cpu.stat",
                          "/sys/fs/cgroup/unified/system.slice/cpu.stat", "/sys/fs/cgroup/unified/cpu.stat"));
}

TEST(QuotaFiles, OfVersionOneAreThoseOfTheCpuController) {
  EXPECT_THAT(quota_files("9:name=systemd:/\n4:memory:/other\n3:cpuset:/set\n2:cpuacct,cpu:/docker/ab\n"),
              ElementsAre("/sys/fs/cgroup/cpu/docker/ab/cpu.stat", "/sys/fs/cgroup/cpu/docker/cpu.stat",
                          "/sys/fs/cgroup/cpu/cpu.stat"));
}

TEST(QuotaFiles, OfAnotherTextOrAGroupOutOfSightAreNone) {
  for (const char* text : {"", "nonsense\n", "0:/\n", "0::\n", "0::/../other\n", "1:cpu:relative\n"}) {
    EXPECT_TRUE(quota_files(text).empty()) << text;
  }
}

}  // namespace
}  // namespace weir::load
