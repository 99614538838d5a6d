#include "server/upstream/upstream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace weir {
namespace {

using std::chrono::seconds;
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
    upstream_ = std::make_unique<Upstream>(config_);
    return *upstream_;
  }

  Upstream::Time at(int second) const { return start_ + seconds(second); }
  Upstream::Pick take(int second = 0, std::vector<const Backend*> tried = {}) {
    return upstream_->take(0, tried, at(second));
  }
  Backend& server(std::size_t index) { return upstream_->servers()[index]; }
  void down(std::size_t index) { upstream_->set_up(server(index), false, "the test says so", at(0)); }
  void fail(std::size_t index, int times, int second = 0) {
    for (int i = 0; i < times; ++i) upstream_->failed(server(index), ECONNREFUSED, at(second));
  }

  std::unique_ptr<Waiter> wait(int second = 0) {
    slots_.push_back(loop_.acquire(1));
    return std::make_unique<Waiter>(*upstream_, *slots_.back(), 0, tried_, at(second));
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
  std::vector<const Backend*> tried_;
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
  std::vector<const Backend*> tried;
  for (int i = 0; i < 3; ++i) {
    const Upstream::Pick pick = take(0, tried);
    ASSERT_TRUE(pick.lease);
    EXPECT_EQ(std::count(tried.begin(), tried.end(), pick.lease.get()), 0);
    tried.push_back(pick.lease.get());
  }
  EXPECT_EQ(take(0, tried).blocked, Blocked::all_tried);
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
  make(3);
  config_.servers[2].backup = true;
  for (int i = 0; i < 10; ++i) EXPECT_NE(take().lease.get(), &server(2));
  down(0);
  EXPECT_EQ(take().lease.get(), &server(1));
  down(1);
  EXPECT_EQ(take().lease.get(), &server(2));
  upstream_->set_up(server(1), true, "the test says so", at(0));
  EXPECT_EQ(take().lease.get(), &server(1));
}

TEST_F(UpstreamTest, AConnectionThatHasTriedAllOthersGetsABackup) {
  make(2);
  config_.servers[1].backup = true;
  EXPECT_EQ(take(0, {&server(0)}).lease.get(), &server(1));
}

TEST_F(UpstreamTest, FullServersDoNotBringTheBackupsIn) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  config_.servers[1].backup = true;
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
  const Lease on_second = take(0, {&server(0)}).lease;
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
  Lease on_first = take(0, {&server(1)}).lease;
  const Lease on_second = take(0, {&server(0)}).lease;
  tried_ = {&server(0)};
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

TEST_F(UpstreamTest, AnEjectionWakesThoseWhoWaitSoThatTheyWatchItsEnd) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  const Lease one = take().lease;
  const Lease two = take().lease;
  const auto first = wait();
  const auto second = wait();
  EXPECT_EQ(upstream_->next_return(at(0)), Upstream::Time::max());
  fail(0, 5);
  EXPECT_EQ(upstream_->next_return(at(0)), at(10));
  EXPECT_EQ(woken(), 2u);
}

TEST_F(UpstreamTest, OneThatGoesDownLetsTheBackupsServeThoseWhoWait) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  config_.servers[1].backup = true;
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
  for (Backend& backend : upstream_->servers()) active.push_back(upstream_->active(backend));
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
          Waiter waiter(*upstream_, *slot, 0, {}, start_);
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
  for (Backend& backend : upstream_->servers()) EXPECT_EQ(upstream_->active(backend), 0u);
}

}  // namespace
}  // namespace weir
