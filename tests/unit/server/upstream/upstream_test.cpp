#include "server/upstream/upstream.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <initializer_list>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "server/upstream/waiter.hpp"

namespace weir {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::UnorderedElementsAre;
using Blocked = Upstream::Blocked;
using Balance = UpstreamConfig::Balance;

/// An upstream of so many servers, none of which is ever connected to.
class UpstreamTest : public testing::Test {
 protected:
  Upstream& make(std::size_t servers, Balance balance = Balance::round_robin) {
    config_.name = "back";
    config_.balance = balance;
    config_.servers.resize(servers, config_.servers.empty() ? BackendConfig{} : config_.servers.front());
    for (std::size_t i = 0; i < servers; ++i) {
      config_.servers[i].address = parse_address("127.0.0.1:" + std::to_string(1000 + i), AddressUse::target);
    }
    upstream_ = std::make_unique<Upstream>(std::make_shared<const UpstreamConfig>(config_));
    return *upstream_;
  }

  void make_with_backup(std::size_t servers, std::size_t backup) {
    make(servers);
    config_.servers[backup].backup = true;
    make(servers);
  }

  Upstream::Time at(int second) const { return start_ + seconds(second); }
  using TriedServers = std::vector<std::shared_ptr<Backend>>;
  Upstream::Pick take(int second = 0, const TriedServers& tried = {}) { return upstream_->take(0, tried, at(second)); }
  Backend& server(std::size_t index) { return *upstream_->servers()[index]; }
  /// As what a connection has tried.
  TriedServers tried(std::initializer_list<std::size_t> indexes) {
    TriedServers list;
    for (const std::size_t index : indexes) list.push_back(upstream_->servers()[index]);
    return list;
  }
  void down(std::size_t index) { upstream_->set_up(server(index), false, "the test says so", at(0)); }
  void fail(std::size_t index, int times, int second = 0) {
    for (int i = 0; i < times; ++i) upstream_->failed(server(index), ECONNREFUSED, at(second));
  }

  std::vector<Lease> take_all() {
    std::vector<Lease> leases;
    while (Lease lease = take().lease) leases.push_back(std::move(lease));
    return leases;
  }

  std::unique_ptr<Waiter> wait() {
    WaitQueue::Ticket ticket = 0;
    return wait_with(ticket);
  }
  std::unique_ptr<Waiter> wait_with(WaitQueue::Ticket& ticket) {
    slots_.push_back(loop_.acquire(1));
    return std::make_unique<Waiter>(*upstream_, *slots_.back(), 0, tried_, ticket, at(0));
  }
  /// The place that it has got; nothing where it still waits.
  static Lease taken(Waiter& waiter) {
    std::optional<Upstream::Pick> pick = waiter.take();
    return pick ? std::move(pick->lease) : nullptr;
  }
  /// The slots that are woken when the loop comes round: those of waiters that should look again.
  std::size_t woken() {
    std::size_t count = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      loop_.spawn(count_wake(*slots_[i], count), [](std::exception_ptr) {});
    }
    loop_.post([this] { loop_.post([this] { loop_.stop(); }); });
    loop_.run();
    return count;
  }
  static net::awaitable<void> count_wake(io::Slot& slot, std::size_t& count) {
    co_await slot.wait();
    ++count;
  }

  UpstreamConfig config_;
  std::unique_ptr<Upstream> upstream_;
  io::EventLoop loop_;
  std::deque<io::SlotPtr> slots_;
  TriedServers tried_;  ///< of those who wait from now on
  const Upstream::Time start_ = io::Clock::now();
};

TEST_F(UpstreamTest, ALeaseCountsUntilItIsGivenBack) {
  make(1);
  Lease first = take().lease;
  ASSERT_TRUE(first);
  EXPECT_EQ(first.get(), &server(0));
  {
    const Lease second = take().lease;
    EXPECT_EQ(upstream_->active(server(0)), 2u);
  }
  EXPECT_EQ(upstream_->active(server(0)), 1u);
  first.reset();
  EXPECT_EQ(upstream_->active(server(0)), 0u);
}

