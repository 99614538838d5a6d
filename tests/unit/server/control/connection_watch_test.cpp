#include "server/control/connection_watch.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/data_plane.hpp"

namespace weir {
namespace {

using test::DataPlane;
using test::Peer;
using Killed = ConnectionWatch::Killed;
using testing::SizeIs;

class ConnectionWatchTest : public testing::Test {
 protected:
  /// What the coroutine returns, run on this thread.
  template <typename Result>
  Result run(net::awaitable<Result> coroutine) {
    std::optional<Result> result;
    net::asio::co_spawn(context_, std::move(coroutine), [&](std::exception_ptr failure, Result value) {
      if (failure) std::rethrow_exception(failure);
      result.emplace(std::move(value));
    });
    while (!result) context_.run_one();
    return std::move(*result);
  }
  Peer connect() {
    Peer client = plane_.connect();
    client.send_all("hello");
    EXPECT_EQ(client.receive_exactly(5), "hello");
    return client;
  }

  net::asio::io_context context_{1};  // workers post to it, even when they are destroyed
  DataPlane plane_{test::echo_config() + "access_log: {enabled: false}\n", 2};
  ConnectionWatch watch_{context_.get_executor(), plane_.workers()};
};

TEST_F(ConnectionWatchTest, SeesEveryConnectionWithItsRates) {
  const std::vector<Peer> clients = [&] {
    std::vector<Peer> all;
    for (int i = 0; i < 5; ++i) all.push_back(connect());
    return all;
  }();
  const auto seen = run(watch_.look());
  ASSERT_THAT(seen->all, SizeIs(5));
  EXPECT_TRUE(seen->complete);
  for (const LiveConnection& one : seen->all) {
    EXPECT_EQ(one.bytes_in, 5u);
    EXPECT_EQ(one.bytes_out, 5u);
    EXPECT_EQ(one.listener, "echo");
    EXPECT_EQ(one.stage, ConnectionStage::carrying);
    ASSERT_TRUE(one.rate_in);
    EXPECT_EQ(*one.rate_in, 0) << "nothing moved between the two looks";
    EXPECT_TRUE(one.rtt_us);
  }
}

TEST_F(ConnectionWatchTest, WhoAsksAtTheSameTimeGetsTheSameLook) {
  const Peer client = connect();
  std::vector<std::shared_ptr<const LiveConnections>> seen;
  for (int i = 0; i < 3; ++i) {
    net::asio::co_spawn(context_, watch_.look(), [&](std::exception_ptr, auto look) { seen.push_back(look); });
  }
  while (seen.size() < 3) context_.run_one();
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_EQ(seen[0], seen[2]);
}

TEST_F(ConnectionWatchTest, KillsTheConnectionThatIsNamedAndNoOther) {
  Peer one = connect();
  Peer other = connect();
  std::uint64_t id = 0;
  for (const LiveConnection& live : run(watch_.look())->all) {
    if (live.client.to_string() == one.local_name()) id = live.id;
  }
  EXPECT_EQ(run(watch_.kill(id)), Killed::yes);
  EXPECT_NE(one.receive_until_end().ending, test::Ending::silence);
  EXPECT_TRUE(test::wait_until([&] { return plane_.ended(SessionEnd::killed) == 1; }));
  EXPECT_EQ(run(watch_.kill(id)), Killed::not_found);
  other.send_all("x");
  EXPECT_EQ(other.receive_exactly(1), "x");
}

TEST_F(ConnectionWatchTest, FindsNobodyWhoWasNeverThere) { EXPECT_EQ(run(watch_.kill(12345)), Killed::not_found); }

}  // namespace
}  // namespace weir
