#include "common/proxy_protocol.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace weir {
namespace {

using Status = ProxyHeaderParse::Status;
using namespace std::string_literals;

ProxyHeaderParse parse(std::string_view text) { return parse_proxy_header(std::as_bytes(std::span(text))); }

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

/// A header of version 2 with its length filled in.
std::string v2(char command, char protocol, const std::string& body) {
  return kSignature + command + protocol + static_cast<char>(body.size() >> 8) + static_cast<char>(body.size() & 0xff) +
         body;
}

const std::string kV4Addresses = "\xc0\0\2\1"s + "\xc6\x33\x64\2"s + "\x10\x92"s + "\0\x50"s;

Endpoint endpoint(const std::string& text) {
  return resolve(parse_address(text, AddressUse::target), AddressUse::target).front();
}

TEST(ProxyProtocolV1, TellsTheAddresses) {
  const ProxyHeaderParse v4 = parse("PROXY TCP4 192.0.2.1 198.51.100.2 4242 80\r\nGET /");
  ASSERT_EQ(v4.status, Status::complete) << v4.problem;
  EXPECT_EQ(v4.size, 43u);
  EXPECT_EQ(v4.header.source.to_string(), "192.0.2.1:4242");
  EXPECT_EQ(v4.header.destination.to_string(), "198.51.100.2:80");
  const ProxyHeaderParse v6 = parse("PROXY TCP6 2001:db8::1 ::1 65535 0\r\n");
  ASSERT_EQ(v6.status, Status::complete) << v6.problem;
  EXPECT_EQ(v6.header.source.to_string(), "[2001:db8::1]:65535");
  EXPECT_EQ(v6.header.destination.to_string(), "[::1]:0");
}

TEST(ProxyProtocolV1, UnknownIsTheSendersOwnWhateverFollows) {
  for (const char* text : {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 nonsense 1 2\r\n"}) {
    const ProxyHeaderParse unknown = parse(text);
    EXPECT_EQ(unknown.status, Status::complete);
    EXPECT_FALSE(unknown.header.is_known());
  }
}

TEST(ProxyProtocolV1, WhatIsWrongIsRefused) {
  for (const char* wrong :
       {"PROXY TCP4 192.0.2.1 198.51.100.2 4242\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 4242 80 \r\n",
        "PROXY TCP4  192.0.2.1 198.51.100.2 4242 80\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 65536 80\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 -1 80\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 +1 80\r\n",
        "PROXY TCP4 ::1 ::1 1 80\r\n", "PROXY TCP6 192.0.2.1 198.51.100.2 4242 80\r\n",
        "PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n", "PROXY \r\n", "PROXY\r\n", "PROXY TCP4 a b c d\r\n", "GET / HTTP/1.1\r\n",
        "proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n"}) {
    EXPECT_EQ(parse(wrong).status, Status::invalid) << wrong;
  }
  EXPECT_EQ(parse("PROXY TCP4 192.0.2.1\0 198.51.100.2 1 2\r\n"s).status, Status::invalid) << "a zero in an address";
  EXPECT_EQ(parse("PROXY " + std::string(101, 'x')).status, Status::invalid) << "no end within 107 bytes";
}

TEST(ProxyProtocolV2, TellsTheAddresses) {
  const ProxyHeaderParse v4 = parse(v2(0x21, 0x11, kV4Addresses) + "data");
  ASSERT_EQ(v4.status, Status::complete) << v4.problem;
  EXPECT_EQ(v4.size, 28u);
  EXPECT_EQ(v4.header.source.to_string(), "192.0.2.1:4242");
  EXPECT_EQ(v4.header.destination.to_string(), "198.51.100.2:80");
  const std::string loopback = std::string(15, '\0') + "\1";
  const ProxyHeaderParse v6 = parse(v2(0x21, 0x21, loopback + loopback + "\0\1\0\2"s));
  ASSERT_EQ(v6.status, Status::complete) << v6.problem;
  EXPECT_EQ(v6.header.source.to_string(), "[::1]:1");
  EXPECT_EQ(v6.header.destination.to_string(), "[::1]:2");
  std::string path = "/run/client.sock";
  std::string abstract = "\0name"s;
  path.resize(108);
  abstract.resize(108);
  const ProxyHeaderParse local = parse(v2(0x21, 0x31, path + abstract));
  ASSERT_EQ(local.status, Status::complete) << local.problem;
  EXPECT_EQ(local.header.source.to_string(), "unix:/run/client.sock");
  EXPECT_EQ(local.header.destination.to_string(), "unix:@name");
}

TEST(ProxyProtocolV2, LocalIsTheSendersOwn) {
  for (const std::string& text : {v2(0x20, 0x00, ""), v2(0x20, 0x11, kV4Addresses), v2(0x21, 0x00, "whatever"),
                                  v2(0x21, 0x12, kV4Addresses), v2(0x20, 0x11, ""), v2(0x20, 0x7f, "x")}) {
    const ProxyHeaderParse local = parse(text);
    EXPECT_EQ(local.status, Status::complete) << local.problem;
    EXPECT_EQ(local.size, text.size());
    EXPECT_FALSE(local.header.is_known());
  }
}

TEST(ProxyProtocolV2, KeepsTlvsAndChecksTheChecksum) {
  const std::string authority = "\x02\0\3abc"s;
  const ProxyHeader given{endpoint("192.0.2.1:4242"), endpoint("198.51.100.2:80"), authority, true};
  const std::string made = make_proxy_header(ProxyVersion::v2, given);
  const ProxyHeaderParse good = parse(made);
  ASSERT_EQ(good.status, Status::complete) << good.problem;
  EXPECT_EQ(good.header.tlvs, authority);
  EXPECT_TRUE(good.header.has_crc32c);
  const std::size_t checksum_type = made.size() - 7;
  for (std::size_t at = 16; at < made.size(); ++at) {
    if (at == checksum_type) continue;  // it would be no checksum any more
    std::string wrong = made;
    wrong[at] = static_cast<char>(wrong[at] ^ 1);
    EXPECT_NE(parse(wrong).status, Status::complete) << "byte " << at << " is another";
  }
}

TEST(ProxyProtocolV2, ChecksumIsTheOneOfTheStandard) {
  // CRC-32C of "123456789" is e3069283 (RFC 3720, appendix B.4 has the polynomial); over this header it is pinned.
  const std::string made =
      make_proxy_header(ProxyVersion::v2, {endpoint("192.0.2.1:4242"), endpoint("198.51.100.2:80"), "", true});
  ASSERT_EQ(made.size(), 35u);
  std::uint32_t crc = 0xffffffff;
  std::string zeroed = made;
  zeroed.replace(31, 4, std::string(4, '\0'));
  for (const char byte : zeroed) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
  }
  crc = ~crc;
  const std::string expected{static_cast<char>(crc >> 24), static_cast<char>(crc >> 16), static_cast<char>(crc >> 8),
                             static_cast<char>(crc)};
  EXPECT_EQ(made.substr(31), expected);
}

TEST(ProxyProtocolV2, PaddingIsDropped) {
  const ProxyHeaderParse padded = parse(v2(0x21, 0x11, kV4Addresses + "\4\0\2xx"s + "\xe0\0\1y"s));
  ASSERT_EQ(padded.status, Status::complete) << padded.problem;
  EXPECT_EQ(padded.header.tlvs, "\xe0\0\1y"s);
}

TEST(ProxyProtocolV2, WhatIsWrongIsRefused) {
  const std::vector<std::string> wrong{
      v2(0x11, 0x11, kV4Addresses),                  // version 1
      v2(0x22, 0x11, kV4Addresses),                  // command 2
      v2(0x21, 0x41, kV4Addresses),                  // family 4
      v2(0x21, 0x13, kV4Addresses),                  // transport 3
      v2(0x21, 0x11, kV4Addresses.substr(1)),        // too short
      v2(0x21, 0x21, kV4Addresses),                  // too short for IPv6
      v2(0x21, 0x11, kV4Addresses + "\1"),           // half a TLV
      v2(0x21, 0x11, kV4Addresses + "\1\0\2x"s),     // a TLV that is longer than the header
      v2(0x21, 0x11, kV4Addresses + "\3\0\4abcd"s),  // a wrong checksum
      v2(0x21, 0x11, kV4Addresses + "\3\0\1a"s),     // a checksum of another length
      v2(0x21, 0x11, std::string(kLongestProxyHeader, 'x')),
  };
  for (std::size_t i = 0; i < wrong.size(); ++i) EXPECT_EQ(parse(wrong[i]).status, Status::invalid) << i;
}

TEST(ProxyProtocol, IsIncompleteUntilItsLastByteAndNoLonger) {
  for (const std::string& whole : {"PROXY TCP4 192.0.2.1 198.51.100.2 4242 80\r\n"s, "PROXY UNKNOWN\r\n"s,
                                   v2(0x21, 0x11, kV4Addresses), v2(0x20, 0x00, "")}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(parse(whole.substr(0, size)).status, Status::incomplete) << whole << " " << size;
    }
    EXPECT_EQ(parse(whole + "more").size, whole.size());
  }
}

