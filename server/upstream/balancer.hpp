#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "server/config/server_config.hpp"

namespace weir {

/// What a policy knows of a server when it picks.
struct Candidate {
  std::uint32_t weight = 0;  ///< as it counts now, in any unit that all candidates share
  std::uint32_t active = 0;  ///< connections that it has
  bool eligible = false;     ///< may be picked
};

/// Which server gets the next connection. Policy only: it is told what the servers have, and is not thread-safe.
class Balancer {
 public:
  /// Picks are indexes into `names`, which source hashing goes by. `seed` is for the policies that draw lots.
  Balancer(UpstreamConfig::Balance policy, std::span<const std::string_view> names, std::uint64_t seed);

  /// One of the eligible candidates; nothing when there is none. `source` is a hash of the client's address.
  std::optional<std::size_t> pick(std::span<const Candidate> candidates, std::uint64_t source);

 private:
  std::optional<std::size_t> round_robin(std::span<const Candidate> candidates);
  std::optional<std::size_t> least_connections(std::span<const Candidate> candidates);
  std::optional<std::size_t> random_two(std::span<const Candidate> candidates);
  std::optional<std::size_t> source_hash(std::span<const Candidate> candidates, std::uint64_t source) const;

  UpstreamConfig::Balance policy_;
  std::vector<std::int64_t> current_;  ///< round robin: who is how far from the next turn
  std::size_t start_ = 0;              ///< least connections: where looking begins, so that equals take turns
  std::mt19937_64 lots_;
  std::vector<std::uint64_t> hashes_;  ///< of the names
};

}  // namespace weir