TEST_F(UpstreamTest, TriesDistinctServersAndSaysWhenAllWereTried) {
  make(3);
  TriedServers done;
  for (int i = 0; i < 3; ++i) {
    const Upstream::Pick pick = take(0, done);
    ASSERT_TRUE(pick.lease);
    EXPECT_EQ(std::count(done.begin(), done.end(), pick.lease->shared_from_this()), 0);
    done.push_back(pick.lease->shared_from_this());
  }
  EXPECT_EQ(take(0, done).blocked, Blocked::all_tried);
}

TEST_F(UpstreamTest, AFullServerIsPassedOverAndAllFullIsSaid) {
  config_.servers = {{.max_connections = 2}};
  make(2);
  std::vector<Lease> leases;
  for (int i = 0; i < 4; ++i) leases.push_back(take().lease);
  EXPECT_EQ(upstream_->active(server(0)), 2u);
  EXPECT_EQ(upstream_->active(server(1)), 2u);
  EXPECT_EQ(take().blocked, Blocked::all_full);
  leases.pop_back();
  EXPECT_TRUE(take().lease);
}

TEST_F(UpstreamTest, WaitersAreServedInTheOrderInWhichTheyCame) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  Lease one = take().lease;
  Lease two = take().lease;
  const auto first = wait();
  const auto second = wait();
  const auto third = wait();
  EXPECT_EQ(upstream_->waiting(), 3u);
  two.reset();
  const Lease place = taken(*first);
  EXPECT_EQ(place.get(), &server(1));
  EXPECT_FALSE(second->take());
  EXPECT_EQ(upstream_->waiting(), 2u);
  one.reset();
  EXPECT_EQ(taken(*second).get(), &server(0));
  EXPECT_TRUE(taken(*third)) << "the second gave its place back at once";
}

TEST_F(UpstreamTest, NobodyOvertakesThoseWhoWait) {
  config_.servers = {{.max_connections = 1}};
  make(1);
  Lease only = take().lease;
  const auto waiter = wait();
  only.reset();
  EXPECT_EQ(take().blocked, Blocked::all_full) << "the place is the waiter's, though it has not taken it yet";
  EXPECT_TRUE(taken(*waiter));
}

TEST_F(UpstreamTest, AWaiterThatGoesPassesItsPlaceOn) {
  config_.servers = {{.max_connections = 1}};
  make(1);
  Lease only = take().lease;
  auto first = wait();
  auto second = wait();
  auto third = wait();
  second.reset();
  EXPECT_EQ(upstream_->waiting(), 2u);
  only.reset();
  first.reset();  // it had been granted the place
  EXPECT_TRUE(taken(*third));
  EXPECT_EQ(upstream_->active(server(0)), 0u);
}

TEST_F(UpstreamTest, APlaceThatBecameFreeBeforeTheWaiterQueuedIsNotMissed) {
  config_.servers = {{.max_connections = 1}};
  make(1);
  Lease only = take().lease;
  EXPECT_EQ(take().blocked, Blocked::all_full);
  only.reset();
  EXPECT_TRUE(taken(*wait()));
}

TEST_F(UpstreamTest, TheQueueIsBounded) {
  config_.servers = {{.max_connections = 1}};
  config_.queue.size = 2;
  make(1);
  const Lease only = take().lease;
  const auto first = wait();
  const auto second = wait();
  EXPECT_TRUE(second->queued());
  EXPECT_FALSE(wait()->queued());
  EXPECT_EQ(upstream_->waiting(), 2u);
}

TEST_F(UpstreamTest, ServersThatAreDownAreNotPickedAndOneThatComesUpServesThoseWhoWait) {
  make(2);
  down(0);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(take().lease.get(), &server(1));
  EXPECT_TRUE(upstream_->any_up());
  down(1);
  EXPECT_EQ(take().blocked, Blocked::none_up);
  EXPECT_FALSE(upstream_->any_up());
  const auto waiter = wait();
  EXPECT_FALSE(taken(*waiter));
  upstream_->set_up(server(0), true, "the test says so", at(1));
  EXPECT_EQ(taken(*waiter).get(), &server(0));
}

