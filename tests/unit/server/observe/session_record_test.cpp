#include "server/observe/session_record.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
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
            R"("rtt_us":250,"retransmits":4})");
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

/// The words are a contract with whoever reads the log; their order is the metrics'.
TEST(SessionRecord, EndsHaveTheirWords) {
  constexpr std::array<std::string_view, kSessionEnds> kWords{
      "client_closed",    "server_closed",  "client_reset",      "server_reset",
      "client_timeout",   "server_timeout", "idle_timeout",      "half_close_timeout",
      "lifetime",         "connect_failed", "no_backend",        "queue_timeout",
      "queue_full",       "refused_limit",  "refused_rate",      "header_timeout",
      "bad_proxy_header", "denied",         "refused_resources", "drained",
      "shutdown",         "killed",         "internal_error"};
  for (std::size_t end = 0; end < kSessionEnds; ++end) {
    EXPECT_EQ(to_string(static_cast<SessionEnd>(end)), kWords[end]);
  }
}

TEST(SessionRecord, EveryEndIsAFailureButTheOrderlyOnes) {
  std::vector<std::string_view> orderly;
  for (std::size_t end = 0; end < kSessionEnds; ++end) {
    if (!is_failure(static_cast<SessionEnd>(end))) orderly.push_back(to_string(static_cast<SessionEnd>(end)));
  }
  EXPECT_THAT(orderly, testing::ElementsAre("client_closed", "server_closed", "drained"));
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
