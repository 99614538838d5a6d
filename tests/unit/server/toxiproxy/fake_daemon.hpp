#pragma once

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "server/toxiproxy/daemon.hpp"

namespace weir::test {

/// A daemon for Toxiproxy's API that does as it is told, and notes what it was told. Port 0 becomes 4711.
class FakeProxies final : public toxiproxy::Daemon {
 public:
  std::vector<toxiproxy::RunningProxy> all;
  std::map<std::string, std::vector<FaultPtr>> on;
  std::vector<std::string> done;
  bool creates = true;
  std::string failure;  ///< of whatever changes proxies
  std::string refusal;  ///< of whatever sets faults
  int waits = 0;        ///< of changes: so many turns of the context each

  std::vector<toxiproxy::RunningProxy> proxies() override { return all; }
  bool may_create() const override { return creates; }

  net::awaitable<void> put(toxiproxy::Proxy proxy) override {
    co_await begin("put " + proxy.name);
    const std::string free_port = ":0";
    const bool is_free = proxy.listen.ends_with(free_port);
    if (proxy.enabled && is_free) proxy.listen.replace(proxy.listen.size() - 1, 1, "4711");
    const std::string name = proxy.name;
    std::erase_if(all, [&](const auto& one) { return one.proxy.name == name; });
    all.push_back({std::move(proxy), name, true});
    done.push_back("is there: " + name);
  }
  net::awaitable<void> remove(std::string name) override {
    co_await begin("remove " + name);
    std::erase_if(all, [&](const auto& one) { return one.proxy.name == name; });
  }
  net::awaitable<void> enable(std::string listener, bool enabled) override {
    co_await begin((enabled ? "enable " : "disable ") + listener);
    for (auto& one : all) {
      if (one.listener == listener) one.proxy.enabled = enabled;
    }
  }
  void cut(const std::string& listener) override { done.push_back("cut " + listener); }

  std::vector<FaultPtr> faults(const std::string& listener) const override {
    const auto found = on.find(listener);
    return found == on.end() ? std::vector<FaultPtr>() : found->second;
  }
  void set_fault(const std::string& listener, faults::Fault fault) override {
    if (!refusal.empty()) throw std::runtime_error(refusal);
    done.push_back("fault " + fault.name);
    const std::string name = fault.name;
    drop(listener, name);
    on[listener].push_back(std::make_shared<const faults::Fault>(std::move(fault)));
  }
  net::awaitable<void> until_faults_reach_all() override {
    const bool any = !all.empty();  // g++ 12 miscompiles some coroutines that have no local variable
    if (any) co_return;
  }
  void remove_fault(const std::string& listener, const std::string& name) override {
    done.push_back("no fault " + name);
    drop(listener, name);
  }

 private:
  void drop(const std::string& listener, const std::string& name) {
    std::erase_if(on[listener], [&](const FaultPtr& fault) { return fault->name == name; });
  }
  net::awaitable<void> begin(std::string what) {
    done.push_back(std::move(what));
    const net::Executor executor = co_await net::asio::this_coro::executor;
    for (int i = 0; i < waits; ++i) co_await net::asio::post(executor, net::asio::use_awaitable_t<net::Executor>());
    if (!failure.empty()) throw std::runtime_error(failure);
  }
};

}  // namespace weir::test