TEST_F(UpstreamTest, BackupsServeOnlyWhenNoOtherIsUp) {
  make_with_backup(3, 2);
  for (int i = 0; i < 10; ++i) EXPECT_NE(take().lease.get(), &server(2));
  down(0);
  EXPECT_EQ(take().lease.get(), &server(1));
  down(1);
  EXPECT_EQ(take().lease.get(), &server(2));
  upstream_->set_up(server(1), true, "the test says so", at(0));
  EXPECT_EQ(take().lease.get(), &server(1));
}

TEST_F(UpstreamTest, AConnectionThatHasTriedAllOthersGetsABackup) {
  make_with_backup(2, 1);
  EXPECT_EQ(take(0, tried({0})).lease.get(), &server(1));
}

TEST_F(UpstreamTest, FullServersDoNotBringTheBackupsIn) {
  config_.servers = {{.max_connections = 1}};
  make_with_backup(2, 1);
  const Lease only = take().lease;
  EXPECT_EQ(take().blocked, Blocked::all_full);
}

TEST_F(UpstreamTest, AServerThatFailsIsLeftOutForAWhile) {
  make(2);
  fail(0, 5);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(take(9).lease.get(), &server(1));
  EXPECT_EQ(upstream_->next_return(at(9)), at(10));
  std::vector<const Backend*> picked;
  for (int i = 0; i < 2; ++i) picked.push_back(take(10).lease.get());
  EXPECT_NE(picked[0], picked[1]);
  EXPECT_EQ(upstream_->next_return(at(10)), Upstream::Time::max());
}

TEST_F(UpstreamTest, ASuccessMakesAServerAsGoodAsNew) {
  make(2);
  for (int i = 0; i < 10; ++i) {
    fail(0, 4);
    upstream_->connected(server(0), at(0));
  }
  EXPECT_EQ(upstream_->next_return(at(0)), Upstream::Time::max());
}

TEST_F(UpstreamTest, TheLastUsableServerIsNeverLeftOut) {
  make(2);
  fail(0, 5);
  fail(1, 50);
  EXPECT_EQ(take(1).lease.get(), &server(1));
  down(1);
  EXPECT_EQ(take(1).lease.get(), &server(0)) << "an ejected server is better than none";
}

TEST_F(UpstreamTest, ASuccessEndsAnEjectionAndServesThoseWhoWait) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  const Lease on_second = take(0, tried({0})).lease;
  fail(0, 5);
  const auto waiter = wait();
  EXPECT_FALSE(taken(*waiter));
  upstream_->connected(server(0), at(1));
  EXPECT_EQ(taken(*waiter).get(), &server(0));
}

TEST_F(UpstreamTest, OneThatComesBackWithoutSlowStartHasItsWholeShareAtOnce) {
  make(2);
  fail(0, 5);
  upstream_->connected(server(0), at(0));
  int first = 0;
  for (int i = 0; i < 100; ++i) first += take(0).lease.get() == &server(0) ? 1 : 0;
  EXPECT_EQ(first, 50);
}

TEST_F(UpstreamTest, NobodyWaitsForAFullServerBesideOneWithRoom) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  Lease on_first = take(0, tried({1})).lease;
  const Lease on_second = take(0, tried({0})).lease;
  tried_ = tried({0});
  EXPECT_EQ(take(0, tried_).blocked, Blocked::all_full);
  const auto waiter = wait();
  EXPECT_FALSE(waiter->take());
  on_first.reset();
  const std::optional<Upstream::Pick> outcome = waiter->take();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->blocked, Blocked::all_tried) << "it failed there before, and tries again after its pause";
  EXPECT_EQ(take(0, tried_).blocked, Blocked::all_tried);
  EXPECT_EQ(take().lease.get(), &server(0)) << "it holds nobody up";
}

