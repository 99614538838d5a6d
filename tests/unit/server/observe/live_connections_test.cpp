#include "server/observe/live_connections.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <stdexcept>

#include "common/endpoint.hpp"

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Sort = ConnectionQuery::Sort;
using testing::ElementsAre;

const std::chrono::steady_clock::time_point kThen{std::chrono::hours(1)};

Endpoint endpoint(const std::string& text) {
  return resolve(parse_address(text, AddressUse::target), AddressUse::target).front();
}

LiveConnection connection(std::uint64_t id, const std::string& client = "192.0.2.1:4711") {
  LiveConnection one;
  one.id = id;
  one.listener = "db";
  one.client = ClientAddress(endpoint(client));
  one.age = seconds(60);
  return one;
}

std::vector<std::uint64_t> ids(const ConnectionPage& page) {
  std::vector<std::uint64_t> ids;
  for (const LiveConnection& one : page.connections) ids.push_back(one.id);
  return ids;
}

TEST(CarriedThen, RatesAreWhatMovedSinceThen) {
  LiveConnections now{kThen, {connection(1)}};
  now.all[0].bytes_in = 100;
  now.all[0].bytes_out = 1000;
  const CarriedThen then(now);
  now.when += seconds(2);
  now.all[0].bytes_in = 300;
  now.all[0].bytes_out = 1000;
  then.set_rates(now);
  EXPECT_DOUBLE_EQ(*now.all[0].rate_in, 100);
  EXPECT_DOUBLE_EQ(*now.all[0].rate_out, 0);
}

TEST(CarriedThen, AConnectionThatBeganLaterHasItsRatesSinceItsBegin) {
  const CarriedThen then(LiveConnections{kThen, {}});
  LiveConnections now{kThen + seconds(10), {connection(1)}};
  now.all[0].age = seconds(1);
  now.all[0].bytes_in = 500;
  then.set_rates(now);
  EXPECT_DOUBLE_EQ(*now.all[0].rate_in, 500);
}

TEST(CarriedThen, AConnectionThatTheEarlierLookMissedHasNoRate) {
  const CarriedThen then(LiveConnections{kThen, {}});
  LiveConnections now{kThen + seconds(1), {connection(1)}};
  now.all[0].age = seconds(3600);
  now.all[0].bytes_in = 1'000'000'000;
  then.set_rates(now);
  EXPECT_FALSE(now.all[0].rate_in);
}

TEST(CarriedThen, AConnectionThatHasJustBegunHasNoRate) {
  const CarriedThen then(LiveConnections{kThen, {}});
  LiveConnections now{kThen + seconds(10), {connection(1)}};
  now.all[0].age = milliseconds(0);
  then.set_rates(now);
  EXPECT_FALSE(now.all[0].rate_in);
}

TEST(SelectConnections, TheGreatestComeFirstAndEqualOnesByTheirIds) {
  LiveConnections all{kThen, {connection(3), connection(1), connection(2), connection(4)}};
  all.all[0].kept_for_client = 10;
  all.all[1].kept_for_backend = 20;
  EXPECT_THAT(ids(select_connections(all, {.sort = Sort::kept})), ElementsAre(1, 3, 2, 4));
  EXPECT_THAT(ids(select_connections(all, {.sort = Sort::kept, .ascending = true})), ElementsAre(2, 4, 3, 1));
}

TEST(SelectConnections, EverySortHasItsKey) {
  LiveConnections all{kThen, {connection(1), connection(2)}};
  LiveConnection& greater = all.all[1];
  greater.age = seconds(61);
  greater.idle = milliseconds(1);
  greater.rate_out = 1;
  greater.bytes_in = 1;
  greater.kept_for_client = 1;
  greater.rtt_us = 0;
  greater.retransmits = 0;
  for (const Sort sort :
       {Sort::id, Sort::age, Sort::idle, Sort::rate, Sort::bytes, Sort::kept, Sort::rtt, Sort::retransmits}) {
    EXPECT_THAT(ids(select_connections(all, {.sort = sort})), ElementsAre(2, 1)) << static_cast<int>(sort);
  }
}

