#include "server/control/healthcheck.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <string>
#include <thread>

#include "common/io/descriptor.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

/// A server that answers each connection's first bytes with a fixed text, or with silence.
class FakePeer {
 public:
  explicit FakePeer(const char* bind, std::string answer = "") : answer_(std::move(answer)) {
    const Endpoint endpoint = resolve(parse_address(bind, AddressUse::bind), AddressUse::bind).front();
    listener_ = io::Descriptor(::socket(endpoint.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(listener_.get(), endpoint.data(), endpoint.size()), 0);
    EXPECT_EQ(::listen(listener_.get(), 4), 0);
  }
  ~FakePeer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }
  FakePeer(const FakePeer&) = delete;
  FakePeer& operator=(const FakePeer&) = delete;

  /// Answers one connection.
  FakePeer& serve() {
    thread_ = std::thread([this] {
      const io::Descriptor client(::accept(listener_.get(), nullptr, nullptr));
      if (!client) return;
      char request[1024];
      const ssize_t size = ::recv(client.get(), request, sizeof request, 0);
      request_.assign(request, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
      if (!answer_.empty()) ::send(client.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL);
      while (answer_.empty() && ::recv(client.get(), request, sizeof request, 0) > 0) {
      }
    });
    return *this;
  }
  std::string request() {
    thread_.join();
    return request_;
  }
  std::string port() const { return std::to_string(local_endpoint(listener_.get()).port()); }

 private:
  std::string answer_;
  std::string request_;
  io::Descriptor listener_;
  std::thread thread_;
};

std::string check(const std::string& target) { return check_health(parse_health_target(target)); }

TEST(Healthcheck, AcceptingIsEnoughForAnAddress) {
  const FakePeer peer("127.0.0.1:0");
  EXPECT_EQ(check("127.0.0.1:" + peer.port()), "");
  EXPECT_EQ(check("0.0.0.0:" + peer.port()), "");
}

TEST(Healthcheck, UnixSocketIsAsked) {
  const std::string name = "unix:@weir-healthcheck-" + std::to_string(::getpid());
  EXPECT_THAT(check(name), HasSubstr("Connection refused"));
  const FakePeer peer(name.c_str());
  EXPECT_EQ(check(name), "");
}

TEST(Healthcheck, FullUnixSocketIsWaitedFor) {
  const test::TempDir dir;
  test::FullUnixQueue full(dir.file("full.sock"));
  auto checked = std::async(std::launch::async, [&] { return check(full.address()); });
  EXPECT_EQ(checked.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  full.make_room();
  EXPECT_EQ(checked.get(), "");
}

TEST(Healthcheck, FullUnixSocketIsNotWaitedForLongerThanTwoSeconds) {
  const test::TempDir dir;
  const test::FullUnixQueue full(dir.file("full.sock"));
  EXPECT_EQ(check(full.address()), full.address() + ": Connection timed out");
}

TEST(Healthcheck, RefusalIsNamedWithTheAddress) {
  std::string port;
  {
    const FakePeer gone("127.0.0.1:0");
    port = gone.port();
  }
  EXPECT_EQ(check("127.0.0.1:" + port), "127.0.0.1:" + port + ": Connection refused");
  EXPECT_THAT(check("no-such-host.invalid:1"), HasSubstr("cannot resolve no-such-host.invalid"));
}

TEST(Healthcheck, EveryAddressOfANameIsTried) {
  const FakePeer peer("127.0.0.1:0");
  EXPECT_EQ(check("localhost:" + peer.port()), "") << "where localhost is ::1 first, that one refuses";
}

TEST(Healthcheck, HttpTargetMustAnswer200) {
  FakePeer well("127.0.0.1:0", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
  well.serve();
  EXPECT_EQ(check("http://127.0.0.1:" + well.port()), "");
  EXPECT_THAT(well.request(), MatchesRegex("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:[0-9]+\r\n(.|\r|\n)*"));

  FakePeer draining("127.0.0.1:0", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  draining.serve();
  EXPECT_THAT(check("http://127.0.0.1:" + draining.port() + "/x"), HasSubstr("GET /x was answered with status 503"));
}

TEST(Healthcheck, WhatIsNoHttpIsNotWell) {
  FakePeer echo("127.0.0.1:0", "GET /readyz HTTP/1.1\r\n\r\n");
  echo.serve();
  EXPECT_THAT(check("http://127.0.0.1:" + echo.port()), HasSubstr("no HTTP answer"));
}

TEST(Healthcheck, SilenceIsNotWaitedForLongerThanTwoSeconds) {
  FakePeer silent("127.0.0.1:0");
  silent.serve();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(check("http://127.0.0.1:" + silent.port()), HasSubstr("no answer within 2 s"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
}

}  // namespace
}  // namespace weir