TEST_F(UpstreamTest, AnEjectionWakesNobodyAndItsEndIsToldToWhoWatchesTheTime) {
  config_.servers = {{.max_connections = 1}};
  make(3);
  std::vector<Upstream::Time> told;
  upstream_->on_return([&told](Upstream::Time when) { told.push_back(when); });
  const std::vector<Lease> all = take_all();
  fail(0, 5);
  EXPECT_THAT(told, testing::IsEmpty()) << "nobody waits";
  const auto first = wait();
  const auto second = wait();
  EXPECT_THAT(told, ElementsAre(at(10)));
  fail(1, 5, 1);
  EXPECT_THAT(told, ElementsAre(at(10))) << "the first comes back before";
  EXPECT_EQ(woken(), 0u);
  upstream_->serve_waiting(at(10));
  EXPECT_THAT(told, ElementsAre(at(10), at(11)));
}

TEST_F(UpstreamTest, WhoWaitsIsServedWhenAnEjectionIsOver) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  const Lease on_second = take(0, tried({0})).lease;
  fail(0, 5);
  const auto waiter = wait();
  upstream_->serve_waiting(at(9));
  EXPECT_FALSE(waiter->take());
  upstream_->serve_waiting(at(10));
  EXPECT_EQ(taken(*waiter).get(), &server(0));
}

TEST_F(UpstreamTest, WhoHasTriedThePrimaryWaitsForNoFullBackupBesideIt) {
  config_.servers = {{}, {.max_connections = 1, .backup = true}};
  make(2);
  const Lease on_backup = take(0, tried({0})).lease;
  ASSERT_EQ(on_backup.get(), &server(1));
  EXPECT_EQ(take(0, tried({0})).blocked, Blocked::all_tried) << "it begins anew, for the primary has room";
}

TEST_F(UpstreamTest, WhoWaitsForABackupHoldsUpNobodyWhoCanUseThePrimary) {
  config_.servers = {{.max_connections = 1}, {.max_connections = 1, .backup = true}};
  make(2);
  Lease on_primary = take().lease;
  const Lease on_backup = take(0, tried({0})).lease;
  tried_ = tried({0});
  const auto retry = wait();
  tried_.clear();
  EXPECT_FALSE(retry->take());
  on_primary.reset();
  EXPECT_EQ(retry->take()->blocked, Blocked::all_tried);
  EXPECT_EQ(take().lease.get(), &server(0));
}

TEST_F(UpstreamTest, ARetryThatWaitsForABackupIsServedByIt) {
  config_.servers = {{.max_connections = 1}, {.max_connections = 1, .backup = true}};
  make(2);
  const Lease on_primary = take().lease;
  Lease on_backup = take(0, tried({0})).lease;
  const auto newcomer = wait();
  const TriedServers primary = tried({0});
  tried_ = primary;
  const auto retry = wait();
  on_backup.reset();
  EXPECT_EQ(taken(*retry).get(), &server(1)) << "the newcomer before it waits for the primary";
  EXPECT_FALSE(newcomer->take());
}

TEST_F(UpstreamTest, ARetryMovesOnWhenTheServerThatItWaitsForGoesDown) {
  config_.servers = {{.max_connections = 1}, {.max_connections = 1}, {.max_connections = 1, .backup = true}};
  make(3);
  std::vector<Lease> primaries;
  primaries.push_back(take().lease);
  primaries.push_back(take().lease);
  tried_ = tried({0});
  const auto retry = wait();
  EXPECT_FALSE(retry->take());
  down(1);
  EXPECT_EQ(taken(*retry).get(), &server(2));
}

TEST_F(UpstreamTest, ARetryThatHasNobodyLeftToTryLeavesTheQueue) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  const std::vector<Lease> all = take_all();
  tried_ = tried({0});
  const auto retry = wait();
  EXPECT_FALSE(retry->take());
  down(1);
  EXPECT_EQ(retry->take()->blocked, Blocked::all_tried);
  EXPECT_EQ(upstream_->waiting(), 0u);
}

