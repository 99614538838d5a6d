#include "server/upstream/upstream.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <random>
#include <system_error>
#include <utility>

#include "common/units.hpp"

namespace weir {

namespace {

/// Weights as they count are so many times the configured ones, so that slow start has steps.
constexpr std::uint32_t kWeightScale = 100;

std::vector<MaglevTable::Server> names_and_weights(const std::deque<Backend>& servers) {
  std::vector<MaglevTable::Server> list;
  for (const Backend& server : servers) list.push_back({server.name(), server.config().weight});
  return list;
}

bool holds(std::span<const Backend* const> list, const Backend& backend) {
  return std::find(list.begin(), list.end(), &backend) != list.end();
}

}  // namespace

void LeaseRelease::operator()(Backend* backend) const { backend->upstream_.release(*backend, io::Clock::now()); }

Upstream::Upstream(const UpstreamConfig& config)
    : config_(config),
      servers_([&] {
        std::deque<Backend> servers;
        for (const BackendConfig& server : config.servers) servers.emplace_back(server, *this);
        return servers;
      }()),
      balancer_(config.balance, names_and_weights(servers_), std::random_device()()),
      candidates_(servers_.size()) {}

Upstream::Pick Upstream::take(std::uint64_t source, std::span<const Backend* const> tried, Time now) {
  const Lock lock(mutex_);
  if (!queue_.empty()) {
    serve_queue(now);
    if (!queue_.empty()) return {nullptr, 0, any_up_locked() ? Blocked::all_full : Blocked::none_up};
  }
  return pick(source, tried, now);
}

Upstream::Tier Upstream::tier_of(const Backend& backend, Time now) const {
  if (!backend.up_) return Tier::down;
  const bool backup = backend.config().backup;
  if (backend.ejection_.is_ejected(now)) return backup ? Tier::ejected_backup : Tier::ejected;
  return backup ? Tier::backup : Tier::serving;
}

std::uint32_t Upstream::weight_of(const Backend& backend, Time now) const {
  const std::uint32_t full = backend.config().weight * kWeightScale;
  if (config_.slow_start.count() == 0 || now >= backend.warm_since_ + config_.slow_start) return full;
  const std::chrono::duration<double> passed = std::max(now - backend.warm_since_, Time::duration::zero());
  const double part = passed / std::chrono::duration<double>(config_.slow_start);
  return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(full * part));
}

Upstream::Pick Upstream::pick(std::uint64_t source, std::span<const Backend* const> tried, Time now) {
  std::array<bool, static_cast<std::size_t>(Tier::down)> present{};
  for (const Tier tier : {Tier::serving, Tier::backup, Tier::ejected, Tier::ejected_backup}) {
    // Ejected ones are for when there is no other.
    if (tier == Tier::ejected && (present[0] || present[1])) break;
    bool untried = false;
    bool tried_has_room = false;
    bool& member = present[static_cast<std::size_t>(tier)];
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      const Backend& server = servers_[i];
      candidates_[i] = {weight_of(server, now), server.active_, false};
      if (tier_of(server, now) != tier) continue;
      member = true;
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
    ++servers_[*index].active_;
    return {Lease(&servers_[*index]), servers_[*index].cuts(), Blocked::nothing};
  }
  const bool any = std::find(present.begin(), present.end(), true) != present.end();
  return {nullptr, 0, any ? Blocked::all_tried : Blocked::none_up};
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
  const Lock lock(mutex_);
  --backend.active_;
  serve_queue(now);
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
  const bool another = std::any_of(servers_.begin(), servers_.end(), [&](const Backend& other) {
    return &other != &backend && other.up_ && !other.ejection_.is_ejected(now);
  });
  if (!backend.ejection_.failed(config_.eject, now, another)) return;
  backend.warm_since_ = backend.ejection_.until();
  spdlog::warn("upstream {}: {} is left out for {} after {} connect failures in a row: {}", config_.name,
               backend.name(), format_duration(std::chrono::ceil<milliseconds>(backend.ejection_.until() - now)),
               config_.eject.failures, std::generic_category().message(error));
  serve_queue(now);
  // Nothing but time brings it back, and only those who wait look at the time.
  for (Waiter* waiter : queue_) waiter->wake();
}

void Upstream::set_up(Backend& backend, bool up, const std::string& why, Time now) {
  const Lock lock(mutex_);
  if (backend.up_ == up) return;
  backend.up_ = up;
  if (up) {
    backend.warm_since_ = now;
    backend.ejection_.succeeded();
    spdlog::info("upstream {}: {} is up: {}", config_.name, backend.name(), why);
  } else {
    if (config_.on_down == UpstreamConfig::OnDown::reset) ++backend.cuts_;
    spdlog::warn("upstream {}: {} is down: {}", config_.name, backend.name(), why);
  }
  serve_queue(now);  // with it gone, backups may serve, and those that are left out
}

void Upstream::serve_waiting(Time now) {
  const Lock lock(mutex_);
  serve_queue(now);
}

Upstream::Time Upstream::next_return(Time now) const {
  const Lock lock(mutex_);
  Time next = Time::max();
  for (const Backend& server : servers_) {
    if (server.up_ && server.ejection_.is_ejected(now)) next = std::min(next, server.ejection_.until());
  }
  return next;
}

bool Upstream::any_up() const {
  const Lock lock(mutex_);
  return any_up_locked();
}

bool Upstream::any_up_locked() const {
  return std::any_of(servers_.begin(), servers_.end(), [](const Backend& server) { return server.up_; });
}

std::uint32_t Upstream::active(const Backend& backend) const {
  const Lock lock(mutex_);
  return backend.active_;
}

std::size_t Upstream::waiting() const {
  const Lock lock(mutex_);
  return queue_.size();
}

Waiter::Waiter(Upstream& upstream, const io::Slot& slot, std::uint64_t source, std::span<const Backend* const> tried,
               Upstream::Time now)
    : upstream_(upstream), loop_(slot.loop()), slot_(slot.id()), source_(source), tried_(tried) {
  const Upstream::Lock lock(upstream_.mutex_);
  if (upstream_.queue_.size() >= upstream_.config_.queue.size) return;
  place_ = upstream_.queue_.insert(upstream_.queue_.end(), this);
  queued_ = waiting_ = true;
  upstream_.serve_queue(now);  // a place may have become free since it was told that there is none
}

Waiter::~Waiter() {
  Upstream::Pick unused;  // goes back after the lock
  const Upstream::Lock lock(upstream_.mutex_);
  if (waiting_) upstream_.queue_.erase(place_);
  unused = std::move(outcome_);
}

std::optional<Upstream::Pick> Waiter::take() {
  const Upstream::Lock lock(upstream_.mutex_);
  if (waiting_) return std::nullopt;
  return std::move(outcome_);
}

void Waiter::leave_with(Upstream::Pick outcome) {
  waiting_ = false;
  outcome_ = std::move(outcome);
  wake();
}

void Waiter::wake() {
  try {
    loop_.post([&loop = loop_, id = slot_] {
      if (io::Slot* slot = loop.find(id)) slot->wake();
    });
  } catch (const std::bad_alloc&) {
    return;  // it looks again when its time in the queue is over
  }
}

}  // namespace weir
