#include "server/upstream/upstream.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "tests/unit/server/upstream/upstream_fixture.hpp"

namespace weir {
namespace {

using std::chrono::seconds;

TEST_F(UpstreamTest, ALeaseCountsUntilItIsGivenBack) {
  make(1);
  Lease first = take().lease;
  ASSERT_TRUE(first);
  EXPECT_EQ(first.get(), &backend(0));
  {
    const Lease second = take().lease;
    EXPECT_EQ(upstream_->active(backend(0)), 2u);
  }
  EXPECT_EQ(upstream_->active(backend(0)), 1u);
  first.reset();
  EXPECT_EQ(upstream_->active(backend(0)), 0u);
}

TEST_F(UpstreamTest, BackendsThatAreDownAreNotPickedAndOneThatComesUpServesThoseWhoWait) {
  make(2);
  down(0);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(take().lease.get(), &backend(1));
  EXPECT_TRUE(upstream_->any_up());
  down(1);
  EXPECT_EQ(take().blocked, Blocked::none_up);
  EXPECT_FALSE(upstream_->any_up());
  const auto waiter = wait();
  EXPECT_FALSE(taken(*waiter));
  upstream_->set_up(backend(0), true, "the test says so", at(1));
  EXPECT_EQ(taken(*waiter).get(), &backend(0));
}

/// Whatever happens to the backends and to those who wait: between two calls nobody waits who could be served.
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
      TriedBackends tried;
      std::unique_ptr<Waiter> waiter;
    };
    std::list<Waiting> waiting;
    Upstream::Time now = start_;
    for (int step = 0; step < 300; ++step) {
      if (roll(3) == 0) {
        now += std::chrono::milliseconds(roll(3000));
        upstream_->serve_waiting(now);  // as whoever watches the ends of ejections would
      }
      Backend& any = backend(roll(static_cast<std::uint32_t>(count)));
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
          TriedBackends done;
          for (std::size_t i = 0; i < count; ++i) {
            if (roll(3) == 0) done.push_back(upstream_->backends()[i]);
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
        ASSERT_TRUE(most == 0 || upstream_->active(backend(i)) <= most);
      }
    }
    waiting.clear();
    leases.clear();
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(upstream_->active(backend(i)), 0u);
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
  for (const auto& backend : upstream_->backends()) active.push_back(upstream_->active(*backend));
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
  for (const auto& backend : upstream_->backends()) EXPECT_EQ(upstream_->active(*backend), 0u);
}

}  // namespace
}  // namespace weir
