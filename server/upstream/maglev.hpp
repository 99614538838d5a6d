#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weir {

/// Maglev's consistent hashing: every server has a share of the table by its weight, even to within a slot or two, and
/// when one comes or goes hardly more than its own share changes hands. (Eisenbud et al., "Maglev: A Fast and Reliable
/// Software Network Load Balancer", NSDI 2016, section 3.4.)
class MaglevTable {
 public:
  struct Server {
    std::string_view name;  ///< what its place in the table depends on
    std::uint32_t weight;   ///< 0 has no share
  };

  explicit MaglevTable(const std::vector<Server>& servers);

  /// The index of the server that serves this hash. Only where some server has a weight.
  std::size_t find(std::uint64_t hash) const { return table_[hash % table_.size()]; }
  bool empty() const { return table_.empty(); }

 private:
  std::vector<std::uint16_t> table_;
};

}  // namespace weir