TEST(ProxyProtocol, WhatIsMadeIsUnderstood) {
  const std::vector<std::pair<std::string, std::string>> pairs{
      {"192.0.2.1:1", "198.51.100.2:65535"}, {"[2001:db8::1]:1", "[::1]:2"}, {"[::1]:1", "[2001:db8::2]:2"}};
  for (const auto& [source, destination] : pairs) {
    for (const ProxyVersion version : {ProxyVersion::v1, ProxyVersion::v2}) {
      const ProxyHeaderParse back =
          parse(make_proxy_header(version, {endpoint(source), endpoint(destination), "", false}));
      ASSERT_EQ(back.status, Status::complete) << back.problem;
      EXPECT_EQ(back.header.source.to_string(), source);
      EXPECT_EQ(back.header.destination.to_string(), destination);
    }
  }
}

TEST(ProxyProtocol, MadeForMixedFamiliesItIsIPv6AndForMappedOnesIPv4) {
  EXPECT_EQ(make_proxy_header(ProxyVersion::v1, {endpoint("192.0.2.1:1"), endpoint("[2001:db8::1]:2"), "", false}),
            "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 1 2\r\n");
  EXPECT_EQ(make_proxy_header(ProxyVersion::v1, {endpoint("[::ffff:192.0.2.1]:1"), endpoint("192.0.2.2:2"), "", false}),
            "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n");
}

