#include "server/observe/tls_counters.hpp"

#include <gmock/gmock.h>

#include <chrono>

#include "server/observe/backend_counters.hpp"

namespace weir {
namespace {

using std::chrono::microseconds;

tls::Facts facts(std::string_view version, bool resumed) {
  tls::Facts facts;
  facts.version = version;
  facts.resumed = resumed;
  facts.handshake_time = microseconds(1500);
  return facts;
}

ListenerTlsSnapshot shown(const TlsCounters& counters) {
  ListenerTlsSnapshot total;
  counters.add_to(total);
  return total;
}

TEST(TlsCounters, TellHandshakesApartByVersionAndResumption) {
  TlsCounters counters;
  counters.add_done(facts("TLSv1.3", false));
  counters.add_done(facts("TLSv1.3", true));
  counters.add_done(facts("TLSv1.3", true));
  counters.add_done(facts("TLSv1.2", false));
  ListenerTlsSnapshot total;
  counters.add_to(total);
  counters.add_to(total);  // as of two workers
  EXPECT_THAT(total.done[0], testing::ElementsAre(2, 0));
  EXPECT_THAT(total.done[1], testing::ElementsAre(2, 4));
  EXPECT_EQ(total.handshake_times.count(), 8u);
  EXPECT_DOUBLE_EQ(total.handshake_times.sum, 0.012);
}

TEST(TlsCounters, CountAHandshakeThatFailedByTheEndOfItsConnection) {
  TlsCounters counters;
  for (const SessionEnd end :
       {SessionEnd::tls_handshake_failed, SessionEnd::tls_handshake_timeout, SessionEnd::refused_handshakes,
        SessionEnd::tls_not_tls, SessionEnd::tls_unknown_name, SessionEnd::no_route, SessionEnd::tls_client_rejected,
        SessionEnd::client_reset, SessionEnd::shutdown}) {
    counters.add_failed(end);
  }
  const ListenerTlsSnapshot total = shown(counters);
  const auto failed = [&](HandshakeResult result) { return total.failed[static_cast<std::size_t>(result)]; };
  EXPECT_EQ(failed(HandshakeResult::done), 0u);
  EXPECT_EQ(failed(HandshakeResult::failed), 1u);
  EXPECT_EQ(failed(HandshakeResult::timeout), 2u);
  EXPECT_EQ(failed(HandshakeResult::not_tls), 1u);
  EXPECT_EQ(failed(HandshakeResult::unknown_name), 2u);
  EXPECT_EQ(failed(HandshakeResult::client_rejected), 1u);
  EXPECT_EQ(failed(HandshakeResult::abandoned), 2u);
  EXPECT_EQ(total.handshake_times.count(), 0u);
}

TEST(TlsCounters, LevelsFallWithWhoeverHoldsThem) {
  TlsCounters counters;
  {
    const LevelHold one(counters.in_progress());
    const LevelHold other(counters.in_progress());
    const LevelHold waits(counters.waiting());
    EXPECT_EQ(shown(counters).in_progress, 2u);
    EXPECT_EQ(shown(counters).waiting, 1u);
  }
  EXPECT_EQ(shown(counters).in_progress, 0u);
  EXPECT_EQ(shown(counters).waiting, 0u);
}

TEST(TlsCounters, ThereAreNoneUntilAListenerSpeaksTls) {
  EXPECT_EQ(tls_counters_for(false, nullptr, 2), nullptr);
  const TlsCountersPtr some = tls_counters_for(true, nullptr, 2);
  ASSERT_NE(some, nullptr);
  EXPECT_EQ(some->size(), 2u);
  EXPECT_EQ(tls_counters_for(true, some, 2), some) << "a reload goes on counting";
  EXPECT_EQ(tls_counters_for(false, some, 2), some) << "connections that it had may still count";
}

TEST(BackendCounters, SayNothingOfTlsWhereTheBackendIsSpokenToInTheClear) {
  BackendCounters counters;
  counters.add_handshake(BackendHandshakeResult::untrusted);
  counters.add_truncated();
  BackendSnapshot plain;
  counters.add_to(plain);
  EXPECT_FALSE(plain.tls);
  BackendSnapshot secured;
  secured.tls.emplace();
  counters.add_to(secured);
  EXPECT_EQ(secured.tls->handshakes[static_cast<std::size_t>(BackendHandshakeResult::untrusted)], 1u);
  EXPECT_EQ(secured.tls->truncated, 1u);
}

}  // namespace
}  // namespace weir
