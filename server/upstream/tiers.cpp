#include "server/upstream/tiers.hpp"

#include <algorithm>
#include <chrono>
#include <map>

namespace weir {

namespace {

/// Steps in which a backend's weight grows while it warms up.
constexpr int kWarmSteps = 100;

std::vector<Balancer::Entry> entries_of(const Tiers::Backends& backends) {
  std::vector<Balancer::Entry> entries;
  for (const auto& [backend, standing] : backends) entries.push_back({*backend->name(), standing.weight});
  return entries;
}

Tier make_tier(TierKey key, UpstreamConfig::Balance balance, const Tiers::Backends& backends, std::uint64_t seed) {
  return {key, 0, Balancer(balance, entries_of(backends), seed)};
}

bool has_room_in(const Tier& tier) { return tier.balancer.eligible() > 0; }

}  // namespace

Tiers::Rank::Rank(UpstreamConfig::Balance balance, std::uint32_t rank, const Backends& members, std::uint64_t seed)
    : healthy(make_tier({false, rank}, balance, members, seed)),
      ejected(make_tier({true, rank}, balance, members, seed)) {
  for (const auto& [backend, standing] : members) backends.push_back(backend.get());
}

Tiers::Tiers(const UpstreamConfig& config, const Backends& backends, std::uint64_t seed)
    : slow_start_(config.slow_start), returns_(backends.size()) {
  std::map<std::uint32_t, Backends> by_rank;
  for (const auto& member : backends) {
    by_rank[member.second.rank].push_back(member);
    all_.push_back(member.first.get());
  }
  for (const auto& [rank, members] : by_rank) ranks_.emplace_back(config.balance, rank, members, seed);
  warming_.reserve(backends.size());
}

void Tiers::replace(Tiers& next, const Backends& backends, Time now) {
  for (Backend* backend : all_) backend->seat_ = {};
  slow_start_ = next.slow_start_;
  ranks_.swap(next.ranks_);
  all_.swap(next.all_);
  std::swap(returns_, next.returns_);
  warming_.swap(next.warming_);
  warming_.clear();
  healthy_ = ejected_ = 0;
  for (const auto& [backend, standing] : backends) backend->standing_ = standing;
  for (std::size_t i = 0; i < all_.size(); ++i) all_[i]->seat_.number = i;
  for (Rank& rank : ranks_) {
    for (std::size_t i = 0; i < rank.backends.size(); ++i) {
      Backend::Seat& seat = rank.backends[i]->seat_;
      seat.healthy = &rank.healthy;
      seat.ejected = &rank.ejected;
      seat.index = i;
    }
  }
  for (Backend* backend : all_) reseat(*backend, now);
}

Backend* Tiers::returned(Time now) const {
  if (returns_.empty()) return nullptr;
  Backend* next = all_[returns_.top()];
  return next->ejection_.is_ejected(now) ? nullptr : next;
}

std::uint32_t Tiers::weight_of(const Backend& backend, Time now) const {
  const std::uint32_t full = backend.standing_.weight;
  if (is_warm(backend, now)) return full;
  const std::chrono::duration<double> passed = std::max(now - backend.warm_since_, Time::duration::zero());
  const double part = passed / std::chrono::duration<double>(slow_start_);
  return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(full * part));
}

bool Tiers::is_warm(const Backend& backend, Time now) const {
  return slow_start_.count() == 0 || now >= backend.warm_since_ + slow_start_;
}

void Tiers::warm(Time now) {
  if (warming_.empty() || now < next_warming_) return;
  next_warming_ = now + std::chrono::duration_cast<Time::duration>(slow_start_) / kWarmSteps;
  std::erase_if(warming_, [&](Backend* backend) {
    Backend::Seat& seat = backend->seat_;
    if (seat.tier != nullptr) seat.tier->balancer.set_weight(seat.index, weight_of(*backend, now));
    if (!is_warm(*backend, now)) return false;
    seat.warming = false;
    return true;
  });
}

