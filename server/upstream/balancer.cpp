#include "server/upstream/balancer.hpp"

#include <stdexcept>
#include <utility>

#include "common/stable_hash.hpp"

namespace weir {

namespace {

Candidates candidates_of(std::span<const Balancer::Entry> backends) {
  Candidates candidates;
  for (const Balancer::Entry& backend : backends) candidates.push_back({.weight = backend.weight});
  return candidates;
}

}  // namespace

Balancer::Policy Balancer::make_policy(UpstreamConfig::Balance policy, const Candidates& candidates,
                                       std::span<const Entry> backends, std::uint64_t seed) {
  switch (policy) {
    case UpstreamConfig::Balance::round_robin:
      return RoundRobin(candidates);
    case UpstreamConfig::Balance::least_connections:
      return LeastConnections(candidates);
    case UpstreamConfig::Balance::random_two:
      return RandomTwo(candidates, seed);
    case UpstreamConfig::Balance::source_hash: {
      std::vector<std::uint64_t> hashes;
      for (const Entry& backend : backends) hashes.push_back(stable_hash(backend.name));
      return SourceHash(candidates, hashes);
    }
  }
  throw std::logic_error("no such policy");
}

Balancer::Balancer(UpstreamConfig::Balance policy, std::span<const Entry> backends, std::uint64_t seed)
    : candidates_(candidates_of(backends)), policy_(make_policy(policy, candidates_, backends, seed)) {
  skipped_.reserve(backends.size());
}

void Balancer::set_eligible(std::size_t backend, bool eligible) {
  Candidate& candidate = candidates_[backend];
  if (candidate.eligible == eligible) return;
  candidate.eligible = eligible;
  if (eligible) {
    ++eligible_;
    std::visit([backend](auto& policy) { policy.enter(backend); }, policy_);
  } else {
    --eligible_;
    std::visit([backend](auto& policy) { policy.leave(backend); }, policy_);
  }
}

void Balancer::set_active(std::size_t backend, std::uint32_t active) {
  candidates_[backend].active = active;
  if (candidates_[backend].eligible) std::visit([backend](auto& policy) { policy.reload(backend); }, policy_);
}

void Balancer::set_weight(std::size_t backend, std::uint32_t weight) {
  const std::uint32_t before = std::exchange(candidates_[backend].weight, weight);
  if (before == weight) return;
  std::visit([backend, before](auto& policy) { policy.reweigh(backend, before); }, policy_);
}

void Balancer::skip(std::size_t backend) {
  if (std::exchange(candidates_[backend].skipped, true)) return;
  skipped_.push_back(static_cast<std::uint32_t>(backend));
}

std::optional<std::size_t> Balancer::pick(std::uint64_t source) {
  const std::optional<std::size_t> picked =
      std::visit([&](auto& policy) { return policy.pick(source, skipped_); }, policy_);
  for (const std::uint32_t backend : skipped_) candidates_[backend].skipped = false;
  skipped_.clear();
  return picked;
}

}  // namespace weir
