#include "server/upstream/resolved_name.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Addresses = ResolvedName::Addresses;
using Services = ResolvedName::Services;

Endpoint host(const std::string& literal) {
  const std::string text = literal.find(':') == std::string::npos ? literal : "[" + literal + "]";
  Endpoint endpoint = resolve(parse_address(text + ":1", AddressUse::target), AddressUse::target).front();
  endpoint.set_port(0);
  return endpoint;
}

Addresses found(const std::vector<std::string>& hosts, std::chrono::seconds ttl = 60s) {
  Addresses answer{Addresses::Result::found, {}, ttl, ""};
  for (const std::string& literal : hosts) answer.records.push_back(host(literal));
  return answer;
}

const Addresses kNone{Addresses::Result::none, {}, 0s, ""};
const Addresses kFailed{Addresses::Result::failed, {}, 0s, "the resolver is dead"};

class ResolvedNameTest : public testing::Test {
 protected:
  static BackendConfig server_of(DnsName name) {
    BackendConfig backend;
    backend.dns = std::move(name);
    backend.weight = 7;
    return backend;
  }

  static std::vector<Upstream::Member> members(const ResolvedName& name) {
    return name.members(
        [](const Endpoint& endpoint) { return endpoint.to_string().find("[2001:db8:") == std::string::npos; });
  }
  static std::vector<std::string> addresses(const ResolvedName& name) {
    std::vector<std::string> list;
    for (const Upstream::Member& member : members(name)) list.push_back(member.endpoint.to_string());
    return list;
  }
  ResolvedName::Round round_of(const Addresses& v4, const Addresses& v6 = kNone) {
    name_.begin_round();
    EXPECT_TRUE(name_.take_addresses("db.test", "db.test", {v4, v6}, true));
    return name_.finish_round(members(name_).size());
  }
  ResolvedName::Round services(std::vector<ServiceRecord> records, std::chrono::seconds ttl = 60s) {
    by_service_.begin_round();
    EXPECT_TRUE(
        by_service_.take_services("_db._tcp.test", {Services::Result::found, std::move(records), ttl, ""}, true));
    std::uint8_t last = 0;
    for (const std::string& target : by_service_.targets()) {
      by_service_.take_addresses(target, target, {found({"10.0.0." + std::to_string(++last)}), kNone}, true);
    }
    return by_service_.finish_round(members(by_service_).size());
  }

  DnsConfig config_;
  BackendConfig backend_ = server_of({DnsName::Record::a, "db.test", 5432});
  BackendConfig service_ = server_of({DnsName::Record::srv, "_db._tcp.test", 0});
  ResolvedName name_{backend_, config_};
  ResolvedName by_service_{service_, config_};
};

TEST_F(ResolvedNameTest, EveryAddressOfBothFamiliesIsAMemberWithThePortAndTheWeight) {
  EXPECT_THAT(name_.targets(), ElementsAre("db.test"));
  const ResolvedName::Round round = round_of(found({"10.0.0.2", "10.0.0.1"}), found({"fd00::1"}));
  EXPECT_THAT(addresses(name_), ElementsAre("10.0.0.1:5432", "10.0.0.2:5432", "[fd00::1]:5432"));
  EXPECT_EQ(members(name_)[0].standing, (Standing{7 * Standing::kWhole, 0}));
  EXPECT_EQ(round.problem, "");
}

TEST_F(ResolvedNameTest, ABackupsAddressesAreBackups) {
  backend_.backup = true;
  name_ = ResolvedName(backend_, config_);
  round_of(found({"10.0.0.1"}));
  EXPECT_EQ(members(name_)[0].standing.rank, Standing::kBackup);
}

TEST_F(ResolvedNameTest, AnAddressThatIsNamedTwiceIsOneMember) {
  round_of(found({"10.0.0.1", "10.0.0.1"}));
  EXPECT_THAT(addresses(name_), ElementsAre("10.0.0.1:5432"));
}

TEST_F(ResolvedNameTest, AnAnswerReplacesWhatWasKnown) {
  round_of(found({"10.0.0.1"}), found({"fd00::1"}));
  round_of(found({"10.0.0.2"}), kNone);
  EXPECT_THAT(addresses(name_), ElementsAre("10.0.0.2:5432"));
  const ResolvedName::Round round = round_of(kNone, kNone);
  EXPECT_THAT(addresses(name_), IsEmpty());
  EXPECT_EQ(round.problem, "db.test stands for no backend");
}

