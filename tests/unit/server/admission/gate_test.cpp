#include "server/admission/gate.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace weir {
namespace {

using std::chrono::seconds;

const Gate::Time kStart = io::Clock::now();

ClientAddress client(const std::string& text) {
  return ClientAddress(resolve(parse_address(text, AddressUse::target), AddressUse::target).front());
}

class GateTest : public testing::Test {
 protected:
  Gate& make() {
    admission_ = std::make_unique<Admission>(process_limits_, process_rate_);
    sources_ = std::make_unique<SourceTable>(process_per_source_, Rate{});
    return *(gate_ = std::make_unique<Gate>(*admission_, *sources_, config_));
  }
  std::optional<SessionEnd> enter(const std::string& who = "192.0.2.1:1000", int second = 0) {
    return gate_->enter(client(who), kStart + seconds(second)).refused;
  }

  void leave(const std::string& who = "192.0.2.1:1000") { gate_->leave(client(who), false); }

  ProcessLimits process_limits_{1000};
  Rate process_rate_;
  std::uint32_t process_per_source_ = 0;
  ListenerConfig config_;
  std::unique_ptr<Admission> admission_;
  std::unique_ptr<SourceTable> sources_;
  std::unique_ptr<Gate> gate_;
};

TEST_F(GateTest, LetsEverybodyInWhereNothingIsLimited) {
  make();
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(enter(), std::nullopt);
  EXPECT_EQ(enter(), SessionEnd::refused_limit) << "the process's";
}

TEST_F(GateTest, IdsAscendWhetherRefusedOrNot) {
  config_.limits.connections = 1;
  make();
  EXPECT_EQ(gate_->enter(client("192.0.2.1:1"), kStart).id, 1u);
  EXPECT_EQ(gate_->enter(client("192.0.2.1:1"), kStart).id, 2u);
}

TEST_F(GateTest, LimitsConnectionsOfTheListener) {
  config_.limits.connections = 2;
  make();
  EXPECT_EQ(enter(), std::nullopt);
  EXPECT_EQ(enter(), std::nullopt);
  EXPECT_EQ(enter(), SessionEnd::refused_limit);
  EXPECT_EQ(admission_->totals().active, 2u) << "who is refused takes no place in the process";
  leave();
  EXPECT_EQ(enter(), std::nullopt);
}

TEST_F(GateTest, WhoTheProcessRefusesUsesUpNothingOfTheListener) {
  process_limits_ = {1};
  config_.limits.rate = {2, seconds(1)};
  make();
  EXPECT_EQ(enter(), std::nullopt);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(enter(), SessionEnd::refused_limit) << "the process's";
  leave();
  EXPECT_EQ(enter(), std::nullopt);
}

TEST_F(GateTest, CountsTheDescriptorsThatAConnectionOfTheListenerTakes) {
  process_limits_ = {ProcessLimits::kNone, 5};
  config_.service = ProxyConfig();
  make();
  EXPECT_EQ(enter(), std::nullopt);
  EXPECT_EQ(enter(), std::nullopt);
  EXPECT_EQ(enter(), SessionEnd::refused_limit);
  ListenerConfig echo;
  echo.service = EchoConfig();
  Gate other(*admission_, *sources_, echo);
  EXPECT_EQ(other.enter(client("192.0.2.1:1"), kStart).refused, std::nullopt);
  EXPECT_EQ(admission_->totals().descriptors, 5u);
  leave();
  EXPECT_EQ(admission_->totals().descriptors, 3u);
  other.leave(client("192.0.2.1:1"), false);
  EXPECT_EQ(admission_->totals().descriptors, 2u);
}

TEST_F(GateTest, WhoTheListenerRefusesTakesNoDescriptor) {
  config_.service = ProxyConfig();
  config_.limits.connections = 1;
  make();
  EXPECT_EQ(enter(), std::nullopt);
  EXPECT_EQ(enter(), SessionEnd::refused_limit);
  EXPECT_EQ(admission_->totals().descriptors, 2u);
}

TEST_F(GateTest, LimitsRatesOfProcessAndListener) {
  process_rate_ = {3, seconds(1)};
  config_.limits.rate = {2, seconds(1)};
  make();
  EXPECT_EQ(enter(), std::nullopt);
  EXPECT_EQ(enter(), std::nullopt);
  EXPECT_EQ(enter(), SessionEnd::refused_rate) << "the listener's";
  EXPECT_EQ(enter(), SessionEnd::refused_rate) << "the process's";
  EXPECT_EQ(enter("192.0.2.1:1000", 1), std::nullopt);
}

TEST_F(GateTest, RulesDenyAndAllow) {
  config_.access.allow = {"192.0.2.0/24"};
  config_.access.deny = {"192.0.2.7"};
  make();
  EXPECT_EQ(enter("192.0.2.1:1000"), std::nullopt);
  EXPECT_EQ(enter("192.0.2.7:1000"), SessionEnd::denied);
  EXPECT_EQ(enter("198.51.100.1:1000"), SessionEnd::denied);
  EXPECT_EQ(enter("[2001:db8::1]:1000"), SessionEnd::denied);
  EXPECT_EQ(enter("[::ffff:192.0.2.1]:1000"), std::nullopt);
}

TEST_F(GateTest, DenyAloneLetsTheRestIn) {
  config_.access.deny = {"192.0.2.7"};
  make();
  EXPECT_EQ(enter("192.0.2.7:1000"), SessionEnd::denied);
  EXPECT_EQ(enter("192.0.2.8:1000"), std::nullopt);
}

TEST_F(GateTest, UnixClientsHaveNoAddressToJudge) {
  config_.access.allow = {"192.0.2.0/24"};
  config_.limits.per_source = 1;
  make();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(gate_->enter(ClientAddress(Endpoint::unix_path("/x")), kStart).refused, std::nullopt);
  }
}

