#include "server/upstream/policies.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/stable_hash.hpp"

namespace weir {

namespace {

/// Whether `a` has less to do for its weight than `b`.
bool is_less_loaded(const Candidate& a, const Candidate& b) {
  return std::uint64_t{a.active} * b.weight < std::uint64_t{b.active} * a.weight;
}

/// The first of a heap that is not to be skipped; those before it are put back.
template <typename Order>
std::optional<std::size_t> first_of(IndexedHeap& heap, const Candidates& candidates, std::vector<std::uint32_t>& aside,
                                    const Order& order) {
  while (!heap.empty() && candidates[heap.top()].skipped) {
    aside.push_back(static_cast<std::uint32_t>(heap.top()));
    heap.erase(heap.top(), order);
  }
  std::optional<std::size_t> first;
  if (!heap.empty()) first = heap.top();
  for (const std::uint32_t skipped : aside) heap.push(skipped, order);
  aside.clear();
  return first;
}

/// The length of a turn of a backend of weight 1: so long that the heaviest one's is exact to a hundred-thousandth.
constexpr std::uint64_t kTurn = std::uint64_t{1} << 40;

}  // namespace

RoundRobin::RoundRobin(const Candidates& candidates)
    : candidates_(&candidates), due_(candidates.size()), heap_(candidates.size()) {
  aside_.reserve(candidates.size());
  // Each begins at another part of its turn, so that the turns of light ones do not come together.
  for (std::size_t i = 0; i < due_.size(); ++i) due_[i] = stride(i) / due_.size() * i + stride(i) / due_.size() / 2;
}

RoundRobin::Moment RoundRobin::stride(std::size_t i) const { return kTurn / (*candidates_)[i].weight; }

bool RoundRobin::comes_first(std::size_t a, std::size_t b) const {
  const auto apart = static_cast<std::int64_t>(due_[a] - due_[b]);
  return apart != 0 ? apart < 0 : a < b;
}

void RoundRobin::enter(std::size_t i) {
  // One that was away does not catch up: its turn comes in the middle of the others', and within one of its own.
  const auto ahead = static_cast<std::int64_t>(due_[i] - now_);
  const auto whole = static_cast<std::int64_t>(stride(i));
  due_[i] = now_ + static_cast<Moment>(ahead > 0 ? std::min(ahead, whole) : whole / 2);
  heap_.push(i, order());
}

void RoundRobin::leave(std::size_t i) { heap_.erase(i, order()); }

void RoundRobin::reweigh(std::size_t i, std::uint32_t before) {
  if (!heap_.contains(i)) return;
  // What is left of its turn passes at the new pace.
  const auto ahead = static_cast<std::int64_t>(due_[i] - now_);
  if (ahead > 0) due_[i] = now_ + static_cast<Moment>(ahead) * before / (*candidates_)[i].weight;
  heap_.update(i, order());
}

std::optional<std::size_t> RoundRobin::pick(std::uint64_t, Skipped) {
  const std::optional<std::size_t> first = first_of(heap_, *candidates_, aside_, order());
  if (!first) return std::nullopt;
  if (static_cast<std::int64_t>(due_[*first] - now_) > 0) now_ = due_[*first];
  due_[*first] += stride(*first);
  heap_.update(*first, order());
  return first;
}

LeastConnections::LeastConnections(const Candidates& candidates)
    : candidates_(&candidates), last_turn_(candidates.size(), 0), heap_(candidates.size()) {
  aside_.reserve(candidates.size());
}

bool LeastConnections::comes_first(std::size_t a, std::size_t b) const {
  const Candidate& one = (*candidates_)[a];
  const Candidate& other = (*candidates_)[b];
  if (is_less_loaded(one, other)) return true;
  if (is_less_loaded(other, one)) return false;
  return last_turn_[a] != last_turn_[b] ? last_turn_[a] < last_turn_[b] : a < b;
}

void LeastConnections::enter(std::size_t i) { heap_.push(i, order()); }

void LeastConnections::leave(std::size_t i) { heap_.erase(i, order()); }

void LeastConnections::reload(std::size_t i) { heap_.update(i, order()); }

void LeastConnections::reweigh(std::size_t i, std::uint32_t) {
  if (heap_.contains(i)) heap_.update(i, order());
}

std::optional<std::size_t> LeastConnections::pick(std::uint64_t, Skipped) {
  const std::optional<std::size_t> first = first_of(heap_, *candidates_, aside_, order());
  if (!first) return std::nullopt;
  last_turn_[*first] = ++turns_;
  heap_.update(*first, order());
  return first;
}

RandomTwo::RandomTwo(const Candidates& candidates, std::uint64_t seed)
    : candidates_(&candidates), tree_(candidates.size()), lots_(seed) {
  aside_.reserve(candidates.size());
}

void RandomTwo::enter(std::size_t i) { tree_.set(i, (*candidates_)[i].weight); }

void RandomTwo::leave(std::size_t i) { tree_.set(i, 0); }

void RandomTwo::reweigh(std::size_t i, std::uint32_t) {
  if ((*candidates_)[i].eligible) tree_.set(i, (*candidates_)[i].weight);
}

/// Picks one at random by weight, and takes it out of those to pick from.
std::optional<std::size_t> RandomTwo::draw() {
  while (tree_.total() > 0) {
    const std::size_t drawn = tree_.find(std::uniform_int_distribution<std::uint64_t>(0, tree_.total() - 1)(lots_));
    tree_.set(drawn, 0);
    aside_.push_back(static_cast<std::uint32_t>(drawn));
    if (!(*candidates_)[drawn].skipped) return drawn;
  }
  return std::nullopt;
}

std::optional<std::size_t> RandomTwo::pick(std::uint64_t, Skipped) {
  const std::optional<std::size_t> first = draw();
  const std::optional<std::size_t> second = draw();
  for (const std::uint32_t drawn : aside_) tree_.set(drawn, (*candidates_)[drawn].weight);
  aside_.clear();
  if (!second) return first;
  return is_less_loaded((*candidates_)[*second], (*candidates_)[*first]) ? second : first;
}

SourceHash::SourceHash(const Candidates& candidates, std::span<const std::uint64_t> hashes) : candidates_(&candidates) {
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    place_.push_back(static_cast<std::uint32_t>(i));
    entries_.push_back({.hash = hashes[i], .index = static_cast<std::uint32_t>(i), .weight = candidates[i].weight});
  }
}

