#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "common/io/timer_wheel.hpp"
#include "server/config/server_config.hpp"
#include "server/upstream/backend.hpp"
#include "server/upstream/balancer.hpp"
#include "server/upstream/indexed_heap.hpp"

namespace weir {

/// Which backends serve first: those that are ejected come after all others, then ranks count.
struct TierKey {
  bool ejected = false;
  std::uint32_t rank = 0;
  auto operator<=>(const TierKey&) const = default;

  /// After every tier that there may be.
  static constexpr TierKey last() { return {true, std::numeric_limits<std::uint32_t>::max()}; }
};

/// The backends that are up and serve at the same preference.
struct Tier {
  TierKey key;
  std::size_t up = 0;  ///< backends in it, full ones included
  Balancer balancer;   ///< those with room are eligible
};

/// Backends that a connection has tried, each once.
using Tried = std::span<const std::shared_ptr<Backend>>;

/// Who of an upstream's backends may be picked now. Each backend that is up stands in one tier; the tiers are used in
/// order, those of ejected backends only while every backend that is up is ejected. Told what changes, so that no call
/// looks at all backends. Policy only: it has no clock, no lock, and knows nothing of those who wait.
///
/// Under the upstream's mutex but for the constructor. Nothing allocates after the constructor.
class Tiers {
 public:
  using Time = io::Clock::time_point;
  using Backends = std::vector<std::pair<std::shared_ptr<Backend>, Standing>>;

  /// Makes room for the backends, each of which will stand where it is said here, and touches none of them. `seed` is
  /// for policies that pick at random.
  Tiers(const UpstreamConfig& config, const Backends& backends, std::uint64_t seed);
  Tiers(const Tiers&) = delete;
  Tiers& operator=(const Tiers&) = delete;

  /// Puts these in the place of what was before, and seats their backends.
  void replace(Tiers& next, const Backends& backends, Time now);

  /// Where a backend came from and went to; null for nowhere. `modes` changed where ejected backends became usable, or
  /// stopped being so.
  struct Move {
    const Tier* from = nullptr;
    const Tier* to = nullptr;
    bool modes = false;
  };

  /// A backend whose ejection is over by `now`, but which has not been reseated; null when there is none.
  Backend* returned(Time now) const;
  /// Brings the weights of backends that are warming up (`slow_start`) up to `now`.
  void warm(Time now);

  /// Seats a backend whose `up_`, ejection or `warm_since_` has changed.
  Move reseat(Backend& backend, Time now);
  /// A backend's count of connections has changed.
  void reload(Backend& backend);

  /// Why nobody was picked.
  enum class Blocked : std::uint8_t {
    nothing,    ///< somebody was
    all_tried,  ///< of the backends that could serve it now, it has tried every one
    all_full,   ///< every backend that it may use has its `max_connections`
    none_up,
  };
  struct Choice {
    Backend* backend = nullptr;
    Blocked blocked = Blocked::nothing;
  };
  /// Picks in the first tier that holds a backend which is not among the tried ones. Where that tier is full, a tried
  /// backend with room, in it or in an earlier one, is better than to wait: the caller may begin anew.
  Choice pick(std::uint64_t source, Tried tried);
  /// Picks in the first tier that holds a backend with room which is not among the tried ones, whoever is full before
  /// it; null where there is none.
  Backend* pick_spare(std::uint64_t source, Tried tried);

  /// The first tier that holds a backend which is not among the tried ones; null where there is none.
  const Tier* first_untried(Tried tried) const;
  /// Whether a tier up to that one has a backend with room.
  bool has_room_up_to(const TierKey& key) const;
  /// Whether the first tier has a backend with room.
  bool has_room() const;

  /// The weights of all backends that new connections go to first.
  std::uint64_t serving_weight(Time now) const;
  /// The backend's part of them, 0 to 1.
  double share_of(const Backend& backend, std::uint64_t serving, Time now) const;

  bool any_up() const { return healthy_ + ejected_ > 0; }
  /// How many backends are up and not ejected.
  std::size_t healthy() const { return healthy_; }
  bool is_healthy(const Backend& backend) const {
    return backend.seat_.tier != nullptr && !backend.seat_.tier->key.ejected;
  }
  /// When an ejected backend comes back by the mere passing of time; the far future when there is none.
  Time next_return() const;

 private:
  /// Picks in a tier, whose backends stand in that order.
  static Backend* pick_in(Tier& tier, const std::vector<Backend*>& backends, std::uint64_t source, Tried tried);

  /// Backends of one rank, and their two tiers.
  struct Rank {
    Rank(UpstreamConfig::Balance balance, std::uint32_t rank, const Backends& members, std::uint64_t seed);
    std::vector<Backend*> backends;
    Tier healthy;
    Tier ejected;
  };

  /// The tier of that rank that is used now; null where no backend stands in it.
  template <typename AnyRank>
  auto usable(AnyRank& rank) const {
    auto* tier = healthy_ > 0 ? &rank.healthy : &rank.ejected;
    return tier->up > 0 ? tier : nullptr;
  }

  std::uint32_t weight_of(const Backend& backend, Time now) const;
  bool is_warm(const Backend& backend, Time now) const;
  auto earlier() const {
    return [this](std::size_t a, std::size_t b) { return all_[a]->ejection_.until() < all_[b]->ejection_.until(); };
  }

  milliseconds slow_start_;
  std::deque<Rank> ranks_;  ///< in order; in a deque, because backends refer to their tiers
  std::vector<Backend*> all_;
  IndexedHeap returns_;  ///< backends that are up and ejected, by when they return
  std::vector<Backend*> warming_;
  Time next_warming_ = Time::min();
  std::size_t healthy_ = 0;
  std::size_t ejected_ = 0;
};

}  // namespace weir
