#include "server/upstream/maglev.hpp"

#include <algorithm>
#include <stdexcept>

#include "common/stable_hash.hpp"

namespace weir {

namespace {

/// A prime; the paper's small table. With ten servers each has some 6500 slots.
constexpr std::size_t kSlots = 65537;
constexpr std::uint16_t kFree = 0xffff;

/// The order in which a server wants slots.
class Preference {
 public:
  explicit Preference(std::string_view name)
      : next_(stable_hash(name) % kSlots), skip_(mix(stable_hash(name)) % (kSlots - 1) + 1) {}

  std::size_t take() {
    const std::size_t slot = next_;
    next_ = (next_ + skip_) % kSlots;
    return slot;
  }

 private:
  std::size_t next_;
  std::size_t skip_;
};

}  // namespace

MaglevTable::MaglevTable(const std::vector<Server>& servers) {
  if (servers.size() >= kFree) throw std::invalid_argument("too many servers for consistent hashing");
  std::uint64_t heaviest = 0;
  for (const Server& server : servers) heaviest = std::max<std::uint64_t>(heaviest, server.weight);
  if (heaviest == 0) return;

  std::vector<Preference> preferences;
  for (const Server& server : servers) preferences.emplace_back(server.name);
  std::vector<std::uint64_t> credit(servers.size(), 0);
  table_.assign(kSlots, kFree);
  // In each round the heaviest takes one slot and the others as much of one as their weight is of its.
  for (std::size_t filled = 0; filled < kSlots;) {
    for (std::size_t i = 0; i < servers.size() && filled < kSlots; ++i) {
      credit[i] += servers[i].weight;
      if (credit[i] < heaviest) continue;
      credit[i] -= heaviest;
      std::size_t slot = preferences[i].take();
      while (table_[slot] != kFree) slot = preferences[i].take();
      table_[slot] = static_cast<std::uint16_t>(i);
      ++filled;
    }
  }
}

}  // namespace weir
