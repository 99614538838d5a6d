#include "server/observe/session_record.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <memory>
#include <string>
#include <vector>

namespace weir {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

Endpoint endpoint(const std::string& text) {
  return resolve(parse_address(text, AddressUse::target), AddressUse::target).front();
}

SessionRecord example() {
  SessionRecord record;
  record.ended_at = std::chrono::system_clock::time_point(milliseconds(1'700'000'000'123));
  record.duration = microseconds(1'234'567);
  record.id = 7;
  record.listener = std::make_shared<const std::string>("db");
  record.backend = std::make_shared<const std::string>("127.0.0.1:5432");
  record.bytes_in = 1;
  record.bytes_out = 2;
  record.bytes_lost = 3;
  record.connect_time = std::chrono::duration<std::uint32_t, std::micro>(1500);
  record.rtt_us = 250;
  record.retransmits = 4;
  record.attempts = 5;
  record.client = ClientAddress(endpoint("192.0.2.1:4711"));
  record.proxied_client = ClientAddress(endpoint("[2001:db8::1]:80"));
  record.end = SessionEnd::server_reset;
  return record;
}

TEST(SessionRecord, JsonHasEveryKeyInItsOrder) {
  EXPECT_EQ(to_json(example()),
            R"({"time":"2023-11-14T22:13:20.123Z","id":7,"listener":"db","client":"192.0.2.1:4711",)"
            R"("proxied_client":"[2001:db8::1]:80","backend":"127.0.0.1:5432","bytes_in":1,"bytes_out":2,)"
            R"("bytes_lost":3,"duration_ms":1234.567,"connect_ms":1.500,"attempts":5,"end":"server_reset",)"
            R"("rtt_us":250,"retransmits":4,"tls":null,"faults":null})");
}

TEST(SessionRecord, TextHasTheSameInTheSameOrder) {
  EXPECT_EQ(to_text(example()),
            "time=2023-11-14T22:13:20.123Z id=7 listener=db client=192.0.2.1:4711 proxied_client=[2001:db8::1]:80 "
            "backend=127.0.0.1:5432 bytes_in=1 bytes_out=2 bytes_lost=3 duration_ms=1234.567 connect_ms=1.500 "
            "attempts=5 end=server_reset rtt_us=250 retransmits=4");
}

TEST(SessionRecord, WhatIsNotKnownIsNullOrADash) {
  SessionRecord record = example();
  record.backend = nullptr;
  record.proxied_client.reset();
  record.connect_time.reset();
  record.rtt_us.reset();
  record.retransmits.reset();
  for (const char* key : {"proxied_client", "backend", "connect_ms", "rtt_us", "retransmits"}) {
    EXPECT_THAT(to_json(record), testing::HasSubstr("\"" + std::string(key) + "\":null"));
    EXPECT_THAT(to_text(record) + " ", testing::HasSubstr(" " + std::string(key) + "=- "));
  }
}

tls::FactsPtr example_facts() {
  tls::FactsPtr facts = new tls::Facts;
  facts->sni = "db.example";
  facts->alpn = "postgresql";
  facts->version = "TLSv1.3";
  facts->cipher = "TLS_AES_128_GCM_SHA256";
  facts->resumed = false;
  facts->handshake_time = microseconds(1250);
  facts->client_cn = "reporting";
  return facts;
}

TEST(SessionRecord, TlsIsAnObjectInJsonAndHasKeysOfItsOwnInText) {
  SessionRecord record = example();
  record.tls = example_facts();
  EXPECT_THAT(to_json(record),
              testing::EndsWith(
                  R"("retransmits":4,"tls":{"sni":"db.example","alpn":"postgresql","version":"TLSv1.3",)"
                  R"("cipher":"TLS_AES_128_GCM_SHA256","resumed":false,"handshake_ms":1.250,"client_cn":"reporting",)"
                  R"("alert":null},"faults":null})"));
  EXPECT_THAT(to_text(record),
              testing::EndsWith(" retransmits=4 tls_sni=db.example tls_alpn=postgresql tls_version=TLSv1.3 "
                                "tls_cipher=TLS_AES_128_GCM_SHA256 tls_resumed=false tls_handshake_ms=1.250 "
                                "tls_client_cn=reporting tls_alert=-"));
}

TEST(SessionRecord, TlsThatCameToNothingHasNullsAndDashes) {
  SessionRecord record = example();
  tls::FactsPtr facts = new tls::Facts;
  facts->alert = "unknown_ca";
  record.tls = facts;
  EXPECT_THAT(to_json(record), testing::EndsWith(R"("tls":{"sni":null,"alpn":null,"version":null,"cipher":null,)"
                                                 R"("resumed":null,"handshake_ms":null,"client_cn":null,)"
                                                 R"("alert":"unknown_ca"},"faults":null})"));
  EXPECT_THAT(to_text(record), testing::EndsWith(" tls_sni=- tls_alpn=- tls_version=- tls_cipher=- tls_resumed=- "
                                                 "tls_handshake_ms=- tls_client_cn=- tls_alert=unknown_ca"));
}

TEST(SessionRecord, FaultsAreAnObjectInJsonAndStandLastInText) {
  SessionRecord record = example();
  record.tls = example_facts();
  record.faults = std::make_shared<const FaultFacts>(FaultFacts{17, {"slow", "cut"}});
  EXPECT_THAT(to_json(record), testing::EndsWith(R"("alert":null},"faults":{"number":17,"names":["slow","cut"]}})"));
  EXPECT_THAT(to_text(record), testing::EndsWith(" tls_alert=- fault_number=17 faults=slow,cut"));
}

TEST(SessionRecord, AConnectionThatMetNoneOfTheFaultsHasItsNumberAlone) {
  SessionRecord record = example();
  record.faults = std::make_shared<const FaultFacts>(FaultFacts{18, {}});
  EXPECT_THAT(to_json(record), testing::EndsWith(R"("tls":null,"faults":{"number":18,"names":[]}})"));
  EXPECT_THAT(to_text(record), testing::EndsWith(" retransmits=4 fault_number=18 faults=-"));
}

TEST(SessionRecord, WhatAPeerSaysOfItselfCannotEndItsValueOrTheLine) {
  SessionRecord record = example();
  auto facts = example_facts();
  facts->sni = "a b\n tls_client_cn=root\"\\\x1b[2J\xff";
  facts->client_cn = "-";
  record.tls = facts;
  EXPECT_THAT(to_text(record),
              testing::HasSubstr(R"( tls_sni="a b\n tls_client_cn=root\"\\\x1b[2J\xff" tls_alpn=postgresql )"));
  EXPECT_THAT(to_text(record), testing::HasSubstr(R"( tls_client_cn="-" )"));
  const boost::json::value read = boost::json::parse(to_json(record));
  EXPECT_EQ(read.at("tls").at("sni"), "a b\\x0a tls_client_cn=root\"\\\\x1b[2J\\xff") << to_json(record);
}

TEST(SessionRecord, WhatAPeerSaysOfItselfIsCutWhereItIsLongerThanAnyName) {
  SessionRecord record = example();
  auto facts = example_facts();
  facts->client_cn = std::string(10'000, 'x');
  record.tls = facts;
  EXPECT_THAT(to_text(record), testing::HasSubstr(" tls_client_cn=" + std::string(kLongestForeignText, 'x') + " "));
  EXPECT_LT(to_json(record).size(), 1000u);
}

/// The words are a contract with whoever reads the log; their order is the metrics'.
TEST(SessionRecord, EndsHaveTheirWords) {
  constexpr std::array<std::string_view, kSessionEnds> kWords{"client_closed",
                                                              "server_closed",
                                                              "client_truncated",
                                                              "server_truncated",
                                                              "client_reset",
                                                              "server_reset",
                                                              "client_timeout",
                                                              "server_timeout",
                                                              "idle_timeout",
                                                              "half_close_timeout",
                                                              "lifetime",
                                                              "tls_error",
                                                              "connect_failed",
                                                              "server_tls_failed",
                                                              "server_tls_untrusted",
                                                              "server_tls_refused",
                                                              "no_backend",
                                                              "queue_timeout",
                                                              "queue_full",
                                                              "no_route",
                                                              "refused_limit",
                                                              "refused_rate",
                                                              "refused_handshakes",
                                                              "denied",
                                                              "refused_resources",
                                                              "header_timeout",
                                                              "bad_proxy_header",
                                                              "tls_not_tls",
                                                              "tls_handshake_failed",
                                                              "tls_handshake_timeout",
                                                              "tls_unknown_name",
                                                              "tls_client_rejected",
                                                              "fault_reset",
                                                              "fault_end",
                                                              "fault_refused",
                                                              "fault_connect_failed",
                                                              "drained",
                                                              "shutdown",
                                                              "killed",
                                                              "internal_error"};
  for (std::size_t end = 0; end < kSessionEnds; ++end) {
    EXPECT_EQ(to_string(static_cast<SessionEnd>(end)), kWords[end]);
  }
}

TEST(SessionRecord, EveryEndIsAFailureButTheOrderlyOnes) {
  std::vector<std::string_view> orderly;
  for (std::size_t end = 0; end < kSessionEnds; ++end) {
    if (!is_failure(static_cast<SessionEnd>(end))) orderly.push_back(to_string(static_cast<SessionEnd>(end)));
  }
  EXPECT_THAT(orderly, testing::ElementsAre("client_closed", "server_closed", "client_truncated", "server_truncated",
                                            "drained"));
}

TEST(ClientAddress, IsWrittenAsPeopleKnowIt) {
  const auto written = [](const Endpoint& of) { return ClientAddress(of).to_string(); };
  EXPECT_EQ(written(endpoint("192.0.2.1:4711")), "192.0.2.1:4711");
  EXPECT_EQ(written(endpoint("[2001:db8::1]:4711")), "[2001:db8::1]:4711");
  EXPECT_EQ(written(endpoint("[::ffff:192.0.2.1]:4711")), "192.0.2.1:4711") << "of a dual-stack socket";
  EXPECT_EQ(written(Endpoint::unix_path("/run/client")), "unix:");
  EXPECT_EQ(written(Endpoint::unix_abstract("client")), "unix:");
}

TEST(ClientAddress, HashIsOfTheAddressWithoutItsPort) {
  const auto hash = [](const char* text) { return ClientAddress(endpoint(text)).source_hash(); };
  EXPECT_EQ(hash("192.0.2.1:1"), hash("192.0.2.1:2"));
  EXPECT_EQ(hash("192.0.2.1:1"), hash("[::ffff:192.0.2.1]:1"));
  EXPECT_NE(hash("192.0.2.1:1"), hash("192.0.2.2:1"));
  EXPECT_NE(hash("[2001:db8::1]:1"), hash("[2001:db8:1::1]:1"));
  EXPECT_EQ(ClientAddress(Endpoint::unix_path("/a")).source_hash(),
            ClientAddress(Endpoint::unix_path("/b")).source_hash());
}

TEST(ClientAddress, UnixClientHasNone) {
  const ClientAddress client(Endpoint::unix_path("/run/client"));
  EXPECT_FALSE(client.is_inet());
  EXPECT_EQ(client.endpoint().size(), 0u);
  EXPECT_EQ(client.ip(), std::nullopt);
}

}  // namespace
}  // namespace weir
