#include "server/control/return_timer.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <optional>

#include "server/prepare_upstream.hpp"
#include "server/upstream/waiter.hpp"
#include "tests/support/wait_until.hpp"

namespace weir {
namespace {

using std::chrono::milliseconds;

/// An upstream of two backends with one place each: one is ejected, the other full, and somebody waits.
class ReturnTimerTest : public testing::Test {
 protected:
  void make(milliseconds ejection) {
    UpstreamConfig config;
    config.name = "back";
    config.eject = {1, ejection};
    for (const char* address : {"127.0.0.1:1", "127.0.0.1:2"}) {
      config.servers.push_back({.address = parse_address(address, AddressUse::target), .max_connections = 1});
    }
    upstream_ = std::make_shared<Upstream>(prepare_upstream(std::make_shared<const UpstreamConfig>(config)));
    timer_.emplace(context_, upstream_);
  }
  void eject_one_and_wait() {
    const Upstream::Time now = io::Clock::now();
    upstream_->failed(*upstream_->backends()[0], ECONNREFUSED, now);
    held_ = upstream_->take(0, {}, now).lease;
    slot_ = loop_.acquire(1);
    WaitQueue::Ticket ticket = 0;
    waiter_.emplace(*upstream_, *slot_, 0, Tried{}, ticket, now);
  }

  boost::asio::io_context context_{1};
  std::shared_ptr<Upstream> upstream_;
  std::optional<ReturnTimer> timer_;
  io::EventLoop loop_;
  io::SlotPtr slot_;
  Lease held_;
  std::optional<Waiter> waiter_;
};

TEST_F(ReturnTimerTest, WhoWaitsIsServedWhenTheEjectionIsOver) {
  make(milliseconds(50));
  eject_one_and_wait();
  std::optional<Upstream::Pick> pick;
  EXPECT_TRUE(test::wait_until([&] {
    context_.restart();
    context_.poll();
    pick = waiter_->take();
    return pick.has_value();
  }));
  EXPECT_EQ(pick->lease.get(), upstream_->backends()[0].get());
}

TEST_F(ReturnTimerTest, OnceItHasGoneNothingIsLeftOfIt) {
  make(std::chrono::hours(1));
  eject_one_and_wait();
  EXPECT_EQ(context_.poll(), 1u) << "it was told when";
  EXPECT_FALSE(context_.stopped()) << "it waits";
  timer_.reset();
  context_.poll();
  EXPECT_TRUE(context_.stopped()) << "its wait was cancelled";
  EXPECT_EQ(upstream_.use_count(), 1);
  upstream_->serve_waiting(io::Clock::now());
  context_.restart();
  EXPECT_EQ(context_.poll(), 0u) << "it is told nothing";
}

TEST_F(ReturnTimerTest, WhatItWasToldBeforeItWentIsDropped) {
  make(std::chrono::hours(1));
  eject_one_and_wait();
  timer_.reset();
  EXPECT_EQ(upstream_.use_count(), 1);
  EXPECT_EQ(context_.poll(), 1u);
  EXPECT_TRUE(context_.stopped()) << "nothing waits";
}

}  // namespace
}  // namespace weir
