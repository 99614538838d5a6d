#pragma once

#include <gmock/gmock.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/prepare_upstream.hpp"
#include "server/upstream/waiter.hpp"

namespace weir {

using Blocked = Upstream::Blocked;
using Balance = UpstreamConfig::Balance;

/// An upstream of so many backends, none of which is ever connected to.
class UpstreamTest : public testing::Test {
 protected:
  Upstream& make(std::size_t backends, Balance balance = Balance::round_robin) {
    config_.name = "back";
    config_.balance = balance;
    config_.servers.resize(backends, config_.servers.empty() ? BackendConfig{} : config_.servers.front());
    for (std::size_t i = 0; i < backends; ++i) {
      config_.servers[i].address = parse_address("127.0.0.1:" + std::to_string(1000 + i), AddressUse::target);
    }
    make();
    return *upstream_;
  }

  /// Of the configuration as it is.
  void make() {
    upstream_ = std::make_unique<Upstream>(prepare_upstream(std::make_shared<const UpstreamConfig>(config_)));
  }

  void make_with_backup(std::size_t backends, std::size_t backup) {
    make(backends);
    config_.servers[backup].backup = true;
    make(backends);
  }

  Upstream::Time at(int second) const { return start_ + std::chrono::seconds(second); }
  using TriedBackends = std::vector<std::shared_ptr<Backend>>;
  Upstream::Pick take(int second = 0, const TriedBackends& tried = {}) { return upstream_->take(0, tried, at(second)); }
  Backend& backend(std::size_t index) { return *upstream_->backends()[index]; }
  /// As what a connection has tried.
  TriedBackends tried(std::initializer_list<std::size_t> indexes) {
    TriedBackends list;
    for (const std::size_t index : indexes) list.push_back(upstream_->backends()[index]);
    return list;
  }
  void down(std::size_t index) { upstream_->set_up(backend(index), false, "the test says so", at(0)); }
  void fail(std::size_t index, int times, int second = 0) {
    for (int i = 0; i < times; ++i) upstream_->failed(backend(index), ECONNREFUSED, at(second));
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
  TriedBackends tried_;  ///< of those who wait from now on
  const Upstream::Time start_ = io::Clock::now();
};

}  // namespace weir
