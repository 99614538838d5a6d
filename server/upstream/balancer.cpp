#include "server/upstream/balancer.hpp"

#include <cmath>

#include "common/stable_hash.hpp"

namespace weir {

namespace {

/// Whether `a` has less to do for its weight than `b`.
bool is_less_loaded(const Candidate& a, const Candidate& b) {
  return std::uint64_t{a.active} * b.weight < std::uint64_t{b.active} * a.weight;
}

}  // namespace

Balancer::Balancer(UpstreamConfig::Balance policy, std::span<const std::string_view> names, std::uint64_t seed)
    : policy_(policy), current_(names.size(), 0), lots_(seed) {
  for (const std::string_view name : names) hashes_.push_back(stable_hash(name));
}

std::optional<std::size_t> Balancer::pick(std::span<const Candidate> candidates, std::uint64_t source) {
  switch (policy_) {
    case UpstreamConfig::Balance::round_robin:
      return round_robin(candidates);
    case UpstreamConfig::Balance::least_connections:
      return least_connections(candidates);
    case UpstreamConfig::Balance::random_two:
      return random_two(candidates);
    case UpstreamConfig::Balance::source_hash:
      return source_hash(candidates, source);
  }
  return std::nullopt;
}

/// Smooth weighted round robin: each gains its weight, who has most is picked and pays what all gained. Over any
/// stretch the shares are the weights', and a heavy server's turns do not come in a row.
std::optional<std::size_t> Balancer::round_robin(std::span<const Candidate> candidates) {
  std::optional<std::size_t> best;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!candidates[i].eligible) continue;
    current_[i] += candidates[i].weight;
    total += candidates[i].weight;
    if (!best || current_[i] > current_[*best]) best = i;
  }
  if (best) current_[*best] -= total;
  return best;
}

std::optional<std::size_t> Balancer::least_connections(std::span<const Candidate> candidates) {
  std::optional<std::size_t> best;
  for (std::size_t step = 0; step < candidates.size(); ++step) {
    const std::size_t i = (start_ + step) % candidates.size();
    if (!candidates[i].eligible) continue;
    if (!best || is_less_loaded(candidates[i], candidates[*best])) best = i;
  }
  if (best) start_ = *best + 1;
  return best;
}

/// The power of two choices: two drawn by weight, of which the one with less to do is picked. Nearly as even as least
/// connections, and a server that just came up is not stormed by all at once.
std::optional<std::size_t> Balancer::random_two(std::span<const Candidate> candidates) {
  std::uint64_t total = 0;
  for (const Candidate& candidate : candidates) total += candidate.eligible ? candidate.weight : 0;
  const auto draw = [&](std::uint64_t weights, std::optional<std::size_t> without) {
    std::uint64_t lot = std::uniform_int_distribution<std::uint64_t>(0, weights - 1)(lots_);
    for (std::size_t i = 0;; ++i) {
      if (!candidates[i].eligible || i == without) continue;
      if (lot < candidates[i].weight) return i;
      lot -= candidates[i].weight;
    }
  };
  if (total == 0) return std::nullopt;
  const std::size_t first = draw(total, std::nullopt);
  if (total == candidates[first].weight) return first;
  const std::size_t second = draw(total - candidates[first].weight, first);
  return is_less_loaded(candidates[second], candidates[first]) ? second : first;
}

/// Rendezvous hashing: each server draws a lot for the source, always the same, and the best one for its weight is
/// picked. So only the sources of a server that goes move, to all others by their weight, and they come back to it; and
/// a weight that grows only attracts. Shares follow the weights where a lot's logarithm is divided by them
/// (Schindelhauer and Schomaker, "Weighted Distributed Hash Tables", SPAA 2005).
std::optional<std::size_t> Balancer::source_hash(std::span<const Candidate> candidates, std::uint64_t source) const {
  constexpr double kLots = 0x1p53;
  std::optional<std::size_t> best;
  double least = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!candidates[i].eligible) continue;
    const double lot = (static_cast<double>(mix(hashes_[i] ^ source) >> 11) + 0.5) / kLots;
    const double score = -std::log(lot) / candidates[i].weight;
    if (!best || score < least) {
      best = i;
      least = score;
    }
  }
  return best;
}

}  // namespace weir