TEST_F(GateTest, UnixClientsAreRefusedByTheWordForThemAlone) {
  const ClientAddress unix_client(Endpoint::unix_path("/x"));
  config_.access.deny = {"0.0.0.0/0", "::/0"};
  make();
  EXPECT_EQ(gate_->enter(unix_client, kStart).refused, std::nullopt);
  config_.access.deny = {"unix"};
  make();
  EXPECT_EQ(gate_->enter(unix_client, kStart).refused, SessionEnd::denied);
  EXPECT_EQ(gate_->admit(unix_client, kStart), SessionEnd::denied) << "after a PROXY header that names none other";
  EXPECT_EQ(enter(), std::nullopt);
  EXPECT_EQ(admission_->totals().active, 1u);
}

TEST_F(GateTest, AnAllowListOfUnixClientsAloneRefusesEveryAddress) {
  config_.access.allow = {"unix"};
  make();
  EXPECT_EQ(gate_->enter(ClientAddress(Endpoint::unix_path("/x")), kStart).refused, std::nullopt);
  EXPECT_EQ(enter(), SessionEnd::denied);
}

TEST_F(GateTest, WhatIsRefusedIsCountedNowhere) {
  process_per_source_ = 3;
  config_.limits.connections = 5;
  config_.limits.per_source = 1;
  config_.access.deny = {"192.0.2.7"};
  make();
  EXPECT_EQ(enter(), std::nullopt);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(enter(), SessionEnd::refused_limit);
    EXPECT_EQ(enter("192.0.2.7:1000"), SessionEnd::denied);
  }
  EXPECT_EQ(admission_->totals().active, 1u);
  leave();
  EXPECT_EQ(admission_->totals().active, 0u);
  EXPECT_EQ(sources_->size(), 0u);
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(enter("192.0.2." + std::to_string(100 + i) + ":1"), std::nullopt);
  EXPECT_EQ(enter("192.0.2.200:1"), SessionEnd::refused_limit);
}

