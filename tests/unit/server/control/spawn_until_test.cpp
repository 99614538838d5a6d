#include "server/control/spawn_until.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <stdexcept>

namespace weir {
namespace {

namespace asio = net::asio;

net::awaitable<void> fail() {
  throw std::runtime_error("it failed");
  co_return;
}

net::awaitable<void> wait_an_hour(bool& waited) {
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
  waited = true;
  co_await timer.async_wait(asio::use_awaitable_t<net::Executor>());
}

TEST(SpawnUntil, AFailureLeavesTheExecutorsRun) {
  asio::io_context context{1};
  const std::stop_source stop;
  spawn_until(stop.get_token(), context.get_executor(), fail());
  EXPECT_THROW(context.run(), std::runtime_error);
}

TEST(SpawnUntil, AStopEndsAWaitAndIsNoFailure) {
  asio::io_context context{1};
  std::stop_source stop;
  bool waited = false;
  spawn_until(stop.get_token(), context.get_executor(), wait_an_hour(waited));
  context.poll();
  ASSERT_TRUE(waited);
  EXPECT_FALSE(context.stopped());
  stop.request_stop();
  context.poll();
  EXPECT_TRUE(context.stopped());
}

}  // namespace
}  // namespace weir