Tiers::Move Tiers::reseat(Backend& backend, Time now) {
  Backend::Seat& seat = backend.seat_;
  if (seat.healthy == nullptr) return {};  // it has left
  const bool ejected = backend.ejection_.is_ejected(now);
  Tier* to = !backend.up_ || backend.drained_ ? nullptr : ejected ? seat.ejected : seat.healthy;
  Tier* from = std::exchange(seat.tier, to);
  const bool ejected_usable = healthy_ == 0;
  if (from != nullptr) {
    returns_.erase(seat.number, earlier());
    from->balancer.set_eligible(seat.index, false);
    --from->up;
    --(from->key.ejected ? ejected_ : healthy_);
  }
  if (to != nullptr) {
    if (ejected) returns_.push(seat.number, earlier());
    to->balancer.set_weight(seat.index, weight_of(backend, now));
    to->balancer.set_active(seat.index, backend.active_);
    to->balancer.set_eligible(seat.index, backend.has_room());
    ++to->up;
    ++(ejected ? ejected_ : healthy_);
    if (!is_warm(backend, now) && !std::exchange(seat.warming, true)) {
      if (warming_.empty()) next_warming_ = now;
      warming_.push_back(&backend);
    }
  }
  return {from, to, ejected_usable != (healthy_ == 0)};
}

void Tiers::reload(Backend& backend) {
  const Backend::Seat& seat = backend.seat_;
  if (seat.tier == nullptr) return;
  Balancer& balancer = seat.tier->balancer;
  const bool has_room = backend.has_room();
  if (!has_room) balancer.set_eligible(seat.index, false);
  balancer.set_active(seat.index, backend.active_);
  if (has_room) balancer.set_eligible(seat.index, true);
}

namespace {

std::size_t count_in(const Tier& tier, Tried tried) {
  return static_cast<std::size_t>(
      std::count_if(tried.begin(), tried.end(), [&](const auto& backend) { return backend->stands_in(tier); }));
}

}  // namespace

Backend* Tiers::pick_in(Tier& tier, const std::vector<Backend*>& backends, std::uint64_t source, Tried tried) {
  for (const auto& backend : tried) {
    if (backend->stands_in(tier)) tier.balancer.skip(backend->seat_.index);
  }
  const auto index = tier.balancer.pick(source);
  return index ? backends[*index] : nullptr;
}

Backend* Tiers::pick_spare(std::uint64_t source, Tried tried) {
  for (Rank& rank : ranks_) {
    Tier* tier = usable(rank);
    if (tier == nullptr) continue;
    if (Backend* picked = pick_in(*tier, rank.backends, source, tried)) return picked;
  }
  return nullptr;
}

Tiers::Choice Tiers::pick(std::uint64_t source, Tried tried) {
  bool room = false;
  for (Rank& rank : ranks_) {
    Tier* tier = usable(rank);
    if (tier == nullptr) continue;
    room = room || has_room_in(*tier);
    if (tier->up == count_in(*tier, tried)) continue;
    if (Backend* picked = pick_in(*tier, rank.backends, source, tried)) return {picked, Blocked::nothing};
    return {nullptr, room ? Blocked::all_tried : Blocked::all_full};
  }
  return {nullptr, any_up() ? Blocked::all_tried : Blocked::none_up};
}

const Tier* Tiers::first_untried(Tried tried) const {
  for (const Rank& rank : ranks_) {
    const Tier* tier = usable(rank);
    if (tier != nullptr && tier->up > count_in(*tier, tried)) return tier;
  }
  return nullptr;
}

bool Tiers::has_room_up_to(const TierKey& key) const {
  for (const Rank& rank : ranks_) {
    const Tier* tier = usable(rank);
    if (tier != nullptr && tier->key > key) return false;
    if (tier != nullptr && has_room_in(*tier)) return true;
  }
  return false;
}

bool Tiers::has_room() const {
  for (const Rank& rank : ranks_) {
    if (const Tier* tier = usable(rank)) return has_room_in(*tier);
  }
  return false;
}

double Tiers::share_of(const Backend& backend, std::uint64_t serving, Time now) const {
  const Tier* first = first_untried({});
  if (first == nullptr || backend.seat_.tier != first || serving == 0) return 0;
  return static_cast<double>(weight_of(backend, now)) / static_cast<double>(serving);
}

std::uint64_t Tiers::serving_weight(Time now) const {
  const Tier* first = first_untried({});
  std::uint64_t sum = 0;
  for (const Backend* backend : all_) {
    if (first != nullptr && backend->seat_.tier == first) sum += weight_of(*backend, now);
  }
  return sum;
}

Tiers::Time Tiers::next_return() const {
  return returns_.empty() ? Time::max() : all_[returns_.top()]->ejection_.until();
}

}  // namespace weir
