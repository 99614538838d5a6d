#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/name_server.hpp"

/// Servers that are the addresses of a name.
namespace weir::test {
namespace {

/// Backends on 127.0.0.1, 127.0.0.2, … that share a port and greet with A, B, …
class Crowd {
 public:
  /// The port that is free on the first address may be taken on another.
  explicit Crowd(std::size_t size) {
    for (int tries_left = 50;; --tries_left) {
      try {
        listen(size);
        return;
      } catch (const std::system_error& error) {
        if (error.code() != std::errc::address_in_use || tries_left == 0) throw;
        backends_.clear();
      }
    }
  }

  static std::string host(std::size_t index) { return "127.0.0." + std::to_string(index + 1); }
  static char letter(std::size_t index) { return static_cast<char>('A' + index); }
  std::string port() const { return std::to_string(backends_.front()->endpoint().port()); }
  std::string address(std::size_t index) const { return backends_[index]->address(); }
  const FakeBackend& operator[](std::size_t index) const { return *backends_[index]; }

 private:
  void listen(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint16_t port = i == 0 ? 0 : backends_.front()->endpoint().port();
      const Endpoint bind =
          resolve(parse_address(host(i) + ":" + std::to_string(port), AddressUse::bind), AddressUse::bind).front();
      backends_.push_back(std::make_unique<FakeBackend>(greets_then_echoes(std::string(1, letter(i))), bind));
    }
  }

