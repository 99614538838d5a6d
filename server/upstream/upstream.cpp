#include "server/upstream/upstream.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/units.hpp"
#include "server/upstream/waiter.hpp"

namespace weir {

namespace {

bool holds(std::span<const Backend::Id> list, const Backend& backend) {
  return std::find(list.begin(), list.end(), backend.id()) != list.end();
}

}  // namespace

void LeaseRelease::operator()(Backend* backend) const { backend->upstream_.release(*backend, io::Clock::now()); }

Upstream::Upstream(const UpstreamConfig& config)
    : config_(config),
      sources_(config.name, config.bind_source),
      servers_([&] {
        Servers servers;
        for (const BackendConfig& server : config.servers) {
          if (server.dns) continue;
          servers.push_back(std::make_shared<Backend>(
              server, *this, server.address.to_string(), resolve(server.address, AddressUse::target),
              Standing{server.weight * Standing::kWhole, server.backup ? Standing::kBackup : 0}));
        }
        return servers;
      }()),
      balancer_(make_balancer(servers_)),
      candidates_(servers_.size()) {
  for (const auto& server : servers_) {
    const auto& endpoints = server->endpoints();
    if (std::any_of(endpoints.begin(), endpoints.end(), [&](const Endpoint& to) { return sources_.reaches(to); }))
      continue;
    throw std::runtime_error("upstream " + config.name + ": bind_source has no address of the family of server " +
                             *server->name() + ", which is " + endpoints.front().to_string());
  }
}

Upstream::Pick Upstream::take(std::uint64_t source, std::span<const Backend::Id> tried, Time now) {
  const Lock lock(mutex_);
  if (!queue_.empty()) {
    serve_queue(now);
    if (!queue_.empty()) return {nullptr, 0, any_up_locked() ? Blocked::all_full : Blocked::none_up};
  }
  return pick(source, tried, now);
}

std::uint32_t Upstream::weight_of(const Backend& backend, Time now) const {
  const std::uint32_t full = backend.standing_.weight;
  if (config_.slow_start.count() == 0 || now >= backend.warm_since_ + config_.slow_start) return full;
  const std::chrono::duration<double> passed = std::max(now - backend.warm_since_, Time::duration::zero());
  const double part = passed / std::chrono::duration<double>(config_.slow_start);
  return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(full * part));
}

std::optional<Upstream::Tier> Upstream::first_tier_after(const std::optional<Tier>& last, Time now) const {
  std::optional<Tier> first;
  for (const auto& server : servers_) {
    if (!server->up_) continue;
    const Tier tier = tier_of(*server, now);
    if ((!last || tier > *last) && (!first || tier < *first)) first = tier;
  }
  return first;
}

Upstream::Pick Upstream::pick(std::uint64_t source, std::span<const Backend::Id> tried, Time now) {
  std::optional<Tier> tier;
  for (std::optional<Tier> next; (next = first_tier_after(tier, now)); tier = next) {
    // Ejected ones are for when there is no other.
    if (next->ejected && tier && !tier->ejected) break;
    bool untried = false;
    bool tried_has_room = false;
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      const Backend& server = *servers_[i];
      candidates_[i] = {weight_of(server, now), server.active_, false};
      if (!server.up_ || tier_of(server, now) != *next) continue;
      const std::uint32_t most = server.config().max_connections;
      const bool has_room = most == 0 || server.active_ < most;
      if (holds(tried, server)) {
        tried_has_room = tried_has_room || has_room;
      } else {
        untried = true;
        candidates_[i].eligible = has_room;
      }
    }
    if (!untried) continue;
    const std::optional<std::size_t> index = balancer_.pick(candidates_, source);
    // Who waits for a full server beside one with room would hold up all behind it.
    if (!index) return {nullptr, 0, tried_has_room ? Blocked::all_tried : Blocked::all_full};
    Backend& picked = *servers_[*index];
    ++picked.active_;
    return {Lease(&picked), picked.cuts(), Blocked::nothing};
  }
  return {nullptr, 0, tier ? Blocked::all_tried : Blocked::none_up};
}