TEST_F(ResolvedNameTest, AFailureLeavesWhatIsKnownOfThatFamilyAlone) {
  round_of(found({"10.0.0.1"}), found({"fd00::1"}));
  const ResolvedName::Round round = round_of(found({"10.0.0.2"}), kFailed);
  EXPECT_THAT(addresses(name_), ElementsAre("10.0.0.2:5432", "[fd00::1]:5432"));
  EXPECT_EQ(round.problem, "cannot look up addresses of db.test: the resolver is dead");
  round_of(kFailed, kFailed);
  EXPECT_THAT(addresses(name_), ElementsAre("10.0.0.2:5432", "[fd00::1]:5432"));
}

TEST_F(ResolvedNameTest, AnAnswerThatIsStillToComeLeavesItsFamilyAsItIs) {
  round_of(found({"10.0.0.1"}), found({"fd00::1"}));
  name_.begin_round();
  name_.take_addresses("db.test", "db.test", {found({"10.0.0.2"}), Addresses()}, true);
  EXPECT_THAT(addresses(name_), ElementsAre("10.0.0.2:5432", "[fd00::1]:5432"));
  name_.take_addresses("db.test", "db.test", {found({"10.0.0.2"}), kNone}, true);
  EXPECT_THAT(addresses(name_), ElementsAre("10.0.0.2:5432"));
  EXPECT_EQ(name_.finish_round(members(name_).size()).problem, "");
}

TEST_F(ResolvedNameTest, ASearchEndsAtTheFirstFullNameThatHasAny) {
  name_.begin_round();
  EXPECT_FALSE(name_.take_addresses("db.test", "db.test", {kNone, kNone}, false));
  EXPECT_TRUE(name_.take_addresses("db.test", "db.test", {kNone, found({"fd00::1"})}, false));
  EXPECT_THAT(addresses(name_), ElementsAre("[fd00::1]:5432"));
}

TEST_F(ResolvedNameTest, ASearchPassesOverAFailureUnlessThatNameHadThemTheLastTime) {
  for (int round = 0; round < 2; ++round) {
    name_.begin_round();
    EXPECT_FALSE(name_.take_addresses("db.test", "db.test.a.test", {kFailed, kNone}, false));
    EXPECT_TRUE(name_.take_addresses("db.test", "db.test.b.test", {found({"10.0.0.1"}), kNone}, false));
    EXPECT_EQ(name_.finish_round(members(name_).size()).problem, "") << "it was found elsewhere";
  }
  name_.begin_round();
  EXPECT_FALSE(name_.take_addresses("db.test", "db.test.a.test", {kNone, kNone}, false));
  EXPECT_TRUE(name_.take_addresses("db.test", "db.test.b.test", {kNone, kFailed}, false));
  EXPECT_THAT(addresses(name_), ElementsAre("10.0.0.1:5432"));
  EXPECT_NE(name_.finish_round(members(name_).size()).problem, "");
}

TEST_F(ResolvedNameTest, ASearchThatFailedSomewhereDoesNotSayThatThereIsNone) {
  round_of(found({"10.0.0.1"}));
  ResolvedName other(backend_, config_);
  other.begin_round();
  EXPECT_FALSE(other.take_addresses("db.test", "db.test", {kFailed, kFailed}, false));
  EXPECT_TRUE(other.take_addresses("db.test", "db.test", {kNone, kNone}, true));
  EXPECT_EQ(other.finish_round(members(other).size()).problem,
            "cannot look up addresses of db.test: the resolver is dead");
}

TEST_F(ResolvedNameTest, AddressesOfTwoFullNamesAreNotMixed) {
  name_.begin_round();
  name_.take_addresses("db.test", "db.test.a.test", {found({"10.0.0.1"}), found({"fd00::1"})}, false);
  name_.begin_round();
  EXPECT_FALSE(name_.take_addresses("db.test", "db.test.a.test", {kNone, kNone}, false));
  EXPECT_TRUE(name_.take_addresses("db.test", "db.test.b.test", {found({"10.0.0.2"}), kFailed}, true));
  EXPECT_THAT(addresses(name_), ElementsAre("10.0.0.2:5432"));
}

