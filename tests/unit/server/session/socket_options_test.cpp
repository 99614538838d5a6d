// The `tcp` section of a listener and of an upstream, as the kernel has it on the sockets that they are for.

#include <dirent.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <charconv>
#include <cstring>
#include <optional>
#include <string>

#include "common/endpoint.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/data_plane.hpp"
#include "tests/support/fake_backend.hpp"

namespace weir {
namespace {

using test::DataPlane;
using test::Peer;

constexpr const char* kNoRecords = "access_log: {enabled: false}\n";
constexpr const char* kUnusual =
    "tcp: {nodelay: false, keepalive: {idle: 61s, interval: 11s, count: 4}, user_timeout: 90s}";

/// This process's socket between these two addresses; -1 where there is none.
int socket_between(const std::string& local, const std::string& remote) {
  DIR* folder = ::opendir("/proc/self/fd");
  int found = -1;
  while (const dirent* entry = ::readdir(folder)) {
    int fd = -1;
    std::from_chars(entry->d_name, entry->d_name + std::strlen(entry->d_name), fd);
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    if (fd < 0 || ::getpeername(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) continue;
    if (remote_endpoint(fd).to_string() == remote && local_endpoint(fd).to_string() == local) found = fd;
  }
  ::closedir(folder);
  return found;
}

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

void expect_usual(int fd) {
  ASSERT_GE(fd, 0);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 10);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
}

void expect_unusual(int fd) {
  ASSERT_GE(fd, 0);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 61);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 11);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 4);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 90'000);
}

/// A connection through a proxy to a backend in this process.
class SocketOptions : public testing::Test {
 protected:
  void connect(const std::string& of_listener, const std::string& of_upstream) {
    plane_.emplace(test::proxy_config({backend_.address()}, of_listener, of_upstream) + kNoRecords, 1);
    client_ = plane_->connect();
    client_.send_all("x");
    server_ = backend_.accept();
    EXPECT_EQ(server_.receive_exactly(1), "x");
  }
  int accepted() const { return socket_between(remote_endpoint(client_.fd()).to_string(), client_.local_name()); }
  int connected() const { return socket_between(remote_endpoint(server_.fd()).to_string(), backend_.address()); }

  test::TestListener backend_;
  std::optional<DataPlane> plane_;
  Peer client_;
  Peer server_;
};

TEST_F(SocketOptions, AreTheDefaultsWhereNothingIsSaid) {
  connect("", "");
  expect_usual(accepted());
  expect_usual(connected());
}

TEST_F(SocketOptions, OfAListenerAreThoseOfItsClients) {
  connect(kUnusual, "");
  expect_unusual(accepted());
  expect_usual(connected());
}

TEST_F(SocketOptions, OfAnUpstreamAreThoseTowardsItsBackends) {
  connect("", kUnusual);
  expect_usual(accepted());
  expect_unusual(connected());
}

TEST_F(SocketOptions, KeepaliveCanBeTurnedOff) {
  connect("tcp: {keepalive: off}", "tcp: {keepalive: off}");
  for (const int fd : {accepted(), connected()}) {
    ASSERT_GE(fd, 0);
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
  }
}

}  // namespace
}  // namespace weir