TEST_F(UpstreamTest, ARetryWaitsForAnEarlierServerThatComesUpFull) {
  config_.servers = {{.max_connections = 1}, {.max_connections = 1}, {.max_connections = 1, .backup = true}};
  make(3);
  const Lease on_first = take(0, tried({1})).lease;
  Lease on_second = take(0, tried({0})).lease;
  Lease on_backup = take(0, tried({0, 1})).lease;
  ASSERT_EQ(on_backup.get(), &server(2));
  down(1);
  tried_ = tried({0});
  const auto retry = wait();
  upstream_->set_up(server(1), true, "the test says so", at(0));
  on_backup.reset();
  EXPECT_FALSE(retry->take()) << "there is a server before the backup that it has not tried";
  on_second.reset();
  EXPECT_EQ(taken(*retry).get(), &server(1));
}

TEST_F(UpstreamTest, ARetryThatCameBeforeANewcomerIsServedBeforeIt) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  const Lease on_first = take(0, tried({1})).lease;
  Lease on_second = take(0, tried({0})).lease;
  const TriedServers first = tried({0});
  tried_ = first;
  const auto retry = wait();
  tried_.clear();
  const auto newcomer = wait();
  on_second.reset();
  EXPECT_FALSE(newcomer->take());
  EXPECT_EQ(taken(*retry).get(), &server(1));
}

TEST_F(UpstreamTest, WhoMustWaitAgainIsNotRefusedForThoseWhoCameMeanwhile) {
  config_.servers = {{.max_connections = 1}};
  config_.queue.size = 1;
  make(1);
  Lease only = take().lease;
  WaitQueue::Ticket ticket = 0;
  auto first = wait_with(ticket);
  only.reset();
  only = taken(*first);
  const auto second = wait();
  ASSERT_TRUE(second->queued());
  first = wait_with(ticket);
  EXPECT_TRUE(first->queued());
  EXPECT_FALSE(wait()->queued());
}

TEST_F(UpstreamTest, WhoMustWaitAgainKeepsItsPlace) {
  config_.servers = {{.max_connections = 1}};
  make(1);
  Lease only = take().lease;
  WaitQueue::Ticket ticket = 0;
  auto first = wait_with(ticket);
  const auto second = wait();
  only.reset();
  Lease got = taken(*first);
  ASSERT_TRUE(got);
  first = wait_with(ticket);
  got.reset();
  EXPECT_TRUE(taken(*first)) << "it comes before the one that came later";
  EXPECT_TRUE(taken(*second));
}

TEST_F(UpstreamTest, AWaiterThatGoesWakesNobodyForNothing) {
  config_.servers = {{.max_connections = 1}, {.max_connections = 1, .backup = true}};
  make(2);
  const Lease on_primary = take().lease;
  const Lease on_backup = take(0, tried({0})).lease;
  tried_ = tried({0});
  auto head = wait();
  tried_.clear();
  const auto newcomer = wait();
  head.reset();
  EXPECT_EQ(upstream_->waiting(), 1u);
  EXPECT_FALSE(newcomer->take());
}

TEST_F(UpstreamTest, OneThatGoesDownLetsTheBackupsServeThoseWhoWait) {
  config_.servers = {{.max_connections = 1}};
  make_with_backup(2, 1);
  const Lease only = take().lease;
  const auto waiter = wait();
  EXPECT_FALSE(taken(*waiter));
  down(0);
  EXPECT_EQ(taken(*waiter).get(), &server(1));
}

TEST_F(UpstreamTest, AServerThatComesBackGetsItsShareLittleByLittle) {
  config_.slow_start = seconds(100);
  make(2);
  down(0);
  upstream_->set_up(server(0), true, "the test says so", at(0));
  const auto share = [&](int second) {
    int first = 0;
    for (int i = 0; i < 1000; ++i) first += take(second).lease.get() == &server(0) ? 1 : 0;
    return first;
  };
  EXPECT_NEAR(share(0), 10, 5);
  EXPECT_NEAR(share(50), 333, 10);
  EXPECT_NEAR(share(100), 500, 2);
}

