#pragma once

#include <string>
#include <vector>

#include "common/address.hpp"
#include "server/config/value.hpp"

namespace weir {

/// What the listeners read so far bind, so that binding something twice is found with all other problems and not at run
/// time. Names are taken as different from what they may stand for.
class BoundAddresses {
 public:
  /// Each is compared with all others, so that there is a bound to them; a range of ports is one.
  static constexpr std::size_t kMost = 4096;

  /// Reports at `item` when the address, or a part of its ports, is bound already. Port 0 never is.
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
