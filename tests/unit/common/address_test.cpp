#include "common/address.hpp"

#include <gmock/gmock.h>

#include <stdexcept>
#include <string>

namespace weir {
namespace {

using ::testing::HasSubstr;

std::string problem(std::string_view text, AddressUse use) {
  try {
    return "accepted: " + parse_address(text, use).to_string();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(Address, EachFormIsReadAndWrittenBack) {
  for (const char* text : {"127.0.0.1:7000", "db.internal:5432", "[::1]:80", "[fe80::1%eth0]:80", ":7000", "[::]:0",
                           "unix:/run/weir.sock", "unix:@weir", "unix:/with space/a:b", "fd:web", "fd:weir.socket"}) {
    EXPECT_EQ(parse_address(text, AddressUse::bind).to_string(), text);
  }
  const Address v6 = parse_address("[::]:80", AddressUse::bind);
  EXPECT_TRUE(v6.bracketed);
  EXPECT_EQ(v6.host, "::");
  EXPECT_EQ(v6.port, 80);
  EXPECT_EQ(parse_address("unix:@weir", AddressUse::target).kind, Address::Kind::unix_abstract);
}

TEST(Address, WrongOneSaysWhatWouldBeRight) {
  EXPECT_EQ(problem("127.0.0.1:70000", AddressUse::bind),
            "\"127.0.0.1:70000\" has the port 70000, but the highest is 65535");
  EXPECT_THAT(problem("localhost:99999999999999999999", AddressUse::bind), HasSubstr("the highest is 65535"));
  EXPECT_EQ(problem("7000", AddressUse::bind),
            "\"7000\" has no host; write 127.0.0.1:7000, or :7000 for all addresses");
  EXPECT_EQ(problem("localhost", AddressUse::target),
            "\"localhost\" has no port; write HOST:PORT, [::1]:PORT or unix:/path");
  EXPECT_THAT(problem("localhost:", AddressUse::target), HasSubstr("has no port"));
  EXPECT_THAT(problem("localhost:-1", AddressUse::target), HasSubstr("which is not a number"));
  EXPECT_THAT(problem("localhost:http", AddressUse::target), HasSubstr("which is not a number"));
  EXPECT_EQ(problem("::1:80", AddressUse::bind),
            "\"::1:80\" has several colons; an IPv6 address stands in brackets, [::1]:PORT");
  EXPECT_THAT(problem("[::1]", AddressUse::bind), HasSubstr("write [::1]:PORT"));
  EXPECT_THAT(problem("[::1:80", AddressUse::bind), HasSubstr("no closing bracket"));
  EXPECT_THAT(problem("[localhost]:80", AddressUse::bind), HasSubstr("no IPv6 address between the brackets"));
  EXPECT_THAT(problem("[fe80::1%]:80", AddressUse::bind), HasSubstr("no interface after the %"));
  EXPECT_THAT(problem("300.1.1.1:80", AddressUse::bind), HasSubstr("not an IPv4 address"));
  EXPECT_THAT(problem("a b:80", AddressUse::bind), HasSubstr("blank"));
  EXPECT_THAT(problem("http://localhost:80", AddressUse::target), HasSubstr("several colons"));
  EXPECT_THAT(problem("", AddressUse::bind), HasSubstr("is empty"));
  EXPECT_THAT(problem("fd:", AddressUse::bind), HasSubstr("has no name"));
  EXPECT_THAT(problem("fd:a:b", AddressUse::bind), HasSubstr("has a name that no socket can have"));
  EXPECT_THAT(problem("fd:" + std::string(256, 'a'), AddressUse::bind), HasSubstr("has a name that no socket"));
  EXPECT_THAT(problem("fd:web", AddressUse::target), HasSubstr("to which nothing can connect"));
}

TEST(Address, TargetNeedsAHostAndAPort) {
  EXPECT_EQ(problem(":80", AddressUse::target),
            "\":80\" has no host to connect to; write 127.0.0.1:80 for this machine");
  EXPECT_THAT(problem("localhost:0", AddressUse::target), HasSubstr("port 0"));
  EXPECT_EQ(problem("localhost:0", AddressUse::bind), "accepted: localhost:0");
}

std::string range_problem(std::string_view text, AddressUse use) {
  try {
    return "accepted: " + parse_address(text, use, Ports::range).to_string();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(Address, RangeOfPortsIsReadAndWrittenBack) {
  for (const char* text : {"127.0.0.1:7000-7010", "db.internal:1-65535", "[::1]:80-81", ":7000-7001"}) {
    EXPECT_EQ(parse_address(text, AddressUse::bind, Ports::range).to_string(), text);
  }
  const Address range = parse_address("10.0.0.5:7000-7010", AddressUse::target, Ports::range);
  EXPECT_TRUE(range.is_range());
  EXPECT_EQ(range.port_count, 11);
  EXPECT_EQ(range.last_port(), 7010);
  EXPECT_EQ(range.at(10).to_string(), "10.0.0.5:7010");
  EXPECT_FALSE(range.at(10).is_range());
  EXPECT_FALSE(parse_address(":80-80", AddressUse::bind, Ports::range).is_range());
}

TEST(Address, WrongRangeSaysWhatWouldBeRight) {
  EXPECT_EQ(range_problem("h:7010-7000", AddressUse::bind),
            "\"h:7010-7000\" has a range that ends before it begins; write 7000-7010");
  EXPECT_THAT(range_problem("h:0-7", AddressUse::bind), HasSubstr("begins at port 0, which stands for any"));
  EXPECT_THAT(range_problem("h:1-", AddressUse::bind), HasSubstr("without an end; write FIRST-LAST"));
  EXPECT_THAT(range_problem("h:-7", AddressUse::bind), HasSubstr("which is not a number"));
  EXPECT_THAT(range_problem("h:1-2-3", AddressUse::bind), HasSubstr("\"2-3\", which is not a number"));
  EXPECT_THAT(range_problem("h:1-70000", AddressUse::bind), HasSubstr("the highest is 65535"));
  EXPECT_EQ(problem("h:7000-7010", AddressUse::bind), "\"h:7000-7010\" has a range of ports, but one is needed here");
}

TEST(Address, UnixPathsAreAbsoluteAndFitTheKernel) {
  const std::string longest = "/" + std::string(106, 'x');
  EXPECT_EQ(problem("unix:" + longest, AddressUse::bind), "accepted: unix:" + longest);
  EXPECT_THAT(problem("unix:" + longest + "x", AddressUse::bind), HasSubstr("108 bytes, at most 107"));
  EXPECT_EQ(problem("unix:@" + longest, AddressUse::bind), "accepted: unix:@" + longest);
  EXPECT_THAT(problem("unix:@" + longest + "x", AddressUse::bind), HasSubstr("too long"));
  EXPECT_THAT(problem("unix:run/weir", AddressUse::bind), HasSubstr("relative"));
  EXPECT_THAT(problem("unix:", AddressUse::bind), HasSubstr("has no path"));
  EXPECT_THAT(problem("unix:@", AddressUse::bind), HasSubstr("has no name"));
  EXPECT_THAT(problem(std::string_view("unix:/a\0b", 9), AddressUse::bind), HasSubstr("control character"));
}

TEST(IpAddressText, HasNoPort) {
  for (const char* text : {"192.0.2.1", "2001:db8::1", "fe80::1%lo"}) EXPECT_TRUE(is_ip_address(text)) << text;
  for (const char* text : {"", "192.0.2.1:80", "[::1]", "localhost", "fe80::1%", "192.0.2", "10.0.0.0/8"}) {
    EXPECT_FALSE(is_ip_address(text)) << text;
  }
}

TEST(IpAddressText, IsOneToItsEnd) {
  EXPECT_TRUE(is_ipv4_address("192.0.2.1"));
  EXPECT_FALSE(is_ipv4_address("::1"));
  EXPECT_TRUE(is_ip_address("fe80::1%eth0"));
  EXPECT_FALSE(is_ip_address(std::string_view("192.0.2.1\0x", 11)));
  EXPECT_FALSE(is_ip_address(std::string_view("::1\0x", 5)));
}

}  // namespace
}  // namespace weir