void Upstream::serve_queue(Time now) {
  while (!queue_.empty()) {
    Waiter* waiter = queue_.front();
    Pick picked = pick(waiter->source_, waiter->tried_, now);
    if (picked.blocked == Blocked::all_full || picked.blocked == Blocked::none_up) return;
    queue_.pop_front();
    waiter->leave_with(std::move(picked));
  }
}

void Upstream::release(Backend& backend, Time now) {
  std::shared_ptr<Backend> gone;  // after the lock
  const Lock lock(mutex_);
  --backend.active_;
  if (backend.left_ && backend.active_ == 0) {
    const auto at = std::find_if(left_.begin(), left_.end(), [&](const auto& left) { return left.get() == &backend; });
    gone = std::move(*at);
    left_.erase(at);
  } else {
    serve_queue(now);
  }
}

void Upstream::connected(Backend& backend, Time now) {
  if (!backend.failing_.load(std::memory_order_relaxed)) return;
  const Lock lock(mutex_);
  backend.failing_.store(false, std::memory_order_relaxed);
  if (backend.ejection_.is_ejected(now)) backend.warm_since_ = now;
  backend.ejection_.succeeded();
  serve_queue(now);
}

void Upstream::failed(Backend& backend, int error, Time now) {
  const Lock lock(mutex_);
  backend.failing_.store(true, std::memory_order_relaxed);
  const bool another = std::any_of(servers_.begin(), servers_.end(), [&](const auto& other) {
    return other.get() != &backend && other->up_ && !other->ejection_.is_ejected(now);
  });
  if (!backend.ejection_.failed(config_.eject, now, another)) return;
  backend.warm_since_ = backend.ejection_.until();
  spdlog::warn("upstream {}: {} is left out for {} after {} connect failures in a row: {}", config_.name,
               *backend.name(), format_duration(std::chrono::ceil<milliseconds>(backend.ejection_.until() - now)),
               config_.eject.failures, std::generic_category().message(error));
  serve_queue(now);
  // Nothing but time brings it back, and only those who wait look at the time.
  for (Waiter* waiter : queue_) waiter->wake();
}

bool Upstream::set_up(Backend& backend, bool up, const std::string& why, Time now) {
  const Lock lock(mutex_);
  if (!std::exchange(backend.unproven_, false) && backend.up_ == up) return false;
  backend.up_ = up;
  if (up) {
    backend.warm_since_ = now;
    backend.ejection_.succeeded();
    spdlog::info("upstream {}: {} is up: {}", config_.name, *backend.name(), why);
  } else {
    if (config_.on_down == UpstreamConfig::OnDown::reset) ++backend.cuts_;
    spdlog::warn("upstream {}: {} is down: {}", config_.name, *backend.name(), why);
  }
  serve_queue(now);  // with it gone, backups may serve, and those that are left out
  return true;
}

Balancer Upstream::make_balancer(const Servers& servers) const {
  std::vector<std::string_view> names;
  for (const auto& server : servers) names.push_back(*server->name());
  return {config_.balance, names, std::random_device()()};
}

void Upstream::serve_waiting(Time now) {
  const Lock lock(mutex_);
  serve_queue(now);
}

Upstream::Time Upstream::next_return(Time now) const {
  const Lock lock(mutex_);
  Time next = Time::max();
  for (const auto& server : servers_) {
    if (server->up_ && server->ejection_.is_ejected(now)) next = std::min(next, server->ejection_.until());
  }
  return next;
}

bool Upstream::any_up() const {
  const Lock lock(mutex_);
  return any_up_locked();
}

bool Upstream::any_up_locked() const {
  return std::any_of(servers_.begin(), servers_.end(), [](const auto& server) { return server->up_; });
}

std::uint32_t Upstream::active(const Backend& backend) const {
  const Lock lock(mutex_);
  return backend.active_;
}

std::size_t Upstream::waiting() const {
  const Lock lock(mutex_);
  return queue_.size();
}

}  // namespace weir
