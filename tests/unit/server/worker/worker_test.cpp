#include "server/worker/worker.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace weir
