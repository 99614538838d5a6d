// What the kernel of this machine counts of a run that goes wrong there is in the run's report.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "tests/support/fake_backend.hpp"
#include "tests/support/load_report.hpp"
#include "tests/support/says.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {
namespace {

using testing::HasSubstr;

/// Not every kernel that calls itself Linux does.
bool kernel_counts_overflows() { return read_file("/proc/net/netstat").find(" ListenOverflows ") != std::string::npos; }

/// How many connects the run saw dropped, in its window and before.
std::uint64_t overflows(const LoadRun& load) {
  return load.number("/audit/network/ListenOverflows") + load.number("/audit/network_before/ListenOverflows");
}

TEST(LoadAudit, ConnectsThatAFullListenQueueDroppedAreTold) {
  if (!kernel_counts_overflows()) GTEST_SKIP() << "this kernel does not count them";
  TestListener listener(loopback(0), 1);  // and nobody accepts from it
  const LoadRun load =
      run_load({"echo", "-c", "8", "-d", "200ms", "--timeout", "300ms", "--drain", "10ms", listener.address()});
  EXPECT_EQ(load.exit, 1);
  EXPECT_GE(load.failures("connect_timeout"), 1u);
  EXPECT_TRUE(load.report.at_pointer("/audit/target_here").as_bool());
  EXPECT_GE(overflows(load), load.failures("connect_timeout"));
  EXPECT_THAT(boost::json::serialize(load.report.at_pointer("/audit/remarks")), HasSubstr("a listen queue"));
  EXPECT_THAT(load.err, Says("the kernel dropped "));
}

/// The run as a whole is limited by it, and not by a server that has not seen them.
TEST(LoadAudit, RunWhoseConnectsAreDroppedIsLimitedByTheNetwork) {
  if (!kernel_counts_overflows()) GTEST_SKIP() << "this kernel does not count them";
  TestListener listener(loopback(0), 1);
  const LoadRun load =
      run_load({"connect", "-c", "200", "-d", "600ms", "--timeout", "200ms", "--drain", "10ms", listener.address()});
  EXPECT_GE(overflows(load), 100u);
  EXPECT_EQ(load.report.at_pointer("/verdict/limited_by"), "network");
  EXPECT_THAT(load.report.at_pointer("/verdict/reasons/0").as_string().c_str(), HasSubstr("a listen queue"));
  EXPECT_EQ(load.report.at_pointer("/verdict/reasons/0"), load.report.at_pointer("/verdict/reason"));
}

TEST(LoadAudit, HasTheSwitchesOfTheGeneratorAndItsSegments) {
  FakeBackend server(echoes());
  const LoadRun load = run_load({"echo", "-c", "2", "-d", "300ms", server.address()});
  EXPECT_EQ(load.exit, 0) << load.err;
  EXPECT_GT(load.number("/audit/voluntary_switches"), 0u);
  EXPECT_GE(load.number("/audit/network/OutSegs"), load.number("/requests/completed"));
  EXPECT_GE(load.report.at_pointer("/verdict/reasons").as_array().size(), 1u);
}

TEST(LoadAudit, OfSeveralProcessesIsOne) {
  FakeBackend server(echoes());
  const LoadRun load = run_load({"echo", "-c", "2", "-d", "300ms", "--processes", "2", server.address()});
  EXPECT_EQ(load.exit, 0) << load.err;
  EXPECT_TRUE(load.report.at_pointer("/audit/target_here").as_bool());
  EXPECT_GE(load.number("/audit/network/OutSegs"), 1u);
}

}  // namespace
}  // namespace weir::test
