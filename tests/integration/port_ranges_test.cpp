#include <gmock/gmock.h>

#include <string>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/free_ports.hpp"

/// Listeners and servers whose address has several ports.
namespace weir::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

bool carries(Peer peer) { return peer.exchange("held level").bytes == "held level"; }

std::string ranged_proxy(const std::string& bind, const std::string& server, const std::string& upstream = "") {
  return "listeners: [{name: front, bind: '" + bind + "', proxy: {upstream: back}}]\n" +
         "upstreams: [{name: back, servers: [{address: '" + server + "'}]" + with(upstream) + "}]\n";
}

TEST(PortRanges, EachPortAcceptsAndTheLogNamesTheRangeOnce) {
  const FreePorts ports(5);
  Daemon daemon = Daemon::with_verb({"echo", ports.range()});
  EXPECT_THAT(daemon.addresses(), ElementsAre(ports.range()));
  for (std::uint16_t i = 0; i < 5; ++i) EXPECT_TRUE(carries(Peer::connect(ports.endpoint(i)))) << i;
  EXPECT_EQ(daemon.wait_for_records(5).front().listener(), "echo");
}

TEST(PortRanges, PortGoesToThePortOfTheServerAtItsPlace) {
  const FreePorts front(3);
  const FreePorts back(3);
  FakeBackend a(greets_then_echoes("A"), back.endpoint(0));
  FakeBackend b(greets_then_echoes("B"), back.endpoint(1));
  FakeBackend c(greets_then_echoes("C"), back.endpoint(2));
  Daemon daemon = Daemon::with_verb({"proxy", front.range(), back.range()});
  for (const std::uint16_t i : {2, 0, 1}) {
    EXPECT_EQ(Peer::connect(front.endpoint(i)).receive_exactly(1), std::string(1, static_cast<char>('A' + i)));
    const std::string server = back.endpoint(i).to_string();
    daemon.wait_for_record([&](const Record& record) { return record.text("backend") == server; });
  }
}

TEST(PortRanges, ServerWithOnePortServesThemAll) {
  const FreePorts front(3);
  FakeBackend backend(echoes());
  Daemon daemon = Daemon::with_verb({"proxy", front.range(), backend.address()});
  for (const std::uint16_t i : {0, 1, 2}) EXPECT_TRUE(carries(Peer::connect(front.endpoint(i))));
  for (const Record& record : daemon.wait_for_records(3)) EXPECT_EQ(record.text("backend"), backend.address());
}

TEST(PortRanges, DifferentLengthsAreAConfigurationError) {
  const Finished finished = run("weir", {"proxy", "127.0.0.1:7000-7010", "127.0.0.1:8000-8005"});
  EXPECT_EQ(finished.exit, 2);
  EXPECT_THAT(finished.err, HasSubstr("127.0.0.1:7000-7010 has 11 ports, but backend 127.0.0.1:8000-8005 of upstream "
                                      "backend has 6 ports"));
}

TEST(PortRanges, PortThatIsTakenIsNamed) {
  const FreePorts ports(3);
  const TestListener other(ports.endpoint(1));
  const Finished finished = run("weir", {"echo", ports.range()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, HasSubstr("cannot listen on " + other.address() + ": Address already in use"));
}

TEST(PortRanges, HealthChecksAskTheFirstPort) {
  const FreePorts front(2);
  const FreePorts back(2);
  TestListener first(back.endpoint(0));
  const TestListener second(back.endpoint(1));
  Daemon daemon = Daemon::with_config(ranged_proxy(front.range(), back.range(), "health: {interval: 10ms}"));
  for (int i = 0; i < 3; ++i) first.accept();
  EXPECT_FALSE(second.pending());
}

TEST(PortRanges, TheLogNamesThePortThatFailed) {
  const FreePorts front(2);
  const FreePorts back(2);
  Daemon daemon = Daemon::with_config(ranged_proxy(
      front.range(), back.range(), "connect: {attempts: 1}, eject: {failures: 1}, health: {interval: 1h}"));
  const std::string first = back.endpoint(0).to_string();
  daemon.process().wait_for_error_line(back.range() + " is down: " + first + ": connect: Connection refused");
}

TEST(PortRanges, TheLogNamesThePortThatNobodyCouldBeConnectedTo) {
  const FreePorts front(2);
  const FreePorts back(2);
  Daemon daemon = Daemon::with_config("listeners: [{name: front, bind: '" + front.range() +
                                      "', proxy: {upstream: back}}]\nupstreams: [{name: back, " +
                                      "servers: [{address: '" + back.range() + "'}, {address: '" + back.range() +
                                      "'}], connect: {attempts: 2, delay: 1ms}, eject: {failures: 1}}]\n");
  Peer::connect(front.endpoint(1)).exchange("");
  const std::string second = back.endpoint(1).to_string();
  daemon.process().wait_for_error_line("cannot connect to " + second + ": Connection refused");
  daemon.process().wait_for_error_line(back.range() +
                                       " is left out for .* after 1 connect failures in a row, the last to " + second +
                                       ": Connection refused");
}

TEST(PortRanges, ThousandPortsAreServedAndDrained) {
  const FreePorts ports(1000);
  Daemon daemon = Daemon::with_verb({"echo", ports.range()});
  for (const std::uint16_t i : {0, 1, 499, 998, 999}) EXPECT_TRUE(carries(Peer::connect(ports.endpoint(i)))) << i;
  EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace weir::test
