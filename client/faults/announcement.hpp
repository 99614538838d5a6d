#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/faults/fault.hpp"
#include "common/faults/fault_set.hpp"

namespace weir::load {

/// What a daemon says will happen to the connections of one of its listeners.
struct Announcement {
  std::uint64_t seed = 0;
  std::string listener;
  std::vector<std::shared_ptr<const faults::Fault>> faults;
  std::optional<std::chrono::milliseconds> left;  ///< until the first of them goes by itself
};

/// Reads what `weir faults --json` printed. An empty name means the only listener that has faults. Throws
/// std::runtime_error that says what is wrong, and which listeners there are.
Announcement read_announcement(std::string_view json, const std::string& listener);

/// Who a client is to FaultSet: its number, and its address if it has one.
faults::Who who_is(std::uint64_t number, const std::optional<IpAddress>& address);

/// What chance has for a connection under a fault that it may or may not meet.
faults::Met lot_of(const Announcement& announcement, const std::shared_ptr<const faults::Fault>& fault,
                   const faults::Who& who);

}  // namespace weir::load