TEST_F(ResolvedNameTest, Ipv6WithoutAWayIsLeftOutBesideIpv4AndHasNoPartOfTheWeight) {
  round_of(found({"10.0.0.1"}), found({"2001:db8::1", "fd00::1"}));
  EXPECT_THAT(addresses(name_), ElementsAre("10.0.0.1:5432", "[fd00::1]:5432"));
  round_of(kFailed, found({"2001:db8::1"}));
  EXPECT_THAT(addresses(name_), ElementsAre("10.0.0.1:5432")) << "which is known from before";
  round_of(kNone, found({"2001:db8::1"}));
  EXPECT_THAT(addresses(name_), ElementsAre("[2001:db8::1]:5432")) << "it is all there is";
  services({{"a.test", 1, 0, 3}});
  by_service_.begin_round();
  by_service_.take_addresses("a.test", "a.test", {found({"10.0.0.1"}), found({"2001:db8::1"})}, true);
  EXPECT_EQ(members(by_service_).at(0).standing.weight, 300u);
}

TEST_F(ResolvedNameTest, TheShortestTtlRulesWithinFloorAndCeiling) {
  config_.min_ttl = 2s;
  config_.max_ttl = 100s;
  name_ = ResolvedName(backend_, config_);
  EXPECT_EQ(round_of(found({"10.0.0.1"}, 60s), found({"fd00::1"}, 30s)).pause, 30s);
  EXPECT_EQ(round_of(found({"10.0.0.1"}, 60s)).pause, 60s) << "each round anew";
  EXPECT_EQ(round_of(found({"10.0.0.1"}, 0s)).pause, 2s);
  EXPECT_EQ(round_of(found({"10.0.0.1"}, std::chrono::seconds(0x7fffffff))).pause, 100s);
  config_.min_ttl = config_.max_ttl = 20ms;
  name_ = ResolvedName(backend_, config_);
  EXPECT_EQ(round_of(found({"10.0.0.1"}, 60s)).pause, 20ms);
}

TEST_F(ResolvedNameTest, BadRoundsAreRepeatedSoonAndThenLessOften) {
  std::vector<milliseconds> pauses;
  for (int i = 0; i < 6; ++i) pauses.push_back(round_of(kFailed, kFailed).pause);
  EXPECT_THAT(pauses, ElementsAre(1s, 2s, 4s, 8s, 10s, 10s));
  EXPECT_EQ(round_of(found({"10.0.0.1"}, 3s), kFailed).pause, 3s) << "the TTL of what was found counts too";
  EXPECT_EQ(round_of(found({"10.0.0.1"})).pause, 60s);
  EXPECT_EQ(round_of(kNone, kNone).pause, 1s) << "a name without backends is watched closely";
  for (int i = 0; i < 100; ++i) EXPECT_LE(round_of(kFailed).pause, 10s);
}

TEST_F(ResolvedNameTest, SrvRecordsGivePortWeightAndPriority) {
  services({{"c.test", 3, 20, 9}, {"a.test", 1, 10, 5}, {"b.test", 2, 10, 0}, {"d.test", 4, 65535, 65535}});
  EXPECT_THAT(addresses(by_service_), ElementsAre("10.0.0.1:1", "10.0.0.2:2", "10.0.0.3:3", "10.0.0.4:4"));
  const std::vector<Upstream::Member> all = members(by_service_);
  EXPECT_EQ(all[0].standing, (Standing{500, 0}));
  EXPECT_EQ(all[1].standing, (Standing{1, 0})) << "a weight of 0 is a very small one";
  EXPECT_EQ(all[2].standing, (Standing{900, 1}));
  EXPECT_EQ(all[3].standing, (Standing{6'553'500, 2}));
}

TEST_F(ResolvedNameTest, AddressesOfATargetShareItsWeight) {
  services({{"a.test", 1, 0, 3}});
  by_service_.begin_round();
  by_service_.take_addresses("a.test", "a.test", {found({"10.0.0.1", "10.0.0.2"}), found({"fd00::1"})}, true);
  ASSERT_EQ(members(by_service_).size(), 3u);
  for (const Upstream::Member& member : members(by_service_)) EXPECT_EQ(member.standing, (Standing{100, 0}));
}

