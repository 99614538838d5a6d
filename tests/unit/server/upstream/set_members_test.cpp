#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "server/upstream/upstream.hpp"
#include "tests/unit/server/upstream/upstream_fixture.hpp"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

/// An upstream whose backends are what names stand for.
class SetMembersTest : public UpstreamTest {
 protected:
  Upstream& make_named(std::size_t names, Balance balance = Balance::round_robin, std::uint32_t most = 0) {
    config_.name = "back";
    config_.balance = balance;
    for (std::size_t i = 0; i < names; ++i) {
      config_.servers.push_back(
          {.dns = DnsName{DnsName::Record::a, "name" + std::to_string(i) + ".test", 1}, .max_connections = most});
    }
    make();
    return *upstream_;
  }

  /// What a name stands for now: ports of 127.0.0.1.
  void set(const std::vector<int>& ports, std::size_t name = 0, Standing standing = {}) {
    std::vector<Upstream::Member> members;
    for (const int port : ports) members.push_back({endpoint(port), standing});
    upstream_->set_members(upstream_->entries()[name], members, at(0));
  }
  static Endpoint endpoint(int port) {
    const Address address = parse_address("127.0.0.1:" + std::to_string(port), AddressUse::target);
    return resolve(address, AddressUse::target).front();
  }
  /// The ports that so many picks in a row go to.
  std::vector<int> ports(int picks) {
    std::vector<int> list;
    for (int i = 0; i < picks; ++i) {
      const Upstream::Pick pick = take();
      list.push_back(pick.lease ? pick.lease->endpoints().front().port() : 0);
    }
    return list;
  }
  std::size_t count() const { return upstream_->backends().size(); }
};

TEST_F(SetMembersTest, BeforeANameIsKnownNoBackendIsUp) {
  make_named(1);
  EXPECT_EQ(take().blocked, Blocked::none_up);
  const auto waiter = wait();
  set({1, 2});
  EXPECT_TRUE(taken(*waiter)) << "who waited is served";
  EXPECT_THAT(ports(4), UnorderedElementsAre(1, 1, 2, 2));
}

TEST_F(SetMembersTest, OneThatLeftGetsNoConnectionAndLivesAsLongAsItHasAny) {
  make_named(1);
  set({1, 2});
  Lease on_one = take(0, tried({1})).lease;
  const std::weak_ptr<const std::string> name = on_one->name();
  set({2});
  EXPECT_TRUE(on_one->has_left());
  EXPECT_THAT(ports(3), ElementsAre(2, 2, 2));
  EXPECT_EQ(upstream_->active(*on_one), 1u);
  EXPECT_FALSE(name.expired());
  on_one.reset();
  EXPECT_TRUE(name.expired());
}

TEST_F(SetMembersTest, OneThatComesBackWithConnectionsIsTheSameServer) {
  make_named(1, Balance::round_robin, 1);
  set({1});
  Lease only = take().lease;
  set({2});
  set({1, 2});
  EXPECT_EQ(count(), 2u);
  EXPECT_FALSE(only->has_left());
  const Lease second = take().lease;
  EXPECT_EQ(second->endpoints().front().port(), 2) << "the first is full still";
  EXPECT_EQ(take().blocked, Blocked::all_full);
  const auto waiter = wait();
  only.reset();
  EXPECT_EQ(taken(*waiter)->endpoints().front().port(), 1);
}

TEST_F(SetMembersTest, AnAnswerThatChangesNothingDisturbsNoTurn) {
  make_named(1);
  set({1, 2, 3});
  const std::vector<int> first = ports(1);
  set({1, 2, 3});
  const std::vector<int> rest = ports(2);
  EXPECT_NE(first[0], rest[0]);
  EXPECT_NE(first[0], rest[1]);
  EXPECT_NE(rest[0], rest[1]);
}

TEST_F(SetMembersTest, NamesDoNotTouchEachOthersServers) {
  make_named(2);
  set({1}, 0);
  set({1, 2}, 1);
  EXPECT_EQ(count(), 3u) << "an address of two names is two backends";
  set({}, 0);
  EXPECT_THAT(ports(2), UnorderedElementsAre(1, 2));
}

