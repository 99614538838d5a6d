// One connection that is treated worse than the others is found in the report.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/fake_backend.hpp"
#include "tests/support/load_report.hpp"
#include "tests/support/says.hpp"

namespace weir::test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLength = 64;

/// Echoes, but plays `odd` with the connection that came first.
FakeBackend::Script first_one(std::atomic<int>& came, FakeBackend::Script odd) {
  return [&came, odd = std::move(odd)](Peer& client) { return came++ == 0 ? odd(client) : echoes()(client); };
}

/// Answers each message of 64 bytes after so long.
FakeBackend::Script answers_after(milliseconds pause) {
  return [pause](Peer& client) {
    for (;;) {
      const std::string message = client.receive_exactly(kLength);
      // This is the fault that is played, not a wait for something.
      std::this_thread::sleep_for(pause);
      client.send_all(message);
    }
    return Leave::close;
  };
}

TEST(LoadFairness, ConnectionThatIsNeverAnsweredIsStarvedAndTheSlowest) {
  std::atomic<int> came{0};
  FakeBackend server(first_one(came, never_answers()));
  const LoadRun load = run_load({"echo", "-c", "4", "-d", "1s", "--drain", "500ms", server.address()});
  EXPECT_EQ(load.exit, 0) << load.err;
  EXPECT_EQ(load.number("/fairness/starved"), 1u);
  EXPECT_EQ(load.number("/fairness/connections/replies/min"), 0u);
  EXPECT_GT(load.number("/fairness/connections/replies/p50"), 0u);
  EXPECT_EQ(load.number("/fairness/connections/counted"), 4u);
  EXPECT_GE(load.number("/fairness/connections/p99_ns/max"), 1'000'000'000u) << "as slow as its request is old";
  EXPECT_THAT(load.err, Says("1 of 4 starved"));
}

TEST(LoadFairness, SlowConnectionIsTheSlowestP99) {
  std::atomic<int> came{0};
  FakeBackend server(first_one(came, answers_after(milliseconds(150))));
  const LoadRun load = run_load({"echo", "-c", "8", "-d", "1s", server.address()});
  EXPECT_EQ(load.exit, 0) << load.err;
  EXPECT_EQ(load.number("/fairness/starved"), 0u);
  EXPECT_EQ(load.number("/fairness/connections/every"), 1u);
  // Known to a sixteenth.
  EXPECT_GE(load.number("/fairness/connections/p99_ns/max"), 140'000'000u);
  EXPECT_GE(load.number("/fairness/connections/mean_ns/max"), 150'000'000u);
  EXPECT_LT(load.number("/fairness/connections/p99_ns/min"), load.number("/fairness/connections/p99_ns/max"));
  EXPECT_LT(load.number("/fairness/connections/replies/min"), load.number("/fairness/connections/replies/max"));
  EXPECT_THAT(load.err, Says("the slowest connection's p99 is "));
}

/// Reports of processes are merged over JSON.
TEST(LoadFairness, IsThatOfAllProcesses) {
  std::atomic<int> came{0};
  FakeBackend server(first_one(came, answers_after(milliseconds(150))));
  const LoadRun load = run_load({"echo", "-c", "6", "-d", "1s", "--processes", "2", server.address()});
  EXPECT_EQ(load.exit, 0) << load.err;
  EXPECT_EQ(load.number("/fairness/connections/counted"), 6u);
  EXPECT_GE(load.number("/fairness/connections/p99_ns/max"), 140'000'000u);
  EXPECT_LT(load.number("/fairness/connections/p99_ns/min"), load.number("/fairness/connections/p99_ns/max"));
}

}  // namespace
}  // namespace weir::test