TEST_F(ResolvedNameTest, OneTargetMayServeOnSeveralPorts) {
  services({{"a.test", 1, 0, 0}, {"a.test", 2, 0, 0}});
  EXPECT_THAT(addresses(by_service_), ElementsAre("10.0.0.1:1", "10.0.0.1:2"));
}

TEST_F(ResolvedNameTest, ATargetThatIsTheRootSaysThatThereIsNone) {
  services({{"", 1, 0, 0}, {".", 1, 0, 0}});
  EXPECT_THAT(members(by_service_), IsEmpty());
  EXPECT_THAT(by_service_.targets(), IsEmpty());
}

TEST_F(ResolvedNameTest, SrvRecordsAreKeptWhileTheirQuestionFails) {
  services({{"a.test", 1, 0, 0}});
  by_service_.begin_round();
  EXPECT_TRUE(
      by_service_.take_services("_db._tcp.test", {Services::Result::failed, {}, 0s, "the resolver is dead"}, false));
  EXPECT_THAT(by_service_.targets(), ElementsAre("a.test"));
  by_service_.take_addresses("a.test", "a.test", {found({"10.0.0.9"}), kNone}, true);
  EXPECT_EQ(by_service_.finish_round(members(by_service_).size()).problem,
            "cannot look up SRV records of _db._tcp.test: the resolver is dead");
  EXPECT_THAT(addresses(by_service_), ElementsAre("10.0.0.9:1"));
}

TEST_F(ResolvedNameTest, SrvRecordsAreSearchedForToo) {
  by_service_.begin_round();
  EXPECT_FALSE(by_service_.take_services("_db._tcp.test", {Services::Result::none, {}, 0s, ""}, false));
  EXPECT_TRUE(
      by_service_.take_services("_db._tcp.test", {Services::Result::found, {{"a.test", 1, 0, 0}}, 60s, ""}, false));
  EXPECT_THAT(by_service_.targets(), ElementsAre("a.test"));
  by_service_.begin_round();
  EXPECT_TRUE(by_service_.take_services("_db._tcp.test", {Services::Result::none, {}, 0s, ""}, true));
  EXPECT_THAT(by_service_.targets(), IsEmpty());
}

TEST_F(ResolvedNameTest, ATargetsAddressesAreForgottenWithIt) {
  services({{"a.test", 1, 0, 0}});
  services({{"b.test", 1, 0, 0}});
  by_service_.begin_round();
  by_service_.take_services("_db._tcp.test", {Services::Result::found, {{"a.test", 1, 0, 0}}, 60s, ""}, true);
  by_service_.take_addresses("a.test", "a.test", {kFailed, kFailed}, true);
  EXPECT_THAT(members(by_service_), IsEmpty());
}

TEST_F(ResolvedNameTest, HowManyBackendsANameGivesIsBounded) {
  std::vector<std::string> many;
  for (int i = 0; i < 1100; ++i) many.push_back("10.0." + std::to_string(i / 200) + "." + std::to_string(i % 200));
  const ResolvedName::Round round = round_of(found(many));
  EXPECT_EQ(members(name_).size(), 1024u);
  EXPECT_THAT(round.problem, HasSubstr("stands for 1024 backends or more; no more are used"));
  EXPECT_EQ(round.pause, 60s);
}

TEST_F(ResolvedNameTest, HowManySrvRecordsCountIsBoundedAndTheFirstPrioritiesAreThose) {
  std::vector<ServiceRecord> many;
  for (std::uint16_t i = 500; i > 0; --i) many.push_back({"t" + std::to_string(i) + ".test", 1, i, 0});
  const ResolvedName::Round round = services(many);
  EXPECT_EQ(by_service_.targets().size(), 128u);
  EXPECT_TRUE(by_service_.targets().contains("t128.test"));
  EXPECT_THAT(round.problem, HasSubstr("has 500 SRV records; only the first 128 are used"));
  EXPECT_EQ(round.pause, 60s) << "it is no failure";
}

}  // namespace
}  // namespace weir