TEST(SelectConnections, EachFilterLeavesThoseThatItNames) {
  LiveConnections all{kThen, {connection(1), connection(2, "198.51.100.7:1")}};
  LiveConnection& wanted = all.all[1];
  wanted.listener = "web";
  wanted.upstream = "pool";
  wanted.backend = std::make_shared<const std::string>("10.0.0.1:80");
  wanted.age = seconds(100);
  wanted.idle = seconds(5);
  wanted.rate_in = 10;
  wanted.slow_side = "client";
  for (const ConnectionQuery& query : {
           ConnectionQuery{.listener = "web"},
           ConnectionQuery{.upstream = "pool"},
           ConnectionQuery{.backend = "10.0.0.1:80"},
           ConnectionQuery{.source = "198.51.100.0/24"},
           ConnectionQuery{.source = "198.51.100.7"},
           ConnectionQuery{.min_age = seconds(100)},
           ConnectionQuery{.min_idle = seconds(5)},
           ConnectionQuery{.min_rate = 10},
           ConnectionQuery{.slow = true},
       }) {
    const ConnectionPage page = select_connections(all, query);
    EXPECT_THAT(ids(page), ElementsAre(2));
    EXPECT_EQ(page.matched, 1U);
    EXPECT_EQ(page.total, 2U);
  }
}

TEST(SelectConnections, ASourceIsThePeerOrTheClientOfItsProxyHeader) {
  LiveConnections all{kThen, {connection(1), connection(2)}};
  all.all[1].proxied_client = ClientAddress(endpoint("203.0.113.9:1"));
  EXPECT_THAT(ids(select_connections(all, {.source = "203.0.113.9"})), ElementsAre(2));
  EXPECT_THAT(ids(select_connections(all, {.source = "192.0.2.1"})), ElementsAre(2, 1));
  EXPECT_THROW(select_connections(all, {.source = "somewhere"}), std::invalid_argument);
}

TEST(SelectConnections, PagesFollowEachOtherWithoutGapOrOverlap) {
  LiveConnections all{kThen, {}};
  for (std::uint64_t id = 1; id <= 7; ++id) all.all.push_back(connection(id));
  std::vector<std::uint64_t> seen;
  for (std::size_t offset = 0; offset < 9; offset += 3) {
    const ConnectionPage page = select_connections(all, {.ascending = true, .limit = 3, .offset = offset});
    EXPECT_EQ(page.matched, 7U);
    for (const std::uint64_t id : ids(page)) seen.push_back(id);
  }
  EXPECT_THAT(seen, ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(ids(select_connections(all, {.offset = 100})), ElementsAre());
}

TEST(SummarizeSources, CountsAConnectionForItsClientAndIpv6ByItsNetwork) {
  LiveConnections all{kThen,
                      {connection(1), connection(2), connection(3, "[2001:db8::1]:1"), connection(4, "[2001:db8::2]:1"),
                       connection(5, "[2001:db8::3]:1"), connection(6)}};
  all.all[5].proxied_client = ClientAddress(endpoint("203.0.113.9:1"));
  all.all[0].bytes_in = 5;
  all.all[1].bytes_out = 7;
  const std::vector<SourceSummary> sources = summarize_sources(all, 2);
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_EQ(sources[0].source, "2001:db8::/64");
  EXPECT_EQ(sources[0].connections, 3U);
  EXPECT_EQ(sources[1].source, "192.0.2.1");
  EXPECT_EQ(sources[1].connections, 2U);
  EXPECT_EQ(sources[1].bytes_in, 5U);
  EXPECT_EQ(sources[1].bytes_out, 7U);
  EXPECT_EQ(summarize_sources(all, 10).size(), 3U);
}

TEST(SummarizeSources, UnixClientsAreOneSource) {
  LiveConnections all{kThen, {LiveConnection{}, LiveConnection{}}};
  all.all[0].client = all.all[1].client = ClientAddress(Endpoint::unix_path("/run/x"));
  EXPECT_EQ(summarize_sources(all, 10).at(0).source, "unix");
}

}  // namespace
}  // namespace weir
