#include "server/admin/caller.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "tests/support/peer.hpp"

namespace weir::admin {
namespace {

using From = Caller::From;
using test::endpoint_of;

weir::Endpoint any() {
  weir::Endpoint endpoint = ip_endpoint("0.0.0.0");
  endpoint.set_port(9900);
  return endpoint;
}

/// For whom the connection itself says nothing.
Caller of(const weir::Endpoint& peer, const weir::Endpoint& bound) { return caller_of(-1, peer, bound); }

TEST(CallerOf, LoopbackIsAPeerOnLoopbackOfAnEndpointThere) {
  EXPECT_EQ(of(endpoint_of("127.0.0.1:4711"), endpoint_of("127.0.0.1:9900")).from, From::loopback);
  EXPECT_EQ(of(endpoint_of("127.9.0.1:4711"), endpoint_of("127.0.0.2:9900")).from, From::loopback);
  EXPECT_EQ(of(endpoint_of("[::1]:4711"), endpoint_of("[::1]:9900")).from, From::loopback);
  EXPECT_EQ(of(endpoint_of("[::ffff:127.0.0.1]:4711"), endpoint_of("127.0.0.1:9900")).from, From::loopback);
}

TEST(CallerOf, AnEndpointOnAllAddressesHasNoLoopbackPeers) {
  EXPECT_EQ(of(endpoint_of("127.0.0.1:4711"), any()).from, From::elsewhere);
  EXPECT_EQ(of(endpoint_of("192.0.2.1:4711"), any()).from, From::elsewhere);
}

TEST(CallerOf, OtherAddressesAreElsewhere) {
  EXPECT_EQ(of(endpoint_of("192.0.2.1:1"), endpoint_of("127.0.0.1:9900")).from, From::elsewhere);
  EXPECT_EQ(of(endpoint_of("[::2]:1"), endpoint_of("[::1]:9900")).from, From::elsewhere);
  EXPECT_EQ(of(endpoint_of("[::127.0.0.1]:1"), endpoint_of("[::1]:9900")).from, From::elsewhere);
  EXPECT_EQ(of(endpoint_of("128.0.0.1:1"), endpoint_of("127.0.0.1:9900")).from, From::elsewhere);
}

TEST(CallerOf, NamesThePeer) { EXPECT_EQ(of(endpoint_of("192.0.2.1:4711"), any()).name, "192.0.2.1:4711"); }

TEST(CallerOf, NamesTheUserOfAUnixSocket) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const io::Descriptor one(pair[0]);
  const io::Descriptor other(pair[1]);
  const weir::Endpoint bound = weir::Endpoint::unix_path("/run/weir.sock");
  EXPECT_EQ(caller_of(one.get(), {}, bound).from, From::unix_socket);
  EXPECT_EQ(caller_of(one.get(), {}, bound).name, "user " + std::to_string(::geteuid()) + " at unix:/run/weir.sock");
  EXPECT_EQ(caller_of(-1, {}, bound).name, "somebody at unix:/run/weir.sock");
}

}  // namespace
}  // namespace weir::admin
