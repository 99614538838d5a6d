#include "server/listener/listening_socket.hpp"

#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "tests/support/free_ports.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir {
namespace {

ListenerConfig listener_on(const std::string& bind) {
  ListenerConfig config;
  config.name = "test";
  config.bind = {parse_address(bind, AddressUse::bind, Ports::range)};
  return config;
}

int tcp_option(int fd, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  ::getsockopt(fd, IPPROTO_TCP, option, &value, &length);
  return value;
}

TEST(ListeningSocket, HasItsTcpOptionsForEachWorker) {
  ListenerConfig config = listener_on("127.0.0.1:0");
  config.tcp.user_timeout = std::chrono::milliseconds(1234);
  config.tcp.fast_open = 7;
  const std::vector<ListeningSocket> sockets = open_listening_sockets(config, 16, 2);
  for (const std::size_t worker : {0u, 1u}) {
    EXPECT_EQ(tcp_option(sockets.at(0).descriptor(worker), TCP_USER_TIMEOUT), 1234);
    EXPECT_EQ(tcp_option(sockets.at(0).descriptor(worker), TCP_FASTOPEN), 7);
  }
}

TEST(ListeningSocket, FastOpenIsOffWhereItIsNotAskedFor) {
  const std::vector<ListeningSocket> sockets = open_listening_sockets(listener_on("127.0.0.1:0"), 16, 1);
  EXPECT_EQ(tcp_option(sockets.at(0).descriptor(0), TCP_FASTOPEN), 0);
}

TEST(ListeningSocket, EachPortOfARangeKnowsItsPlace) {
  const test::FreePorts ports(3);
  const std::vector<ListeningSocket> sockets = open_listening_sockets(listener_on(ports.range()), 16, 2);
  ASSERT_EQ(sockets.size(), 3u);
  for (std::uint16_t i = 0; i < 3; ++i) {
    EXPECT_EQ(sockets[i].port_offset(), i);
    EXPECT_EQ(sockets[i].endpoint().port(), ports.at(i));
    EXPECT_EQ(sockets[i].name(), ports.range());
  }
}

class ListeningSocketOn : public testing::TestWithParam<const char*> {};

TEST_P(ListeningSocketOn, RefusesNewcomersAndKeepsWhoIsQueued) {
  const test::TempDir dir;
  const std::string bind = *GetParam() == '\0' ? "unix:" + dir.file("socket") : GetParam();
  const ListenerConfig config = listener_on(bind);
  const std::vector<ListeningSocket> sockets = open_listening_sockets(config, 16, 2);
  const Endpoint target = test::endpoint_of(sockets.at(0).endpoint().to_string());
  const test::Peer queued = test::Peer::connect(target);
  ASSERT_TRUE(sockets.at(0).refuse_newcomers());
  try {
    test::Peer::connect(target);
    FAIL() << "was not refused";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ECONNREFUSED);
  }
  int accepted = 0;
  int denied = 0;
  for (const std::size_t worker : {0u, 1u}) {
    const io::Descriptor socket(::accept4(sockets.at(0).descriptor(worker), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket) {
      ++accepted;
    } else {
      EXPECT_EQ(errno, EAGAIN);
      ++denied;
    }
  }
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(denied, 1);
}

INSTANTIATE_TEST_SUITE_P(Each, ListeningSocketOn, testing::Values("127.0.0.1:0", "[::1]:0", ":0", ""));

}  // namespace
}  // namespace weir