void SourceHash::reweigh(std::size_t i, std::uint32_t) {
  entries_[place_[i]].weight = (*candidates_)[i].weight;
  sorted_ = false;
}

void SourceHash::sort() {
  if (std::exchange(sorted_, true)) return;
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return a.weight != b.weight ? a.weight < b.weight : a.index < b.index;
  });
  for (std::size_t place = 0; place < entries_.size(); ++place) {
    place_[entries_[place].index] = static_cast<std::uint32_t>(place);
  }
}

std::optional<std::size_t> SourceHash::pick(std::uint64_t source, Skipped skipped) {
  sort();
  for (const std::uint32_t i : skipped) set_open(i, false);
  constexpr double kNumbers = 0x1p53;
  std::optional<std::size_t> best;
  double least = 0;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    // Among equal weights the highest number wins, whatever its logarithm.
    const std::uint32_t weight = entry->weight;
    std::uint32_t winner = 0;
    std::uint64_t highest = 0;
    for (; entry != entries_.end() && entry->weight == weight; ++entry) {
      const std::uint64_t number = ((mix(entry->hash ^ source) >> 11) + 1) & entry->open;
      if (number <= highest) continue;
      winner = entry->index;
      highest = number;
    }
    if (highest == 0) continue;  // none may be picked
    const double score = -std::log((static_cast<double>(highest - 1) + 0.5) / kNumbers) / weight;
    if (best && score >= least) continue;
    best = winner;
    least = score;
  }
  for (const std::uint32_t i : skipped) set_open(i, (*candidates_)[i].eligible);
  return best;
}

}  // namespace weir