TEST_F(SetMembersTest, AHigherRankServesWhenNoLowerOneIsUpOrUntried) {
  make_named(1);
  upstream_->set_members(upstream_->entries()[0],
                         {{endpoint(1), {100, 0}}, {endpoint(2), {100, 1}}, {endpoint(3), {100, 2}}}, at(0));
  EXPECT_THAT(ports(2), ElementsAre(1, 1));
  EXPECT_EQ(take(0, tried({0})).lease.get(), &backend(1));
  down(0);
  EXPECT_THAT(ports(2), ElementsAre(2, 2));
  fail(1, 5);
  EXPECT_THAT(ports(1), ElementsAre(3)) << "an ejected one comes after every other";
  down(2);
  EXPECT_THAT(ports(1), ElementsAre(2)) << "it is better than none";
}

TEST_F(SetMembersTest, WeightsFollowTheName) {
  for (const Balance balance : {Balance::round_robin, Balance::source_hash}) {
    config_.servers.clear();
    make_named(1, balance);
    for (const std::uint32_t weight : {3u, 1u}) {
      upstream_->set_members(upstream_->entries()[0], {{endpoint(1), {weight * 100, 0}}, {endpoint(2), {100, 0}}},
                             at(0));
      int first = 0;
      for (std::uint64_t i = 0; i < 40000; ++i) {
        const Upstream::Pick pick = upstream_->take(i * 0x9e3779b97f4a7c15u, {}, at(0));
        if (pick.lease->endpoints().front().port() == 1) ++first;
      }
      EXPECT_NEAR(first, weight == 3 ? 30000 : 20000, 300);
    }
  }
}

TEST_F(SetMembersTest, WhoLeavesGoesOutOfTheWayOfThoseWhoWait) {
  make_named(1, Balance::round_robin, 1);
  set({1});
  const Lease only = take().lease;
  const auto waiter = wait();
  set({2});
  EXPECT_EQ(taken(*waiter)->endpoints().front().port(), 2);
}

TEST_F(SetMembersTest, WhereBackendsAreCheckedANewOneServesOnceItsFirstCheckHasPassed) {
  config_.health.emplace();
  make_named(1);
  set({1, 2});
  EXPECT_EQ(take().blocked, Blocked::none_up);
  EXPECT_TRUE(upstream_->set_up(backend(0), false, "the test says so", at(0))) << "it is news that it is down";
  EXPECT_FALSE(upstream_->set_up(backend(0), false, "the test says so", at(0)));
  EXPECT_TRUE(upstream_->set_up(backend(1), true, "the test says so", at(0)));
  EXPECT_THAT(ports(2), ElementsAre(2, 2));
  const Lease held = take().lease;
  set({1});
  set({1, 2});
  EXPECT_THAT(ports(2), ElementsAre(2, 2)) << "it was up when it left, and has connections still";
}

TEST_F(SetMembersTest, AnEndpointThatIsNamedTwiceIsOneServer) {
  make_named(1);
  set({1, 1, 2});
  EXPECT_EQ(count(), 2u);
  const Lease one = take(0, tried({1})).lease;
  set({2});
  set({1, 1});
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(&backend(0), one.get());
}

TEST_F(SetMembersTest, OneWhoseChecksEndedWhileItWasGoneIsANewOneToThem) {
  config_.health.emplace();
  make_named(1);
  set({1});
  upstream_->set_up(backend(0), true, "the test says so", at(0));
  const Lease held = take().lease;
  set({});
  upstream_->forget_checks(*held);
  set({1});
  EXPECT_EQ(take().blocked, Blocked::none_up);
  EXPECT_TRUE(upstream_->set_up(backend(0), true, "the test says so", at(0)));
  EXPECT_TRUE(take().lease);
}

TEST_F(SetMembersTest, OneThatComesBackEjectedReturnsAsItWouldHave) {
  make_named(1, Balance::round_robin, 1);
  set({1, 2});
  Lease one = take(0, tried({1})).lease;
  const Lease two = take().lease;
  fail(0, 5);
  set({2});
  const auto waiter = wait();
  std::vector<Upstream::Time> told;
  upstream_->on_return([&told](Upstream::Time when) { told.push_back(when); });
  EXPECT_THAT(told, testing::IsEmpty());
  set({1, 2});
  EXPECT_THAT(told, ElementsAre(at(10))) << "it comes back as it went, for the one that waits";
}