TEST(ProxyProtocol, MadeWithoutADestinationItStillNamesTheSource) {
  EXPECT_EQ(make_proxy_header(ProxyVersion::v1, {endpoint("192.0.2.1:1"), {}, "", false}),
            "PROXY TCP4 192.0.2.1 0.0.0.0 1 0\r\n");
  EXPECT_EQ(make_proxy_header(ProxyVersion::v1, {endpoint("[2001:db8::1]:1"), {}, "", false}),
            "PROXY TCP6 2001:db8::1 :: 1 0\r\n");
}

TEST(ProxyProtocol, MadeForNobodyItSaysSo) {
  EXPECT_EQ(make_proxy_header(ProxyVersion::v1, {}), "PROXY UNKNOWN\r\n");
  EXPECT_EQ(make_proxy_header(ProxyVersion::v2, {}), v2(0x20, 0x00, ""));
  EXPECT_EQ(make_proxy_header(ProxyVersion::none, {}), "");
  const ProxyHeader local{Endpoint::unix_path("/a"), Endpoint::unix_abstract("b"), "", false};
  EXPECT_EQ(make_proxy_header(ProxyVersion::v1, local), "PROXY UNKNOWN\r\n");
  const ProxyHeaderParse back = parse(make_proxy_header(ProxyVersion::v2, local));
  EXPECT_EQ(back.header.source.to_string(), "unix:/a");
  EXPECT_EQ(back.header.destination.to_string(), "unix:@b");
}

TEST(ProxyProtocol, RandomBytesNeverCrash) {
  std::mt19937 lots(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = round % 2 == 0 ? kSignature : "PROXY ";
    const std::size_t size = lots() % 200;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(lots());
    if (round % 4 == 0 && text.size() > 16) text.replace(12, 4, "\x21\x11\0\x40"s);
    const ProxyHeaderParse parsed = parse(text);
    if (parsed.status == Status::complete) {
      ASSERT_LE(parsed.size, text.size());
    }
  }
}

}  // namespace
}  // namespace weir
