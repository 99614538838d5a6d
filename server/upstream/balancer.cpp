#include "server/upstream/balancer.hpp"

#include <stdexcept>
#include <utility>

#include "common/stable_hash.hpp"

namespace weir {

namespace {

Candidates candidates_of(std::span<const Balancer::Server> servers) {
  Candidates candidates;
  for (const Balancer::Server& server : servers) candidates.push_back({.weight = server.weight});
  return candidates;
}

}  // namespace

Balancer::Policy Balancer::make_policy(UpstreamConfig::Balance policy, const Candidates& candidates,
                                       std::span<const Server> servers, std::uint64_t seed) {
  switch (policy) {
    case UpstreamConfig::Balance::round_robin:
      return RoundRobin(candidates);
    case UpstreamConfig::Balance::least_connections:
      return LeastConnections(candidates);
    case UpstreamConfig::Balance::random_two:
      return RandomTwo(candidates, seed);
    case UpstreamConfig::Balance::source_hash: {
      std::vector<std::uint64_t> hashes;
      for (const Server& server : servers) hashes.push_back(stable_hash(server.name));
      return SourceHash(candidates, hashes);
    }
  }
  throw std::logic_error("no such policy");
}

Balancer::Balancer(UpstreamConfig::Balance policy, std::span<const Server> servers, std::uint64_t seed)
    : candidates_(candidates_of(servers)), policy_(make_policy(policy, candidates_, servers, seed)) {
  skipped_.reserve(servers.size());
}

void Balancer::set_eligible(std::size_t server, bool eligible) {
  Candidate& candidate = candidates_[server];
  if (candidate.eligible == eligible) return;
  candidate.eligible = eligible;
  if (eligible) {
    ++eligible_;
    std::visit([server](auto& policy) { policy.enter(server); }, policy_);
  } else {
    --eligible_;
    std::visit([server](auto& policy) { policy.leave(server); }, policy_);
  }
}

void Balancer::set_active(std::size_t server, std::uint32_t active) {
  candidates_[server].active = active;
  if (candidates_[server].eligible) std::visit([server](auto& policy) { policy.reload(server); }, policy_);
}

void Balancer::set_weight(std::size_t server, std::uint32_t weight) {
  const std::uint32_t before = std::exchange(candidates_[server].weight, weight);
  if (before == weight) return;
  std::visit([server, before](auto& policy) { policy.reweigh(server, before); }, policy_);
}

void Balancer::skip(std::size_t server) {
  if (std::exchange(candidates_[server].skipped, true)) return;
  skipped_.push_back(static_cast<std::uint32_t>(server));
}

std::optional<std::size_t> Balancer::pick(std::uint64_t source) {
  const std::optional<std::size_t> picked =
      std::visit([&](auto& policy) { return policy.pick(source, skipped_); }, policy_);
  for (const std::uint32_t server : skipped_) candidates_[server].skipped = false;
  skipped_.clear();
  return picked;
}

}  // namespace weir
