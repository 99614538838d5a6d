#include "server/live_proxies.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>

#include "server/toxiproxy/fitting_name.hpp"
#include "server/toxiproxy/made_proxies.hpp"

namespace weir {

namespace {

using toxiproxy::Proxy;
using toxiproxy::RunningProxy;

/// For the log.
constexpr const char* kToxiproxy = "Toxiproxy's API";

std::string target_of(const BackendConfig& backend) {
  if (!backend.dns) return backend.address.to_string();
  return fmt::format("{}:{}", backend.dns->name, backend.dns->port);
}

/// The one server to which all connections of a listener of the file go; nothing where there may be others.
std::optional<std::string> only_target(const ListenerConfig& listener, const ServerConfig& config) {
  const auto* const proxy = std::get_if<ProxyConfig>(&listener.service);
  if (proxy == nullptr || !proxy->routes.empty()) return std::nullopt;
  const auto upstream = std::find_if(config.upstreams.begin(), config.upstreams.end(),
                                     [&](const UpstreamConfig& one) { return one.name == proxy->upstream; });
  if (upstream == config.upstreams.end() || upstream->servers.size() != 1) return std::nullopt;
  return target_of(upstream->servers.front());
}

}  // namespace

std::vector<RunningProxy> LiveProxies::proxies() {
  std::vector<RunningProxy> found;
  for (const ListenerConfig& listener : parts_.config->listeners) {
    const OpenListener& open = parts_.data_plane.listeners().at(listener.name);
    Proxy proxy;
    if (listener.made) {
      proxy = {listener.made->name, listener.made->listen, listener.made->upstream, true};
    } else if (auto target = only_target(listener, *parts_.config)) {
      proxy = {listener.name, listener.bind.front().to_string(), *std::move(target), true};
    } else {
      continue;
    }
    const std::vector<std::string> bound = bound_addresses(open.sockets);
    proxy.enabled = !bound.empty();
    if (proxy.enabled) proxy.listen = bound.front();
    ListenerSnapshot counts;
    open.listener->add_to(counts);
    found.push_back({std::move(proxy), listener.name, listener.made.has_value(), counts.bytes_in, counts.bytes_out});
  }
  return found;
}

bool LiveProxies::may_create() const { return toxiproxy::may_create(*parts_.config); }

net::awaitable<void> LiveProxies::change(std::string what, Change change) {
  const admin::Reload outcome = co_await parts_.change(fmt::format("{} ({})", kToxiproxy, what), std::move(change));
  if (outcome.result != admin::Reload::Result::refused) co_return;
  throw std::runtime_error(fmt::format("{}", fmt::join(outcome.problems, "; ")));
}

net::awaitable<void> LiveProxies::put(Proxy proxy) {
  // First, so that what is wrong with it is told as it is.
  toxiproxy::with_proxy(*parts_.config, proxy);
  co_await change("proxy " + proxy.name,
                  [proxy](const ServerConfig& running) { return toxiproxy::with_proxy(running, proxy); });
  const std::string listener = toxiproxy::fitting_name(proxy.name);
  if (!proxy.enabled || !parts_.data_plane.is_drained(listener)) co_return;
  co_await parts_.daemon.enable_listener(listener);
}

net::awaitable<void> LiveProxies::remove(std::string name) {
  co_await change("without proxy " + name,
                  [name](const ServerConfig& running) { return toxiproxy::without_proxy(running, name); });
}

net::awaitable<void> LiveProxies::enable(std::string listener, bool enabled) {
  if (enabled) {
    co_await parts_.daemon.enable_listener(listener);
    co_return;
  }
  co_await parts_.daemon.drain_listener(listener);
  cut(listener);
}

void LiveProxies::cut(const std::string& listener) {
  if (const ListenerPtr found = parts_.data_plane.find(listener)) parts_.cut(found);
}

std::vector<LiveProxies::FaultPtr> LiveProxies::faults(const std::string& listener) const {
  std::vector<FaultPtr> found;
  const std::optional<FaultsSnapshot> snapshot = parts_.faults.snapshot();
  if (!snapshot) return found;
  for (const ListenerFaults& one : snapshot->listeners) {
    if (one.listener != listener) continue;
    for (const FaultSnapshot& fault : one.faults) found.push_back(fault.fault);
  }
  return found;
}

void LiveProxies::set_fault(const std::string& listener, faults::Fault fault) {
  parts_.faults.set(listener, std::move(fault), kToxiproxy);
}

void LiveProxies::remove_fault(const std::string& listener, const std::string& name) {
  parts_.faults.remove(listener, name, kToxiproxy);
}

}  // namespace weir