TEST_F(GateTest, AHeaderThatIsDuePutsTheSourceOff) {
  config_.accept_proxy_protocol = ListenerConfig::ProxyHeaders::optional;
  config_.trusted = {"192.0.2.0/24"};
  config_.access.deny = {"203.0.113.0/24", "192.0.2.0/24"};
  make();
  const Gate::Entry due = gate_->enter(client("192.0.2.1:1"), kStart);
  EXPECT_TRUE(due.header_due);
  EXPECT_EQ(due.refused, std::nullopt);
  EXPECT_EQ(gate_->admit(client("203.0.113.1:1"), kStart), SessionEnd::denied);
  EXPECT_EQ(gate_->admit(client("198.51.100.1:1"), kStart), std::nullopt);
  const Gate::Entry plain = gate_->enter(client("203.0.113.1:1"), kStart);
  EXPECT_FALSE(plain.header_due);
  EXPECT_EQ(plain.refused, SessionEnd::denied);
  EXPECT_EQ(admission_->totals().active, 1u);
}

TEST_F(GateTest, WhoIsNotBelievedMayNotSendTheHeaderThatIsRequired) {
  config_.accept_proxy_protocol = ListenerConfig::ProxyHeaders::required;
  config_.trusted = {"192.0.2.0/24"};
  make();
  EXPECT_EQ(enter("198.51.100.1:1"), SessionEnd::denied);
  EXPECT_EQ(enter("192.0.2.1:1"), std::nullopt);
  EXPECT_EQ(admission_->totals().active, 1u);
}

/// What add_refusals() says, without what refused nobody.
std::map<std::string, std::uint64_t> refusals(const Gate& gate) {
  std::map<std::string, std::uint64_t> all;
  gate.add_refusals(all);
  std::erase_if(all, [](const auto& one) { return one.second == 0; });
  return all;
}

using Refusals = std::map<std::string, std::uint64_t>;

TEST_F(GateTest, NamesEveryLimitFromTheStart) {
  make();
  std::map<std::string, std::uint64_t> all;
  gate_->add_refusals(all);
  EXPECT_EQ(all, (std::map<std::string, std::uint64_t>{{"process_connections", 0},
                                                       {"process_rate", 0},
                                                       {"listener_connections", 0},
                                                       {"listener_rate", 0},
                                                       {"source_connections", 0},
                                                       {"source_rate", 0},
                                                       {"rules", 0},
                                                       {"trusted", 0}}));
}

TEST_F(GateTest, CountsARefusalForTheLimitThatRefused) {
  config_.limits.connections = 1;
  make();
  EXPECT_EQ(enter(), std::nullopt);
  enter();
  enter();
  EXPECT_EQ(refusals(*gate_), (Refusals{{"listener_connections", 2}}));

  config_ = {};
  process_limits_ = {0};
  make();
  enter();
  EXPECT_EQ(refusals(*gate_), (Refusals{{"process_connections", 1}}));

  process_limits_ = {1000};
  process_rate_ = {1, std::chrono::hours(1)};
  make();
  enter();
  enter();
  EXPECT_EQ(refusals(*gate_), (Refusals{{"process_rate", 1}}));

  process_rate_ = {};
  config_.limits.rate = {1, std::chrono::hours(1)};
  make();
  enter();
  enter();
  EXPECT_EQ(refusals(*gate_), (Refusals{{"listener_rate", 1}}));

  config_ = {};
  process_per_source_ = 1;
  make();
  enter();
  enter();
  EXPECT_EQ(refusals(*gate_), (Refusals{{"source_connections", 1}}));

  process_per_source_ = 0;
  config_.limits.rate_per_source = {1, std::chrono::hours(1)};
  make();
  enter();
  enter();
  EXPECT_EQ(refusals(*gate_), (Refusals{{"source_rate", 1}}));

  config_ = {};
  config_.access.deny = {"192.0.2.0/24"};
  make();
  enter();
  EXPECT_EQ(refusals(*gate_), (Refusals{{"rules", 1}}));

  config_ = {};
  config_.accept_proxy_protocol = ListenerConfig::ProxyHeaders::required;
  config_.trusted = {"10.0.0.0/8"};
  make();
  enter();
  EXPECT_EQ(refusals(*gate_), (Refusals{{"trusted", 1}}));
}

}  // namespace
}  // namespace weir
