#include "common/io/tcp_options.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "tests/support/fake_backend.hpp"

namespace weir::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

class TcpOptionsTest : public testing::Test {
 protected:
  int fd() const { return socket_.get(); }

  Descriptor socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

TEST_F(TcpOptionsTest, EachIsSet) {
  apply_tcp_options(fd(), {.nodelay = true,
                           .keepalive = {.enabled = true, .idle = seconds(61), .interval = seconds(11), .count = 4},
                           .user_timeout = milliseconds(7000),
                           .fast_open = 0});
  EXPECT_NE(option(fd(), IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_NE(option(fd(), SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(option(fd(), IPPROTO_TCP, TCP_KEEPIDLE), 61);
  EXPECT_EQ(option(fd(), IPPROTO_TCP, TCP_KEEPINTVL), 11);
  EXPECT_EQ(option(fd(), IPPROTO_TCP, TCP_KEEPCNT), 4);
  EXPECT_EQ(option(fd(), IPPROTO_TCP, TCP_USER_TIMEOUT), 7000);
  EXPECT_NE(option(fd(), SOL_SOCKET, SO_OOBINLINE), 0);
}

TEST_F(TcpOptionsTest, WhatIsOffIsLeftToTheSystem) {
  const int idle = option(fd(), IPPROTO_TCP, TCP_KEEPIDLE);
  apply_tcp_options(fd(), {.nodelay = false,
                           .keepalive = {.enabled = false, .idle = seconds(61), .interval = seconds(11), .count = 4},
                           .user_timeout = {},
                           .fast_open = 0});
  EXPECT_EQ(option(fd(), IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_EQ(option(fd(), SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(option(fd(), IPPROTO_TCP, TCP_KEEPIDLE), idle);
  EXPECT_EQ(option(fd(), IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
  EXPECT_NE(option(fd(), SOL_SOCKET, SO_OOBINLINE), 0) << "urgent data is data whatever the configuration says";
}

TEST_F(TcpOptionsTest, AcceptedSocketInheritsThoseOfTheListeningOne) {
  test::TestListener listener;
  TcpOptions options;
  options.user_timeout = milliseconds(7000);
  apply_tcp_options(listener.fd(), options);
  const test::Peer client = test::Peer::connect(listener.endpoint());
  const test::Peer accepted = listener.accept();
  EXPECT_NE(option(accepted.fd(), IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_EQ(option(accepted.fd(), IPPROTO_TCP, TCP_KEEPIDLE), 60);
  EXPECT_EQ(option(accepted.fd(), IPPROTO_TCP, TCP_USER_TIMEOUT), 7000);
  EXPECT_NE(option(accepted.fd(), SOL_SOCKET, SO_OOBINLINE), 0);
}

}  // namespace
}  // namespace weir::io
