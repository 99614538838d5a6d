#include "client/experiment/process_use.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <ctime>
#include <stdexcept>

namespace weir::load {
namespace {

using namespace std::chrono_literals;

std::chrono::nanoseconds own_cpu_time() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

TEST(ProcessUse, CountsTheTimeOfThisProcess) {
  const auto before = own_cpu_time();
  while (own_cpu_time() - before < 50ms) continue;
  // User and system time are each counted in whole ticks, at most 10 ms.
  EXPECT_GE(cpu_time_of(::getpid()), own_cpu_time() - 40ms);
  EXPECT_LE(cpu_time_of(::getpid()), own_cpu_time() + 20ms);
}

TEST(ProcessUse, ProcessThatThereIsNotIsAnError) {
  EXPECT_THROW(cpu_time_of(1 << 23), std::runtime_error);
  EXPECT_EQ(process_name(1 << 23), "PID 8388608");
}

TEST(ProcessUse, NameIsTheProgram) { EXPECT_EQ(process_name(::getpid()), "weir-unit-tests"); }

}  // namespace
}  // namespace weir::load
