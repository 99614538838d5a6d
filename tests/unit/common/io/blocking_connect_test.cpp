#include "common/io/blocking_connect.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <future>

#include "tests/support/dead_ends.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::io {
namespace {

using std::chrono::milliseconds;

Clock::time_point soon() { return Clock::now() + milliseconds(200); }
Clock::time_point late() { return Clock::now() + test::kHang; }

TEST(BlockingConnect, GivesASocketOrTheReason) {
  const test::TestListener server;
  const ConnectStart connected = connect_until(server.endpoint(), late());
  EXPECT_EQ(connected.error, 0);
  EXPECT_EQ(remote_endpoint(connected.socket.get()), server.endpoint());
  const test::RefusedPort refused;
  EXPECT_EQ(connect_until(test::endpoint_of(refused.address()), late()).error, ECONNREFUSED);
  EXPECT_EQ(connect_until(server.endpoint(), late(), [](int) { return EPERM; }).error, EPERM);
}

TEST(BlockingConnect, WaitsForABlackHoleUntilTheDeadlineAndNoLess) {
  const test::BlackHole hole;
  const Clock::time_point deadline = soon();
  EXPECT_EQ(connect_until(test::endpoint_of(hole.address()), deadline).error, ETIMEDOUT);
  EXPECT_GE(Clock::now(), deadline);
}

TEST(BlockingConnect, WaitsForAFullUnixSocketUntilTheDeadlineAndNoLess) {
  const test::TempDir dir;
  const test::FullUnixQueue full(dir.file("full.sock"));
  const Clock::time_point deadline = soon();
  EXPECT_EQ(connect_until(test::endpoint_of(full.address()), deadline).error, ETIMEDOUT);
  EXPECT_GE(Clock::now(), deadline);
}

TEST(BlockingConnect, IsConnectedWhenAFullUnixSocketHasRoom) {
  const test::TempDir dir;
  test::FullUnixQueue full(dir.file("full.sock"));
  auto connecting =
      std::async(std::launch::async, [&] { return connect_until(test::endpoint_of(full.address()), late()); });
  EXPECT_EQ(connecting.wait_for(milliseconds(100)), std::future_status::timeout);
  test::Peer server = full.make_room().accept();
  const ConnectStart connected = connecting.get();
  ASSERT_EQ(connected.error, 0);
  ASSERT_EQ(::send(connected.socket.get(), "x", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(server.receive_exactly(1), "x");
}

TEST(BlockingConnect, RefusesAConnectionToItself) {
  Endpoint here;
  {
    const test::RefusedPort free;
    here = test::endpoint_of(free.address());
  }
  const ConnectStart start =
      connect_until(here, late(), [&](int fd) { return ::bind(fd, here.data(), here.size()) == 0 ? 0 : errno; });
  EXPECT_EQ(start.error, ECONNREFUSED);
}

}  // namespace
}  // namespace weir::io
