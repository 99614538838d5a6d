#include <gtest/gtest.h>

#include <cmath>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"

/// `limits.connections: auto` where descriptors are few.
namespace weir::test {
namespace {

constexpr unsigned kDescriptors = 200;

std::string base() { return "workers: 2\nadmin: {bind: '127.0.0.1:0'}\nlisteners:\n"; }

const std::string kEchoListener = "- {name: echo, bind: '127.0.0.1:0', echo: {}}\n";

std::string proxy_listener(const FakeBackend& backend) {
  return "- {name: front, bind: '127.0.0.1:0', proxy: {upstream: back}}\nupstreams:\n- {name: back, servers: "
         "[{address: '" +
         backend.address() + "'}]}\n";
}

bool is_served(Peer& peer) {
  try {
    peer.send_all("alive");
    return peer.receive_exactly(5) == "alive";
  } catch (const std::exception&) {
    return false;
  }
}

/// Those that are served before one is not.
std::vector<Peer> fill(const Daemon& daemon, const std::vector<std::string>& listeners) {
  std::vector<Peer> served;
  while (served.size() <= kDescriptors) {
    Peer peer = daemon.connect(listeners[served.size() % listeners.size()]);
    if (!is_served(peer)) break;
    served.push_back(std::move(peer));
  }
  return served;
}

double limit_of(const AdminClient& admin) { return admin.metric("weir_connections_limit"); }

void expect_refused_by_the_limit_alone(const Daemon& daemon, const AdminClient& admin) {
  EXPECT_EQ(daemon.wait_for_record().end(), "refused_limit") << "and all others are still there";
  for (const auto& [series, value] : admin.metrics()) {
    EXPECT_TRUE(value == 0 || !series.starts_with("weir_accept_errors_total")) << series << " " << value;
  }
}

TEST(AutoLimit, LetsAnEchoListenerHaveWhatAProxyDoesNotTake) {
  FakeBackend backend(echoes());
  Daemon daemon = Daemon::with_config(base() + kEchoListener + proxy_listener(backend), {.descriptors = kDescriptors});
  const AdminClient admin(daemon);
  const double all_proxied = limit_of(admin);
  const std::vector<Peer> echoed = fill(daemon, {"echo"});
  EXPECT_GE(static_cast<double>(echoed.size()), 2 * all_proxied);
  EXPECT_LE(static_cast<double>(echoed.size()), 2 * all_proxied + 1);
  EXPECT_EQ(limit_of(admin), static_cast<double>(echoed.size())) << "no other connection fits";
  expect_refused_by_the_limit_alone(daemon, admin);
}

TEST(AutoLimit, NeverRunsOutOfDescriptorsWhereBothKindsCome) {
  FakeBackend backend(echoes());
  Daemon daemon = Daemon::with_config(base() + kEchoListener + proxy_listener(backend), {.descriptors = kDescriptors});
  const AdminClient admin(daemon);
  const double all_proxied = limit_of(admin);
  std::vector<Peer> both = fill(daemon, {"front", "echo"});
  EXPECT_GE(static_cast<double>(both.size()), all_proxied * 4 / 3 - 1);
  EXPECT_LE(static_cast<double>(both.size()), all_proxied * 4 / 3 + 2);
  expect_refused_by_the_limit_alone(daemon, admin);
  for (Peer& peer : both) EXPECT_TRUE(is_served(peer));
}

TEST(AutoLimit, HoldsForAProxyThatAReloadAdds) {
  FakeBackend backend(echoes());
  Daemon daemon = Daemon::with_config(base() + kEchoListener, {.descriptors = kDescriptors});
  const AdminClient admin(daemon);
  const double before = limit_of(admin);
  Peer early = daemon.connect("echo");
  ASSERT_TRUE(is_served(early));
  daemon.rewrite_config(base() + kEchoListener + proxy_listener(backend));
  ASSERT_EQ(admin.request("POST", "/api/v1/reload").status, 200);
  const double budget = before - 2;  // two workers, each of which has a listening socket more
  EXPECT_EQ(limit_of(admin), 1 + std::floor((budget - 1) / 2));
  const std::vector<Peer> echoed = fill(daemon, {"echo"});
  EXPECT_EQ(static_cast<double>(echoed.size()), budget - 1);
  expect_refused_by_the_limit_alone(daemon, admin);
}

}  // namespace
}  // namespace weir::test
