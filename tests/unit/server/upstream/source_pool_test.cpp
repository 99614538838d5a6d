#include "server/upstream/source_pool.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace weir {
namespace {

using ::testing::ElementsAre;

Endpoint target(const char* text) {
  return resolve(parse_address(text, AddressUse::target), AddressUse::target).front();
}

SourcePool pool_of(const std::vector<std::string>& addresses) {
  std::vector<Endpoint> endpoints;
  for (const std::string& address : addresses) endpoints.push_back(ip_endpoint(address));
  return SourcePool(endpoints);
}

const SourceTurns::Time kNow = io::Clock::now();

std::vector<std::string> turn(SourceTurns& turns, const Endpoint& target, SourceTurns::Time now = kNow) {
  std::vector<std::string> texts;
  for (const std::size_t address : turns.next(target, now))
    texts.push_back(turns.pool().addresses()[address].to_string());
  return texts;
}

TEST(SourceTurns, EachTurnBeginsAtTheNextAddress) {
  const SourcePool pool = pool_of({"127.0.0.2", "127.0.0.3", "127.0.0.4"});
  SourceTurns turns(pool, true);
  const Endpoint to = target("127.0.0.1:80");
  EXPECT_THAT(turn(turns, to), ElementsAre("127.0.0.2:0", "127.0.0.3:0", "127.0.0.4:0"));
  EXPECT_THAT(turn(turns, to), ElementsAre("127.0.0.3:0", "127.0.0.4:0", "127.0.0.2:0"));
  SourceTurns others(pool, true);
  EXPECT_EQ(turn(others, to).front(), "127.0.0.2:0") << "another backend has its own";
}

TEST(SourceTurns, OnlyAddressesOfTheTargetsFamilyHaveATurn) {
  if (!ipv6_available()) GTEST_SKIP() << "this machine has no IPv6";
  const SourcePool pool = pool_of({"127.0.0.2", "::1", "127.0.0.3"});
  SourceTurns turns(pool, true);
  EXPECT_THAT(turn(turns, target("[::1]:80")), ElementsAre("[::1]:0"));
  EXPECT_THAT(turn(turns, target("127.0.0.1:80")), ElementsAre("127.0.0.2:0", "127.0.0.3:0"));
  turn(turns, target("[::1]:80"));
  EXPECT_THAT(turn(turns, target("127.0.0.1:80")), ElementsAre("127.0.0.3:0", "127.0.0.2:0"));
}

TEST(SourceTurns, OneThatIsSpentRests) {
  const SourcePool pool = pool_of({"127.0.0.2", "127.0.0.3"});
  SourceTurns turns(pool, true);
  const Endpoint to = target("127.0.0.1:80");
  turns.rest(1, kNow);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(turn(turns, to), ElementsAre("127.0.0.2:0"));
  const auto over = kNow + std::chrono::milliseconds(100);
  EXPECT_THAT(turn(turns, to, over - std::chrono::nanoseconds(1)), ElementsAre("127.0.0.2:0"));
  EXPECT_EQ(turn(turns, to, over).size(), 2u);
}

TEST(SourceTurns, OneThatIsSpentTowardsOneEndpointOfSeveralIsTriedTowardsTheOthers) {
  const SourcePool pool = pool_of({"127.0.0.2"});
  SourceTurns turns(pool, false);
  turns.rest(0, kNow);
  EXPECT_THAT(turn(turns, target("127.0.0.1:80")), ElementsAre("127.0.0.2:0"));
}

TEST(SourceTurns, WhereAllRestThisMachineLacksAPort) {
  const SourcePool pool = pool_of({"127.0.0.2"});
  SourceTurns turns(pool, true);
  turns.rest(0, kNow);
  const int error = start_connect_from(turns, target("127.0.0.1:80"), kNow, [](int) { return 0; }).error;
  EXPECT_EQ(error, EADDRNOTAVAIL);
  EXPECT_TRUE(io::is_local_error(error));
}

TEST(SourcePool, ReachesWhatItHasAnAddressFor) {
  const SourcePool v4 = pool_of({"127.0.0.2"});
  EXPECT_TRUE(v4.reaches(target("127.0.0.1:80")));
  EXPECT_FALSE(v4.reaches(target("[::1]:80")));
  EXPECT_TRUE(v4.reaches(target("unix:/a")));
  EXPECT_FALSE(v4.binds(target("unix:/a")));
  const SourcePool none = pool_of({});
  EXPECT_TRUE(none.reaches(target("[::1]:80")));
  EXPECT_FALSE(none.binds(target("[::1]:80")));
}

TEST(SourcePool, PortsOfSourcesAreLeftToConnect) {
  const io::Descriptor socket = io::open_stream_socket(AF_INET);
  ASSERT_EQ(bind_source(socket.get(), ip_endpoint("127.0.0.2")), 0);
  EXPECT_EQ(local_endpoint(socket.get()).to_string(), "127.0.0.2:0") << "IP_BIND_ADDRESS_NO_PORT";
}

TEST(SourceTurns, SpentAddressGivesWayToTheNext) {
  const io::Descriptor listening = io::open_stream_socket(AF_INET);
  const Endpoint any = target("127.0.0.1:1");
  Endpoint bound = any;
  bound.set_port(0);
  ASSERT_EQ(::bind(listening.get(), bound.data(), bound.size()), 0);
  ASSERT_EQ(::listen(listening.get(), 8), 0);
  const SourcePool pool = pool_of({"127.0.0.2", "127.0.0.3"});
  SourceTurns turns(pool, true);
  int attempts = 0;
  const io::ConnectStart start = start_connect_from(turns, local_endpoint(listening.get()), kNow,
                                                    [&](int) { return ++attempts == 1 ? EADDRNOTAVAIL : 0; });
  EXPECT_TRUE(start.error == 0 || start.error == EINPROGRESS) << start.error;
  EXPECT_EQ(attempts, 2);
  Endpoint from = local_endpoint(start.socket.get());
  from.set_port(0);
  EXPECT_EQ(from.to_string(), "127.0.0.3:0");
  EXPECT_THAT(turn(turns, local_endpoint(listening.get())), ElementsAre("127.0.0.3:0")) << "the other one rests";
}

TEST(SourceTurns, AnAddressInUseIsSpentToo) {
  const SourcePool pool = pool_of({"127.0.0.2", "127.0.0.3"});
  SourceTurns turns(pool, true);
  int attempts = 0;
  const auto prepare = [&](int) {
    ++attempts;
    return EADDRINUSE;
  };
  EXPECT_EQ(start_connect_from(turns, target("127.0.0.1:1"), kNow, prepare).error, EADDRINUSE);
  EXPECT_EQ(attempts, 2);
}

TEST(SourceTurns, OtherErrorsEndTheTurn) {
  const SourcePool pool = pool_of({"127.0.0.2", "127.0.0.3"});
  SourceTurns turns(pool, true);
  int attempts = 0;
  const io::ConnectStart start = start_connect_from(turns, target("127.0.0.1:1"), kNow, [&](int) {
    ++attempts;
    return EPERM;
  });
  EXPECT_EQ(start.error, EPERM);
  EXPECT_EQ(attempts, 1);
}

}  // namespace
}  // namespace weir