/// Whatever happens to the servers and to those who wait: between two calls nobody waits who could be served.
TEST_F(UpstreamTest, NobodyWaitsWhoCouldBeServedWhateverHappens) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::minstd_rand lots(seed);
    const auto roll = [&lots](std::uint32_t sides) { return static_cast<std::uint32_t>(lots() % sides); };
    config_ = {};
    config_.balance = static_cast<Balance>(seed % 4);
    config_.slow_start = seconds(seed % 3);
    config_.eject.failures = 2;
    config_.connect.attempts = 6;
    const std::size_t count = 1 + roll(5);
    for (std::size_t i = 0; i < count; ++i) {
      config_.servers.push_back({.max_connections = roll(3), .backup = roll(2) == 0});
    }
    make(count);
    std::vector<Lease> leases;
    struct Waiting {
      TriedServers tried;
      std::unique_ptr<Waiter> waiter;
    };
    std::list<Waiting> waiting;
    Upstream::Time now = start_;
    for (int step = 0; step < 300; ++step) {
      if (roll(3) == 0) {
        now += std::chrono::milliseconds(roll(3000));
        upstream_->serve_waiting(now);  // as whoever watches the ends of ejections would
      }
      Backend& any = server(roll(static_cast<std::uint32_t>(count)));
      switch (roll(8)) {
        case 0:
          upstream_->set_up(any, roll(2) == 0, "the test says so", now);
          break;
        case 1:
          upstream_->failed(any, ECONNREFUSED, now);
          break;
        case 2:
          upstream_->connected(any, now);
          break;
        case 3:
          if (!leases.empty()) leases.erase(leases.begin() + roll(static_cast<std::uint32_t>(leases.size())));
          break;
        case 4:
          if (!waiting.empty())
            waiting.erase(std::next(waiting.begin(), roll(static_cast<std::uint32_t>(waiting.size()))));
          break;
        default: {
          TriedServers done;
          for (std::size_t i = 0; i < count; ++i) {
            if (roll(3) == 0) done.push_back(upstream_->servers()[i]);
          }
          Upstream::Pick pick = upstream_->take(0, done, now);
          if (pick.lease) {
            leases.push_back(std::move(pick.lease));
          } else if (pick.blocked != Blocked::all_tried) {
            Waiting& last = waiting.emplace_back(Waiting{std::move(done), nullptr});
            slots_.push_back(loop_.acquire(1));
            WaitQueue::Ticket ticket = 0;
            last.waiter = std::make_unique<Waiter>(*upstream_, *slots_.back(), 0, last.tried, ticket, now);
          }
        }
      }
      for (auto at = waiting.begin(); at != waiting.end();) {
        std::optional<Upstream::Pick> pick = at->waiter->take();
        if (pick && pick->lease) leases.push_back(std::move(pick->lease));
        at = pick ? waiting.erase(at) : std::next(at);
      }
      ASSERT_EQ(upstream_->waiting(), waiting.size());
      for (const Waiting& one : waiting) {
        const Upstream::Pick pick = upstream_->take(0, one.tried, now);
        ASSERT_TRUE(pick.blocked == Blocked::all_full || pick.blocked == Blocked::none_up) << "step " << step;
      }
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t most = config_.servers[i].max_connections;
        ASSERT_TRUE(most == 0 || upstream_->active(server(i)) <= most);
      }
    }
    waiting.clear();
    leases.clear();
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(upstream_->active(server(i)), 0u);
    woken();
    slots_.clear();
  }
}

TEST_F(UpstreamTest, LeastConnectionsIsExactOverThreads) {
  make(7, Balance::least_connections);
  constexpr int kThreads = 4;
  constexpr int kEach = 2500;
  std::vector<std::vector<Lease>> leases(kThreads);
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      ++ready;
      while (ready < kThreads) std::this_thread::yield();
      for (int i = 0; i < kEach; ++i) leases[t].push_back(upstream_->take(0, {}, start_).lease);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::uint32_t> active;
  for (const auto& backend : upstream_->servers()) active.push_back(upstream_->active(*backend));
  EXPECT_LE(*std::max_element(active.begin(), active.end()) - *std::min_element(active.begin(), active.end()), 1u);
}

