#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/threads.hpp"
#include "tests/support/tls_site.hpp"
#include "tests/support/wait_until.hpp"

/// Handshakes with clients: in pieces, slow, of the wrong kind, and what those who are refused are told.
namespace weir::test {
namespace {

/// An echo that speaks TLS.
class TlsHandshake : public testing::Test {
 protected:
  void start(const std::string& tls_entries = "", const std::string& listener_entries = "",
             const std::string& more = "") {
    daemon.emplace(Daemon::with_config(echo_config(site.listener(tls_entries) + with(listener_entries)) + more));
  }
  TlsPeer begin(TlsOptions options = {}) const {
    return TlsPeer::before_handshake(daemon->connect(), TlsRole::client, site.client(std::move(options)));
  }
  void expect_served() const {
    TlsPeer client = site.connect(*daemon);
    client.send_all("ping");
    EXPECT_EQ(client.receive_exactly(4), "ping");
  }
  static std::string echoed(TlsPeer& client) {
    client.send_all("ping");
    return client.receive_exactly(4);
  }

  TlsSite site;
  std::optional<Daemon> daemon;
};

// All first pieces are sent before the second ones, so that the daemon sees them apart.
TEST_F(TlsHandshake, AHelloMayBeCutIntoTwoSegmentsAnywhere) {
  start("", "timeouts: {handshake: 1m}", "workers: 1\n");
  for (const std::size_t unknown_size : {0, 1216}) {  // as large as a post-quantum key share
    const std::size_t step = unknown_size == 0 ? 1 : 13;
    std::vector<TlsPeer> clients;
    std::vector<std::string> rests;
    std::size_t size = 2;
    for (std::size_t cut = 1; cut < size; cut += step) {
      TlsPeer& client = clients.emplace_back(begin({.unknown_size = unknown_size}));
      const std::string hello = client.client_hello();
      size = hello.size();
      client.socket().send_all(std::string_view(hello).substr(0, cut));
      rests.push_back(hello.substr(cut));
    }
    EXPECT_GT(size, 200 + unknown_size);
    expect_served();
    for (std::size_t i = 0; i < clients.size(); ++i) {
      clients[i].socket().send_all(rests[i]);
      ASSERT_TRUE(clients[i].try_handshake()) << "cut before byte " << 1 + i * step << ": " << clients[i].problem();
      ASSERT_EQ(echoed(clients[i]), "ping");
    }
  }
}

TEST_F(TlsHandshake, AHelloMayBeCutIntoTwoRecordsAnywhere) {
  start();
  for (const std::size_t unknown_size : {0, 1216}) {
    std::size_t size = 2;
    for (std::size_t cut = 1; cut < size; cut += unknown_size == 0 ? 1 : 29) {
      TlsPeer client = begin({.unknown_size = unknown_size});
      const std::string hello = client.client_hello();
      size = content_size(hello);
      client.socket().send_all(cut_into_records(hello, cut));
      ASSERT_TRUE(client.try_handshake()) << "cut before byte " << cut << ": " << client.problem();
      ASSERT_EQ(echoed(client), "ping");
    }
  }
}

TEST_F(TlsHandshake, AHelloMayComeByteByByteInRecordsOfAFewBytes) {
  start();
  TlsPeer client = begin();
  std::string hello = client.client_hello();
  std::string cut;
  while (content_size(hello) > 20) {
    const std::string two = cut_into_records(hello, 20);
    cut += two.substr(0, 25);
    hello = two.substr(25);
  }
  for (const char byte : cut + hello) client.socket().send_all({&byte, 1});
  ASSERT_TRUE(client.try_handshake()) << client.problem();
  EXPECT_EQ(echoed(client), "ping");
}

TEST_F(TlsHandshake, ALongHelloIsNoPlainText) {
  start();
  TlsPeer large = begin({.unknown_size = 15'000});
  EXPECT_TRUE(large.try_handshake()) << large.problem();
  TlsPeer client = begin({.unknown_size = 40'000});
  const std::string address = client.socket().local_name();
  EXPECT_EQ(alert_of_refusal(client), "decode_error");
  EXPECT_EQ(daemon->wait_for_record(of_client(address)).end(), "tls_handshake_failed");
}

TEST_F(TlsHandshake, WhatIsNoTlsIsRefusedByName) {
  start();
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("SSH-2.0-x\r\n"), std::string("\x16\x02\x00", 3),
        std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8), random_bytes(100'000, 3)}) {
    Peer client = daemon->connect();
    const std::string address = client.local_name();
    client.send_until_stalled(bytes, std::chrono::milliseconds(50));
    EXPECT_NE(client.receive_until_end().ending, Ending::silence);
    const Record record = daemon->wait_for_record(of_client(address));
    EXPECT_EQ(record.end(), "tls_not_tls");
    EXPECT_EQ(record.bytes_in(), 0);
  }
}

TEST_F(TlsHandshake, WhatIsNoTlsIsServedWhereThatIsAllowed) {
  start("plaintext: allow");
  EXPECT_EQ(daemon->connect().exchange("GET / HTTP/1.1\r\n\r\n").bytes, "GET / HTTP/1.1\r\n\r\n");
  const std::string bytes = random_bytes(1 << 20, 3);
  EXPECT_EQ(difference(daemon->connect().exchange("G" + bytes).bytes, "G" + bytes), "");
  const Record record = daemon->wait_for_record();
  EXPECT_EQ(record.end(), "client_closed");
  expect_served();
}

TEST_F(TlsHandshake, WhoOnlyConnectsHasClosed) {
  start();
  EXPECT_EQ(daemon->connect().exchange("").ending, Ending::fin);
  EXPECT_EQ(daemon->wait_for_record().end(), "client_closed");
}

TEST_F(TlsHandshake, WhoEndsWithinItIsNamed) {
  start();
  TlsPeer half = begin();
  half.socket().send_all(half.client_hello().substr(0, 50));
  half.fin();
  EXPECT_NE(half.receive_until_end().ending, Ending::silence);
  EXPECT_EQ(daemon->wait_for_record().end(), "tls_handshake_failed");
  TlsPeer later = begin();
  const std::string address = later.socket().local_name();
  later.socket().send_all(later.client_hello());
  EXPECT_TRUE(later.socket().readable(kHang));
  later.socket().reset();
  EXPECT_EQ(daemon->wait_for_record(of_client(address)).end(), "client_reset");
}

TEST_F(TlsHandshake, AllThatIsSlowIsWaitedForSoLong) {
  start("", "timeouts: {handshake: 2s}");
  Peer silent = daemon->connect();
  TlsPeer half = begin();
  half.socket().send_all(half.client_hello().substr(0, 50));
  TlsPeer unfinished = begin();
  unfinished.socket().send_all(unfinished.client_hello());
  EXPECT_NE(silent.receive_until_end().ending, Ending::silence);
  EXPECT_NE(half.receive_until_end().ending, Ending::silence);
  EXPECT_NE(unfinished.socket().receive_until_end().ending, Ending::silence);
  for (const Record& record : daemon->wait_for_records(3)) EXPECT_EQ(record.end(), "tls_handshake_timeout");
  expect_served();
}

TEST_F(TlsHandshake, ATimeoutEndsWithTheHandshake) {
  start("", "timeouts: {handshake: 2s}");
  TlsPeer client = site.connect(*daemon);
  // Another that came later has been waited for.
  Peer silent = daemon->connect();
  EXPECT_NE(silent.receive_until_end().ending, Ending::silence);
  EXPECT_EQ(echoed(client), "ping");
}

TEST_F(TlsHandshake, AThousandSlowHellosHoldNothingWhenTheirTimeIsOver) {
  start("", "timeouts: {handshake: 2s}");
  expect_served();
  daemon->wait_for_record();
  const std::size_t descriptors = daemon->process().descriptors();
  const std::size_t memory = daemon->process().resident();
  const std::string hello = begin().client_hello();
  const std::size_t ended_before = daemon->wait_for_records(2).size();
  std::vector<Peer> slow;
  for (int i = 0; i < 1000; ++i) {
    // Some say nothing, some half of it, and then nothing more.
    slow.push_back(daemon->connect());
    slow.back().send_all(std::string_view(hello).substr(0, i % 4 == 0 ? 0 : 100));
  }
  expect_served();
  if (!kSanitized) {
    EXPECT_LT(daemon->process().resident(), memory + (24 << 20));
  }
  const std::vector<Record> records = daemon->wait_for_records(ended_before + 1001);
  const auto timed_out = std::count_if(records.begin(), records.end(),
                                       [](const Record& record) { return record.end() == "tls_handshake_timeout"; });
  EXPECT_EQ(timed_out, 1000);
  EXPECT_TRUE(wait_until([&] { return daemon->process().descriptors() <= descriptors; }))
      << descriptors << " before, now " << daemon->process().descriptors();
  expect_served();
}

TEST_F(TlsHandshake, AThousandUnfinishedHandshakesHoldNothingWhenTheirTimeIsOver) {
  start("", "timeouts: {handshake: 5s}");
  expect_served();
  daemon->wait_for_record();
  const std::size_t descriptors = daemon->process().descriptors();
  const std::size_t memory = daemon->process().resident();
  const std::string hello = begin().client_hello();
  const std::size_t ended_before = daemon->wait_for_records(2).size();
  std::vector<Peer> unfinished;
  for (int i = 0; i < 1000; ++i) {
    unfinished.push_back(daemon->connect());
    unfinished.back().send_all(hello);
  }
  EXPECT_TRUE(wait_until([&] { return daemon->process().descriptors() > descriptors + 900; }));
  if (!kSanitized) {
    EXPECT_LT(daemon->process().resident(), memory + std::size_t{1000} * 50 * 1024) << "those of honest clients";
  }
  const std::vector<Record> records = daemon->wait_for_records(ended_before + 1000);
  EXPECT_EQ(std::count_if(records.begin(), records.end(),
                          [](const Record& record) {
                            return record.end() == "tls_handshake_timeout" || record.end() == "refused_handshakes";
                          }),
            1000);
  EXPECT_TRUE(wait_until([&] { return daemon->process().descriptors() <= descriptors; }))
      << descriptors << " before, now " << daemon->process().descriptors();
  expect_served();
}

TEST_F(TlsHandshake, OneThatTheClientResetsSaysSoAndHasNoTime) {
  start();
  TlsPeer stuck = begin();
  stuck.socket().send_all(stuck.client_hello());
  ASSERT_TRUE(stuck.socket().readable(kHang));
  stuck.socket().reset();
  const Record record = daemon->wait_for_record();
  EXPECT_EQ(record.end(), "client_reset");
  EXPECT_TRUE(record.json().at("tls").at("handshake_ms").is_null()) << record.line();
  EXPECT_NE(daemon->process().wait_for_error_line("was refused: Connection reset by peer"), "");
}

TEST_F(TlsHandshake, OneThatFallsSilentInTheMiddleHoldsUpNobody) {
  start("", "timeouts: {handshake: 1m}", "workers: 1\ntls: {handshakes: 1}\n");
  TlsPeer stuck = begin();
  stuck.socket().send_all(stuck.client_hello());
  ASSERT_TRUE(stuck.socket().readable(kHang));
  TlsPeer client = site.connect(*daemon);
  EXPECT_EQ(echoed(client), "ping");
}

TEST_F(TlsHandshake, WhoWaitsForAPlaceTooLongIsNamed) {
  const auto yaml = [this](const std::string& time) {
    return "admin: {bind: '127.0.0.1:0'}\nworkers: 1\ntls: {handshakes: 1}\n" +
           echo_config(site.listener() + ", timeouts: {handshake: " + time + "}");
  };
  daemon.emplace(Daemon::with_config(yaml("1m")));
  // So many may fall silent in the middle for each place. They keep the time that they came under.
  std::vector<TlsPeer> silent;
  for (int i = 0; i < 64; ++i) {
    silent.push_back(begin());
    silent.back().socket().send_all(silent.back().client_hello());
    ASSERT_TRUE(silent.back().socket().readable(kHang));
  }
  daemon->rewrite_config(yaml("300ms"));
  ASSERT_EQ(AdminClient(*daemon).request("POST", "/api/v1/reload").status, 200) << daemon->process().err();
  TlsPeer waiting = begin();
  waiting.socket().send_all(waiting.client_hello());
  static_cast<void>(waiting.socket().receive_until_end());
  EXPECT_EQ(daemon->wait_for_record().end(), "refused_handshakes");
  silent.pop_back();
  expect_served();
}

TEST_F(TlsHandshake, OldVersionsAreRefusedWithTheirAlert) {
  start();
  for (const char* version : {"TLSv1", "TLSv1.1"}) {
    TlsPeer client = begin({.oldest = version, .newest = version, .ciphers = "ALL:@SECLEVEL=0"});
    const std::string address = client.socket().local_name();
    EXPECT_EQ(alert_of_refusal(client), "protocol_version") << version;
    const Record record = daemon->wait_for_record(of_client(address));
    EXPECT_EQ(record.end(), "tls_handshake_failed");
    EXPECT_EQ(record.json().at("tls").at("alert"), "protocol_version");
  }
  for (const char* version : {"TLSv1.2", "TLSv1.3"}) {
    EXPECT_EQ(site.connect(*daemon, {.oldest = version, .newest = version}).version(), version);
  }
}

TEST_F(TlsHandshake, TheOldestVersionCanBeRaised) {
  start("min_version: '1.3'");
  TlsPeer client = begin({.newest = "TLSv1.2"});
  EXPECT_EQ(alert_of_refusal(client), "protocol_version");
  expect_served();
}

TEST_F(TlsHandshake, NoCipherInCommonIsToldByAnAlert) {
  start("ciphers: ECDHE-ECDSA-AES256-GCM-SHA384, ciphersuites: TLS_AES_256_GCM_SHA384, groups: P-256");
  TlsPeer client = begin({.newest = "TLSv1.2", .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"});
  EXPECT_EQ(alert_of_refusal(client), "handshake_failure");
  TlsPeer other = begin({.groups = "X25519"});
  EXPECT_EQ(alert_of_refusal(other), "handshake_failure");
  EXPECT_EQ(site.connect(*daemon, {.newest = "TLSv1.2"}).cipher(), "ECDHE-ECDSA-AES256-GCM-SHA384");
  EXPECT_EQ(site.connect(*daemon).cipher(), "TLS_AES_256_GCM_SHA384");
}

TEST_F(TlsHandshake, DefaultsAreMozillasIntermediateOnes) {
  start();
  for (const char* strange : {"ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-SHA", "AES128-GCM-SHA256"}) {
    TlsPeer client = begin({.newest = "TLSv1.2", .ciphers = strange});
    EXPECT_EQ(alert_of_refusal(client), "handshake_failure") << strange;
  }
  for (const char* usual :
       {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"}) {
    EXPECT_EQ(site.connect(*daemon, {.newest = "TLSv1.2", .ciphers = usual}).cipher(), usual);
  }
  for (const char* group : {"X25519", "P-256", "P-384"}) {
    EXPECT_NO_THROW(site.connect(*daemon, {.groups = group})) << group;
  }
}

TEST_F(TlsHandshake, AGroupThatIsNotGuessedIsAskedFor) {
  start("groups: 'P-384'");
  TlsPeer client = begin({.groups = "X25519:P-384"});  // which makes a HelloRetryRequest
  ASSERT_TRUE(client.try_handshake()) << client.problem();
  EXPECT_EQ(echoed(client), "ping");
}

TEST_F(TlsHandshake, ProtocolsAreAgreedOnWhereThereIsOneInCommon) {
  start("alpn: [h2, http/1.1]");
  EXPECT_EQ(site.connect(*daemon, {.alpn = {"http/1.1"}}).protocol(), "http/1.1");
  EXPECT_EQ(site.connect(*daemon, {.alpn = {"x", "h2"}}).protocol(), "h2");
  EXPECT_EQ(site.connect(*daemon).protocol(), "");
  TlsPeer other = site.connect(*daemon, {.alpn = {"x"}});
  EXPECT_EQ(other.protocol(), "") << "which fails nobody";
  EXPECT_EQ(echoed(other), "ping");
}

TEST_F(TlsHandshake, ARefusedOneHoldsNoMemoryWhileItsAlertArrives) {
  start();
  expect_served();
  const std::size_t memory = daemon->process().resident();
  std::vector<TlsPeer> refused;
  for (int i = 0; i < 100; ++i) {
    refused.push_back(begin());
    Peer& socket = refused.back().socket();
    socket.send_all(refused.back().client_hello());
    ASSERT_TRUE(socket.readable(kHang));
    socket.send_all(std::string("\x17\x03\x03\x40\x00", 5) + random_bytes(16 * 1024, 1));
    EXPECT_EQ(socket.receive_until_end().ending, Ending::fin) << "behind the alert; the daemon waits for ours now";
  }
  if (!kSanitized) {
    EXPECT_LT(daemon->process().resident(), memory + refused.size() * 16 * 1024);
  }
}

TEST_F(TlsHandshake, AnAlertOfTheClientIsInItsRecord) {
  start();
  for (const char* version : {"TLSv1.2", "TLSv1.3"}) {
    TlsPeer client = TlsPeer::before_handshake(
        daemon->connect(), TlsRole::client,
        {.trusted = Authority().certificate(), .name = "site.test", .oldest = version, .newest = version});
    const std::string address = client.socket().local_name();
    EXPECT_FALSE(client.try_handshake());
    client.close();
    const Record record = daemon->wait_for_record(of_client(address));
    EXPECT_EQ(record.end(), "tls_handshake_failed");
    EXPECT_EQ(record.json().at("tls").at("alert"), "unknown_ca");
  }
}

TEST_F(TlsHandshake, RenegotiationIsRefused) {
  start();
  TlsPeer client = site.connect(*daemon, {.newest = "TLSv1.2"});
  EXPECT_EQ(echoed(client), "ping");
  EXPECT_FALSE(client.renegotiate());
  EXPECT_EQ(client.alert(), "no_renegotiation");
  expect_served();
}

TEST_F(TlsHandshake, ManyKeyUpdatesWithoutBytesEndTheConnection) {
  start();
  TlsPeer client = site.connect(*daemon);
  EXPECT_EQ(echoed(client), "ping");
  bool ended = false;
  try {
    for (int i = 0; i < 5000 && !ended; ++i) {
      client.update_keys(false);
      ended = client.socket().readable();
    }
  } catch (const std::exception&) {
    ended = true;
  }
  EXPECT_TRUE(ended || client.receive_until_end().ending != Ending::silence);
  EXPECT_EQ(daemon->wait_for_record().end(), "tls_error");
}

TEST_F(TlsHandshake, AProxyHeaderComesBeforeIt) {
  start("", "accept_proxy_protocol: required");
  TlsPeer client = begin();
  client.socket().send_all("PROXY TCP4 192.0.2.1 198.51.100.2 4242 80\r\n" + client.client_hello());
  ASSERT_TRUE(client.try_handshake()) << client.problem();
  EXPECT_EQ(echoed(client), "ping");
  client.close();
  EXPECT_EQ(daemon->wait_for_record().text("proxied_client"), "192.0.2.1:4242");
}

TEST_F(TlsHandshake, GarbageInThePlaceOfTheClientsFinishedIsAFailure) {
  start();
  TlsPeer client = begin();
  client.socket().send_all(client.client_hello());
  ASSERT_TRUE(client.socket().readable(kHang));
  client.socket().send_all(std::string("\x17\x03\x03\x00\x20", 5) + random_bytes(32));
  EXPECT_NE(client.socket().receive_until_end().ending, Ending::silence);
  EXPECT_EQ(daemon->wait_for_record().end(), "tls_handshake_failed");
  expect_served();
}

/// One client has been established for a while, so that a thread beside the only worker's makes the handshakes of
/// others.
class TlsHandshakeBeside : public TlsHandshake {
 protected:
  void start_beside(const std::string& listener_entries = "") {
    start("", listener_entries, "workers: 1\n");
    established = site.connect(*daemon);
    EXPECT_EQ(echoed(established), "ping");
    EXPECT_TRUE(wait_until([this] {
      site.connect(*daemon);
      ++passers_by;
      return has_thread(daemon->process(), kSideThread);
    }));
    daemon->wait_for_records(passers_by);  // so that the thread has nothing to do
  }
  /// Also, the worker has meanwhile done all that it can do for others.
  void expect_established_is_served() {
    for (int i = 0; i < 100; ++i) ASSERT_EQ(echoed(established), "ping") << i;
  }
  /// One whose hello has been sent.
  TlsPeer greet() const {
    TlsPeer client = begin();
    client.socket().send_all(client.client_hello());
    return client;
  }

  /// Stops the thread while it has nothing to do (amid a step it may hold a lock that malloc(3) wants), and begins a
  /// handshake that waits for it. Where the machine is so busy that the worker makes it itself, another one follows.
  void begin_one_that_waits() {
    ASSERT_TRUE(wait_until([this] {
      stopped.emplace(daemon->process(), kSideThread);
      waiting.push_back(greet());
      expect_established_is_served();
      if (!waiting.back().socket().readable()) return true;
      stopped.reset();
      waiting.back().try_handshake();
      waiting.clear();
      daemon->wait_for_records(++passers_by);
      return false;
    }));
  }

  static constexpr const char* kSideThread = "weir-h0";
  std::vector<TlsPeer> waiting;
  std::optional<StoppedThread> stopped;
  std::size_t passers_by = 0;
  Peer unconnected;
  TlsPeer established{TlsPeer::before_handshake(unconnected, TlsRole::client, {})};
};

TEST_F(TlsHandshakeBeside, ItHoldsUpNobodyWhoIsEstablished) {
  start_beside();
  begin_one_that_waits();
  for (int i = 0; i < 5; ++i) waiting.push_back(greet());
  expect_established_is_served();
  for (TlsPeer& client : waiting) EXPECT_FALSE(client.socket().readable());
  stopped.reset();
  for (TlsPeer& client : waiting) {
    ASSERT_TRUE(client.try_handshake()) << client.problem();
    EXPECT_EQ(echoed(client), "ping");
    client.finish();
    EXPECT_EQ(client.receive_until_end().close_notify, true);
  }
  expect_established_is_served();
}

TEST_F(TlsHandshakeBeside, WhoTakesTooLongIsCutAlthoughItsStepWasHandedOver) {
  start_beside("timeouts: {handshake: 3s}");
  begin_one_that_waits();
  for (int i = 0; i < 5; ++i) waiting.push_back(greet());
  for (TlsPeer& client : waiting) {
    const std::string address = client.socket().local_name();
    EXPECT_NE(client.socket().receive_until_end().ending, Ending::silence);
    // Those before it may have had the same port.
    daemon->wait_for_record([address](const Record& record) {
      return record.client() == address && record.end() == "tls_handshake_timeout";
    });
  }
  expect_established_is_served();
  stopped.reset();
  expect_served();
}

TEST_F(TlsHandshakeBeside, OnceTheyHaveLeftTheWorkerMakesItItself) {
  start_beside();
  established.finish();
  EXPECT_TRUE(established.receive_until_end().close_notify);
  daemon->wait_for_records(passers_by + 1);
  stopped.emplace(daemon->process(), kSideThread);
  expect_served();
}

TEST_F(TlsHandshakeBeside, WhoIsRefusedIsToldWhy) {
  start_beside();
  TlsPeer client = begin({.oldest = "TLSv1.2", .newest = "TLSv1.2", .ciphers = "AES128-SHA:@SECLEVEL=0"});
  EXPECT_EQ(alert_of_refusal(client), "handshake_failure");
  EXPECT_EQ(daemon->wait_for_record([](const Record& record) { return record.end() == "tls_handshake_failed"; })
                .json()
                .at("tls")
                .at("alert"),
            "handshake_failure");
  TlsPeer gone = begin();
  const std::string address = gone.socket().local_name();
  gone.socket().send_all(gone.client_hello());
  gone.reset();
  EXPECT_THAT(daemon->wait_for_record(of_client(address)).end(),
              testing::AnyOf("client_reset", "tls_handshake_failed"));
  expect_established_is_served();
  expect_served();
}

TEST_F(TlsHandshakeBeside, TheDaemonEndsAmidHandshakes) {
  start_beside();
  begin_one_that_waits();
  for (int i = 0; i < 20; ++i) waiting.push_back(greet());
  expect_established_is_served();
  daemon->drain();
  daemon->process().wait_for_error_line("Terminated: draining");
  daemon->drain();
  daemon->wait_for_records(passers_by + waiting.size() + 1);  // the second signal cuts them
  stopped.reset();
  EXPECT_EQ(daemon->process().wait_exit(), 0);
}

TEST_F(TlsHandshake, WithoutAnybodyEstablishedThereIsNoThreadForIt) {
  start("", "", "workers: 1\n");
  for (int i = 0; i < 20; ++i) expect_served();
  EXPECT_FALSE(has_thread(daemon->process(), "weir-h0"));
}

}  // namespace
}  // namespace weir::test
