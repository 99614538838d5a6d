#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "server/upstream/indexed_heap.hpp"
#include "server/upstream/weight_tree.hpp"

/// The policies of a Balancer, which keeps the candidates and tells each policy what changes: `enter` and `leave` when
/// one becomes eligible or stops being so, `reload` when the connections of an eligible one have changed, `reweigh`
/// when its weight has, eligible or not. `pick` returns an eligible candidate that is not marked to be skipped, as
/// those are whose numbers it is told, or nothing. Nothing allocates but the constructors.
namespace weir {

/// What a policy knows of a backend.
struct Candidate {
  std::uint32_t weight = 0;  ///< as it counts now, in any unit that all candidates share
  std::uint32_t active = 0;  ///< connections that it has
  bool eligible = false;     ///< may be picked
  bool skipped = false;      ///< not by the next pick
};
using Candidates = std::vector<Candidate>;
using Skipped = std::span<const std::uint32_t>;

/// Weighted round robin by virtual time: each backend is due again a turn's length divided by its weight after it was
/// due last, and who is due first is picked. Over any stretch the shares are the weights', and a heavy backend's turns
/// are spread (stride scheduling, Waldspurger and Weihl 1995).
class RoundRobin {
 public:
  explicit RoundRobin(const Candidates& candidates);
  void enter(std::size_t i);
  void leave(std::size_t i);
  void reload(std::size_t) {}
  void reweigh(std::size_t i, std::uint32_t before);
  std::optional<std::size_t> pick(std::uint64_t source, Skipped skipped);

 private:
  /// Virtual time goes round, so that only differences mean anything.
  using Moment = std::uint64_t;

  Moment stride(std::size_t i) const;
  bool comes_first(std::size_t a, std::size_t b) const;
  auto order() const {
    return [this](std::size_t a, std::size_t b) { return comes_first(a, b); };
  }

  const Candidates* candidates_;
  Moment now_ = 0;
  std::vector<Moment> due_;
  IndexedHeap heap_;
  std::vector<std::uint32_t> aside_;
};

/// Who has the fewest connections for its weight; equals take turns.
class LeastConnections {
 public:
  explicit LeastConnections(const Candidates& candidates);
  void enter(std::size_t i);
  void leave(std::size_t i);
  void reload(std::size_t i);
  void reweigh(std::size_t i, std::uint32_t before);
  std::optional<std::size_t> pick(std::uint64_t source, Skipped skipped);

 private:
  bool comes_first(std::size_t a, std::size_t b) const;
  auto order() const {
    return [this](std::size_t a, std::size_t b) { return comes_first(a, b); };
  }

  const Candidates* candidates_;
  std::uint64_t turns_ = 0;
  std::vector<std::uint64_t> last_turn_;
  IndexedHeap heap_;
  std::vector<std::uint32_t> aside_;
};

/// The power of two choices: of two picked at random by weight, the one with less to do (Mitzenmacher 2001). Nearly as
/// even as least connections, and a backend that has just come up is not stormed by all at once.
class RandomTwo {
 public:
  RandomTwo(const Candidates& candidates, std::uint64_t seed);
  void enter(std::size_t i);
  void leave(std::size_t i);
  void reload(std::size_t) {}
  void reweigh(std::size_t i, std::uint32_t before);
  std::optional<std::size_t> pick(std::uint64_t source, Skipped skipped);

 private:
  std::optional<std::size_t> draw();

  const Candidates* candidates_;
  WeightTree tree_;
  std::vector<std::uint32_t> aside_;
  std::mt19937_64 lots_;
};

/// Rendezvous hashing: each backend is hashed with the source to a number, always the same, and the best number for its
/// weight wins. So only the sources of a backend that goes move, to all others by their weight, and they come back to
/// it; and a weight that grows only attracts. Shares follow the weights where a number's logarithm is divided by them
/// (Schindelhauer and Schomaker, "Weighted Distributed Hash Tables", SPAA 2005).
///
/// It looks at every backend, at some two nanoseconds each: that is what it costs to keep no table.
class SourceHash {
 public:
  /// `hashes` are of the backends' names.
  SourceHash(const Candidates& candidates, std::span<const std::uint64_t> hashes);
  void enter(std::size_t i) { set_open(i, true); }
  void leave(std::size_t i) { set_open(i, false); }
  void reload(std::size_t) {}
  void reweigh(std::size_t i, std::uint32_t before);
  std::optional<std::size_t> pick(std::uint64_t source, Skipped skipped);

 private:
  struct Entry {
    std::uint64_t hash = 0;
    std::uint64_t open = 0;  ///< all bits of one that may be picked
    std::uint32_t index = 0;
    std::uint32_t weight = 0;
  };
  void set_open(std::size_t i, bool open) { entries_[place_[i]].open = open ? ~std::uint64_t{0} : 0; }
  void sort();

  const Candidates* candidates_;
  std::vector<Entry> entries_;  ///< equal weights stand together, once they are sorted
  std::vector<std::uint32_t> place_;
  bool sorted_ = false;
};

}  // namespace weir
