#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/address_set.hpp"
#include "common/faults/fault.hpp"
#include "common/faults/lot.hpp"
#include "common/ip_address.hpp"

namespace weir::faults {

/// Who a connection is, as far as faults choose by it.
struct Who {
  std::uint64_t number = 0;          ///< among those that came to the listener; the first is 1
  std::optional<IpAddress> address;  ///< nothing for a unix client
  std::uint64_t source_hash = 0;     ///< of the address without its port, the same in every process
};

/// A fault that a connection meets, and its lot under it.
struct Met {
  std::shared_ptr<const Fault> fault;
  Lot lot;
};

/// The faults of one listener at one time. Immutable; any thread.
class FaultSet {
 public:
  /// A fault that goes on from one set to the next is the same object in both.
  FaultSet(std::uint64_t seed, std::string listener, const std::vector<std::shared_ptr<const Fault>>& faults);

  std::uint64_t seed() const { return seed_; }
  const std::string& listener() const { return listener_; }
  bool empty() const { return entries_.empty(); }

  /// Those that a connection meets, in the order in which they were set. Throws std::bad_alloc.
  std::vector<Met> met_by(const Who& who) const;

 private:
  struct Entry {
    std::shared_ptr<const Fault> fault;
    AddressSet sources;  ///< empty = all
  };

  const std::uint64_t seed_;
  const std::string listener_;
  std::vector<Entry> entries_;
};

using FaultSetPtr = std::shared_ptr<const FaultSet>;

}  // namespace weir::faults
