#include "server/listener/listening_socket.hpp"

#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "tests/support/free_ports.hpp"

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

}  // namespace
}  // namespace weir
