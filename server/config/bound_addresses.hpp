#pragma once

#include <string>
#include <vector>

#include "common/address.hpp"
#include "server/config/value.hpp"

namespace weir {

/// What the listeners read so far bind, so that a second bind of the same is found with all other problems and not at
/// run time. A name counts as different from the addresses that it may stand for.
class BoundAddresses {
 public:
  /// Each address is compared with all others, so their number is bounded; a range of ports counts as one.
  static constexpr std::size_t kMost = 4096;

  /// Reports at `item` that the address, or one of its ports, is already bound. Port 0 never is.
  void add(const Address& address, const Value& item);

 private:
  struct Bound {
    Address address;
    std::string host;  ///< in its one spelling
    Position position;
  };

  std::vector<Bound> bound_;
  bool too_many_ = false;
};

}  // namespace weir
