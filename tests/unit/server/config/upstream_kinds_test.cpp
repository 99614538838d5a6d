#include "server/config/upstream_kinds.hpp"

#include <gmock/gmock.h>

#include <string>

#include "server/config/config_loader.hpp"

namespace weir {
namespace {

using ::testing::HasSubstr;

std::string problem_of(const std::string& servers, const std::string& sources) {
  try {
    load_config_text("listeners: [{name: a, bind: ':1', echo: }]\nupstreams: [{name: u, servers: [" + servers +
                         "], bind_source: " + sources + "}]\n",
                     "f");
    return "";
  } catch (const ConfigError& error) {
    return error.problems().front().to_string();
  }
}

TEST(UpstreamKinds, SourcesAreAddressesWithoutAPort) {
  EXPECT_EQ(problem_of("{address: 'h:1'}", "[192.0.2.1, '2001:db8::1', 'fe80::1%eth0']"), "");
  EXPECT_EQ(problem_of("{address: 'h:1'}", "192.0.2.1"), "");
  EXPECT_EQ(problem_of("{address: 'h:1'}", "[]"), "");
  EXPECT_EQ(problem_of("{address: 'h:1'}", "[192.0.2.1, '192.0.2.2:80']"),
            "f:2:77: upstreams.u.bind_source.1: \"192.0.2.2:80\" is not an IP address; write one without a port, as "
            "192.0.2.1 "
            "or 2001:db8::1");
  EXPECT_THAT(problem_of("{address: 'h:1'}", "localhost"), HasSubstr("is not an IP address"));
  EXPECT_THAT(problem_of("{address: 'h:1'}", "{}"), HasSubstr("write a local IP address such as 192.0.2.1"));
}

TEST(UpstreamKinds, SourcesAreAddressesThatSomethingCanConnectFromAndStandOnce) {
  EXPECT_THAT(problem_of("{address: 'h:1'}", "['::ffff:192.0.2.1']"), HasSubstr("is an IPv4 address in IPv6 form"));
  EXPECT_THAT(problem_of("{address: 'h:1'}", "[224.0.0.1]"), HasSubstr("is a multicast address"));
  EXPECT_THAT(problem_of("{address: 'h:1'}", "['ff02::1']"), HasSubstr("is a multicast address"));
  EXPECT_THAT(problem_of("{address: 'h:1'}", "['fe80::1']"), HasSubstr("needs its interface; write fe80::1%eth0"));
  EXPECT_THAT(problem_of("{address: 'h:1'}", "[192.0.2.1, 192.0.2.1]"),
              HasSubstr("bind_source.1: \"192.0.2.1\" is listed already; remove it"));
}

TEST(UpstreamKinds, EachServerHasASourceOfItsFamily) {
  EXPECT_THAT(problem_of("{address: '10.0.0.1:1'}, {address: '[::1]:1'}", "[192.0.2.1]"),
              HasSubstr("upstreams.u.bind_source: has no IPv6 address, which backend [::1]:1 needs; add one"));
  EXPECT_THAT(problem_of("{address: '10.0.0.1:1'}", "['2001:db8::1']"), HasSubstr("has no IPv4 address"));
  EXPECT_EQ(problem_of("{address: '10.0.0.1:1'}, {address: '[::1]:1'}", "[192.0.2.1, '2001:db8::1']"), "");
  EXPECT_EQ(problem_of("{address: 'unix:/a'}, {address: 'name:1'}", "[192.0.2.1]"), "");
}

TEST(UpstreamKinds, ServerMayHaveARangeOfPorts) {
  const ServerConfig config = load_config_text(
      "listeners: [{name: a, bind: ':1', echo: }]\nupstreams: [{name: u, servers: [{address: 'h:1-3'}]}]\n", "f");
  EXPECT_EQ(config.upstreams[0].servers[0].address.port_count, 3);
}

}  // namespace
}  // namespace weir
