#include "common/proxy_tlvs.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "common/proxy_protocol.hpp"

namespace weir {
namespace {

using namespace std::string_literals;
using tls::Tlv;

const std::vector<Tlv> kAll{Tlv::authority, Tlv::alpn, Tlv::ssl, Tlv::certificate};

ProxiedTls example() {
  ProxiedTls client;
  client.authority = "db.example";
  client.alpn = "postgresql";
  client.terminated = true;
  client.shown_on_connection = true;
  client.verify = 0;
  client.version = "TLSv1.3";
  client.common_name = "reporting";
  client.cipher = "TLS_AES_128_GCM_SHA256";
  client.signature_algorithm = "SHA256";
  client.key_algorithm = "EC256";
  client.group = "X25519";
  client.certificate = "\x30\x82\0\1"s;
  return client;
}

TEST(ProxyTlvs, SayWhatIsWantedInTheBytesOfTheProtocol) {
  ProxiedTls client;
  client.authority = "a.b";
  client.alpn = "h2";
  client.terminated = true;
  client.shown_in_session = true;
  client.verify = 0x01020304;
  client.version = "TLSv1.2";
  client.certificate = "DER";
  EXPECT_EQ(add_tls_tlvs("", client, kAll),
            "\x01\0\2h2"s + "\x02\0\3a.b"s + "\x20\0\x15\x05\1\2\3\4"s + "\x21\0\7TLSv1.2"s + "\x28\0\3DER"s);
  EXPECT_EQ(add_tls_tlvs("", client, std::vector{Tlv::authority}), "\x02\0\3a.b"s);
  EXPECT_EQ(add_tls_tlvs("", client, std::vector{Tlv::ssl}), "\x20\0\x0f\x05\1\2\3\4"s + "\x21\0\7TLSv1.2"s);
  EXPECT_EQ(add_tls_tlvs("", client, std::vector{Tlv::certificate}), "\x20\0\x0b\x05\1\2\3\4"s + "\x28\0\3DER"s);
  EXPECT_EQ(add_tls_tlvs("", client, {}), "");
}

TEST(ProxyTlvs, AreReadBackFromAHeader) {
  const ProxiedTls client = example();
  const Endpoint source = resolve(parse_address("192.0.2.1:4242", AddressUse::target), AddressUse::target).front();
  const std::string header =
      make_proxy_header(ProxyVersion::v2, {source, source, add_tls_tlvs("\xe0\0\1y"s, client, kAll), true});
  const ProxyHeaderParse parse = parse_proxy_header(std::as_bytes(std::span(header)));
  ASSERT_EQ(parse.status, ProxyHeaderParse::Status::complete) << parse.problem;
  EXPECT_EQ(read_tls_tlvs(parse.header.tlvs), client);
  EXPECT_EQ(split_tlvs(parse.header.tlvs).front().type, 0xe0);
}

TEST(ProxyTlvs, OfTlsThatIsPassedThroughSayItsNameAlone) {
  ProxiedTls client;
  client.authority = "db.example";
  EXPECT_EQ(add_tls_tlvs("", client, kAll), "\x02\0\x0a"s + "db.example");
}

TEST(ProxyTlvs, OfAPlainConnectionSayNothing) { EXPECT_EQ(add_tls_tlvs("", {}, kAll), ""); }

TEST(ProxyTlvs, ThatWereReceivedAreKeptAndNotRepeated) {
  const std::string received = "\x02\0\5other"s + "\x20\0\5\1\0\0\0\0"s + "\x05\0\2id"s;
  EXPECT_EQ(add_tls_tlvs(received, example(), kAll), received + "\x01\0\x0apostgresql"s);
}

TEST(ProxyTlvs, LeaveOutACertificateThatDoesNotFit) {
  ProxiedTls client = example();
  const std::size_t rest = add_tls_tlvs("", client, kAll).size() - client.certificate.size();
  client.certificate = std::string(kMostSentTlvs - rest, 'x');
  EXPECT_EQ(read_tls_tlvs(add_tls_tlvs("", client, kAll)), client);
  EXPECT_EQ(add_tls_tlvs("", client, kAll).size(), kMostSentTlvs);
  client.certificate += 'x';
  const std::optional<ProxiedTls> read = read_tls_tlvs(add_tls_tlvs("", client, kAll));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->certificate, "");
  EXPECT_EQ(read->common_name, "reporting");
  client.certificate = std::string(100'000, 'x');
  EXPECT_EQ(read_tls_tlvs(add_tls_tlvs("", client, kAll)), *read);
}

TEST(ProxyTlvs, LeaveOutAnythingThatDoesNotFit) {
  ProxiedTls client = example();
  client.common_name = std::string(5'000, 'x');
  client.certificate.clear();
  const std::optional<ProxiedTls> read = read_tls_tlvs(add_tls_tlvs("", client, kAll));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->terminated);
  EXPECT_EQ(read->authority, "db.example");
  const std::string received = "\xe0\x3a\x98" + std::string(15'000, 'y');
  EXPECT_EQ(add_tls_tlvs(received, example(), kAll), received);
}

TEST(ProxyTlvs, ThatAreMalformedAreNotRead) {
  for (const std::string& wrong : {"\x01"s, "\x01\0"s, "\x01\0\2h"s, "\x20\0\4\1\0\0\0"s, "\x20\0\6\1\0\0\0\0\x21"s,
                                   "\x20\0\x9\1\0\0\0\0\x21\0\2T"s}) {
    EXPECT_FALSE(read_tls_tlvs(wrong)) << testing::PrintToString(wrong);
  }
  EXPECT_EQ(split_tlvs("\x01\0\2h2\x02\0\3a"s).size(), 1u);
  EXPECT_EQ(read_tls_tlvs(""), ProxiedTls());
}

}  // namespace
}  // namespace weir