TEST_F(UpstreamTest, LimitsHoldAndNobodyIsForgottenOverThreads) {
  config_.servers = {{.max_connections = 3}};
  config_.queue.size = 100;
  make(2);
  constexpr int kThreads = 4;
  std::atomic<int> over{0};
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      io::EventLoop loop;
      const io::SlotPtr slot = loop.acquire(1);
      std::vector<Lease> held;
      for (int i = 0; i < 2000; ++i) {
        Upstream::Pick pick = upstream_->take(0, {}, start_);
        if (!pick.lease) {
          held.clear();
          WaitQueue::Ticket ticket = 0;
          Waiter waiter(*upstream_, *slot, 0, {}, ticket, start_);
          while (!(pick.lease = taken(waiter))) std::this_thread::yield();
        }
        if (upstream_->active(*pick.lease) > 3) ++over;
        held.push_back(std::move(pick.lease));
        if (held.size() > 2) held.erase(held.begin());
        ++served;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(over, 0);
  EXPECT_EQ(served, kThreads * 2000);
  for (const auto& backend : upstream_->servers()) EXPECT_EQ(upstream_->active(*backend), 0u);
}

/// An upstream whose servers are what names stand for.
class UpstreamMembersTest : public UpstreamTest {
 protected:
  Upstream& make_named(std::size_t names, Balance balance = Balance::round_robin, std::uint32_t most = 0) {
    config_.name = "back";
    config_.balance = balance;
    for (std::size_t i = 0; i < names; ++i) {
      config_.servers.push_back(
          {.dns = DnsName{DnsName::Record::a, "name" + std::to_string(i) + ".test", 1}, .max_connections = most});
    }
    upstream_ = std::make_unique<Upstream>(std::make_shared<const UpstreamConfig>(config_));
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
  std::size_t servers() const { return upstream_->servers().size(); }
};

TEST_F(UpstreamMembersTest, BeforeANameIsKnownNoServerIsUp) {
  make_named(1);
  EXPECT_EQ(take().blocked, Blocked::none_up);
  const auto waiter = wait();
  set({1, 2});
  EXPECT_TRUE(taken(*waiter)) << "who waited is served";
  EXPECT_THAT(ports(4), UnorderedElementsAre(1, 1, 2, 2));
}

TEST_F(UpstreamMembersTest, OneThatLeftGetsNoConnectionAndLivesAsLongAsItHasAny) {
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

TEST_F(UpstreamMembersTest, OneThatComesBackWithConnectionsIsTheSameServer) {
  make_named(1, Balance::round_robin, 1);
  set({1});
  Lease only = take().lease;
  set({2});
  set({1, 2});
  EXPECT_EQ(servers(), 2u);
  EXPECT_FALSE(only->has_left());
  const Lease second = take().lease;
  EXPECT_EQ(second->endpoints().front().port(), 2) << "the first is full still";
  EXPECT_EQ(take().blocked, Blocked::all_full);
  const auto waiter = wait();
  only.reset();
  EXPECT_EQ(taken(*waiter)->endpoints().front().port(), 1);
}

TEST_F(UpstreamMembersTest, AnAnswerThatChangesNothingDisturbsNoTurn) {
  make_named(1);
  set({1, 2, 3});
  const std::vector<int> first = ports(1);
  set({1, 2, 3});
  const std::vector<int> rest = ports(2);
  EXPECT_NE(first[0], rest[0]);
  EXPECT_NE(first[0], rest[1]);
  EXPECT_NE(rest[0], rest[1]);
}

TEST_F(UpstreamMembersTest, NamesDoNotTouchEachOthersServers) {
  make_named(2);
  set({1}, 0);
  set({1, 2}, 1);
  EXPECT_EQ(servers(), 3u) << "an address of two names is two servers";
  set({}, 0);
  EXPECT_THAT(ports(2), UnorderedElementsAre(1, 2));
}

TEST_F(UpstreamMembersTest, AHigherRankServesWhenNoLowerOneIsUpOrUntried) {
  make_named(1);
  upstream_->set_members(upstream_->entries()[0],
                         {{endpoint(1), {100, 0}}, {endpoint(2), {100, 1}}, {endpoint(3), {100, 2}}}, at(0));
  EXPECT_THAT(ports(2), ElementsAre(1, 1));
  EXPECT_EQ(take(0, tried({0})).lease.get(), &server(1));
  down(0);
  EXPECT_THAT(ports(2), ElementsAre(2, 2));
  fail(1, 5);
  EXPECT_THAT(ports(1), ElementsAre(3)) << "an ejected one comes after every other";
  down(2);
  EXPECT_THAT(ports(1), ElementsAre(2)) << "it is better than none";
}

TEST_F(UpstreamMembersTest, WeightsFollowTheName) {
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

TEST_F(UpstreamMembersTest, WhoLeavesGoesOutOfTheWayOfThoseWhoWait) {
  make_named(1, Balance::round_robin, 1);
  set({1});
  const Lease only = take().lease;
  const auto waiter = wait();
  set({2});
  EXPECT_EQ(taken(*waiter)->endpoints().front().port(), 2);
}

TEST_F(UpstreamMembersTest, WhereServersAreCheckedANewOneServesOnceItsFirstCheckHasPassed) {
  config_.health.emplace();
  make_named(1);
  set({1, 2});
  EXPECT_EQ(take().blocked, Blocked::none_up);
  EXPECT_TRUE(upstream_->set_up(server(0), false, "the test says so", at(0))) << "it is news that it is down";
  EXPECT_FALSE(upstream_->set_up(server(0), false, "the test says so", at(0)));
  EXPECT_TRUE(upstream_->set_up(server(1), true, "the test says so", at(0)));
  EXPECT_THAT(ports(2), ElementsAre(2, 2));
  const Lease held = take().lease;
  set({1});
  set({1, 2});
  EXPECT_THAT(ports(2), ElementsAre(2, 2)) << "it was up when it left, and has connections still";
}

TEST_F(UpstreamMembersTest, AnEndpointThatIsNamedTwiceIsOneServer) {
  make_named(1);
  set({1, 1, 2});
  EXPECT_EQ(servers(), 2u);
  const Lease one = take(0, tried({1})).lease;
  set({2});
  set({1, 1});
  EXPECT_EQ(servers(), 1u);
  EXPECT_EQ(&server(0), one.get());
}

TEST_F(UpstreamMembersTest, OneWhoseChecksEndedWhileItWasGoneIsANewOneToThem) {
  config_.health.emplace();
  make_named(1);
  set({1});
  upstream_->set_up(server(0), true, "the test says so", at(0));
  const Lease held = take().lease;
  set({});
  upstream_->forget_checks(*held);
  set({1});
  EXPECT_EQ(take().blocked, Blocked::none_up);
  EXPECT_TRUE(upstream_->set_up(server(0), true, "the test says so", at(0)));
  EXPECT_TRUE(take().lease);
}

TEST_F(UpstreamMembersTest, OneThatComesBackEjectedReturnsAsItWouldHave) {
  make_named(1, Balance::round_robin, 1);
  set({1, 2});
  Lease one = take(0, tried({1})).lease;
  const Lease two = take().lease;
  fail(0, 5);
  set({2});
  const auto waiter = wait();
  std::vector<Upstream::Time> told;
  upstream_->on_return([&told](Upstream::Time when) { told.push_back(when); });
  EXPECT_EQ(upstream_->next_return(at(0)), Upstream::Time::max());
  set({1, 2});
  EXPECT_EQ(upstream_->next_return(at(0)), at(10)) << "it comes back as it went";
  EXPECT_THAT(told, ElementsAre(at(10))) << "for the one that waits";
}

TEST_F(UpstreamMembersTest, WhoWaitsFindsItsLineWhenTheServersChange) {
  make_named(1, Balance::round_robin, 1);
  set({1, 2});
  const std::vector<Lease> all = take_all();
  tried_ = tried({0});
  const auto retry = wait();
  set({1, 3});
  EXPECT_EQ(taken(*retry)->endpoints().front().port(), 3);
}

TEST_F(UpstreamMembersTest, MembersMayChangeWhileConnectionsComeAndGo) {
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
  for (const auto& backend : upstream_->servers()) EXPECT_EQ(upstream_->active(*backend), 0u);
}

}  // namespace
}  // namespace weir