TEST_F(SetMembersTest, WhoWaitsFindsItsLineWhenTheBackendsChange) {
  make_named(1, Balance::round_robin, 1);
  set({1, 2});
  const std::vector<Lease> all = take_all();
  tried_ = tried({0});
  const auto retry = wait();
  set({1, 3});
  EXPECT_EQ(taken(*retry)->endpoints().front().port(), 3);
}

TEST_F(SetMembersTest, WhoHasTriedAllThatAreLeftIsToldSo) {
  make_named(1, Balance::round_robin, 1);
  set({1, 2});
  const std::vector<Lease> all = take_all();
  tried_ = tried({0});
  const auto retry = wait();
  set({1});
  const std::optional<Upstream::Pick> outcome = retry->take();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->blocked, Blocked::all_tried);
}

TEST_F(SetMembersTest, OneThatCameBackAndLeftAgainIsGoneWithItsLastConnection) {
  make_named(1);
  set({1, 2});
  Lease on_one = take(0, tried({1})).lease;
  const std::weak_ptr<const std::string> name = on_one->name();
  for (int i = 0; i < 2; ++i) {
    set({2});
    set({1, 2});
  }
  set({2});
  on_one.reset();
  EXPECT_TRUE(name.expired());
}

TEST_F(SetMembersTest, OneThatJoinsStartsSlowly) {
  config_.slow_start = std::chrono::seconds(100);
  make_named(1);
  set({1});
  EXPECT_TRUE(take(100).lease) << "it is warm by now";
  upstream_->set_members(upstream_->entries()[0], {{endpoint(1), {}}, {endpoint(2), {}}}, at(100));
  int second = 0;
  for (int i = 0; i < 1000; ++i) second += take(100).lease->endpoints().front().port() == 2 ? 1 : 0;
  EXPECT_NEAR(second, 10, 5);
}

TEST_F(SetMembersTest, MembersMayChangeWhileConnectionsComeAndGo) {
  make_named(1, Balance::least_connections);
  set({1, 2, 3});
  std::atomic<bool> stop{false};
  std::atomic<int> none{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      std::vector<Lease> held;
      while (!stop) {
        held.push_back(upstream_->take(0, {}, start_).lease);
        if (!held.back()) ++none;
        if (held.size() > 7) held.erase(held.begin());
      }
    });
  }
  for (int i = 0; i < 300; ++i) set({1 + i % 3, 1 + (i + 1) % 5, 7});
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(none, 0);
  for (const auto& backend : upstream_->backends()) EXPECT_EQ(upstream_->active(*backend), 0u);
}

/// What is logged meanwhile.
std::string log_of(const std::function<void()>& work) {
  std::ostringstream text;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(text)));
  work();
  spdlog::set_default_logger(before);
  return text.str();
}

TEST_F(SetMembersTest, EightThatComeOrGoAtOnceAreNamedAndMoreAreCounted) {
  make_named(1);
  const std::string eight = log_of([this] { set({1, 2, 3, 4, 5, 6, 7, 8}); });
  EXPECT_THAT(eight, testing::HasSubstr("upstream back: 127.0.0.1:8 of name0.test joins"));
  const std::string nine = log_of([this] { set({11, 12, 13, 14, 15, 16, 17, 18, 19}); });
  EXPECT_THAT(nine, testing::HasSubstr("upstream back: 9 backends of name0.test joins"));
  EXPECT_THAT(nine, testing::HasSubstr("127.0.0.1:8 of name0.test leaves"));
  EXPECT_THAT(nine, testing::Not(testing::HasSubstr("127.0.0.1:19")));
}

TEST_F(SetMembersTest, AnEntryIsKnownByWhatItSaysAndNotByItsPlace) {
  make_named(2);
  set({1}, 0);
  const BackendEntries same = make_entries({config_.servers[1], config_.servers[0]});
  upstream_->set_members(same[1], {{endpoint(2), {}}}, at(0));
  EXPECT_EQ(count(), 1u);
  EXPECT_THAT(ports(2), ElementsAre(2, 2));
}

}  // namespace
}  // namespace weir
