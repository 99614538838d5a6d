#include "server/worker/worker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/data_plane.hpp"
#include "tests/support/fake_backend.hpp"

namespace weir {
namespace {

using test::DataPlane;
using test::Peer;

constexpr const char* kNoRecords = "access_log: {enabled: false}\n";

void expect_served(Peer& client) {
  client.send_all("hello");
  EXPECT_EQ(client.receive_exactly(5), "hello");
}

/// That a listener which its workers have forgotten lives until the last of its sessions, wherever that runs, has
/// ended.
void expect_pinned_by_sessions(const std::string& config, std::size_t workers) {
  DataPlane plane(config + kNoRecords, workers);
  std::vector<Peer> clients;
  for (std::size_t i = 0; i < 3 * workers; ++i) {
    clients.push_back(plane.connect());
    expect_served(clients.back());
  }
  plane.stop_accepting();
  const std::weak_ptr<Listener> listener = plane.retire();
  while (!clients.empty()) {
    EXPECT_FALSE(listener.expired());
    for (Peer& client : clients) expect_served(client);
    clients.pop_back();
  }
  EXPECT_TRUE(test::wait_until([&] { return listener.expired(); }));
  EXPECT_EQ(plane.active(), 0u);
}

TEST(Worker, SessionsOutliveAListenerThatWasRetired) { expect_pinned_by_sessions(test::echo_config(), 1); }

TEST(Worker, SessionsOutliveItOnEachWorker) { expect_pinned_by_sessions(test::echo_config(), 3); }

TEST(Worker, ProxiedSessionsPinTheUpstreamToo) {
  test::FakeBackend backend(test::echoes());
  expect_pinned_by_sessions(test::proxy_config({backend.address()}), 2);
}

TEST(Worker, ARetiredListenerWithoutSessionsIsGoneAtOnce) {
  DataPlane plane(test::echo_config() + kNoRecords, 2);
  plane.stop_accepting();
  const std::weak_ptr<Listener> listener = plane.retire();
  EXPECT_TRUE(test::wait_until([&] { return listener.expired(); }));
}

/// The ids of the sessions that a walk over all workers shows, with so many places a slice.
std::multiset<std::uint64_t> walk(DataPlane& plane, std::size_t places) {
  std::mutex mutex;
  std::multiset<std::uint64_t> ids;
  std::latch done(static_cast<std::ptrdiff_t>(plane.workers().size()));
  for (Worker& worker : plane.workers()) {
    worker.walk_sessions(
        [&](Session& session) {
          const std::lock_guard<std::mutex> lock(mutex);
          ids.insert(session.id);
          return true;
        },
        [&done] { done.count_down(); }, places);
  }
  done.wait();
  return ids;
}

TEST(Worker, AWalkShowsEachSessionOnce) {
  DataPlane plane(test::echo_config() + kNoRecords, 2);
  EXPECT_TRUE(walk(plane, 1).empty());
  std::vector<Peer> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(plane.connect());
    expect_served(clients.back());
  }
  for (const std::size_t places : {1, 3, 1000}) {
    const std::multiset<std::uint64_t> ids = walk(plane, places);
    EXPECT_EQ(ids.size(), 10u);
    EXPECT_EQ(std::set<std::uint64_t>(ids.begin(), ids.end()).size(), 10u);
  }
}

TEST(Worker, AWalkLetsOthersHaveTheirTurnBetweenItsSlices) {
  DataPlane plane(test::echo_config() + kNoRecords, 1);
  std::vector<Peer> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(plane.connect());
    expect_served(clients.back());
  }
  std::atomic<int> seen = 0;
  std::atomic<int> seen_by_another = -1;
  std::promise<void> done;
  plane.workers()[0].walk_sessions(
      [&](Session&) {
        if (++seen == 1) plane.workers()[0].settle([&] { seen_by_another = seen.load(); });
        return true;
      },
      [&done] { done.set_value(); }, 1);
  done.get_future().get();
  EXPECT_EQ(seen, 3);
  EXPECT_TRUE(seen_by_another == 1 || seen_by_another == 2) << seen_by_another;
}

TEST(Worker, AWalkEndsEarlyIfItsVisitorHasFoundWhatItSought) {
  DataPlane plane(test::echo_config() + kNoRecords, 1);
  std::vector<Peer> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(plane.connect());
    expect_served(clients.back());
  }
  int seen = 0;
  std::promise<void> done;
  plane.workers()[0].walk_sessions([&](Session&) { return ++seen < 2; }, [&done] { done.set_value(); }, 1000);
  done.get_future().get();
  EXPECT_EQ(seen, 2);
}

TEST(Worker, AProbeMeasuresTheLoopAndTheThread) {
  DataPlane plane(test::echo_config() + kNoRecords, 1);
  Worker& worker = plane.workers()[0];
  Peer client = plane.connect();
  expect_served(client);
  worker.probe();
  ASSERT_TRUE(test::wait_until([&] { return worker.snapshot().loop_lag > 0; }));
  expect_served(client);
  worker.probe();
  EXPECT_GT(worker.snapshot().busy_ratio, 0);
  EXPECT_EQ(worker.snapshot().connections, 1u);
}

}  // namespace
}  // namespace weir
