#include "common/proxy_protocol.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"

/// The PROXY protocol, taken from clients and given to servers.
namespace weir::test {
namespace {

using namespace std::string_literals;

const std::string kV1 = "PROXY TCP4 192.0.2.1 198.51.100.2 4242 80\r\n";

std::string v2_header(const std::string& tlvs = "", bool crc = false) {
  const auto endpoint = [](const char* text) {
    return resolve(parse_address(text, AddressUse::target), AddressUse::target).front();
  };
  return make_proxy_header(ProxyVersion::v2, {endpoint("[2001:db8::1]:4242"), endpoint("[2001:db8::2]:80"), tlvs, crc});
}

TEST(ProxyProtocolIn, HeaderNamesTheClientAndIsNoByteOfTheConnection) {
  for (const std::string& header : {kV1, v2_header(), v2_header("\xe0\0\1x"s, true)}) {
    const Daemon daemon = Daemon::with_config(echo_config("accept_proxy_protocol: required"));
    Peer client = daemon.connect();
    const Received received = client.exchange(header + "hello");
    EXPECT_EQ(received.bytes, "hello");
    EXPECT_EQ(received.ending, Ending::fin);
    const Record record = daemon.wait_for_record();
    EXPECT_EQ(record.text("client"), client.local_name());
    EXPECT_EQ(record.text("proxied_client"), header == kV1 ? "192.0.2.1:4242" : "[2001:db8::1]:4242");
    EXPECT_EQ(record.bytes_in(), 5);
    EXPECT_EQ(record.end(), "client_closed");
  }
}

TEST(ProxyProtocolIn, HeaderMayComeByteByByte) {
  const Daemon daemon = Daemon::with_config(echo_config("accept_proxy_protocol: required"));
  for (const std::string& header : {kV1, v2_header("\xe0\0\1x"s, true)}) {
    Peer client = daemon.connect();
    for (const char byte : header) client.send_all({&byte, 1});
    client.send_all("hello");
    EXPECT_EQ(client.receive_exactly(5), "hello");
  }
}

TEST(ProxyProtocolIn, WhatIsNoHeaderIsRefused) {
  const Daemon daemon = Daemon::with_config(echo_config("accept_proxy_protocol: required"));
  for (const std::string& wrong : {"GET / HTTP/1.1\r\n"s, "PROXY TCP4 no\r\n"s, kV1.substr(0, 20)}) {
    EXPECT_EQ(daemon.connect().exchange(wrong).ending, Ending::reset) << wrong;
  }
  for (const Record& record : daemon.wait_for_records(3)) {
    EXPECT_EQ(record.end(), "bad_proxy_header");
    EXPECT_EQ(record.bytes_in(), 0);
    EXPECT_TRUE(record.is_null("proxied_client"));
  }
}

TEST(ProxyProtocolIn, AResetWithinItIsTheClients) {
  const Daemon daemon = Daemon::with_config(echo_config("accept_proxy_protocol: required"));
  Peer client = daemon.connect();
  client.send_all(kV1.substr(0, 20));
  client.reset();
  EXPECT_EQ(daemon.wait_for_record().end(), "client_reset");
}

TEST(ProxyProtocolIn, OneThatDoesNotComeIsWaitedForSoLong) {
  const Daemon daemon = Daemon::with_config(echo_config("accept_proxy_protocol: required, timeouts: {header: 1s}"));
  Peer silent = daemon.connect();
  Peer dripping = daemon.connect();
  dripping.send_all(kV1.substr(0, 10));
  EXPECT_EQ(silent.receive_until_end().ending, Ending::reset);
  EXPECT_EQ(dripping.receive_until_end().ending, Ending::reset);
  for (const Record& record : daemon.wait_for_records(2)) EXPECT_EQ(record.end(), "header_timeout");
}

TEST(ProxyProtocolIn, WhoOnlyConnectsHasClosed) {
  const Daemon daemon = Daemon::with_config(echo_config("accept_proxy_protocol: required"));
  EXPECT_EQ(daemon.connect().exchange("").ending, Ending::fin);
  EXPECT_EQ(daemon.wait_for_record().end(), "client_closed");
}

TEST(ProxyProtocolIn, OptionalNeverGuesses) {
  const Daemon trusting = Daemon::with_config(echo_config("accept_proxy_protocol: optional, trusted: 127.0.0.0/8"));
  EXPECT_EQ(trusting.connect().exchange(kV1 + "hello").bytes, "hello");
  EXPECT_EQ(trusting.connect().exchange("hello, this is no header\r\n").ending, Ending::reset);
  const Daemon other = Daemon::with_config(echo_config("accept_proxy_protocol: optional, trusted: 192.0.2.0/24"));
  EXPECT_EQ(other.connect().exchange(kV1 + "hello").bytes, kV1 + "hello") << "it is nobody who is believed";
}

TEST(ProxyProtocolIn, OptionalLetsAServerSpeakFirst) {
  FakeBackend backend(greets_then_echoes("A"));
  const Daemon daemon =
      Daemon::with_config(proxy_config({backend.address()}, "accept_proxy_protocol: optional, trusted: 192.0.2.0/24"));
  EXPECT_EQ(daemon.connect().receive_exactly(1), "A");
}

TEST(ProxyProtocolIn, RequiredFromWhomNobodyBelievesIsDenied) {
  const Daemon daemon = Daemon::with_config(echo_config("accept_proxy_protocol: required, trusted: 192.0.2.0/24"));
  EXPECT_EQ(daemon.connect().receive_until_end().ending, Ending::reset);
  EXPECT_EQ(daemon.wait_for_record().end(), "denied");
}

TEST(ProxyProtocolIn, RulesAndLimitsAreForWhomItNames) {
  const Daemon daemon =
      Daemon::with_config(echo_config("accept_proxy_protocol: required, deny: 192.0.2.0/24, limits: {per_source: 1}"));
  EXPECT_EQ(daemon.connect().exchange(kV1 + "x").ending, Ending::reset);
  EXPECT_EQ(daemon.wait_for_record().end(), "denied");
  Peer first = daemon.connect();
  first.send_all(v2_header() + "x");
  EXPECT_EQ(first.receive_exactly(1), "x");
  EXPECT_EQ(daemon.connect().exchange(v2_header() + "x").ending, Ending::reset);
  Peer other = daemon.connect();
  other.send_all("PROXY TCP4 198.51.100.7 198.51.100.2 4242 80\r\nx");
  EXPECT_EQ(other.receive_exactly(1), "x");
}

TEST(ProxyProtocolOut, ServerIsToldWhoTheClientIsBeforeItsFirstByte) {
  for (const char* version : {"v1", "v2"}) {
    TestListener backend;
    const Daemon daemon =
        Daemon::with_config(proxy_config({backend.address()}, "", std::string("send_proxy_protocol: ") + version));
    Peer client = daemon.connect();
    client.send_all("hello");
    Peer server = backend.accept();
    const ProxyVersion own = version == "v1"s ? ProxyVersion::v1 : ProxyVersion::v2;
    const std::string expected =
        make_proxy_header(own, {local_endpoint(client.fd()), remote_endpoint(client.fd()), "", false});
    EXPECT_EQ(server.receive_exactly(expected.size() + 5), expected + "hello");
  }
}

TEST(ProxyProtocolOut, ServerThatSpeaksFirstIsToldAllTheSame) {
  TestListener backend;
  const Daemon daemon = Daemon::with_config(proxy_config({backend.address()}, "", "send_proxy_protocol: v1"));
  Peer client = daemon.connect();
  Peer server = backend.accept();
  EXPECT_EQ(server.receive_exactly(6), "PROXY ");
  server.send_all("welcome");
  EXPECT_EQ(client.receive_exactly(7), "welcome");
}

// It is named only where its reset is seen no sooner than that its backend is connected.
TEST(ProxyProtocolOut, ClientThatIsGoneIsStillNamed) {
  TestListener backend;
  const Daemon daemon = Daemon::with_config(proxy_config({backend.address()}, "", "send_proxy_protocol: v1"));
  for (std::size_t i = 1; i <= 50; ++i) {
    daemon.process().signal(SIGSTOP);
    ASSERT_TRUE(wait_until([&] { return daemon.process().stopped(); }));
    Peer client = daemon.connect();
    const std::string name = std::to_string(client.local_port());
    client.send_all("farewell");
    client.reset();
    daemon.process().signal(SIGCONT);
    if (daemon.wait_for_records(i).back().bytes_lost() > 0) continue;
    std::string bytes;
    while (bytes.empty()) bytes = backend.accept().receive_until_end().bytes;
    EXPECT_EQ(bytes.substr(0, 31), "PROXY TCP4 127.0.0.1 127.0.0.1 ");
    EXPECT_NE(bytes.find(" " + name + " "), std::string::npos) << bytes;
    EXPECT_TRUE(bytes.ends_with("farewell")) << bytes;
    return;
  }
  FAIL() << "its reset is always seen first";
}

TEST(ProxyProtocolOut, HeaderThatCameIsPassedOnWithItsTlvs) {
  TestListener backend;
  const Daemon daemon = Daemon::with_config(
      proxy_config({backend.address()}, "accept_proxy_protocol: required", "send_proxy_protocol: v2"));
  const std::string header = v2_header("\x02\0\3abc"s + "\xe0\0\1x"s, true);
  Peer client = daemon.connect();
  client.send_all(header + "hello");
  Peer server = backend.accept();
  EXPECT_EQ(server.receive_exactly(header.size() + 5), header + "hello");
}

}  // namespace
}  // namespace weir::test
