#include "common/endpoint.hpp"

#include <gmock/gmock.h>
#include <net/if.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

namespace weir {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> resolved(std::string_view text, AddressUse use) {
  std::vector<std::string> texts;
  for (const Endpoint& endpoint : resolve(parse_address(text, use), use)) texts.push_back(endpoint.to_string());
  return texts;
}

TEST(Resolve, LiteralsGiveThemselves) {
  EXPECT_THAT(resolved("127.0.0.1:80", AddressUse::target), ElementsAre("127.0.0.1:80"));
  EXPECT_THAT(resolved("[::1]:80", AddressUse::target), ElementsAre("[::1]:80"));
  EXPECT_THAT(resolved("unix:/run/x", AddressUse::bind), ElementsAre("unix:/run/x"));
  EXPECT_THAT(resolved("unix:@x", AddressUse::bind), ElementsAre("unix:@x"));
}

TEST(Resolve, ScopeOfALinkLocalAddressIsKept) {
  const std::vector<Endpoint> endpoints =
      resolve(parse_address("[fe80::1%lo]:80", AddressUse::target), AddressUse::target);
  ASSERT_EQ(endpoints.size(), 1u);
  EXPECT_EQ(reinterpret_cast<const sockaddr_in6*>(endpoints[0].data())->sin6_scope_id, ::if_nametoindex("lo"));
  EXPECT_EQ(endpoints[0].to_string(), "[fe80::1%lo]:80");
}

TEST(Resolve, InterfaceMayStandBehindEveryAddressAndAsANumber) {
  const auto scope = [](const char* text) {
    const Endpoint endpoint = resolve(parse_address(text, AddressUse::target), AddressUse::target).front();
    return reinterpret_cast<const sockaddr_in6*>(endpoint.data())->sin6_scope_id;
  };
  EXPECT_EQ(scope("[::1%lo]:80"), ::if_nametoindex("lo"));
  EXPECT_EQ(scope("[fe80::1%7]:80"), 7u);
}

TEST(Resolve, InterfaceThatIsNotThereIsNamed) {
  try {
    resolved("[fe80::1%nope0]:80", AddressUse::target);
    FAIL() << "resolved";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "cannot use fe80::1%nope0: this machine has no interface nope0");
  }
}

TEST(IpEndpoint, HasPortZero) {
  EXPECT_EQ(ip_endpoint("192.0.2.1").to_string(), "192.0.2.1:0");
  EXPECT_EQ(ip_endpoint("2001:db8::1").to_string(), "[2001:db8::1]:0");
  EXPECT_THROW(ip_endpoint("localhost"), std::runtime_error);
}

TEST(Resolve, EmptyHostIsEveryAddress) {
  EXPECT_THAT(resolved(":80", AddressUse::bind), ElementsAre(ipv6_available() ? "[::]:80" : "0.0.0.0:80"));
}

TEST(Resolve, NameGivesEachAddressOnce) {
  const std::vector<std::string> found = resolved("localhost:80", AddressUse::target);
  EXPECT_THAT(found, ::testing::Contains("127.0.0.1:80"));
  for (const std::string& text : found) EXPECT_EQ(std::count(found.begin(), found.end(), text), 1);
}

TEST(Resolve, UnknownNameIsNamed) {
  try {
    resolved("no-such-host.invalid:80", AddressUse::target);
    FAIL() << "resolved";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot resolve no-such-host.invalid: "));
  }
}

TEST(Endpoint, UnnamedUnixPeerHasAnEmptyName) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  EXPECT_EQ(remote_endpoint(fds[0]).to_string(), "unix:");
  EXPECT_TRUE(remote_endpoint(fds[0]).is_unix());
  ::close(fds[0]);
  ::close(fds[1]);
}

TEST(Endpoint, LongestUnixPathIsShownWhole) {
  const std::string path = "/" + std::string(106, 'x');
  EXPECT_EQ(Endpoint::unix_path(path).to_string(), "unix:" + path);
  EXPECT_EQ(Endpoint::unix_abstract(path).to_string(), "unix:@" + path);
  EXPECT_THROW(Endpoint::unix_path(path + "x"), std::invalid_argument);
}

TEST(Endpoint, ComparesAddressAndPort) {
  const auto endpoint = [](const char* text) {
    return resolve(parse_address(text, AddressUse::bind), AddressUse::bind)[0];
  };
  EXPECT_EQ(endpoint("127.0.0.1:80"), endpoint("127.0.0.1:80"));
  EXPECT_FALSE(endpoint("127.0.0.1:80") == endpoint("127.0.0.1:81"));
  EXPECT_FALSE(endpoint("127.0.0.1:80") == endpoint("127.0.0.2:80"));
  EXPECT_FALSE(endpoint("[::1]:80") == endpoint("127.0.0.1:80"));
  EXPECT_FALSE(endpoint("unix:/a") == endpoint("unix:/b"));
  EXPECT_EQ(endpoint("[fe80::1%7]:80"), endpoint("[fe80::1%7]:80"));
  EXPECT_FALSE(endpoint("[fe80::1%7]:80") == endpoint("[fe80::1%8]:80")) << "each interface has such an address";
  Endpoint moved = endpoint("[::1]:0");
  moved.set_port(8080);
  EXPECT_EQ(moved.port(), 8080);
  EXPECT_EQ(moved, endpoint("[::1]:8080"));
}

TEST(Endpoint, ClosedDescriptorHasNone) {
  EXPECT_EQ(local_endpoint(-1).size(), 0u);
  EXPECT_EQ(remote_endpoint(-1).size(), 0u);
}

}  // namespace
}  // namespace weir
