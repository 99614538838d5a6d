#include "server/admin/caller.hpp"

#include <gtest/gtest.h>

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

TEST(CallerOf, LoopbackIsAPeerOnLoopbackOfAnEndpointThere) {
  EXPECT_EQ(caller_of(endpoint_of("127.0.0.1:4711"), endpoint_of("127.0.0.1:9900")).from, From::loopback);
  EXPECT_EQ(caller_of(endpoint_of("127.9.0.1:4711"), endpoint_of("127.0.0.2:9900")).from, From::loopback);
  EXPECT_EQ(caller_of(endpoint_of("[::1]:4711"), endpoint_of("[::1]:9900")).from, From::loopback);
  EXPECT_EQ(caller_of(endpoint_of("[::ffff:127.0.0.1]:4711"), endpoint_of("127.0.0.1:9900")).from, From::loopback);
}

TEST(CallerOf, AnEndpointOnAllAddressesHasNoLoopbackPeers) {
  EXPECT_EQ(caller_of(endpoint_of("127.0.0.1:4711"), any()).from, From::elsewhere);
  EXPECT_EQ(caller_of(endpoint_of("192.0.2.1:4711"), any()).from, From::elsewhere);
}

TEST(CallerOf, OtherAddressesAreElsewhere) {
  EXPECT_EQ(caller_of(endpoint_of("192.0.2.1:1"), endpoint_of("127.0.0.1:9900")).from, From::elsewhere);
  EXPECT_EQ(caller_of(endpoint_of("[::2]:1"), endpoint_of("[::1]:9900")).from, From::elsewhere);
  EXPECT_EQ(caller_of(endpoint_of("[::127.0.0.1]:1"), endpoint_of("[::1]:9900")).from, From::elsewhere);
  EXPECT_EQ(caller_of(endpoint_of("128.0.0.1:1"), endpoint_of("127.0.0.1:9900")).from, From::elsewhere);
}

TEST(CallerOf, NamesThePeer) {
  EXPECT_EQ(caller_of(endpoint_of("192.0.2.1:4711"), any()).name, "192.0.2.1:4711");
  const Caller local = caller_of(weir::Endpoint(), weir::Endpoint::unix_path("/run/weir.sock"));
  EXPECT_EQ(local.from, From::unix_socket);
  EXPECT_EQ(local.name, "unix:/run/weir.sock");
}

}  // namespace
}  // namespace weir::admin
