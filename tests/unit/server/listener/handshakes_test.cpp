#include "server/listener/handshakes.hpp"

#include <gtest/gtest.h>

#include "server/listener/listening_socket.hpp"
#include "tests/support/half_open.hpp"
#include "tests/support/wait_until.hpp"

namespace weir {
namespace {

ListeningSocket listen_on(const ListenerConfig& config, std::size_t workers = 2) {
  std::vector<ListeningSocket> sockets = open_listening_sockets(config, 16, workers);
  return std::move(sockets.front());
}

ListenerConfig config_of(const std::string& bind) {
  ListenerConfig config;
  config.bind = {parse_address(bind, AddressUse::bind, Ports::range)};
  return config;
}

class HandshakesOf : public testing::TestWithParam<std::pair<const char*, int>> {};

TEST_P(HandshakesOf, AreCountedUntilTheyAreCompleteAndAtTheirOwnSocketOnly) {
  const Handshakes handshakes;
  const ListenerConfig config = config_of(GetParam().first);
  const ListeningSocket socket = listen_on(config);
  const ListeningSocket other = listen_on(config);
  EXPECT_EQ(handshakes.count({socket.endpoint()}), 0u);
  test::HalfOpen client(test::loopback(socket.endpoint().port(), GetParam().second));
  EXPECT_EQ(handshakes.count({socket.endpoint()}), 1u);
  EXPECT_EQ(handshakes.count({other.endpoint(), socket.endpoint()}), 1u);
  EXPECT_EQ(handshakes.count({other.endpoint()}), 0u);
  EXPECT_TRUE(socket.refuse_newcomers());
  EXPECT_EQ(handshakes.count({socket.endpoint()}), 1u);
  const test::Peer peer = client.complete();
  EXPECT_TRUE(test::wait_until([&] { return handshakes.count({socket.endpoint()}) == 0u; }));
}

INSTANTIATE_TEST_SUITE_P(Each, HandshakesOf,
                         testing::Values(std::pair("127.0.0.1:0", AF_INET), std::pair("[::1]:0", AF_INET6),
                                         std::pair(":0", AF_INET), std::pair(":0", AF_INET6)));

TEST(Handshakes, OfAnotherAddressWithTheSamePortAreNotCounted) {
  const Handshakes handshakes;
  const ListenerConfig config = config_of("127.0.0.1:0");
  const ListeningSocket socket = listen_on(config);
  const test::HalfOpen client(test::loopback(socket.endpoint().port()));
  const Endpoint elsewhere = test::endpoint_of("127.0.0.2:" + std::to_string(socket.endpoint().port()));
  EXPECT_EQ(handshakes.count({elsewhere}), 0u);
}

}  // namespace
}  // namespace weir
