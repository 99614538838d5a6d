#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "server/config/server_config.hpp"
#include "server/upstream/policies.hpp"

namespace weir {

/// Which of several backends gets the next connection. It is told what changes, so that a pick costs little however
/// many backends there are: logarithmic time for all policies but `source_hash`, which looks at each. Policy only; not
/// thread-safe. Allocates in its constructor alone.
class Balancer {
 public:
  struct Entry {
    std::string_view name;     ///< what source hashing goes by
    std::uint32_t weight = 1;  ///< not 0
  };
  /// Backends are told apart by their place in the list; none is eligible at first. `seed` is for policies that pick
  /// at random.
  Balancer(UpstreamConfig::Balance policy, std::span<const Entry> backends, std::uint64_t seed);
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;

  /// How many backends may be picked.
  std::size_t eligible() const { return eligible_; }
  void set_eligible(std::size_t backend, bool eligible);
  /// How many connections it has.
  void set_active(std::size_t backend, std::uint32_t active);
  /// Not 0.
  void set_weight(std::size_t backend, std::uint32_t weight);

  /// The next pick passes over that backend.
  void skip(std::size_t backend);
  /// One of the eligible backends that are not to be skipped; nothing when there is none. `source` is a hash of the
  /// client's address.
  std::optional<std::size_t> pick(std::uint64_t source);

 private:
  using Policy = std::variant<RoundRobin, LeastConnections, RandomTwo, SourceHash>;
  static Policy make_policy(UpstreamConfig::Balance policy, const Candidates& candidates,
                            std::span<const Entry> backends, std::uint64_t seed);

  Candidates candidates_;
  Policy policy_;
  std::size_t eligible_ = 0;
  std::vector<std::uint32_t> skipped_;
};

}  // namespace weir