  std::vector<std::unique_ptr<FakeBackend>> backends_;
};

/// One listener whose upstream has this server, looked up by `names` again and again.
Daemon named(const std::string& resolver, const std::string& server, const std::string& upstream_entries = "",
             const std::string& ttl = "min_ttl: 20ms", const Process::Options& options = {}) {
  return Daemon::with_config("dns: {servers: ['" + resolver + "'], " + ttl +
                                 "}\n"
                                 "listeners: [{name: front, bind: '127.0.0.1:0', proxy: {upstream: back}},\n"
                                 "            {name: echo, bind: '127.0.0.1:0', echo: {}}]\n"
                                 "upstreams: [{name: back, servers: [" +
                                 server + "]" + upstream_entries + "}]\n",
                             options);
}

std::string by_name(const Crowd& crowd, const std::string& more = "") {
  return "{dns: 'db.test:" + crowd.port() + "'" + more + "}";
}

bool says(const Daemon& daemon, const std::string& text) {
  return wait_until([&] { return daemon.process().err().find(text) != std::string::npos; });
}

/// Which servers so many connections get to, and how often.
std::map<char, int> greetings(const Daemon& daemon, int connections) {
  std::map<char, int> seen;
  for (int i = 0; i < connections; ++i) ++seen[daemon.connect("front").receive_exactly(1).front()];
  return seen;
}

TEST(ProxyDns, EveryAddressOfANameIsAServerAndRecordsSayWhich) {
  const Crowd crowd(3);
  NameServer names;
  names.set_addresses("db.test", {Crowd::host(0), Crowd::host(1), Crowd::host(2)});
  const Daemon daemon = named(names.address(), by_name(crowd));
  EXPECT_EQ(greetings(daemon, 9), (std::map<char, int>{{'A', 3}, {'B', 3}, {'C', 3}}));
  std::map<std::string, int> backends;
  for (const Record& record : daemon.wait_for_records(9)) ++backends[record.text("backend")];
  EXPECT_EQ(backends,
            (std::map<std::string, int>{{crowd.address(0), 3}, {crowd.address(1), 3}, {crowd.address(2), 3}}));
}

TEST(ProxyDns, AaaaRecordsAreServersToo) {
  if (!ipv6_available()) GTEST_SKIP() << "this machine has no IPv6";
  const FakeBackend backend(greets_then_echoes("6"),
                            resolve(parse_address("[::1]:0", AddressUse::bind), AddressUse::bind).front());
  NameServer names;
  names.set_addresses("six.test", {"::1"});
  const Daemon daemon = named(names.address(), "{dns: 'six.test:" + std::to_string(backend.endpoint().port()) + "'}");
  EXPECT_EQ(daemon.connect("front").receive_exactly(1), "6");
  EXPECT_EQ(daemon.wait_for_record().text("backend"), backend.address());
}

TEST(ProxyDns, AnAddressThatJoinsIsServedAndOneThatLeavesKeepsItsConnectionsButGetsNoOther) {
  const Crowd crowd(2);
  NameServer names;
  names.set_addresses("db.test", {Crowd::host(0)});
  const Daemon daemon = named(names.address(), by_name(crowd));
  Peer old = daemon.connect("front");
  EXPECT_EQ(old.receive_exactly(1), "A");
  names.set_addresses("db.test", {Crowd::host(1)});
  ASSERT_TRUE(says(daemon, crowd.address(0) + " of db.test leaves"));
  EXPECT_EQ(greetings(daemon, 10), (std::map<char, int>{{'B', 10}}));
  old.send_all("still");
  EXPECT_EQ(old.receive_exactly(5), "still");
  names.set_addresses("db.test", {Crowd::host(0), Crowd::host(1)});
  ASSERT_TRUE(wait_until([&] { return greetings(daemon, 2).size() == 2; }));
  old.send_all("on");
  EXPECT_EQ(old.receive_exactly(2), "on");
}

TEST(ProxyDns, OneThatComesBackStillCountsTheConnectionsThatItHas) {
  const Crowd crowd(2);
  NameServer names;
  names.set_addresses("db.test", {Crowd::host(0)});
  const Daemon daemon = named(names.address(), by_name(crowd, ", max_connections: 1"));
  Peer old = daemon.connect("front");
  EXPECT_EQ(old.receive_exactly(1), "A");
  names.set_addresses("db.test", {Crowd::host(1)});
  ASSERT_TRUE(says(daemon, crowd.address(0) + " of db.test leaves"));
  names.set_addresses("db.test", {Crowd::host(0), Crowd::host(1)});
  // Both stand there again once the name was asked twice more.
  const int asked = names.questions("db.test");
  ASSERT_TRUE(wait_until([&] { return names.questions("db.test") > asked + 6; }));
  Peer second = daemon.connect("front");
  EXPECT_EQ(second.receive_exactly(1), "B");
  Peer third = daemon.connect("front");
  old.close();
  EXPECT_EQ(third.receive_exactly(1), "A") << "the place that the first one left";
  EXPECT_EQ(crowd[0].accepted(), 2u);
}

/// Names of a resolver that then behaves so.
void expect_kept_while(NameServer::Mood mood) {
  const Crowd crowd(2);
  NameServer names;
  names.set_addresses("db.test", {Crowd::host(0), Crowd::host(1)});
  const Daemon daemon = named(names.address(), by_name(crowd));
  EXPECT_EQ(greetings(daemon, 4).size(), 2u);
  names.set_mood(mood);
  ASSERT_TRUE(says(daemon, "cannot look up addresses of db.test"));
  EXPECT_EQ(greetings(daemon, 10), (std::map<char, int>{{'A', 5}, {'B', 5}}));
  names.set_addresses("db.test", {Crowd::host(1)});
  names.set_mood(NameServer::Mood::answers);
  ASSERT_TRUE(says(daemon, "db.test can be looked up again"));
  EXPECT_EQ(greetings(daemon, 4), (std::map<char, int>{{'B', 4}}));
}

TEST(ProxyDns, WhatIsKnownIsKeptWhileTheResolverFails) { expect_kept_while(NameServer::Mood::fails); }

TEST(ProxyDns, WhatIsKnownIsKeptWhileTheResolverSaysNothing) { expect_kept_while(NameServer::Mood::says_nothing); }

TEST(ProxyDns, ANameThatExistsNoMoreHasNoServers) {
  const Crowd crowd(1);
  NameServer names;
  names.set_addresses("db.test", {Crowd::host(0)});
  const Daemon daemon = named(names.address(), by_name(crowd), ", queue: {timeout: 50ms}");
  ASSERT_TRUE(says(daemon, crowd.address(0) + " of db.test joins"));
  EXPECT_EQ(greetings(daemon, 1), (std::map<char, int>{{'A', 1}}));
  names.remove("db.test");
  ASSERT_TRUE(says(daemon, crowd.address(0) + " of db.test leaves"));
  EXPECT_EQ(daemon.connect("front").receive_until_end().ending, Ending::reset);
  EXPECT_EQ(daemon.wait_for_records(2)[1].end(), "no_backend");
}

TEST(ProxyDns, StartsAndStopsWithADeadResolverAndServesThoseWhoWaitOnceItAnswers) {
  const Crowd crowd(1);
  NameServer names;
  names.set_mood(NameServer::Mood::fails);
  Daemon daemon = named(names.address(), by_name(crowd), ", queue: {timeout: 1h}");
  Peer echo = daemon.connect("echo");
  echo.send_all("x");
  EXPECT_EQ(echo.receive_exactly(1), "x");
  echo.close();
  Peer waiting = daemon.connect("front");
  ASSERT_TRUE(wait_until([&] { return names.questions("db.test") > 4; }));
  names.set_addresses("db.test", {Crowd::host(0)});
  names.set_mood(NameServer::Mood::answers);
  EXPECT_EQ(waiting.receive_exactly(1), "A");
  waiting.close();
  names.set_mood(NameServer::Mood::says_nothing);
  const int asked = names.questions("db.test");
  ASSERT_TRUE(wait_until([&] { return names.questions("db.test") > asked; }));
  EXPECT_EQ(daemon.stop(), 0) << "while a question is open";
}

TEST(ProxyDns, ANameIsLookedUpAgainWhenItsTtlIsOverAndNotBefore) {
  const Crowd crowd(1);
  NameServer names;
  names.set_addresses("long.test", {Crowd::host(0)}, 3600);
  names.set_addresses("short.test", {Crowd::host(0)}, 0);
  const std::string both = "{dns: 'long.test:1'}, {dns: 'short.test:2'}";
  {
    const Daemon daemon = named(names.address(), both);
    ASSERT_TRUE(wait_until([&] { return names.questions("short.test") > 20; }));
    EXPECT_LE(names.questions("long.test"), 2) << "A and AAAA";
  }
  const Daemon daemon = named(names.address(), both, "", "min_ttl: 20ms, max_ttl: 30ms");
  EXPECT_TRUE(wait_until([&] { return names.questions("long.test") > 20; })) << "the ceiling holds";
}

TEST(ProxyDns, SrvRecordsGivePortsWeightsAndPriorities) {
  const FakeBackend heavy(greets_then_echoes("H"));
  const FakeBackend light(greets_then_echoes("L"));
  const FakeBackend spare(greets_then_echoes("S"));
  NameServer names;
  names.set_addresses("one.test", {"127.0.0.1"});
  names.set_services("_db._tcp.test", {{20, 1, spare.endpoint().port(), "one.test"},
                                       {10, 30, heavy.endpoint().port(), "one.test"},
                                       {10, 10, light.endpoint().port(), "ONE.test"}});
  const Daemon daemon = named(names.address(), "{dns: _db._tcp.test, record: srv}");
  EXPECT_EQ(greetings(daemon, 40), (std::map<char, int>{{'H', 30}, {'L', 10}}));
  const RefusedPort refused;
  const std::uint16_t dead = parse_address(refused.address(), AddressUse::target).port;
  names.set_services("_db._tcp.test", {{20, 1, spare.endpoint().port(), "one.test"}, {10, 1, dead, "one.test"}});
  ASSERT_TRUE(says(daemon, heavy.address() + " of _db._tcp.test leaves"));
  EXPECT_EQ(greetings(daemon, 2), (std::map<char, int>{{'S', 2}})) << "the first priority cannot be reached";
}

TEST(ProxyDns, ServersThatJoinAreCheckedBeforeTheyAreTrusted) {
  const Crowd crowd(3);
  NameServer names;
  names.set_addresses("db.test", {Crowd::host(1)});
  // The greeting of the second alone passes, and the third's check takes its whole time.
  const Daemon daemon =
      named(names.address(), by_name(crowd), ", health: {interval: 20ms, timeout: 400ms, expect: 'B', rise: 1}");
  ASSERT_TRUE(says(daemon, crowd.address(1) + " is up"));
  names.set_addresses("db.test", {Crowd::host(1), Crowd::host(2)});
  ASSERT_TRUE(says(daemon, crowd.address(2) + " of db.test joins"));
  EXPECT_EQ(greetings(daemon, 6), (std::map<char, int>{{'B', 6}}));
  EXPECT_TRUE(says(daemon, crowd.address(2) + " is down")) << "which is said of one that never was up";
}

/// A name of /etc/hosts, not the local host's that resolvers know by themselves, and a backend at its address.
std::pair<std::string, std::unique_ptr<FakeBackend>> backend_of_hosts_file() {
  std::ifstream hosts("/etc/hosts");
  for (std::string line; std::getline(hosts, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address;
    std::string name;
    if (!(words >> address >> name) || name.find("localhost") != std::string::npos) continue;
    try {
      const std::string host = address.find(':') == std::string::npos ? address : "[" + address + "]";
      return {name, std::make_unique<FakeBackend>(greets_then_echoes("H"), endpoint_of(host + ":0"))};
    } catch (const std::exception&) {
      continue;  // not an address of this machine
    }
  }
  return {};
}

TEST(ProxyDns, TheHostsFileComesBeforeTheResolver) {
  const auto [name, backend] = backend_of_hosts_file();
  if (!backend) GTEST_SKIP() << "/etc/hosts has no name of this machine but localhost";
  NameServer names;
  names.set_addresses(name, {"127.0.0.99", "::1"});
  const Daemon daemon =
      named(names.address(), "{dns: '" + name + ":" + std::to_string(backend->endpoint().port()) + "'}");
  EXPECT_EQ(greetings(daemon, 4), (std::map<char, int>{{'H', 4}}));
  EXPECT_EQ(names.questions(name), 0);
}

/// Names are searched for in a.test and then in b.test.
const Process::Options kSearch{.environment = {{"LOCALDOMAIN", "a.test b.test"}, {"RES_OPTIONS", "ndots:3"}}};

TEST(ProxyDns, ASearchEndsAtTheFirstDomainThatKnowsTheName) {
  const Crowd crowd(3);
  NameServer names;
  names.set_addresses("db.b.test", {Crowd::host(1)});
  names.set_addresses("db.test.b.test", {Crowd::host(1)});
  names.set_addresses("db.test", {Crowd::host(2)});
  const Daemon daemon = named(names.address(), by_name(crowd), "", "min_ttl: 20ms", kSearch);
  EXPECT_EQ(greetings(daemon, 2), (std::map<char, int>{{'B', 2}}));
  names.set_addresses("db.test.a.test", {Crowd::host(0), "::1"});
  ASSERT_TRUE(wait_until([&] { return greetings(daemon, 1) == std::map<char, int>{{'A', 1}}; }));
  EXPECT_EQ(greetings(daemon, 4).count('B'), 0u);
}

TEST(ProxyDns, TargetsOfSrvRecordsAreFullNames) {
  const Crowd crowd(2);
  NameServer names;
  names.set_addresses("one.test", {Crowd::host(0)});
  names.set_addresses("one.test.a.test", {Crowd::host(1)});
  names.set_services("_db.a.test", {{1, 1, crowd[0].endpoint().port(), "one.test"}});
  const Daemon daemon = named(names.address(), "{dns: _db, record: srv}", "", "min_ttl: 20ms", kSearch);
  EXPECT_EQ(greetings(daemon, 2), (std::map<char, int>{{'A', 2}}));
}

TEST(ProxyDns, WhatIsAnsweredIsServedWhileAnotherQuestionIsOpen) {
  const Crowd crowd(1);
  NameServer names;
  names.set_addresses("db.test", {Crowd::host(0)});
  names.ignore_ipv6_questions();
  const Daemon daemon = named(names.address(), by_name(crowd), ", queue: {timeout: 1h}");
  EXPECT_EQ(daemon.connect("front").receive_exactly(1), "A");
  EXPECT_EQ(daemon.process().err().find("cannot look up"), std::string::npos) << "it is open still";
}

TEST(ProxyDns, AnAnswerThatDoesNotFitADatagramIsHadOverTcp) {
  const Crowd crowd(1);
  NameServer names;
  std::vector<std::string> many;
  for (int i = 1; i <= 200; ++i) many.push_back("127.0.0." + std::to_string(i));
  names.set_addresses("db.test", many);
  const Daemon daemon = named(names.address(), by_name(crowd));
  EXPECT_TRUE(says(daemon, "200 backends of db.test joins"));
  EXPECT_EQ(greetings(daemon, 1), (std::map<char, int>{{'A', 1}}));
}

TEST(ProxyDns, AServiceThatIsNotToBeHadHasNoServers) {
  NameServer names;
  names.set_services("_db._tcp.test", {{0, 0, 0, ""}});
  const Daemon daemon = named(names.address(), "{dns: _db._tcp.test, record: srv}", ", queue: {size: 0}");
  EXPECT_TRUE(says(daemon, "_db._tcp.test stands for no backend"));
  EXPECT_EQ(daemon.connect("front").receive_until_end().ending, Ending::reset);
  EXPECT_EQ(daemon.wait_for_record().end(), "no_backend");
}

TEST(ProxyDns, NobodyFailsWhileAddressesComeAndGoUnderLoad) {
  const Crowd crowd(3);
  NameServer names;
  names.set_addresses("db.test", {Crowd::host(0), Crowd::host(1)});
  const Daemon daemon = named(names.address(), by_name(crowd), ", balance: least_connections", "min_ttl: 10ms");
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<int> served{0};
  std::vector<std::thread> clients;
  for (int t = 0; t < 4; ++t) {
    clients.emplace_back([&] {
      while (!stop) {
        Peer client = daemon.connect("front");
        const std::string greeting = client.receive_exactly(1);
        client.send_all("hello");
        if (client.receive_exactly(5) != "hello" || greeting < "A" || greeting > "C") ++wrong;
        client.close();
        ++served;
      }
    });
  }
  for (std::size_t turn = 0; turn < 12; ++turn) {
    names.set_addresses("db.test", {Crowd::host(turn % 3), Crowd::host((turn + 1) % 3)});
    const int asked = names.questions("db.test");
    const int before = served;
    EXPECT_TRUE(wait_until([&] { return names.questions("db.test") > asked + 2 && served > before + 5; }));
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
  for (const Record& record : daemon.wait_for_records(static_cast<std::size_t>(served))) {
    EXPECT_EQ(record.end(), "client_closed");
    EXPECT_EQ(record.number("attempts"), 1);
  }
}

}  // namespace
}  // namespace weir::test
